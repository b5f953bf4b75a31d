"""Many texts and ways to score edges -> what each is worth, text by text, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gaf_core.errors import GafError, SettingsError
from gaf_core.evaluation.bootstrap import summarise
from gaf_core.evaluation.edges import EDGE_FRACTIONS, EdgeEvaluation, evaluate_all_edges
from gaf_core.methods import EDGE_METHODS, EdgeMethod, EdgeScores
from gaf_core.models.model import Model
from gaf_core.settings import TargetLike, TextLike
from gaf_core.tracing.trace import Trace, trace

Progress = Callable[[int, int], None]
EdgeMethodLike = str | EdgeMethod | tuple[str, str | EdgeMethod, Mapping[str, Any]]

EDGE_MEASURES = ("cpr", "cmd", "left", "seconds")


def benchmark_edges(
    model: Model,
    texts: Sequence[TextLike],
    methods: Sequence[EdgeMethodLike],
    *,
    fractions: Sequence[float] = EDGE_FRACTIONS,
    kind: str = "zero",
    targets: Sequence[TargetLike] | None = None,
    progress: Progress | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure ways to score edges on texts: one row each, means with 95 % bootstrap intervals.

    `measure_edges` returns what stands behind it, text by text; `gaf_core.evaluation.paired`
    compares two of them by these rows, with `measures=EDGE_MEASURES`.

    Args:
        model, texts, methods, fractions, kind, targets, progress: see `measure_edges`.
        seed: of the bootstrap.

    Returns:
        As `gaf_core.evaluation.summarise`, for `EDGE_MEASURES`. Texts on which nothing can be
        measured count as failures.

    Raises:
        SettingsError: as `measure_edges` does.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> texts = ["A lovely film.", "The plot was dull."]
    >>> table = gaf.benchmark_edges(model, texts, ["capacity", ("GF", "flow", {"variant": "GF"})])
    >>> table[["method", "texts", "failures"]].values.tolist()
    [['capacity', 2, 0], ['GF', 2, 0]]
    """
    rows = measure_edges(
        model,
        texts,
        methods,
        fractions=fractions,
        kind=kind,
        targets=targets,
        progress=progress,
    )
    return summarise(rows, seed, EDGE_MEASURES)


def measure_edges(
    model: Model,
    texts: Sequence[TextLike],
    methods: Sequence[EdgeMethodLike],
    *,
    fractions: Sequence[float] = EDGE_FRACTIONS,
    kind: str = "zero",
    targets: Sequence[TargetLike] | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Measure each way to score edges on each text; all of a text share its trace and batches.

    Args:
        model: whose predictions are explained.
        texts: texts, or pairs of them.
        methods: names in `EDGE_METHODS`, methods, or `(label, name or method, options)`.
        fractions, kind: see `gaf_core.evaluate_edges`.
        targets: what to explain of each text; None for what is predicted.
        progress: called with (texts done, texts in all); what it raises ends the run.

    Returns:
        One row a text and method: `text` (its position), `method` (label), `cpr`, `cmd`, `left`,
        `f 0.01` and the like for what each fraction recovers, `seconds` of the method beside the
        trace, and `failure`: why there are no measures, missing where there are.

    Raises:
        SettingsError: no texts or methods, or a method, option, fraction or kind that means
            nothing.
    """
    entries = edge_entries(methods)
    if isinstance(texts, str) or not len(texts):
        raise SettingsError("Give a list of at least one text.")
    if targets is not None and len(targets) != len(texts):
        raise SettingsError(
            f"There are {len(texts):,} texts and {len(targets):,} targets. Give one target a text."
        )
    rows: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        target = None if targets is None else targets[number]
        found = _measure_text(model, text, target, entries, fractions, kind)
        rows += [{"text": number, "method": label} | row for label, row in found.items()]
        if progress is not None:
            progress(number + 1, len(texts))
    return pd.DataFrame(rows)


def edge_entries(
    methods: Sequence[EdgeMethodLike],
) -> dict[str, tuple[EdgeMethod, Mapping[str, Any]]]:
    """Methods with their settings, by label.

    Raises:
        SettingsError: none, an unknown one, an option it does not take, or two of one label.
    """
    if isinstance(methods, str) or not methods:
        raise SettingsError(f"Give a list of at least one method of {', '.join(EDGE_METHODS)}.")
    entries: dict[str, tuple[EdgeMethod, Mapping[str, Any]]] = {}
    for one in methods:
        label, named, options = one if isinstance(one, tuple) else (None, one, {})
        if not isinstance(named, EdgeMethod):
            if named not in EDGE_METHODS:
                known = ", ".join(EDGE_METHODS)
                raise SettingsError(f"There is no way to score edges '{named}'. Use {known}.")
            named = EDGE_METHODS[named]
        label = label or named.name
        if label in entries:
            raise SettingsError(
                f"Two methods are called '{label}'. Give each setting a label of its own: "
                "(label, name, options)."
            )
        entries[label] = named, named.settings(**options)
    return entries


def _measure_text(
    model: Model,
    text: TextLike,
    target: TargetLike,
    entries: Mapping[str, tuple[EdgeMethod, Mapping[str, Any]]],
    fractions: Sequence[float],
    kind: str,
) -> dict[str, dict[str, Any]]:
    try:
        traced = trace(model, text, target)
    except GafError as error:
        return {label: _failed(str(error)) for label in entries}
    scored, rows = _scored(model, traced, entries)
    try:
        found = evaluate_all_edges(model, traced, scored, fractions=fractions, kind=kind)
    except SettingsError:  # fractions and kind are the same for all texts
        raise
    except GafError as error:
        return rows | {label: _failed(str(error)) for label in scored}
    measured = {label: _row(one, scored[label].seconds) for label, one in found.items()}
    return {label: measured.get(label, rows.get(label, {})) for label in entries}


def _scored(
    model: Model, traced: Trace, entries: Mapping[str, tuple[EdgeMethod, Mapping[str, Any]]]
) -> tuple[dict[str, EdgeScores], dict[str, dict[str, Any]]]:
    """What each method gives, and rows that say why one gives nothing."""
    scored, failed = {}, {}
    for label, (method, settings) in entries.items():
        try:
            scored[label] = method(model, traced, **settings)
        except GafError as error:
            failed[label] = _failed(str(error))
    return scored, failed


def _row(found: EdgeEvaluation, seconds: float) -> dict[str, Any]:
    parts = {f"f {q:g}": f for q, f in zip(found.fractions, found.recovered, strict=True)}
    measures = {"cpr": found.cpr, "cmd": found.cmd, "left": found.left, "seconds": seconds}
    return measures | parts | {"failure": found.message or None}


def _failed(message: str) -> dict[str, Any]:
    return dict.fromkeys(EDGE_MEASURES, np.nan) | {"failure": message}
