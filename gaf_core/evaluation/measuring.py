"""Many texts and methods -> how faithful each method is, text by text, and the table of them.

A run may be stopped at any time: `rows.py` keeps what it measured, and the next run with the same
file computes only what is missing.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from gaf_core.errors import GafError, SettingsError
from gaf_core.evaluation.bootstrap import summarise
from gaf_core.evaluation.entries import (
    MEASURED,
    Entry,
    MethodLike,
    chosen_entries,
    failed,
    measure_trace,
)
from gaf_core.evaluation.perturbation import Perturbation, resolve_perturbation
from gaf_core.evaluation.ranking import check_encoding
from gaf_core.evaluation.rows import Row, RowStore
from gaf_core.models.model import Model, Task
from gaf_core.settings import TargetLike, TextLike
from gaf_core.tracing.target import resolve_target
from gaf_core.tracing.trace import trace

Progress = Callable[[int, int], None]
COLUMNS = ("text", "method", *MEASURED, "seconds", "trace_seconds", "failure")


def benchmark(
    model: Model,
    texts: Sequence[TextLike],
    methods: Sequence[MethodLike],
    *,
    perturbation: Perturbation = Perturbation(),
    targets: Sequence[TargetLike] | None = None,
    progress: Progress | None = None,
    resume: str | Path | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure methods on texts: one row a method, means with 95 % bootstrap intervals.

    `measure` returns what stands behind it, text by text; `gaf_core.evaluation.paired` compares two
    methods by these rows.

    Args:
        model, texts, methods, perturbation, targets, progress, resume: see `measure`.
        seed: of the bootstrap.

    Returns:
        See `gaf_core.evaluation.summarise`.

    Raises:
        SettingsError: as `measure` does.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> texts = ["A lovely film.", "The plot was dull."]
    >>> table = gaf.benchmark(model, texts, ["faithful", ("last", "AGF", {"first_layer": 6})])
    >>> table[["method", "texts", "failures"]].values.tolist()
    [['faithful', 2, 0], ['last', 2, 0]]
    """
    rows = measure(
        model,
        texts,
        methods,
        perturbation=perturbation,
        targets=targets,
        progress=progress,
        resume=resume,
    )
    return summarise(rows, seed)


def measure(
    model: Model,
    texts: Sequence[TextLike],
    methods: Sequence[MethodLike],
    *,
    perturbation: Perturbation = Perturbation(),
    targets: Sequence[TargetLike] | None = None,
    progress: Progress | None = None,
    resume: str | Path | None = None,
) -> pd.DataFrame:
    """Measure each method on each text. All methods of a text share its trace and its batches.

    Args:
        model: whose predictions are explained.
        texts: texts, or pairs of them.
        methods: names in `METHODS`, methods, or `(label, name or method, options)`, so that one
            method may come with several settings.
        perturbation: how tokens are removed and what is watched.
        targets: what to explain of each text; None for what is predicted. With true labels and
            `Perturbation(target="explained")` it is their probability that is watched.
        progress: called with (done, in all) after each method of each text. What it raises ends
            the run; the texts that were finished are in `resume`.
        resume: file that rows are read from, and added to as soon as a text is done. A row is
            found again by the model's name and revision, the text, the settings and the
            perturbation. Failed ones are tried again.

    Returns:
        One row a text and method: `text` (its position), `method` (label), `aopc`, `log_odds`,
        `comprehensiveness`, `sufficiency`, `deletion_area`, `seconds` of the
        method, `trace_seconds` of the trace it shares, and `failure`: the sentence that says why
        there are no measures, missing where there are.

    Raises:
        SettingsError: no texts or methods, a method, option or perturbation that means nothing, or
            a file that holds something else.
        TargetError: the target of the perturbation is not one of the model's labels.
    """
    entries = chosen_entries(methods)
    jobs = _jobs(texts, targets)
    perturbation = resolve_perturbation(model, perturbation)
    if perturbation.target not in ("predicted", "explained") and model.labels:
        resolve_target(model, perturbation.target, predicted=0)
    store = RowStore(resume)
    steps = _Steps(progress, len(jobs) * len(entries))
    rows = []
    for number, (text, target) in enumerate(jobs):
        keys = [_key(model, text, target, entry, perturbation) for entry in entries]
        missing = dict(zip(keys, entries, strict=True))
        missing = {key: entry for key, entry in missing.items() if key not in store.rows}
        steps.take(len(entries) - len(missing))
        if missing:
            found = _measure_text(model, text, target, list(missing.values()), perturbation, steps)
            store.add([{"key": key} | row for key, row in zip(missing, found, strict=True)])
        rows += [
            store.rows[key] | {"text": number, "method": entry.label}
            for key, entry in zip(keys, entries, strict=True)
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


class _Steps:
    """Counts what is done, and tells."""

    def __init__(self, progress: Progress | None, total: int):
        self.progress, self.done, self.total = progress, 0, total

    def take(self, count: int = 1) -> None:
        self.done += count
        if self.progress is not None and count:
            self.progress(self.done, self.total)


def _measure_text(
    model: Model,
    text: TextLike,
    target: TargetLike,
    entries: Sequence[Entry],
    perturbation: Perturbation,
    steps: _Steps,
) -> list[Row]:
    began = time.perf_counter()
    try:
        traced = trace(model, text, target)
        check_encoding(model, traced)
    except GafError as error:
        steps.take(len(entries))
        return [failed(error) for _ in entries]
    shared = {"trace_seconds": time.perf_counter() - began}
    found = measure_trace(model, traced, entries, perturbation, steps.take)
    return [row if row["failure"] else row | shared for row, _ in found.values()]


def _jobs(
    texts: Sequence[TextLike], targets: Sequence[TargetLike] | None
) -> list[tuple[TextLike, TargetLike]]:
    if isinstance(texts, str) or not len(texts):
        raise SettingsError("Give a list of at least one text.")
    if targets is None:
        return [(text, None) for text in texts]
    if len(targets) != len(texts):
        raise SettingsError(
            f"There are {len(texts):,} texts and {len(targets):,} targets. Give one target a text."
        )
    return list(zip(texts, targets, strict=True))


def _key(
    model: Model, text: TextLike, target: TargetLike, entry: Entry, perturbation: Perturbation
) -> str:
    """What a row depends on, and nothing else: not its label, not the other texts."""
    # a name alone tells the head of most models, but not where another one was asked for
    usual = model.task in (Task.CLASSIFICATION, Task.NEXT_TOKEN)
    parts = (
        (model.name, model.revision, *(() if usual else (model.task,))),
        (text, target),
        (entry.method.name, dict(entry.settings)),
        asdict(perturbation),
    )
    content = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
