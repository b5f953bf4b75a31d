"""The attention and hidden states of a forward pass, and the gradients of the prediction by them.

Nothing here knows an architecture. What a model returns as its attention is believed only if it
has the shape of attention, is a distribution over the tokens in every row, and the prediction is a
function of that very tensor: a copy has no gradient, so it is found out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import ModelError
from gaf_core.models.model import Model

Maps = tuple[torch.Tensor, ...]  # one a layer, [1, H, t, t], or a hidden state [1, t, d]
_ROW_SUM_TOLERANCE = 1e-4
_ADVICE = "Choose a transformer whose layers all attend by softmax."


def read_attention(model: Model, output: Any, tokens: int, rows: int = 1) -> Maps:
    """Take the self-attention from what the network returned; of the encoder where there are two.

    Args:
        model: which was run.
        output: what it returned.
        tokens: of the text.
        rows: texts in the batch.

    Raises:
        ModelError: it is missing, in all or some layers, or is not a softmax over the tokens.
    """
    kind = type(model.module).__name__
    found = getattr(output, "encoder_attentions", None) or getattr(output, "attentions", None)
    maps = tuple(layer for layer in found or () if layer is not None)
    if not maps:
        raise ModelError(
            f"{kind} returns no attention weights, so there is no flow to compute. {_ADVICE}"
        )
    if len(maps) != model.layers:
        raise ModelError(
            f"{kind} has {model.layers} layers and returns attention weights of {len(maps)}: not "
            "every layer is one softmax over the tokens, and an attention flow cannot show the "
            f"others. {_ADVICE}"
        )
    for number, layer in enumerate(maps):
        _check_layer(kind, number, layer, (rows, model.heads, tokens, tokens))
    return maps


def read_hidden(model: Model, output: Any, tokens: int) -> Maps:
    """The hidden state entering each layer, `L` of `[n, t, d]`; of the encoder where there are two.

    Empty where the network does not return one for every layer and a last one after them.
    """
    return read_all_hidden(model, output, tokens)[:-1]


def read_all_hidden(model: Model, output: Any, tokens: int) -> Maps:
    """The same and the one that leaves the last layer, `L + 1` in all, or none."""
    found = getattr(output, "encoder_hidden_states", None) or getattr(output, "hidden_states", None)
    states = tuple(found or ())
    fits = all(state.ndim == 3 and state.shape[1] == tokens for state in states)
    return states if fits and len(states) == model.layers + 1 else ()


def attention_gradient(model: Model, gradient: Sequence[torch.Tensor | None]) -> Maps:
    """Believe the gradient by the attention maps, one of each layer, if it is one.

    Raises:
        ModelError: the scalar is not a function of a map, or a gradient is not finite.
    """
    unused = [number for number, layer in enumerate(gradient) if layer is None]
    if unused:
        raise ModelError(
            f"The attention that {type(model.module).__name__} returns for layer {unused[0]} is a "
            "copy: the prediction was not made with that tensor, so its gradient is not known. "
            f"{_ADVICE}"
        )
    maps = tuple(layer for layer in gradient if layer is not None)
    if not all(layer.isfinite().all() for layer in maps):
        raise ModelError(
            "The gradient of the prediction is not finite: a number overflowed. Compute in "
            "float32, or try another text."
        )
    return maps


def gradients(
    scalar: torch.Tensor, *groups: Maps, keep_graph: bool = False
) -> list[list[torch.Tensor | None]]:
    """Differentiate `scalar` by every tensor of every group, in one backward pass.

    A gradient is None where the scalar is not a function of the tensor.
    """
    tensors = [tensor for group in groups for tensor in group]
    connected = [tensor for tensor in tensors if tensor.requires_grad]
    found = iter(
        torch.autograd.grad(scalar, connected, allow_unused=True, retain_graph=keep_graph)
        if connected
        else ()
    )
    return [[next(found) if one.requires_grad else None for one in group] for group in groups]


def relevance(states: Maps, gradient: Sequence[torch.Tensor | None]) -> NDArray[np.float32] | None:
    """`[L, t]` the sum over `d` of state x gradient; None if a state is not part of the graph."""
    found = [one for one in gradient if one is not None]
    if not states or len(found) != len(states):
        return None
    return to_numpy([(h.detach() * g).sum(dim=-1) for h, g in zip(states, found, strict=True)])


def to_numpy(maps: Sequence[torch.Tensor]) -> NDArray[np.float32]:
    """Copy tensors `[1, ...]` of any device and precision into one read-only array `[L, ...]`."""
    stacked = np.empty((len(maps), *maps[0].shape[1:]), dtype=np.float32)
    for target, layer in zip(stacked, maps, strict=True):
        torch.from_numpy(target).copy_(layer.detach()[0])
    stacked.flags.writeable = False
    return stacked


def _check_layer(kind: str, number: int, layer: torch.Tensor, shape: tuple[int, ...]) -> None:
    where = f"in layer {number} of {kind}"
    if tuple(layer.shape) != shape:
        raise ModelError(
            f"The attention {where} has the shape {list(layer.shape)} and not "
            f"{list(shape)} [text, head, query, key]: it does not say for every pair of tokens "
            f"how much one attends to the other. {_ADVICE}"
        )
    sums = layer.detach().sum(dim=-1, dtype=torch.promote_types(layer.dtype, torch.float32))
    if not sums.isfinite().all():
        raise ModelError(
            f"The attention {where} holds numbers that are not finite. The weights are damaged, "
            "or a number overflowed: compute in float32."
        )
    # half precision rounds each weight by up to its eps, float32 by much less than the tolerance
    tolerance = max(_ROW_SUM_TOLERANCE, torch.finfo(layer.dtype).eps)
    worst = sums.flatten()[(sums - 1).abs().argmax()].item()
    if abs(worst - 1) > tolerance or layer.detach().min() < 0:
        raise ModelError(
            f"The attention {where} is not a distribution over the tokens: a row sums to "
            f"{worst:.4g}. The model may attend to something that is no token, such as a sink. "
            f"{_ADVICE}"
        )
