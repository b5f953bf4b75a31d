"""Backward passes by rules: the same prediction, and gradients that are not its own.

A gradient by a hidden state says what a small change does, and there what passes a layer and what
it adds largely cancel under layer norm. `Frozen()` holds constant in the backward pass instead:

    norms         x / deviation(x)        the deviation is a constant, the mean is not
    activations   y = x * (y / x)         the slope y / x is a constant
                  y = a * b               a gate: half of the gradient to each of the factors
    attention     y = softmax(x) @ values the probabilities are constants

Then the prediction is a linear function of the hidden states that enter any layer, plus what the
biases add, so relevance `h . dy/dh` is conserved from layer to layer: it sums to the logit but
for `b . dy/db` of the biases, and of an encoder but for what its decoder's own words add. No
output changes by a bit. These are no longer the gradients of the prediction, and the derivative
by an attention probability is that of the linear network.

Two more rules leave the attention a function of queries and keys:

    products      queries @ keys, probabilities @ values: half of the gradient to each factor
    temperature   p = softmax(x): g -> p' * (g - sum p' g), where p' = softmax(x / temperature)

    name       norms      activations   gates    attention       products
    CP_LRP     constant   constant      halved   constant        exact
    ATTN_LRP   constant   constant      halved   exact           halved
    GIM        constant   exact         halved   temperature 2   halved

With ATTN_LRP the logit is the relevance that enters a layer, what the biases add and, of every
softmax, `p . dy/dp - x . dy/dx`, as if it were a bias. With GIM the relevance has no such sum.

CP_LRP: Ali et al., "XAI for Transformers: Better Explanations through Conservative Propagation",
ICML 2022, for norms and attention. ATTN_LRP: Achtibat et al., "AttnLRP: Attention-Aware Layer-Wise
Relevance Propagation for Transformers", ICML 2024. GIM: Edin et al., "GIM: Improved
Interpretability for Large Language Models", arXiv 2505.17630, 2025. A product of two states is a
form of degree two, whose gradient would count it twice; halves are the uniform rule of AttnLRP, and
need not know which of the factors is the gate. LRP carries a patent claim by its authors, free for
personal and scientific use.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch.overrides import TorchFunctionMode
from transformers.activations import ReLUSquaredActivation, XIELUActivation

from gaf_core.errors import SettingsError
from gaf_core.tracing.products import Products
from gaf_core.tracing.rules import ACTIVATIONS, NORMS, Rule, constant, secant, tempered


@dataclass(frozen=True)
class Frozen:
    """What is constant or changed in the backward pass. Hashable, so usable as a cache key.

    Attributes:
        norms: the deviation that layer norms and RMS norms divide by is constant.
        activations: so is the slope of activations and soft caps; gates share their gradient.
        attention: so is what a softmax gives: the attention probabilities, as functions of queries
            and keys, and the weights of experts.
        gates: gates share their gradient where activations are exact, too.
        products: so do matrix products of two states, and the weights of experts and what they
            weigh.
        temperature: of the softmax in the backward pass, where it is not constant; 1 is its own.

    Raises:
        SettingsError: the rules contradict each other, or the temperature is below 1.

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
    gates: bool = False
    products: bool = False
    temperature: float = 1.0

    def __post_init__(self):
        if self.products and (self.attention or not self.norms):
            raise SettingsError(
                "products=True shares the gradient of queries and keys, which attention=True cuts "
                "off, and would halve that of a norm with norms=False, as a norm that is written "
                "out is a product as well. Use attention=False and norms=True with it."
            )
        if not 1 <= self.temperature < math.inf:  # below, the numbers of a mask would overflow
            raise SettingsError(
                "The temperature of a softmax in the backward pass is a number of at least 1 and "
                f"not {self.temperature}. Use 1 for its own gradient."
            )


CP_LRP = Frozen()
ATTN_LRP = Frozen(attention=False, products=True)
GIM = Frozen(activations=False, attention=False, gates=True, products=True, temperature=2.0)


@contextmanager
def frozen_backward(module: torch.nn.Module, frozen: Frozen | None) -> Iterator[None]:
    """Apply the rules that `frozen` names in forward passes of `module`, in this thread.

    Nothing for None. The backward pass may come later. The caller sees to it that no other thread
    runs `module`.

    Raises:
        ModelError: in the forward pass: it multiplies states in a way that no rule fits.
    """
    if frozen is None:
        yield
        return
    mode = _Rules(type(module).__name__, frozen)
    written_out = [part for part in module.modules() if _by_hand(part)]
    handles = []
    for part in written_out:
        if frozen.activations:
            handles.append(part.register_forward_hook(_freeze_module))
        elif frozen.gates:
            handles.append(part.register_forward_pre_hook(mode.pause))
            handles.append(part.register_forward_hook(mode.go_on))
    try:
        with mode:
            yield
    finally:
        for handle in handles:
            handle.remove()


class _Rules(TorchFunctionMode):
    """Replaces the functions of torch that a rule is for; the mode is known to one thread only."""

    def __init__(self, kind: str, frozen: Frozen):
        super().__init__()
        self._rules: dict[str, Rule] = {}
        if frozen.norms:
            self._rules |= NORMS
        if frozen.activations:
            self._rules |= ACTIVATIONS
        if frozen.attention:
            self._rules |= {"softmax": constant}
        elif frozen.temperature != 1:
            self._rules |= {"softmax": tempered(frozen.temperature)}
        gates = frozen.activations or frozen.gates
        self._products = Products(kind, gates, frozen.products)
        self._watches = gates or frozen.products or "softmax" in self._rules
        self._paused = False

    def pause(self, *_: object) -> None:
        """Leave the functions alone: what comes is one activation, written out in several."""
        self._paused = True

    def go_on(self, *_: object) -> None:
        """The end of a pause."""
        self._paused = False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        options = dict(kwargs or {})
        if self._paused or not torch.is_grad_enabled():
            return func(*args, **options)
        rule = self._rules.get(getattr(func, "__name__", ""))
        if rule is None:
            products = self._products if self._watches else None
            return products(func, args, options) if products else func(*args, **options)
        if "input" in options:
            args = (options.pop("input"), *args)
        if not any(isinstance(one, torch.Tensor) and one.requires_grad for one in args):
            return func(*args, **options)
        return rule(func, *args, **options)


def _by_hand(part: torch.nn.Module) -> bool:
    # a gelu written out in products and a tanh is one activation and not several; others likewise
    written_out = ReLUSquaredActivation | XIELUActivation
    return "gelu" in type(part).__name__.lower() or isinstance(part, written_out)


def _freeze_module(part: torch.nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
    return secant(inputs[0], output.detach(), part.forward)
