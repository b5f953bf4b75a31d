"""Many texts and ways to score edges -> what each is worth, text by text, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd

from gaf_core.errors import GafError
from gaf_core.evaluation.asked import Asked, methods_by_label, texts_and_targets
from gaf_core.evaluation.bootstrap import check_seed, summarise
from gaf_core.evaluation.edges import (
    EDGE_FRACTIONS,
    EdgeEvaluation,
    check_fractions,
    evaluate_all_edges,
)
from gaf_core.methods import EDGE_METHODS, EdgeMethod, EdgeScores
from gaf_core.models.model import Model
from gaf_core.settings import TargetLike, TextLike
from gaf_core.tracing.masks import Kind
from gaf_core.tracing.trace import Trace, trace

Progress = Callable[[int, int], None]
EdgeMethodLike = str | EdgeMethod | tuple[str, str | EdgeMethod, Mapping[str, Any]]


class EdgeRun(TypedDict, total=False):
    """How a run over many texts is measured; `measure_edges` says what each of these is."""

    fractions: Sequence[float]
    kind: Kind
    targets: Sequence[TargetLike] | None
    progress: Progress | None


EDGE_MEASURES = ("cpr", "cmd", "left", "seconds")


def benchmark_edges(
    model: Model,
    texts: Sequence[TextLike],
    methods: Sequence[EdgeMethodLike],
    *,
    seed: int = 0,
    **run: Unpack[EdgeRun],
) -> pd.DataFrame:
    """Measure ways to score edges on texts: one row each, means with 95 % bootstrap intervals.

    `measure_edges` returns what stands behind it, text by text; `gaf_core.evaluation.paired`
    compares two of them by these rows, with `measures=EDGE_MEASURES`.

    Args:
        model, texts, methods: see `measure_edges`.
        seed: of the bootstrap.
        **run: fractions, kind, targets and progress, as of `measure_edges`.

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
    check_seed(seed)
    return summarise(measure_edges(model, texts, methods, **run), seed, EDGE_MEASURES)


def measure_edges(
    model: Model,
    texts: Sequence[TextLike],
    methods: Sequence[EdgeMethodLike],
    *,
    fractions: Sequence[float] = EDGE_FRACTIONS,
    kind: Kind = "zero",
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
    entries = methods_by_label(methods, EDGE_METHODS)
    jobs = texts_and_targets(texts, targets)
    check_fractions(fractions, kind)
    rows: list[dict[str, Any]] = []
    for number, (text, target) in enumerate(jobs):
        found = _measure_text(model, text, target, entries, fractions, kind)
        rows += [{"text": number, "method": label} | row for label, row in found.items()]
        if progress is not None:
            progress(number + 1, len(jobs))
    return pd.DataFrame(rows)


def _measure_text(
    model: Model,
    text: TextLike,
    target: TargetLike,
    entries: Mapping[str, Asked],
    fractions: Sequence[float],
    kind: Kind,
) -> dict[str, dict[str, Any]]:
    try:
        traced = trace(model, text, target)
    except GafError as error:
        return {label: _failed(str(error)) for label in entries}
    scored, rows = _scored(model, traced, entries)
    try:
        found = evaluate_all_edges(model, traced, scored, fractions=fractions, kind=kind)
    except GafError as error:
        return rows | {label: _failed(str(error)) for label in scored}
    measured = {label: _row(one, scored[label].seconds) for label, one in found.items()}
    return {label: measured.get(label, rows.get(label, {})) for label in entries}


def _scored(
    model: Model, traced: Trace, entries: Mapping[str, Asked]
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
