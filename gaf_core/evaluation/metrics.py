"""Scores -> how much the prediction depends on the tokens that they rank first.

    p_0   probability of the target on the whole text
    p_k   with the highest-ranked ceil(k n) of the n ordinary tokens removed
    q_k   with only those kept

    AOPC                mean_k (p_0 - p_k)                                  higher is better
    LOdds               mean_k ln(p_k / p_0)                                lower
    comprehensiveness   mean (p_0 - p_k), k = 1, 5, 10, 20, 50 %            higher
    sufficiency         mean (p_0 - q_k), k = 1, 5, 10, 20, 50 %            lower

Where the outputs of a model are values, as in regression, they stand in the place of probabilities:
the measures are then in the unit of the output, those of two texts need not compare, and there is
no LOdds. Each label of a multi-label model has a probability of its own.

Tokens are ranked by signed score, highest first, ties by position; special tokens stay, and so does
the token that a prediction is about (`Trace.removable`). AOPC is
Samek et al.'s (IEEE TNNLS 2017), LOdds is that of Shrikumar et al. (ICML 2017) as Chen et al. (ACL
2020) take it, comprehensiveness and sufficiency are ERASER's (DeYoung et al., ACL 2020). The least
and the greatest AOPC of a text, and AOPC between them, are asked for (`naopc`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from gaf_core.errors import SettingsError, check_kind
from gaf_core.evaluation.naopc import AopcLimits, aopc_limits
from gaf_core.evaluation.perturbation import (
    Perturbation,
    resolve_perturbation,
    watched_label,
)
from gaf_core.evaluation.perturbed import DELETE, Progress, log_probabilities, values
from gaf_core.evaluation.ranking import (
    check_encoding,
    check_scores,
    removed_and_kept,
    removed_count,
)
from gaf_core.models.model import Model
from gaf_core.models.outputs import Output
from gaf_core.settings import TextLike
from gaf_core.tracing.trace import Trace, trace

ERASER_FRACTIONS = (0.01, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, eq=False)
class Curves:
    """Probabilities, or values, of the target against the fraction of ordinary tokens, 0 to 1.

    Attributes:
        fractions: `[f]` ascending from 0 to 1.
        deletion: `[f]` p_k, the highest-ranked tokens removed.
        insertion: `[f]` q_k, only they kept.
        deletion_area, insertion_area: area under each, by trapezoids.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> curves = gaf.evaluate(model, "A lovely film.", [0, 0, 1, 0, 0, 0]).curves
    >>> float(curves.fractions[0]), float(curves.fractions[-1])
    (0.0, 1.0)
    >>> bool(curves.deletion[0] > curves.deletion[-1])  # the probability falls
    True
    """

    fractions: Float[np.ndarray, " f"]
    deletion: Float[np.ndarray, " f"]
    insertion: Float[np.ndarray, " f"]
    deletion_area: float
    insertion_area: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Faithfulness of one ranking of the tokens of one text.

    Attributes:
        perturbation: how it was measured, with the operator that was used.
        aopc, log_odds, comprehensiveness, sufficiency: see the top of this file; `log_odds` is NaN
            where the outputs are values.
        curves: probability of the target, or its value, as tokens are removed and inserted.
        label: the class that was watched.
        output: whether that is a probability, and which, or a value.
        aopc_lower, aopc_upper: what AOPC can be for this text and model; NaN if not asked for.
        naopc: AOPC on the scale from the one, 0, to the other, 1: what two models are compared by.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> found = gaf.evaluate(model, "A lovely film.", [0, 0, 1, 0, 0, 0])
    >>> model.labels[found.label], found.perturbation.operator
    ('positive', 'mask')
    """

    perturbation: Perturbation
    aopc: float
    log_odds: float
    comprehensiveness: float
    sufficiency: float
    curves: Curves
    label: int
    output: Output = Output.SOFTMAX
    aopc_lower: float = math.nan
    aopc_upper: float = math.nan
    naopc: float = math.nan


Rankings = Mapping[str, ArrayLike]  # scores `[t]` by any name


def evaluate(
    model: Model,
    text: TextLike | Trace,
    scores: ArrayLike,
    perturbation: Perturbation = Perturbation(),
    *,
    naopc: bool = False,
) -> Evaluation:
    """Measure how faithful the scores of the tokens of one text are to the prediction.

    Args:
        model: whose prediction is watched.
        text: the text or pair of texts, or a trace of it by this model.
        scores: `[t]` signed, special tokens included; only the order of the ordinary ones counts.
        perturbation: how tokens are removed and what is watched.
        naopc: find the limits of AOPC too, which takes many passes (`aopc_limits`).

    Raises:
        SettingsError: scores of another length or that are not numbers, fractions outside (0, 1],
            an operator that the vocabulary does not allow, a trace made without a model.
        TargetError: the target is not one of the model's labels.
        TextError: the text cannot be encoded or has no ordinary token.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> trace.tokens
    ('[CLS]', 'a', 'lovely', 'film', '.', '[SEP]')
    >>> lovely = gaf.evaluate(model, trace, [0, 0, 1, 0, 0, 0])
    >>> film = gaf.evaluate(model, trace, [0, 0, 0, 1, 0, 0])
    >>> lovely.aopc > film.aopc
    True
    """
    traced = text if isinstance(text, Trace) else trace(model, text)
    limits = aopc_limits(model, traced, perturbation) if naopc else None
    return evaluate_all(model, traced, {"scores": scores}, perturbation, limits=limits)["scores"]


