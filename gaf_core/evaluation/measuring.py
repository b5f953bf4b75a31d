"""Many texts and methods -> how faithful each method is, text by text, and the table of them.

A run may be stopped at any time: `rows.py` keeps what it measured, and the next run with the same
file computes only what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict, Unpack

import pandas as pd

from gaf_core.errors import GafError
from gaf_core.evaluation.asked import texts_and_targets
from gaf_core.evaluation.bootstrap import MEASURES, check_seed, summarise
from gaf_core.evaluation.entries import (
    MEASURED,
    NAOPC_COLUMNS,
    Entry,
    MethodLike,
    chosen_entries,
    failed,
    measure_trace,
)
from gaf_core.evaluation.naopc import WIDTH
from gaf_core.evaluation.perturbation import Perturbation, resolve_perturbation
from gaf_core.evaluation.ranking import check_encoding
from gaf_core.evaluation.rows import Row, RowStore
from gaf_core.methods.alike import read_each
from gaf_core.models.model import Model, Task
from gaf_core.settings import TargetLike, TextLike
from gaf_core.tracing.target import resolve_target
from gaf_core.tracing.trace import Trace

Progress = Callable[[int, int], None]


class Run(TypedDict, total=False):
    """How a run over many texts is measured; `measure` says what each of these is."""

    perturbation: Perturbation
    targets: Sequence[TargetLike] | None
    progress: Progress | None
    resume: str | Path | None


STRETCH = 64  # texts that are read at once, of which those of one length share their passes
COLUMNS = ("text", "method", *MEASURED, "seconds", "trace_seconds", "failure")


def benchmark(
    model: Model,
    texts: Sequence[TextLike],
    methods: Sequence[MethodLike],
    *,
    seed: int = 0,
    naopc: bool = False,
    **run: Unpack[Run],
) -> pd.DataFrame:
    """Measure methods on texts: one row a method, means with 95 % bootstrap intervals.

    `measure` returns what stands behind it, text by text; `gaf_core.evaluation.paired` compares two
    methods by these rows.

    Args:
        model, texts, methods, naopc: see `measure`.
        seed: of the bootstrap.
        **run: perturbation, targets, progress and resume, as of `measure`.

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
    check_seed(seed)
    rows = measure(model, texts, methods, naopc=naopc, **run)
    return summarise(rows, seed, (*MEASURES, *NAOPC_COLUMNS) if naopc else MEASURES)


def measure(
    model: Model,
    texts: Sequence[TextLike],
    methods: Sequence[MethodLike],
    *,
    perturbation: Perturbation = Perturbation(),
    targets: Sequence[TargetLike] | None = None,
    progress: Progress | None = None,
    resume: str | Path | None = None,
    naopc: bool = False,
) -> pd.DataFrame:
    """Measure each method on each text.

    All methods of a text share its trace and its batches, and texts of one length the passes of
    their traces.

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
        naopc: find the limits of AOPC for each text too, once for all methods, and give NAOPC: what
            two models can be compared by. About `5 n^2` passes for a text of `n` tokens.

    Returns:
        One row a text and method: `text` (its position), `method` (label), `aopc`, `log_odds`,
        `comprehensiveness`, `sufficiency`, `deletion_area`, `seconds` of the
        method, `trace_seconds` of its share of the traces, and `failure`: the sentence that says
        why there are no measures, missing where there are. With `naopc`, also `naopc`,
        `aopc_lower` and `aopc_upper`; a text whose limits are equal has no `naopc`.

    Raises:
        SettingsError: no texts or methods, a method, option or perturbation that means nothing, or
            a file that holds something else.
        TargetError: the target of the perturbation is not one of the model's labels.
    """
    entries = {entry.label: entry for entry in chosen_entries(methods)}
    jobs = texts_and_targets(texts, targets)
    perturbation = resolve_perturbation(model, perturbation)
    if perturbation.target not in ("predicted", "explained") and model.labels:
        resolve_target(model, perturbation.target, predicted=0)
    store = RowStore(resume)
    how = _How(perturbation, naopc, _Steps(progress, len(jobs) * len(entries)))
    rows, missing, known = [], [], set(store.rows)
    for job in jobs:
        keys = {label: _key(model, *job, entry, how) for label, entry in entries.items()}
        rows.append(keys)
        # of two labels of one setting the first is measured, for both
        first = {key: label for label, key in reversed(keys.items())}
        wanted = dict.fromkeys(first[key] for key in keys.values() if key not in known)
        known |= set(keys.values())
        how.steps.take(len(entries) - len(wanted))
        if wanted:
            missing.append(_Missing(*job, {label: entries[label] for label in wanted}, keys))
    for start in range(0, len(missing), STRETCH):
        for some, found in _measured(model, missing[start : start + STRETCH], how):
            store.add([{"key": some.keys[label]} | row for label, row in found.items()])
    table = [
        store.rows[key] | {"text": number, "method": label}
        for number, keys in enumerate(rows)
        for label, key in keys.items()
    ]
    return pd.DataFrame(table, columns=[*COLUMNS, *(NAOPC_COLUMNS if naopc else ())])


