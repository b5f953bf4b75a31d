"""Scores -> how much the prediction depends on the tokens that they rank first.

    p_0   probability of the target on the whole text
    p_k   with the highest-ranked ceil(k n) of the n ordinary tokens removed
    q_k   with only those kept

    AOPC                mean_k (p_0 - p_k)                                  higher is better
    LOdds               mean_k ln(p_k / p_0)                                lower
    comprehensiveness   mean (p_0 - p_k), k = 1, 5, 10, 20, 50 %            higher
    sufficiency         mean (p_0 - q_k), k = 1, 5, 10, 20, 50 %            lower

Tokens are ranked by signed score, highest first, ties by position. Comprehensiveness and
sufficiency are ERASER's (DeYoung et al., ACL 2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
OPERATORS = ("mask", "pad", "delete")


@dataclass(frozen=True)
class Perturbation:
    """How tokens are removed and what is watched; stored with every figure.

    Attributes:
        operator: a removed token is replaced by the "mask" or the "pad" token, or the text is
            shortened ("delete"); None for the first of mask, pad, unknown token that the
            vocabulary has.
        fractions: of the ordinary tokens that are removed, each in (0, 1].
        target: whose probability is watched: "predicted", "explained" (what the trace explains), or
            a label, the true one.
        absolute: AOPC takes |p_0 - p_k|, as AttCAT's code does.
    """

    operator: str | None = None
    fractions: tuple[float, ...] = FRACTIONS
    target: str | int = "predicted"
    absolute: bool = False


@dataclass(frozen=True, eq=False)
class Curves:
    """Probabilities of the target against the fraction of ordinary tokens, 0 and 1 included.

    Attributes:
        fractions: `[f]` ascending from 0 to 1.
        deletion: `[f]` p_k, the highest-ranked tokens removed.
        insertion: `[f]` q_k, only they kept.
        deletion_area, insertion_area: area under each, by trapezoids.
    """

    fractions: NDArray[np.float64]
    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]
    deletion_area: float
    insertion_area: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Faithfulness of one ranking of the tokens of one text.

    Attributes:
        perturbation: how it was measured, with the operator that was used.
        aopc, log_odds, comprehensiveness, sufficiency: see the top of this file.
        curves: probability of the target as tokens are removed and inserted.
        label: the class whose probability was watched.
    """

    perturbation: Perturbation
    aopc: float
    log_odds: float
    comprehensiveness: float
    sufficiency: float
    curves: Curves
    label: int


Rankings = Mapping[str, NDArray[np.float64]]  # scores `[t]` by any name
