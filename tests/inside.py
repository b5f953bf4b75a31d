"""The layers of a network of any architecture, and the hidden states that enter them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tests.architectures import LAYERS


def layers_of(module: torch.nn.Module) -> list[torch.nn.Module]:
    """The layers, of the encoder where there are two: the first list of them there is."""
    lists = [part for part in module.modules() if isinstance(part, torch.nn.ModuleList)]
    if module.config.model_type == "albert":  # one layer, called again and again
        return [module.albert.encoder.albert_layer_groups[0].albert_layers[0]]
    return list(next(found for found in lists if len(found) == LAYERS))


@contextmanager
def entering(module: torch.nn.Module, layer: int, change) -> Iterator[None]:
    """Replace the hidden state `h` that enters a layer by `change(h)`."""
    calls = iter(range(10 * LAYERS))

    def alter(_module, args, kwargs):
        if next(calls) != (layer if shared else 0):
            return None
        if args:
            return (change(args[0]), *args[1:]), kwargs
        return args, kwargs | {"hidden_states": change(kwargs["hidden_states"])}

    layers = layers_of(module)
    shared = len(layers) == 1
    handle = layers[0 if shared else layer].register_forward_pre_hook(alter, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
