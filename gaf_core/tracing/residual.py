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

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode

from gaf_core.errors import ModelError
from gaf_core.models.model import Model
from gaf_core.tracing.attention import Maps

_PRODUCTS = frozenset({"matmul", "__matmul__", "bmm", "einsum", "baddbmm"})


class Product(NamedTuple):
    """The product of an attention map and its values, as the network computed it.

    Attributes:
        result: in the layout of the network.
        operands: of which one is the map, or a view of it.
        attention: which of them.
        again: the function of the operands that gives the result.
    """

    result: torch.Tensor
    operands: tuple[Any, ...]
    attention: int
    again: Callable[..., torch.Tensor]

    @property
    def values(self) -> torch.Tensor:
        """What the map is multiplied with: the last other tensor."""
        return self.operands[self._values]

    def of_values(self, values: torch.Tensor) -> torch.Tensor:
        """The product of the same map and other values."""
        operands = list(self.operands)
        operands[self._values] = values
        return self.again(*operands)

    @property
    def _values(self) -> int:
        tensors = [n for n, one in enumerate(self.operands) if isinstance(one, torch.Tensor)]
        return next(number for number in reversed(tensors) if number != self.attention)


class ValueProducts(TorchFunctionMode):
    """Keeps what a forward pass computes from every `[.., t, t]`, by where that is in memory."""

    def __init__(self, tokens: int):
        super().__init__()
        self._shape = (tokens, tokens)
        self._found: dict[int, Product] = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in _PRODUCTS:
            for number, operand in enumerate(args):
                if isinstance(operand, torch.Tensor) and operand.shape[-2:] == self._shape:
                    # a later one replaces what was computed from memory that is used again
                    place = operand.untyped_storage().data_ptr()
                    again = partial(func, **(kwargs or {}))
                    self._found[place] = Product(result, args, number, again)
        return result

    def of(self, attention: Maps) -> Maps:
        """The result of each map and its values; empty if one was not seen."""
        return tuple(one.result for one in self.seen(attention))

    def seen(self, attention: Maps) -> tuple[Product, ...]:
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
) -> Maps:
    """Per layer `[1, t, d]` the gradient by the hidden state less that through attention.

    It consumes the graph of the layers' attention.

    Raises:
        ModelError: a hidden state or a product of attention and values is not known.
    """
    rest = []
    for h, whole, o, outer in zip(states, by_state, products, by_product, strict=False):
        if whole is not None and outer is not None:
            (through,) = torch.autograd.grad(o, h, outer)
            rest.append(whole - through)
    if len(rest) < model.layers:
        raise unseen(model)
    return tuple(rest)


def unseen(model: Model) -> ModelError:
    """The error where a hidden state or a product of attention and values is not known."""
    return ModelError(
        f"{type(model.module).__name__} does not show for every layer the hidden state that "
        "enters it and the product of its attention and values, so what passes beside "
        "attention is not known. Explain it without residual edges."
    )
