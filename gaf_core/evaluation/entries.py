"""Methods with their settings, asked together of one trace: scores, measures, or the reason.

Every run over many texts comes through here: the benchmarks, and the rows of a corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import GafError
from gaf_core.evaluation.asked import methods_by_label
from gaf_core.evaluation.metrics import Evaluation, evaluate_all
from gaf_core.evaluation.naopc import aopc_limits
from gaf_core.evaluation.perturbation import Perturbation
from gaf_core.evaluation.ranking import check_scores
from gaf_core.evaluation.rows import Row
from gaf_core.methods import METHODS, Method
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace

MethodLike = str | Method | tuple[str, str | Method, Mapping[str, Any]]

_MEASURES = ("aopc", "log_odds", "comprehensiveness", "sufficiency")
MEASURED = (*_MEASURES, "deletion_area")  # columns of a row that `measure_trace` fills
NAOPC_COLUMNS = ("naopc", "aopc_lower", "aopc_upper")  # and those that it fills if asked


@dataclass(frozen=True)
class Entry:
    """A method with its settings.

    Attributes:
        label: what its rows are called.
        method: which.
        settings: the value of every option.
    """

    label: str
    method: Method
    settings: Mapping[str, Any]


def chosen_entries(methods: Sequence[MethodLike]) -> list[Entry]:
    """The entries that a caller names: methods, their names, or `(label, name, options)`.

    Raises:
        SettingsError: none, a method or option that means nothing, or two of one label.
    """
    asked = methods_by_label(methods, METHODS)
    return [Entry(label, one.method, one.settings) for label, one in asked.items()]


def measure_trace(
    model: Model,
    traced: Trace,
    entries: Sequence[Entry],
    perturbation: Perturbation | None,
    *,
    naopc: bool = False,
    step: Callable[[], None] = lambda: None,
    still: Callable[..., None] = lambda *_: None,
) -> dict[str, tuple[Row, NDArray[np.float64] | None]]:
    """What each entry says of one text, and how faithful that is; a failure stops no other entry.

    Args:
        model: that was traced.
        traced: one text.
        entries: what is asked.
        perturbation: how tokens are removed; None to leave the measures out.
        naopc: find the limits of AOPC too, once for all entries.
        step: called after each entry; what it raises ends the work.
        still: called while the limits are looked for, likewise.

    Returns:
        By label a row with `seconds` and `failure` (None, or a sentence), with the columns of
        `MEASURED` (and `NAOPC_COLUMNS`) where they were measured, and the scores `[t]`, None where
        there are none.
    """
    rows: dict[str, Row] = {}
    scores: dict[str, NDArray[np.float64]] = {}
    for entry in entries:
        try:
            found = entry.method(model, traced, **entry.settings)
            scores[entry.label] = check_scores(traced, found.scores)
            rows[entry.label] = {"seconds": found.seconds, "failure": None}
        except Exception as error:  # methods call libraries, which raise many kinds
            rows[entry.label] = failed(error)
        step()
    if perturbation is not None:
        try:
            wanted = naopc and bool(scores)
            limits = aopc_limits(model, traced, perturbation, progress=still) if wanted else None
            measured = evaluate_all(
                model, traced, scores, perturbation, insertion_curve=False, limits=limits
            )
            for label, evaluation in measured.items():
                rows[label] |= _measures(evaluation, naopc)
        except GafError as error:
            rows |= {label: failed(error) for label in scores}
    return {label: (row, scores.get(label)) for label, row in rows.items()}


def failed(error: Exception) -> Row:
    """A row that says why there is nothing else in it."""
    message = str(error).strip() or "no reason is given"
    known = isinstance(error, GafError)
    return {"failure": message if known else f"{type(error).__name__}: {message}"}


def _measures(evaluation: Evaluation, naopc: bool) -> Row:
    names = (*_MEASURES, *(NAOPC_COLUMNS if naopc else ()))
    found = {name: getattr(evaluation, name) for name in names}
    return found | {"deletion_area": evaluation.curves.deletion_area}
