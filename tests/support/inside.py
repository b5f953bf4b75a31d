"""The layers of a network of any architecture, what enters them, and their attention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode

from tests.support.architectures import LAYERS


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


class Attention(TorchFunctionMode):
    """Sees the result of every attention softmax, in order, and adds `change` to that of `layer`.

    Networks compute norms and softmax in float32; here they must not, for the finite differences.
    """

    def __init__(self, layer: int | None = None, change: torch.Tensor | None = None):
        super().__init__()
        self.layer, self.change = layer, change
        self.seen: list[torch.Tensor] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        func = torch.Tensor.double if func is torch.Tensor.float else func
        args = tuple(map(_exact, args))
        result = func(*args, **{name: _exact(value) for name, value in (kwargs or {}).items()})
        if getattr(func, "__name__", "") != "softmax" or result.dim() < 3:  # 2: router of experts
            return result
        if len(self.seen) == self.layer:
            result = result + self.change.view(result.shape)
        self.seen.append(result)
        return result


def _exact(value):
    return torch.float64 if value is torch.float32 else value
