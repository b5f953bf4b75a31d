"""Variants of the path methods as methods of their own, so that they can be measured beside ours.

Each begins elsewhere, holds something else constant, or asks another flow, and is in the library
only if it was measured to be better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from gaf_core.composer import explain_path
from gaf_core.methods import METHODS, Method, Progress, Scored
from gaf_core.methods.path import path_to
from gaf_core.models.model import Model
from gaf_core.settings import PATH
from gaf_core.tracing.embeddings import absent, look_up
from gaf_core.tracing.frozen import ATTN_LRP, GIM, Frozen
from gaf_core.tracing.path import PathTrace, trace_path
from gaf_core.tracing.steps import Sums, relevances_on, states_on
from gaf_core.tracing.trace import Trace

FLOW, SUM = METHODS["path_gaf"], METHODS["integrated_frozen_gradients"]
NEUTRAL = " the"
# how the start of the way is made of the embeddings of the vocabulary and of the usual start
STARTS = ("mask", "pad", "zero", "mean", "neutral word")
Start = Callable[[Model, Trace], torch.Tensor]


def starting(kind: str, model: Model, traced: Trace, *, keep_first: bool = False) -> torch.Tensor:
    """`[1, t, d]` where the way begins: a token, zeros, the mean of the vocabulary or a word."""
    ids = traced.encoding.inputs["input_ids"].to(model.device)
    ordinary = torch.as_tensor(traced.removable, device=model.device).clone()
    ordinary[:1] &= not keep_first
    if kind in ("mask", "pad", "zero"):
        return absent(model, ids, ordinary, kind)
    text = look_up(model, ids)
    if kind == "mean":
        other = model.module.get_input_embeddings().weight.mean(dim=0)
    else:
        word = model.tokenizer(NEUTRAL, add_special_tokens=False)["input_ids"][0]
        other = look_up(model, torch.tensor([[word]], device=model.device))[0, 0]
    return torch.where(ordinary[:, None], other.to(text.dtype), text)


def sums_along(
    model: Model,
    traced: Trace,
    start: torch.Tensor,
    *,
    points: int = 5,
    frozen: Frozen | None = Frozen(),
    norms_of_text: bool = False,
    only_at_text: bool = False,
) -> Sums:
    """Relevances on the way from any start, with what else may be constant."""
    with model.lock:
        text = look_up(model, traced.encoding.inputs["input_ids"].to(model.device))
        if only_at_text:  # the gradient at the text alone, times the whole step
            states = states_on(model, traced, torch.cat([start, text]))
            steps = [(one[1:] - one[:1]) for one in states]
            return relevances_on(model, traced, text.clone(), frozen, steps)
        share = torch.linspace(0, 1, points, dtype=text.dtype)[:, None, None].to(text.device)
        with _norms_of_last(model.module) if norms_of_text else nullcontext():
            return relevances_on(model, traced, torch.lerp(start, text, share), frozen, None)


@contextmanager
def _norms_of_last(module: torch.nn.Module) -> Iterator[None]:
    """RMS norms whose backward pass has the constant of the last row, the text, in every row."""

    def of_last(norm: torch.nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        x, eps = inputs[0], getattr(norm, "variance_epsilon", 1e-6)
        constant = (x[-1:].detach().pow(2).mean(-1, keepdim=True) + eps).rsqrt()
        linear = x * constant * norm.weight
        return linear + (output - linear).detach()

    norms = [part for part in module.modules() if type(part).__name__.endswith("RMSNorm")]
    handles = [part.register_forward_hook(of_last) for part in norms]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def path_of(traced: Trace, sums: Sums) -> PathTrace:
    """What the library makes of these sums."""
    arrays = [
        torch.stack(one).detach().float().cpu().numpy()
        for one in (sums.terms, sums.relevance, sums.residual)
    ]
    return PathTrace(traced, *arrays, sums.values.double().cpu().numpy())


def _scores(path: PathTrace, *, flow: bool, **settings: Any) -> np.ndarray:
    if not flow:
        return path.relevance[0].astype(np.float64)
    return explain_path(path, replace(PATH, **settings)).scores


def variant(name: str, *, flow: bool, start: Start, **options: Any) -> Method:
    """A method that begins elsewhere, or holds something else constant."""

    def compute(model: Model, traced: Trace, _progress: Progress) -> Scored:
        sums = sums_along(model, traced, start(model, traced), **options)
        return Scored(_scores(path_of(traced, sums), flow=flow))

    return replace(FLOW if flow else SUM, name=name, compute=compute, options=())


def from_library(
    name: str, *, flow: bool, frozen: Frozen | None = Frozen(), points: int = 5, **settings: Any
) -> Method:
    """A method with other points, rules or settings of the flow, as the library offers them."""

    def compute(model: Model, traced: Trace, progress: Progress) -> Scored:
        if frozen == Frozen():
            path, _ = path_to(model, traced, progress, points, "mask")
        else:
            path = trace_path(model, traced, points=points, frozen=frozen)
        return Scored(_scores(path, flow=flow, **settings))

    return replace(FLOW if flow else SUM, name=name, compute=compute, options=())


def of_starts() -> list[Method]:
    """Both methods from every start, with the first token kept or not."""
    return [
        variant(
            f"{title}, from {kind}{', first token kept' if kept else ''}",
            flow=flow,
            start=partial(starting, kind, keep_first=kept),
        )
        for title, flow in (("sum", False), ("flow", True))
        for kind in STARTS[1:]
        for kept in (False, True)
    ]


def of_constants() -> list[Method]:
    """Both methods with other constants of the backward pass, from the usual start."""
    usual = partial(starting, "mask")
    exact_attention = Frozen(attention=False)
    changed: dict[str, dict[str, Any]] = {
        "norms of the text": {"norms_of_text": True, "frozen": Frozen(norms=False)},
        "gradient at the text only": {"only_at_text": True},
        "attention not constant": {"frozen": exact_attention},
        "the rules of AttnLRP": {"frozen": ATTN_LRP},
        "the rules of GIM": {"frozen": GIM},
        "nothing constant": {"frozen": None},
        "17 points": {"points": 17},
        "33 points": {"points": 33},
    }
    return [
        variant(f"{title}, {name}", flow=flow, start=usual, **options)
        for title, flow in (("sum", False), ("flow", True))
        for name, options in changed.items()
    ]


def of_sentences() -> list[Method]:
    """Variants for a classifier: points, rules, a mean over depths, and no residual edges."""
    return [
        from_library("flow, 3 points", flow=True, points=3),
        from_library("flow, 4 points", flow=True, points=4),
        from_library("flow, 9 points", flow=True, points=9),
        from_library("flow, attention not constant", flow=True, frozen=Frozen(attention=False)),
        from_library("flow, nothing constant", flow=True, frozen=None),
        from_library("flow, the rules of AttnLRP", flow=True, frozen=ATTN_LRP),
        from_library("flow, the rules of GIM", flow=True, frozen=GIM),
        from_library("flow, mean over depths", flow=True, depth_average=True),
        from_library("flow, no node capacities", flow=True, node_capacities=False),
        from_library("flow, no residual edges", flow=True, residual="none"),
        from_library("sum, 4 points", flow=False, points=4),
        from_library("sum, attention not constant", flow=False, frozen=Frozen(attention=False)),
        from_library("sum, the rules of AttnLRP", flow=False, frozen=ATTN_LRP),
        from_library("sum, the rules of GIM", flow=False, frozen=GIM),
    ]
