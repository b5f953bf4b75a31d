"""A stretch of texts -> the rows of its part: those that are kept already, and those missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from gaf_core.corpus.arrow import arrow
from gaf_core.corpus.explainer import BatchExplainer, only
from gaf_core.corpus.explaining import RefusedTextError
from gaf_core.corpus.keys import row_key
from gaf_core.corpus.parts import Folder, TornPartError, schema
from gaf_core.corpus.texts import Record
from gaf_core.errors import SettingsError

Missing = dict[int, tuple[str, ...]]  # position -> labels of methods, in their order


class Task(NamedTuple):
    """What is to be computed of one part; plain data, which goes to another process.

    Attributes:
        number: of the part.
        records: its texts.
        missing: what is not there yet.
    """

    number: int
    records: list[Record]
    missing: Missing

    @property
    def rows(self) -> int:
        """How many are missing."""
        return sum(map(len, self.missing.values()))


class Part(NamedTuple):
    """A part as it is.

    Attributes:
        kept: its rows as a pyarrow Table, where others are missing; None where there are none.
        missing: what it lacks.
        torn: it was there and could not be read.
    """

    kept: Any
    missing: Missing
    torn: bool = False


def look(
    folder: Folder,
    number: int,
    records: Sequence[Record],
    questions: dict[str, str],
    *,
    there: bool = True,
    retry: bool = False,
) -> Part:
    """What a part has of some texts, and what it lacks.

    Args:
        folder: of the run.
        number: of the part.
        records: texts of the part.
        questions: what each method is asked, by label (`BatchExplainer.questions`).
        there: whether there is such a part.
        retry: whether rows that failed are missing.

    Raises:
        SettingsError: the part has rows of other texts.
    """
    wanted = {
        (one.position, label): row_key(question, one.explained)
        for one in records
        for label, question in questions.items()
    }
    if not there:
        return Part(None, _by_position(wanted))
    try:
        table = folder.read(number, ("position", "method", "key", "failure"))
    except TornPartError:
        folder.set_aside(number)
        return Part(None, _by_position(wanted), torn=True)
    known, kept = set(), []
    positions = {one.position for one in records}
    for position, method, key, failure in zip(*table.to_pydict().values(), strict=True):
        at = position, method
        if position not in positions or wanted.get(at, key) != key:
            raise SettingsError(
                f"The folder '{folder.path}' has rows of other texts: those of part {number:,} are "
                "not what the file has there now. Give another folder for this file."
            )
        keep = not (retry and failure and at in wanted)
        kept.append(keep)
        if keep:
            known.add(at)
    missing = _by_position([at for at in wanted if at not in known])
    if not missing:
        return Part(None, missing)
    try:
        whole = folder.read(number)
    except TornPartError:  # in the columns that were not looked at
        folder.set_aside(number)
        return Part(None, _by_position(wanted), torn=True)
    return Part(whole.filter(arrow().array(kept, arrow().bool_())), missing)


def compute(explainer: BatchExplainer, task: Task, step: Callable[[], None] = lambda: None) -> Any:
    """The missing rows of a part, as a pyarrow Table.

    Args:
        explainer: with at least the methods that are missing.
        task: what is missing.
        step: called after each method of each text; what it raises ends the work.

    Raises:
        SettingsError: a text is too long and such are refused; the message names its line.
    """
    found: list[dict[str, Any]] = []
    for labels in dict.fromkeys(task.missing.values()):
        some = [one for one in task.records if task.missing.get(one.position) == labels]
        try:
            rows = iter(only(explainer, labels).rows([one.explained for one in some], step))
        except RefusedTextError as error:
            raise SettingsError(
                f"Line {some[error.row].line:,}: {error} Or cut such texts, or skip them."
            ) from error
        found += [_of_text(one) | next(rows) for one in some for _ in labels]
    return arrow().Table.from_pylist(found, schema=schema())


def together(kept: Any, computed: Any, order: Sequence[str]) -> Any:
    """The rows of a part by position and method, each once.

    Args:
        kept: rows that were there, or None.
        computed: those that were missing.
        order: labels of methods.
    """
    if kept is None or not kept.num_rows:
        table = computed
    else:
        table = arrow().concat_tables([kept.cast(schema()), computed])
    place = {label: number for number, label in enumerate(order)}
    at = list(
        zip(table.column("position").to_pylist(), table.column("method").to_pylist(), strict=True)
    )
    return table.take(
        sorted(range(len(at)), key=lambda row: (at[row][0], place.get(at[row][1], len(place))))
    )


def _by_position(wanted: Iterable[tuple[int, str]]) -> Missing:
    found: dict[int, list[str]] = {}
    for position, label in wanted:
        found.setdefault(position, []).append(label)
    return {position: tuple(labels) for position, labels in found.items()}


def _of_text(one: Record) -> dict[str, Any]:
    return {
        "position": one.position, "line": one.line, "id": one.identity, "label": one.label,
        "text": one.text, "second": one.second,
    }  # fmt: skip
