"""The attention of a forward pass multiplied by a mask, for every architecture in one place.

As for frozen gradients (`gaf_core.tracing.frozen`) no architecture is known: a function mode sees
every softmax. Which of them make the attention of a layer is found by a pass in which each of them
is multiplied by one: those whose product the network returns as its attention, in order. That pass
must also give the prediction of the trace, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from gaf_core.errors import ModelError
from gaf_core.models.model import Model
from gaf_core.tracing.attention import Maps, read_attention
from gaf_core.tracing.masks import Kind
from gaf_core.tracing.prediction import Inputs, forward, read_logits
from gaf_core.tracing.trace import Trace

# What a softmax gave `[n, H, t, t]`, and its number among all of the pass -> what is used instead.
Rule = Callable[[torch.Tensor, int], torch.Tensor]


@dataclass(frozen=True)
class Plan:
    """Where the attention of a model is made.

    Attributes:
        layer_of: the layer, by the number of its softmax among those of the shape of attention.
        calls: softmaxes of that shape in one pass.
    """

    layer_of: dict[int, int]
    calls: int


def scaled(probabilities: torch.Tensor, keep: torch.Tensor, kind: Kind) -> torch.Tensor:
    """Attention `[n, H, t, t]` times a mask `[n, 1 or H, t, t]`.

    "zero" leaves it there. "renormalise" scales each row back to the sum that it had; a row of
    which nothing is left stays 0.
    """
    kept = probabilities * keep
    if kind == "zero":
        return kept
    left = kept.sum(dim=-1, keepdim=True)
    nothing = left == 0
    whole = probabilities.sum(dim=-1, keepdim=True)
    return kept * (whole / left.masked_fill(nothing, 1.0))


class _EverySoftmax(TorchFunctionMode):
    """Hands every softmax over `t` keys of `t` queries to a rule; known to one thread only."""

    def __init__(self, shape: tuple[int, int, int, int], rule: Rule):
        super().__init__()
        self._shape, self._rule = shape, rule
        self.calls = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") != "softmax" or not self._is_attention(result):
            return result
        changed = self._rule(result.reshape(self._shape), self.calls)
        self.calls += 1
        return changed.reshape(result.shape)

    def _is_attention(self, result: torch.Tensor) -> bool:
        n, heads, tokens, _ = self._shape
        joined = (n * heads, tokens, tokens)  # some networks take texts and heads as one axis
        return tuple(result.shape) in (self._shape, joined)


@torch.no_grad()
def find_plan(model: Model, trace: Trace) -> Plan:
    """Where the attention of this text is made, by a pass in which it is multiplied by one.

    The caller holds `model.lock`.

    Raises:
        ModelError: the pass gives another prediction than the trace, or an attention that is not
            what a softmax made.
    """
    inputs, shape = trace.encoding.inputs, (1, *trace.attention.shape[1:])
    made: list[torch.Tensor] = []

    def record(probabilities: torch.Tensor, _call: int) -> torch.Tensor:
        made.append(probabilities * torch.ones_like(probabilities))
        return made[-1]

    with _EverySoftmax(shape, record):
        output = forward(model, inputs, output_attentions=True)
    logits = read_logits(model, output, inputs, trace.target.place)[0]
    if not torch.equal(logits.float().cpu(), torch.from_numpy(trace.logits.copy())):
        raise ModelError(
            f"With all of its attention kept, {type(model.module).__name__} gives other logits "
            "than this trace has, so what a cut does cannot be told from that. Use a trace of "
            "this model, made on the device it is on now; where it has one, compute on the CPU."
        )
    return Plan(_matched(model, read_attention(model, output, shape[2]), made), len(made))


def run_scaled(
    model: Model, trace: Trace, plan: Plan, keep: torch.Tensor, kind: Kind
) -> torch.Tensor:
    """`[n, C]` logits of one text under `n` masks at once.

    The caller holds `model.lock` and decides about gradients.

    Args:
        model: that was traced.
        trace: of the text.
        plan: of `find_plan` for this trace.
        keep: `[n, L, 1 or H, t, t]` on the device of the model.
        kind: see `scaled`.

    Raises:
        ModelError: the network makes its attention another way for several texts.
    """
    inputs, output = scaled_pass(model, trace, plan, keep, kind)
    return read_logits(model, output, inputs, trace.target.place)


def scaled_pass(
    model: Model, trace: Trace, plan: Plan, keep: torch.Tensor, kind: Kind, **options: Any
) -> tuple[Inputs, Any]:
    """What the network is given and returns under `n` masks, for `run_scaled` and its like.

    Args:
        model, trace, plan, keep, kind: as of `run_scaled`.
        **options: more keywords for the network.

    Raises:
        ModelError: as `run_scaled` does.
    """
    inputs = {name: one.repeat(len(keep), 1) for name, one in trace.encoding.inputs.items()}
    done: list[int] = []

    def scale(probabilities: torch.Tensor, call: int) -> torch.Tensor:
        layer = plan.layer_of.get(call)
        if layer is None:
            return probabilities
        done.append(layer)
        return scaled(probabilities, keep[:, layer].to(probabilities.dtype), kind)

    mode = _EverySoftmax((len(keep), *trace.attention.shape[1:]), scale)
    with mode:
        output = forward(model, inputs, **options)
    if mode.calls != plan.calls or done != sorted(plan.layer_of.values()):
        raise ModelError(
            f"{type(model.module).__name__} does not make its attention once a layer when it reads "
            "a text several times at once, so no edge of it can be cut."
        )
    return inputs, output


def _matched(model: Model, attention: Maps, made: list[torch.Tensor]) -> dict[int, int]:
    """The layer of each softmax that made the attention of one; the others make something else."""
    found: dict[int, int] = {}
    for call, product in enumerate(made):
        if len(found) < len(attention) and _is_copy(attention[len(found)], product):
            found[call] = len(found)
    if len(found) < len(attention):
        raise ModelError(
            f"The attention of layer {len(found)} of {type(model.module).__name__} is not what a "
            "softmax made, so no edge of it can be cut in a way that is known to be true."
        )
    return found


def _is_copy(layer: torch.Tensor, product: torch.Tensor) -> bool:
    """Whether it is this very tensor, or this one in the precision of the model."""
    same = layer.untyped_storage().data_ptr() == product.untyped_storage().data_ptr()
    return same or torch.equal(layer, product.to(layer.dtype))