def evaluate_all(
    model: Model,
    traced: Trace,
    rankings: Rankings,
    perturbation: Perturbation = Perturbation(),
    progress: Progress | None = None,
    *,
    insertion_curve: bool = True,
    limits: AopcLimits | None = None,
) -> dict[str, Evaluation]:
    """Measure several rankings of the tokens of one text; what they share is computed once.

    Args:
        model: the model that was traced.
        traced: the text, and what was predicted for it.
        rankings: `[t]` scores by the name that their evaluation gets; see `evaluate`.
        perturbation: how tokens are removed and what is watched.
        progress: called with (batches done, batches in all); what it raises ends the work.
        insertion_curve: False leaves out the curve that none of the four measures needs, a third of
            the work: its probabilities and its area are then NaN.
        limits: of AOPC, from `aopc_limits` for this text and perturbation, for the NAOPC of each.

    Raises:
        SettingsError: limits of another text, label or perturbation.
        GafError: as `evaluate` does.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> scores = {name: gaf.METHODS[name](model, trace).scores for name in ("AGF", "rollout")}
    >>> found = gaf.evaluate_all(model, trace, scores, gaf.Perturbation("mask"))
    >>> [(name, one.aopc > 0) for name, one in found.items()]
    [('AGF', True), ('rollout', True)]
    """
    check_kind(rankings, Mapping, "Give scores by name.")
    encoding = check_encoding(model, traced)
    perturbation = resolve_perturbation(model, perturbation)
    label = watched_label(model, traced, perturbation)
    ordinary = traced.removable
    _check_limits(limits, perturbation, label, ordinary)
    grid = sorted({0.0, 1.0, *perturbation.fractions, *ERASER_FRACTIONS})
    counts = np.array([removed_count(fraction, int(ordinary.sum())) for fraction in grid])
    kept = [
        removed_and_kept(ordinary, check_scores(traced, scores), counts)
        for scores in rankings.values()
    ]
    if not kept:
        return {}
    wanted = np.ones((2, len(grid)), dtype=bool)  # deletion or insertion, fraction
    if not insertion_curve:
        wanted[1] = np.isin(grid, ERASER_FRACTIONS)
    curves = np.full((len(kept), *wanted.shape), np.nan)
    choices = np.concatenate([choice[wanted.ravel()] for choice in kept])
    operator = perturbation.operator or DELETE
    if traced.output is Output.VALUE:
        found = values(model, encoding, choices, operator, label, progress)
    else:
        place = traced.target.place
        found = log_probabilities(model, encoding, choices, operator, label, progress, place)
    curves[:, wanted] = found.reshape(len(kept), -1)
    whole = _Whole(np.array(grid), perturbation, label, traced.output, limits)
    return {
        name: _evaluation(whole, deletion, insertion)
        for name, (deletion, insertion) in zip(rankings, curves, strict=True)
    }


class _Whole(NamedTuple):
    """What the evaluations of one text have in common."""

    grid: Float[np.ndarray, " f"]
    perturbation: Perturbation
    label: int
    output: Output
    limits: AopcLimits | None


def _check_limits(
    limits: AopcLimits | None,
    perturbation: Perturbation,
    label: int,
    ordinary: Bool[np.ndarray, " t"],
) -> None:
    if limits is None:
        return
    same = limits.perturbation == perturbation and limits.label == label
    if not same or sorted(limits.upper_order) != np.flatnonzero(ordinary).tolist():
        raise SettingsError(
            "The limits of AOPC are those of another text, label or perturbation. Find them with "
            "the trace and the perturbation that the scores are measured with."
        )


def _evaluation(
    whole: _Whole, deletion: Float[np.ndarray, " f"], insertion: Float[np.ndarray, " f"]
) -> Evaluation:
    """Measures from log-probabilities, or values, at the fractions of a grid that begins with 0."""
    grid, perturbation, label, output, limits = whole
    valued = output is Output.VALUE
    removed, kept = (deletion, insertion) if valued else (np.exp(deletion), np.exp(insertion))
    own = np.searchsorted(grid, perturbation.fractions)
    eraser = np.searchsorted(grid, ERASER_FRACTIONS)
    drop = removed[0] - removed[own]
    shown = np.searchsorted(grid, sorted({0.0, 1.0, *perturbation.fractions}))
    aopc = float(np.mean(np.abs(drop) if perturbation.absolute else drop))
    return Evaluation(
        perturbation=perturbation,
        aopc=aopc,
        # the logarithms themselves: a probability may be too small to be told from 0
        log_odds=math.nan if valued else float(np.mean(deletion[own] - deletion[0])),
        comprehensiveness=float(np.mean(removed[0] - removed[eraser])),
        sufficiency=float(np.mean(removed[0] - kept[eraser])),
        curves=_curves(grid[shown], removed[shown], kept[shown]),
        label=label,
        output=output,
        aopc_lower=limits.lower if limits else math.nan,
        aopc_upper=limits.upper if limits else math.nan,
        naopc=limits.normalised(aopc) if limits else math.nan,
    )


def _curves(
    fractions: Float[np.ndarray, " f"],
    deletion: Float[np.ndarray, " f"],
    insertion: Float[np.ndarray, " f"],
) -> Curves:
    deletion_area, insertion_area = (
        float(np.trapezoid(curve, fractions)) for curve in (deletion, insertion)
    )
    return Curves(fractions, deletion, insertion, deletion_area, insertion_area)
