"""Scores of several methods for one text -> how far they agree about its ordinary tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau, spearmanr

from gaf_core.errors import SettingsError, TextError
from gaf_core.evaluation.ranking import check_scores, ranked
from gaf_core.tracing.trace import Trace


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement of each of `m` methods with each; symmetric matrices whose diagonal is 1.

    Scores that are all equal order nothing, and no correlation is defined for them: they count as
    agreeing with other such scores (1) and with no order (0), so no entry is NaN.

    Attributes:
        names: the `m` methods, in the order of rows and columns.
        spearman: `[m, m]` Spearman's rank correlation, -1 to 1; ties share their mean rank.
        kendall: `[m, m]` Kendall's tau-b, -1 to 1, which corrects for ties.
        overlap: `[m, m]` share of the `top` highest-ranked tokens that two methods have in common.
        top: how many tokens `overlap` looks at.
    """

    names: tuple[str, ...]
    spearman: Float[np.ndarray, "m m"]
    kendall: Float[np.ndarray, "m m"]
    overlap: Float[np.ndarray, "m m"]
    top: int


def agreement(traced: Trace, rankings: Mapping[str, ArrayLike], top: int = 5) -> Agreement:
    """Compare the scores of several methods for one text, special tokens left out.

    Args:
        traced: the text that was scored.
        rankings: `[t]` signed scores by the name of the method.
        top: tokens that `overlap` looks at, ties by position; all tokens of a shorter text.

    Raises:
        SettingsError: scores of another length or that are not numbers, or `top` below 1.
        TextError: the text has special tokens only.
    """
    if top < 1:
        raise SettingsError(f"The overlap of the first {top} tokens means nothing. Use 1 or more.")
    ordinary = ~traced.special
    if not ordinary.any():
        raise TextError("The text has only special tokens, so there is nothing to compare.")
    scores = [check_scores(traced, values) for values in rankings.values()]
    top = min(top, int(ordinary.sum()))
    first = [set(ranked(ordinary, values)[:top].tolist()) for values in scores]
    spearman, kendall, overlap = (np.eye(len(scores)) for _ in range(3))
    for i in range(len(scores)):
        for j in range(i):
            pair = scores[i][ordinary], scores[j][ordinary]
            spearman[i, j] = spearman[j, i] = _correlation(spearmanr, *pair)
            kendall[i, j] = kendall[j, i] = _correlation(kendalltau, *pair)
            overlap[i, j] = overlap[j, i] = len(first[i] & first[j]) / top
    return Agreement(tuple(rankings), spearman, kendall, overlap, top)


def _correlation(measure, one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    constant = bool((one == one[0]).all()), bool((other == other[0]).all())
    if any(constant):
        return float(all(constant))
    return float(measure(one, other).statistic)
