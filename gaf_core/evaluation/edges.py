"""Scores of attention edges -> how much of the prediction the first of them carry, or take away.

    y(m)  logit of the target minus the largest other one, with the attention times the mask m;
          the logit alone of labels that do not exclude each other, and of values the value
    f(q) = (y(top q) - y(none)) / (y(all) - y(none)),   q a fraction of all edges

    CPR   mean of f over log q: how much is recovered by the edges kept      higher is better
    CMD   mean of |1 - f|: how far from the whole model                      lower
    left  mean of f with the top q removed and the others kept               lower

The area is by trapezoids over log q, since few edges carry most. Edges are ranked by signed score,
highest first; ties, of which sparse scores have many, are drawn by seed. Edges that the model does
not have, hidden by a causal mask, are not counted. For a contrast, y is that contrast.

CPR and CMD are those of the Mechanistic Interpretability Benchmark (Mueller et al., ICML 2025),
here for attention edges and with nothing in the place of what is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike, NDArray

from gaf_core.errors import SettingsError, check_kind
from gaf_core.evaluation.edge_masks import KeptAndRemoved, edge_counts, edge_order, margin
from gaf_core.methods import EdgeScores
from gaf_core.models.model import Model
from gaf_core.models.outputs import Output
from gaf_core.tracing.interventions import masked_logits
from gaf_core.tracing.masks import KINDS, Kind, existing_edges
from gaf_core.tracing.trace import Trace

EDGE_FRACTIONS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
LEAST_DIFFERENCE = 0.5  # logits between all edges and none, below which f divides by noise
_LEAST_PART = 0.05  # of a value, whose unit nobody knows

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class EdgeEvaluation:
    """What one order of the attention edges of one text is worth, on the model.

    Attributes:
        kind: how edges were cut, "zero" or "renormalise".
        fractions: `[f]` ascending, of the edges.
        counts: `[f]` how many edges that is.
        kept: `[f]` y with only the highest-ranked ones kept.
        removed: `[f]` y with only they removed.
        whole: y with all edges, the model as it is.
        nothing: y with none.
        least: by how much more `whole` must be than `nothing`, so that f does not divide by noise.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "The acting was terrible.")
    >>> found = gaf.evaluate_edges(model, trace, gaf.EDGE_METHODS["flow"](model, trace))
    >>> found.measurable, found.counts.tolist()
    (True, [1, 1, 3, 6, 15, 29, 59, 147])
    """

    kind: Kind
    fractions: Float[np.ndarray, " f"]
    counts: Int[np.ndarray, " f"]
    kept: Float[np.ndarray, " f"]
    removed: Float[np.ndarray, " f"]
    whole: float
    nothing: float
    least: float = LEAST_DIFFERENCE

    @property
    def measurable(self) -> bool:
        """Whether all edges together raise y by enough to say which of them do."""
        return self.whole - self.nothing >= self.least

    @property
    def message(self) -> str:
        """Why there is no measure; empty where there is one."""
        if self.measurable:
            return ""
        return (
            "The attention edges of this text cannot be ranked by what they do: all of them "
            f"together move the target by {self.whole - self.nothing:+.2g}, and a measure needs "
            f"{self.least:+.2g}."
        )

    @property
    def recovered(self) -> Float[np.ndarray, " f"]:
        """`[f]` f with the highest-ranked edges kept; NaN where it is not measurable."""
        return self._part(self.kept)

    @property
    def remaining(self) -> Float[np.ndarray, " f"]:
        """`[f]` f with the highest-ranked edges removed; NaN where it is not measurable."""
        return self._part(self.removed)

    @property
    def cpr(self) -> float:
        """How much of the prediction the edges kept recover; higher is better."""
        return self._area(self.recovered)

    @property
    def cmd(self) -> float:
        """How far the edges kept are from the whole model; lower is better."""
        return self._area(np.abs(1 - self.recovered))

    @property
    def left(self) -> float:
        """How much of the prediction is left with the edges removed; lower is better."""
        return self._area(self.remaining)

    def _part(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.measurable:
            return np.full(len(y), np.nan)
        return (y - self.nothing) / (self.whole - self.nothing)

    def _area(self, curve: NDArray[np.float64]) -> float:
        if len(curve) == 1:
            return float(curve[0])
        steps = np.log(self.fractions)
        return float(np.trapezoid(curve, steps) / (steps[-1] - steps[0]))


def evaluate_edges(
    model: Model,
    trace: Trace,
    scores: ArrayLike | EdgeScores,
    *,
    fractions: Sequence[float] = EDGE_FRACTIONS,
    kind: Kind = "zero",
    seed: int = 0,
    progress: Progress | None = None,
) -> EdgeEvaluation:
    """Measure on the model what an order of its attention edges is worth.

    It costs a pass of the text for each fraction kept and removed, and three more.

    Args:
        model: that was traced.
        trace: of the text.
        scores: `[L, t, t]` of all layers, or `EdgeScores`; only the order counts.
        fractions: of the edges, in (0, 1).
        kind: how edges are cut, see `gaf_core.intervene`.
        seed: of the order of equal scores.
        progress: called with (masks done, masks in all); what it raises ends the work.

    Raises:
        SettingsError: scores of another shape or that are not numbers, or fractions outside (0, 1).
        ModelError: attention that cannot be cut.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "The acting was terrible.")
    >>> names = "attention_x_gradient", "random"
    >>> effect, chance = (
    ...     gaf.evaluate_edges(model, trace, gaf.EDGE_METHODS[name](model, trace)) for name in names
    ... )
    >>> effect.cpr > chance.cpr
    True
    """
    found = evaluate_all_edges(
        model,
        trace,
        {"scores": scores},
        fractions=fractions,
        kind=kind,
        seed=seed,
        progress=progress,
    )
    return found["scores"]


def evaluate_all_edges(
    model: Model,
    trace: Trace,
    rankings: Mapping[str, ArrayLike | EdgeScores],
    *,
    fractions: Sequence[float] = EDGE_FRACTIONS,
    kind: Kind = "zero",
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, EdgeEvaluation]:
    """Measure several orders of the edges of one text; what they share is computed once.

    Args:
        rankings: `[L, t, t]` scores by the name that their evaluation gets.
        model, trace, fractions, kind, seed, progress: see `evaluate_edges`.

    Raises:
        GafError: as `evaluate_edges` does.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "The acting was terrible.")
    >>> scores = {name: gaf.EDGE_METHODS[name](model, trace) for name in ("flow", "capacity")}
    >>> sorted(gaf.evaluate_all_edges(model, trace, scores, kind="renormalise"))
    ['capacity', 'flow']
    """
    check_kind(rankings, Mapping, "Give scores by name.")
    grid = check_fractions(fractions, kind)
    exist = existing_edges(trace)
    counts = edge_counts(grid, int(exist.sum()))
    places = [edge_order(trace, scores, seed) for scores in rankings.values()]
    wanted = KeptAndRemoved(exist, places, counts)
    y = np.concatenate(
        [
            margin(logits, trace.target, trace.output)
            for _, logits in masked_logits(model, trace, wanted, kind, progress)
        ]
    )
    logits = trace.logits[None].astype(np.float64)
    whole = float(margin(logits, trace.target, trace.output)[0])
    least = least_difference(trace.output, whole)
    curves = y[1:].reshape(len(places), 2, len(counts))
    return {
        name: EdgeEvaluation(kind, grid, counts, kept, removed, whole, float(y[0]), least)
        for name, (kept, removed) in zip(rankings, curves, strict=True)
    }


def least_difference(output: Output, whole: float) -> float:
    """How far apart y must be with all edges and with none, so that parts of it mean something."""
    return LEAST_DIFFERENCE if output.has_probabilities else _LEAST_PART * abs(whole)


def check_fractions(fractions: Sequence[float], kind: str) -> NDArray[np.float64]:
    """Fractions of the edges, each once and ascending.

    Raises:
        SettingsError: none, or one that is no part of all edges; or a kind of cut that is unknown.
    """
    if kind not in KINDS:
        raise SettingsError(f"'{kind}' is no way to cut an edge. Use {' or '.join(KINDS)}.")
    try:
        grid = np.unique(np.asarray(fractions, dtype=np.float64))
    except (TypeError, ValueError):
        grid = np.empty(0)
    if not grid.size or not ((grid > 0) & (grid < 1)).all():
        raise SettingsError("Fractions of the edges lie between 0 and 1, without both.")
    return grid
