"""Products of states: which there are, and how a backward pass shares its gradient among them.

A state is a tensor that needs a gradient and is no parameter. Where `n` states are multiplied with
each other, each gets `1 / n` of its gradient by the uniform rule (Achtibat et al., "AttnLRP", ICML
2024): a form of degree `n` would count its relevance `n` times. The value stays to the bit.

    gates       one * other, of one shape
    products    queries and keys, probabilities and values, a weight a row of what experts give
    neither     the scale of a norm that is exact, and the sum that weights are divided by

A function of several states that is none of these, nor linear in all of them together, is refused:
a rule left out in silence would give wrong relevance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from gaf_core.errors import ModelError

# names of functions without the underscores around them
_MATRIX = {"matmul", "rmatmul", "mm", "bmm", "mv", "dot", "inner", "outer", "ger", "tensordot"}
_MATRIX |= {"einsum", "linear", "addmm", "baddbmm", "addbmm", "addmv", "addr"}
# what is added to the product, by its place and by its keyword
_ADDED: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("addmm", "baddbmm", "addbmm", "addmv", "addr"), (0, "input")),
    "linear": (2, "bias"),
}
_TIMES = {"mul", "rmul", "imul", "multiply"}
_OVER = {"div", "truediv", "itruediv", "true_divide", "divide"}
_KNOWN = _MATRIX | _TIMES | _OVER
# linear in all of their states together, or norms, whose other tensors are parameters
_TOGETHER = {"add", "radd", "iadd", "sub", "rsub", "isub", "subtract", "where", "to", "type_as"}
_TOGETHER |= {"cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack", "block_diag"}
_TOGETHER |= {"index_add", "index_copy", "index_put", "masked_fill", "masked_scatter", "scatter"}
_TOGETHER |= {"scatter_add", "select_scatter", "slice_scatter", "copy", "view_as", "reshape_as"}
_TOGETHER |= {"expand_as", "broadcast_tensors", "meshgrid", "maximum", "minimum", "complex"}
_TOGETHER |= {"layer_norm", "rms_norm", "batch_norm", "group_norm", "instance_norm"}
_OF_PARTS = {"glu", "prod", "cumprod"}  # multiply parts of one state with each other
_FUSED = {"scaled_dot_product_attention", "multi_head_attention_forward"}


class Products:
    """Shares the gradient of products of states in the forward pass of one network.

    Args:
        kind: of network, for messages.
        gates: whether the gradient of a gate is shared.
        products: whether that of matrix products and of the weights of experts is.
    """

    def __init__(self, kind: str, gates: bool, products: bool):
        self._kind, self._gates, self._products = kind, gates, products

    def __call__(self, func: Callable, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """What `func` returns.

        Raises:
            ModelError: it is a product of states that no rule fits.
        """
        spelled = getattr(func, "__name__", "")
        name = spelled.strip("_")
        if name in _TOGETHER:
            return func(*args, **options)
        places: dict[int | str, Any] = {**dict(enumerate(args)), **options}
        states = _states(places.values())
        if name in _OF_PARTS and states and self._gates:
            raise self._refusal(name, states)
        if len(states) < 2:
            return func(*args, **options)
        factors = {key: one for key, one in places.items() if key not in _ADDED.get(name, ())}
        states = _states(factors.values())
        shares = len(states) > 1 and self._shares(name, states)
        if shares and (spelled.startswith("__i") or spelled.endswith(f"{name}_")):
            raise self._refusal(spelled, states)  # the value in place is not that of its part
        if not shares:
            result = func(*args, **options)
            if name not in _KNOWN and len(states) > 1 and _states([result]):
                raise self._refusal(name, states)  # unlike what only compares
            return result
        places |= {key: _shared(one, 1 / len(states)) for key, one in factors.items()}
        return func(
            *(places[place] for place in range(len(args))), **{key: places[key] for key in options}
        )

    def _shares(self, name: str, states: list[torch.Tensor]) -> bool:
        """Whether this product shares its gradient; False for what is none."""
        if name in _MATRIX:
            return self._products
        if name not in _KNOWN:
            return False
        one, other = states
        if name in _OVER:
            known, shares = _by_row(other, one), False
        elif one.shape == other.shape:
            known, shares = True, self._gates
        else:
            known, shares = _by_row(other, one) or _by_row(one, other), self._products
        if not known:
            raise self._refusal(name, states)
        return shares

    def _refusal(self, name: str, states: Iterable[torch.Tensor]) -> ModelError:
        if name in _FUSED:
            return ModelError(
                f"{self._kind} computes its attention in one step, '{name}', in which no rule of "
                'the backward pass can be followed. Load it with attn_implementation="eager", as '
                "load_model does, or choose a method with exact gradients."
            )
        shapes = " and ".join(str(list(one.shape)) for one in states)
        return ModelError(
            f"{self._kind} multiplies hidden states of the shapes {shapes} by '{name}', and no "
            "rule of the backward pass is known for that. Choose a method with exact gradients, "
            "such as integrated gradients."
        )


def _by_row(small: torch.Tensor, large: torch.Tensor) -> bool:
    """Whether `small` is one number a row of `large`."""
    return small.shape[-1:] == (1,) and small.shape[:-1] == large.shape[:-1]


def _states(values: Iterable[Any]) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    for one in values:
        if isinstance(one, torch.Tensor):
            if one.requires_grad and not isinstance(one, torch.nn.Parameter):
                found.append(one)
        elif isinstance(one, list | tuple):
            found += _states(one)
    return found


class _Share(torch.autograd.Function):
    """The same tensor; a part of its gradient."""

    @staticmethod
    def forward(ctx, x: torch.Tensor, part: float) -> torch.Tensor:
        ctx.part = part
        return x.view_as(x)

    @staticmethod
    def backward(ctx, *gradients: torch.Tensor):
        return gradients[0] * ctx.part, None


def _shared(value: Any, part: float) -> Any:
    """The same, with every state in it getting a part of its gradient."""
    if isinstance(value, list | tuple):
        return type(value)(_shared(one, part) for one in value)
    return _Share.apply(value, part) if _states([value]) else value
