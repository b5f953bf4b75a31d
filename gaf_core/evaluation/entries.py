"""Methods with their settings, asked together of one trace: scores, measures, or the reason.

Every run over many texts comes through here: the benchmarks, and the rows of a corpus.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import GafError, SettingsError
from gaf_core.evaluation.metrics import Evaluation, evaluate_all
from gaf_core.evaluation.perturbation import Perturbation
from gaf_core.evaluation.ranking import check_scores
from gaf_core.evaluation.rows import Row
from gaf_core.methods import METHODS, Method
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace

MethodLike = str | Method | tuple[str, str | Method, Mapping[str, Any]]

_MEASURES = ("aopc", "log_odds", "comprehensiveness", "sufficiency")
MEASURED = (*_MEASURES, "deletion_area")  # columns of a row that `measure_trace` fills


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
    if isinstance(methods, str) or not methods:
        raise SettingsError(f"Give a list of at least one method. {_known_methods()}")
    entries = [_entry(method) for method in methods]
    labels = [entry.label for entry in entries]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise SettingsError(
            f"Two methods are called '{twice}'. Give each setting a label of its own: "
            "(label, name, options)."
        )
    return entries


def measure_trace(
    model: Model,
    traced: Trace,
    entries: Sequence[Entry],
    perturbation: Perturbation | None,
    step: Callable[[], None] = lambda: None,
) -> dict[str, tuple[Row, NDArray[np.float64] | None]]:
    """What each entry says of one text, and how faithful that is; a failure stops no other entry.

    Args:
        model: that was traced.
        traced: one text.
        entries: what is asked.
        perturbation: how tokens are removed; None to leave the measures out.
        step: called after each entry; what it raises ends the work.

    Returns:
        By label a row with `seconds` and `failure` (None, or a sentence), with the columns of
        `MEASURED` where they were measured, and the scores `[t]`, None where there are none.
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
            measured = evaluate_all(model, traced, scores, perturbation, insertion_curve=False)
            for label, evaluation in measured.items():
                rows[label] |= _measures(evaluation)
        except GafError as error:
            rows |= {label: failed(error) for label in scores}
    return {label: (row, scores.get(label)) for label, row in rows.items()}


def failed(error: Exception) -> Row:
    """A row that says why there is nothing else in it."""
    message = str(error).strip() or "no reason is given"
    known = isinstance(error, GafError)
    return {"failure": message if known else f"{type(error).__name__}: {message}"}


def _measures(evaluation: Evaluation) -> Row:
    found = {name: getattr(evaluation, name) for name in _MEASURES}
    return found | {"deletion_area": evaluation.curves.deletion_area}


def _entry(method: MethodLike) -> Entry:
    label, named, options = method if isinstance(method, tuple) else (None, method, {})
    if not isinstance(named, Method):
        if named not in METHODS:
            near = difflib.get_close_matches(str(named), METHODS, n=1)
            advice = f"Did you mean '{near[0]}'? " if near else ""
            raise SettingsError(f"There is no method '{named}'. {advice}{_known_methods()}")
        named = METHODS[named]
    return Entry(label or named.name, named, named.settings(**options))


def _known_methods() -> str:
    return f"Methods: {', '.join(METHODS)}."
