"""What a function of torch is replaced by, so that its backward pass is another one.

A rule is called as `rule(func, *args, **options)` with at least one tensor that needs a gradient,
and gives the value of `func` to the bit. Which rules there are for what is in
`gaf_core.tracing.frozen`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Rule = Callable[..., torch.Tensor]
_NEAR_ZERO = 1e-3


class _Instead(torch.autograd.Function):
    """The value of one computation with the gradient of another."""

    @staticmethod
    def forward(_ctx, _linear: torch.Tensor, value: list[torch.Tensor]) -> torch.Tensor:
        return value[0]

    @staticmethod
    def backward(_ctx, *gradients: torch.Tensor):
        return gradients[0], None


def _with_value(linear: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    # in a list autograd does not take the value for an input, which must not be changed in place
    return _Instead.apply(linear, [value])


@torch.no_grad()
def _value(func: Callable, *args: Any, **options: Any) -> torch.Tensor:
    return func(*args, **options)


def _power(func: Callable, base: Any, exponent: Any, **options: Any) -> torch.Tensor:
    is_root = isinstance(exponent, float) and abs(exponent) == 0.5
    result = func(base, exponent, **options)
    return result.detach() if is_root else result


def _layer_norm(func, x, normalized_shape, weight=None, bias=None, eps=1e-5, *rest):
    value = _value(func, x, normalized_shape, weight, bias, eps, *rest)
    axes = tuple(range(-len(normalized_shape), 0))
    variance = x.detach().var(axes, correction=0, keepdim=True)
    linear = (x - x.mean(axes, keepdim=True)) * (variance + eps).rsqrt()
    linear = linear if weight is None else linear * weight
    return _with_value(linear if bias is None else linear + bias, value)


def _rms_norm(func, x, normalized_shape, weight=None, eps=None):
    value = _value(func, x, normalized_shape, weight, eps)
    axes = tuple(range(-len(normalized_shape), 0))
    square = x.detach().pow(2).mean(axes, keepdim=True)
    linear = x * (square + (torch.finfo(x.dtype).eps if eps is None else eps)).rsqrt()
    return _with_value(linear if weight is None else linear * weight, value)


def _activation(func: Callable, x: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
    if options.get("inplace"):  # the input is needed after it
        options["inplace"] = False
    value = _value(func, x, *args, **options)
    return secant(x, value, lambda point: func(point, *args, **options))


@torch.no_grad()
def _slope(x: torch.Tensor, value: torch.Tensor, function: Callable) -> torch.Tensor:
    slope, at_zero = value / x, x == 0
    if at_zero.any():  # there it is the derivative
        step = x.new_full((1,), _NEAR_ZERO)
        slope[at_zero] = (function(step) - function(-step)) / (2 * _NEAR_ZERO)
    return slope


def secant(x: torch.Tensor, value: torch.Tensor, function: Callable) -> torch.Tensor:
    """The `value` of an elementwise `function` at `x`, whose gradient is its slope `value / x`."""
    return _with_value(x * _slope(x, value, function), value)


def constant(func: Callable, x: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
    """What `func` gives, as a leaf: the gradient by it is still read, and ends there."""
    return func(x.detach(), *args, **options).requires_grad_()


def tempered(temperature: float) -> Rule:
    """A softmax whose backward pass is `p * (g - sum p g)`, with `p` the softmax of `x / T`."""

    def rule(func: Callable, x: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
        value = _value(func, x, *args, **options)
        # times T for the 1 / T of the inner derivative, which the rule leaves out
        return _with_value(temperature * func(x / temperature, *args, **options), value)

    return rule


NORMS: dict[str, Rule] = {
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "rsqrt": _value,  # of norms that a network writes out
    "sqrt": _value,
    "pow": _power,
}
_ELEMENTWISE = ("gelu", "silu", "relu", "tanh", "mish", "elu", "leaky_relu", "hardswish")
ACTIVATIONS: dict[str, Rule] = dict.fromkeys(_ELEMENTWISE, _activation)