class _Steps:
    """Counts what is done, and tells."""

    def __init__(self, progress: Progress | None, total: int):
        self.progress, self.done, self.total = progress, 0, total

    def take(self, count: int = 1) -> None:
        self.done += count
        if self.progress is not None and count:
            self.progress(self.done, self.total)

    def still(self, *_: int) -> None:
        """Tell that no more is done than before, which may stop the run."""
        if self.progress is not None:
            self.progress(self.done, self.total)


@dataclass(frozen=True)
class _How:
    """How the methods of a text are measured."""

    perturbation: Perturbation
    naopc: bool
    steps: _Steps


class _Missing(NamedTuple):
    """What a text has not been asked yet.

    Attributes:
        text, target: what is explained.
        entries: what is missing, by label.
        keys: of the rows of all entries, by label.
    """

    text: TextLike
    target: TargetLike
    entries: dict[str, Entry]
    keys: dict[str, str]


def _measured(
    model: Model, texts: Sequence[_Missing], how: _How
) -> Iterator[tuple[_Missing, dict[str, Row]]]:
    """The rows that each text misses, as it is done."""
    read = read_each(model, [one.text for one in texts], [one.target for one in texts])
    for number, traced, seconds in read:
        yield texts[number], _measure_text(model, texts[number], traced, seconds, how)


def _measure_text(
    model: Model, missing: _Missing, traced: Trace | GafError, seconds: float, how: _How
) -> dict[str, Row]:
    try:
        if isinstance(traced, GafError):
            raise traced
        check_encoding(model, traced)
    except GafError as error:
        how.steps.take(len(missing.entries))
        return {label: failed(error) for label in missing.entries}
    found = measure_trace(
        model, traced, list(missing.entries.values()), how.perturbation,
        naopc=how.naopc, step=how.steps.take, still=how.steps.still,
    )  # fmt: skip
    shared = {"trace_seconds": seconds}
    return {label: row if row["failure"] else row | shared for label, (row, _) in found.items()}


def _key(
    model: Model,
    text: TextLike,
    target: TargetLike,
    entry: Entry,
    how: _How,
) -> str:
    """What a row depends on, and nothing else: not its label, not the other texts."""
    # a name alone tells the head of most models, but not where another one was asked for
    usual = model.task in (Task.CLASSIFICATION, Task.NEXT_TOKEN)
    parts = (
        (model.name, model.revision, *(() if usual else (model.task,))),
        (text, target),
        (entry.method.name, dict(entry.settings)),
        asdict(how.perturbation),
        *((f"naopc, beams of {WIDTH}",) if how.naopc else ()),
    )
    content = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
