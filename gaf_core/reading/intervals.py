"""Explanation -> how far a plain maximum flow, which is not unique, could move each score.

The intervals are those of one flow (`ambiguity`). A depth average is over several and has none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.flow import ambiguity

MOST_INTERVALS = 256  # tokens up to which those of all tokens are found in about a second
_ROUNDING = 1e-9  # of the flow: ten times what the certificate leaves a node out of balance


def score_intervals(
    explanation: Explanation, groups: Sequence[Sequence[int]] | None = None
) -> NDArray[np.float64] | None:
    """`[t, 2]` least and most of each token, or `[groups, 2]`, in the unit of the scores.

    None for a depth average.
    """
    return None if explanation.depths is not None else ambiguity(explanation.network, groups)


def check_intervals(
    explanation: Explanation, intervals: NDArray[np.float64], scores: NDArray[np.float64]
) -> None:
    """Refuse intervals that say nothing about the scores that they are to stand beside.

    Args:
        explanation: whose scores.
        intervals: `[n, 2]` least and most of each score, in its unit.
        scores: `[n]` of tokens or words. Those of a proven flow lie inside, up to its epsilon: it
            grows to a maximum flow, by no more than that, without taking from any token. No token
            gets more than all.

    Raises:
        SettingsError: not one interval a score, a depth average, or intervals of something else.
    """
    if explanation.depths is not None:
        raise SettingsError(
            "These scores are a mean over several flows, and intervals are those of one. Show a "
            "depth average without intervals."
        )
    if intervals.shape != (len(scores), 2):
        raise SettingsError(
            f"{len(scores)} scores need intervals of the shape [{len(scores)}, 2]; these have "
            f"{list(intervals.shape)}. Words need the intervals of words."
        )
    solution, (least, most) = explanation.solution, intervals.T
    slack = (solution.epsilon + _ROUNDING) * solution.value
    inside = (least - slack <= scores) & (scores <= most + slack) & (most <= solution.value + slack)
    if explanation.certified and not inside.all():
        wrong = int(np.argmin(inside))
        raise SettingsError(
            f"These are not the intervals of this flow of {solution.value:.4g}: score {wrong} is "
            f"{scores[wrong]:.4g}, and its interval {least[wrong]:.4g} to {most[wrong]:.4g}. Give "
            "those that score_intervals finds, in the unit of the scores."
        )
