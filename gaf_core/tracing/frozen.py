"""Frozen gradients: the same prediction, and a backward pass through the network made linear.

A gradient by a hidden state says what a small change does, and there what passes a layer and what
it adds largely cancel under layer norm. Held constant in the backward pass instead:

    norms         x / deviation(x)        the deviation is a constant, the mean is not
    activations   y = x * (y / x)         the slope y / x is a constant
                  y = a * b               a gate: half of the gradient to each of the factors
    attention     y = softmax(x) @ values the probabilities are constants

Then the prediction is a linear function of the hidden states that enter any layer, plus what the
biases add, so relevance `h . dy/dh` is conserved from layer to layer: it sums to the logit but
for `b . dy/db` of the biases, and of an encoder but for what its decoder's own words add. No
output changes by a bit. These are no longer the gradients of the prediction, and the derivative
by an attention probability is that of the linear network.

Ali et al., "XAI for Transformers: Better Explanations through Conservative Propagation", ICML
2022, for norms and attention. A product of two states is a form of degree two, whose gradient
would count it twice; halves are the uniform rule of Achtibat et al., "AttnLRP", ICML 2024, and
need not know which of the factors is the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from transformers.activations import ReLUSquaredActivation

Rule = Callable[..., torch.Tensor]
_NEAR_ZERO = 1e-3


@dataclass(frozen=True)
class Frozen:
    """What is constant in the backward pass. Hashable, so usable as a cache key.

    Attributes:
        norms: the deviation that layer norms and RMS norms divide by.
        activations: the slope of activations and soft caps; gates share their gradient.
        attention: what a softmax gives: the attention probabilities, as functions of queries and
            keys, and the weights of experts.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> exact = gaf.trace(model, "A lovely film.")
    >>> frozen = gaf.trace(model, "A lovely film.", frozen=gaf.Frozen())
    >>> bool((exact.logits == frozen.logits).all()), bool((exact.gradient == frozen.gradient).all())
    (True, False)
    """

    norms: bool = True
    activations: bool = True
    attention: bool = True


@contextmanager
def frozen_backward(module: torch.nn.Module, frozen: Frozen | None) -> Iterator[None]:
    """Freeze what `frozen` names in forward passes of `module`, in this thread; nothing for None.

    The backward pass may come later. The caller sees to it that no other thread runs `module`.
    """
    if frozen is None:
        yield
        return
    written_out = [part for part in module.modules() if frozen.activations and _by_hand(part)]
    handles = [part.register_forward_hook(_freeze_module) for part in written_out]
    try:
        with _Rules(frozen):
            yield
    finally:
        for handle in handles:
            handle.remove()


class _Rules(TorchFunctionMode):
    """Replaces the functions of torch that a rule is for; the mode is known to one thread only."""

    def __init__(self, frozen: Frozen):
        super().__init__()
        self._rules: dict[str, Rule] = {}
        if frozen.norms:
            self._rules |= _NORMS
        if frozen.activations:
            self._rules |= _ACTIVATIONS
        if frozen.attention:
            self._rules |= {"softmax": _softmax}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        options = dict(kwargs or {})
        rule = self._rules.get(getattr(func, "__name__", ""))
        if rule is None or not torch.is_grad_enabled():
            return func(*args, **options)
        if "input" in options:
            args = (options.pop("input"), *args)
        if not any(isinstance(one, torch.Tensor) and one.requires_grad for one in args):
            return func(*args, **options)
        return rule(func, *args, **options)


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
    return _secant(x, value, lambda point: func(point, *args, **options))


@torch.no_grad()
def _slope(x: torch.Tensor, value: torch.Tensor, function: Callable) -> torch.Tensor:
    slope, at_zero = value / x, x == 0
    if at_zero.any():  # there it is the derivative
        step = x.new_full((1,), _NEAR_ZERO)
        slope[at_zero] = (function(step) - function(-step)) / (2 * _NEAR_ZERO)
    return slope


def _secant(x: torch.Tensor, value: torch.Tensor, function: Callable) -> torch.Tensor:
    return _with_value(x * _slope(x, value, function), value)


def _by_hand(part: torch.nn.Module) -> bool:
    # a gelu written out in products and a tanh is one activation and not several; ReLU squared too
    return "gelu" in type(part).__name__.lower() or isinstance(part, ReLUSquaredActivation)


def _freeze_module(part: torch.nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
    return _secant(inputs[0], output.detach(), part.forward)


def _product(func: Callable, one: Any, other: Any, **options: Any) -> torch.Tensor:
    both = isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)
    # a scale of rows, such as that of a norm or an expert, has another shape and is no gate
    if not (both and one.shape == other.shape and one.requires_grad and other.requires_grad):
        return func(one, other, **options)
    halves = one * other.detach() / 2 + one.detach() * other / 2
    return _with_value(halves, _value(func, one, other, **options))


def _softmax(func: Callable, x: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
    # a leaf: the gradient by it is still read, and ends there
    return func(x.detach(), *args, **options).requires_grad_()


_NORMS: dict[str, Rule] = {
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "rsqrt": _value,  # of norms that a network writes out
    "sqrt": _value,
    "pow": _power,
}
_ELEMENTWISE = ("gelu", "silu", "relu", "tanh", "mish", "elu", "leaky_relu", "hardswish")
_ACTIVATIONS: dict[str, Rule] = dict.fromkeys(_ELEMENTWISE, _activation)
_ACTIVATIONS |= {"mul": _product, "__mul__": _product}
