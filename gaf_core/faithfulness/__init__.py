"""Scores of the tokens of a text -> how faithful they are to the prediction, and to each other.

removal       what stands where a token was
perturbation  how tokens are removed, and whose probability is watched
perturbed     texts with tokens removed -> probabilities, in shared batches
metrics       AOPC, LOdds, comprehensiveness, sufficiency, curves
agreement     how far several methods agree
"""

from gaf_core.faithfulness.metrics import (
    ERASER_FRACTIONS,
    Curves,
    Evaluation,
    check_encoding,
    check_scores,
    evaluate,
    evaluate_all,
    ranked,
    removed_count,
)
from gaf_core.faithfulness.perturbation import (
    FRACTIONS,
    OPERATORS,
    Perturbation,
    resolve_perturbation,
    watched_label,
)

__all__ = [
    "ERASER_FRACTIONS",
    "FRACTIONS",
    "OPERATORS",
    "Curves",
    "Evaluation",
    "Perturbation",
    "check_encoding",
    "check_scores",
    "evaluate",
    "evaluate_all",
    "ranked",
    "removed_count",
    "resolve_perturbation",
    "watched_label",
]
