"""An explanation beside scores from elsewhere, as lines for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gaf_core.elsewhere import GivenFile, read_scores
from gaf_core.errors import SettingsError
from gaf_core.evaluation import evaluate_all
from gaf_core.evaluation.agreement import agreement
from gaf_core.evaluation.comparison import Comparison, faithfulness_table
from gaf_core.evaluation.perturbation import Perturbation, resolve_perturbation
from gaf_core.explanation import Explanation
from gaf_core.files.terminal import printable
from gaf_core.methods.method import Attribution
from gaf_core.models.model import Model
from gaf_core.reading.rows import PAPER
from gaf_core.signed import SignedExplanation
from gaf_core.text.clusters import columns, fitted

OURS = "this explanation"
_NAME = 36  # columns of the longest name
_SHOWN = {
    "AOPC": "AOPC (higher)",
    "LOdds": "LOdds (lower)",
    "comprehensiveness": "compr. (higher)",
    "sufficiency": "suff. (lower)",
}


def beside(
    model: Model, explanation: Explanation | SignedExplanation, files: Sequence[GivenFile]
) -> Comparison:
    """An explanation and the scores of files for its text, measured in the usual way.

    Raises:
        TextError: scores are of another text.
        SettingsError: two files have a method of one name.
    """
    trace = explanation.trace
    ours = Attribution(explanation.settings.variant, OURS, PAPER, {}, explanation.scores, math.nan)
    found = {OURS: ours}
    for file in files:
        for one in read_scores(file, trace):
            if one.title in found:
                raise SettingsError(
                    f"Two files have a method called “{one.method}”. Give one of them another name."
                )
            found[one.title] = one
    how = Perturbation()
    scores = {name: one.scores for name, one in found.items()}
    measured = evaluate_all(model, trace, scores, how)
    return Comparison(trace, tuple(found), resolve_perturbation(model, how), found, measured)


def comparison_lines(comparison: Comparison) -> list[str]:
    """A line an entry: its measures, and Spearman's correlation with the first entry."""
    names = [fitted(printable(name), _NAME) for name in comparison.names]
    width = max(map(columns, names))
    table = faithfulness_table(comparison)
    like = agreement(comparison.trace, comparison.scored).spearman[0].tolist()
    heads = [*_SHOWN.values(), "agrees"]
    lines = [f"{'':{width}}" + "".join(f"  {head:>15}" for head in heads)]
    for row, name in enumerate(names):
        numbers = [*table.loc[row, list(_SHOWN)].tolist(), like[row]]
        cells = "".join(f"  {'–' if math.isnan(n) else f'{n:.3f}':>15}" for n in numbers)
        lines.append(f"{name}{' ' * (width - columns(name))}{cells}")
    operator = comparison.perturbation.operator
    removed = "deleted" if operator == "delete" else f"replaced by the {operator} token"
    return [
        *lines,
        "",
        f"The tokens that each ranks first are {removed}, 10 to 90 % of them, and the prediction",
        f"is watched; “agrees” is Spearman's correlation with {OURS}.",
    ]
