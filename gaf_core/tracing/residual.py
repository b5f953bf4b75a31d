"""What of a token's relevance at a layer does not pass through the attention of that layer.

With `z` the sum of a hidden state `h` and what attention adds to it, this is `h . dy/dz`, the
first-order contribution of the residual branch; where attention runs beside another branch, of
both. No architecture is known: the forward pass is watched for the product `o` of an attention map
and its values, and what passes through attention is `dy/do` taken back to `h` alone,

    residual = h . dy/dh - h . (do/dh)' dy/do

by values, queries and keys, and a norm in front of them. The derivative by `o` comes with all the
others; the way from `o` to `h` is walked once more.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.overrides import TorchFunctionMode

from gaf_core.errors import ModelError
from gaf_core.models.model import Model
from gaf_core.tracing.attention import Maps

_PRODUCTS = frozenset({"matmul", "__matmul__", "bmm", "einsum", "baddbmm"})


class ValueProducts(TorchFunctionMode):
    """Keeps what a forward pass computes from every `[.., t, t]`, by where that is in memory."""

    def __init__(self, tokens: int):
        super().__init__()
        self._shape = (tokens, tokens)
        self._found: dict[int, torch.Tensor] = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in _PRODUCTS:
            for operand in args:
                if isinstance(operand, torch.Tensor) and operand.shape[-2:] == self._shape:
                    # a later one replaces what was computed from memory that is used again
                    self._found[operand.untyped_storage().data_ptr()] = result
        return result

    def of(self, attention: Maps) -> Maps:
        """The product of each map and its values; empty if one was not seen."""
        found = [self._found.get(one.untyped_storage().data_ptr()) for one in attention]
        seen = tuple(one for one in found if one is not None)
        return seen if len(seen) == len(found) else ()


def past_attention(
    model: Model,
    states: Maps,
    by_state: Sequence[torch.Tensor | None],
    products: Maps,
    by_product: Sequence[torch.Tensor | None],
    keep_graph: bool = False,
) -> Maps:
    """Per layer `[1, t, d]` the gradient by the hidden state less that through attention.

    It consumes the graph of the layers' attention, unless it is to be kept. Gradients of several
    scalars, `[n, 1, t, d]`, are walked back together.

    Raises:
        ModelError: a hidden state or a product of attention and values is not known.
    """
    rest = []
    for h, whole, o, outer in zip(states, by_state, products, by_product, strict=False):
        if whole is not None and outer is not None:
            (through,) = torch.autograd.grad(
                o, h, outer, retain_graph=keep_graph, is_grads_batched=outer.ndim > o.ndim
            )
            rest.append(whole - through)
    if len(rest) < model.layers:
        raise ModelError(
            f"{type(model.module).__name__} does not show for every layer the hidden state that "
            "enters it and the product of its attention and values, so what passes beside "
            "attention is not known. Explain it without residual edges."
        )
    return tuple(rest)
