"""Tables of cells -> the rows of each method: a token, word or place in the text, and a score."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gaf_core.elsewhere.contents import (
    END,
    HOW,
    METHOD,
    MOST_ROWS,
    SCORES,
    START,
    TOKENS,
    Table,
    plain,
    read_tables,
)
from gaf_core.errors import SettingsError

MOST_METHODS = 50  # of a file
_LONGEST = 80  # characters of a name
_ORDER = ("position", "index")
_NOT_SCORES = (*_ORDER, "special", "id", "", "unnamed: 0", *TOKENS, *START, *END, *METHOD)
_PREFIX = "score: "  # of the columns in a table of scores that this package wrote
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Row:
    """A score and what it is of.

    Attributes:
        name: token or word as the file has it; None where it has places only.
        start, end: characters of the text, or None where it has names only.
        score: finite.
    """

    name: str | None
    start: int | None
    end: int | None
    score: float


@dataclass(frozen=True)
class Sheet:
    """The scores of one method, in reading order.

    Attributes:
        name: of the method.
        rows: at least one.
        text: that the file says they are of, or None.
    """

    name: str
    rows: tuple[Row, ...]
    text: str | None = None


@dataclass(frozen=True)
class _Columns:
    """Which column of a table is what."""

    token: str | None
    start: str | None
    end: str | None
    method: str | None
    order: str | None
    scores: tuple[str, ...]


def read_sheets(content: bytes, file: str) -> list[Sheet]:
    """The methods of a file, in the order in which they first come.

    Args:
        content: all of the file.
        file: its name; without the ending it is that of the method, where the file says none.

    Raises:
        SettingsError: the file is not understood, two methods have one name, or a score is no
            finite number; the message says where.
        TextError: it is no text.
    """
    source = f"“{file}”"
    usual = file.rsplit(".", 1)[0] or file
    sheets = [
        sheet for one in read_tables(content, source) for sheet in _of_table(one, usual, source)
    ]
    if len(sheets) > MOST_METHODS:
        raise SettingsError(
            f"{source} has the scores of {len(sheets):,} methods, and at most {MOST_METHODS} are "
            "read. Split it."
        )
    _check_once(sheets, source)
    return sheets


def _check_once(sheets: Sequence[Sheet], source: str) -> None:
    names = [sheet.name for sheet in sheets]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(
            f"{source} has two methods called “{twice}”. Give each a name of its own."
        )


def _of_table(table: Table, usual: str, source: str) -> list[Sheet]:
    columns = _columns(table, source)
    grouped: dict[tuple[str, str], list[tuple[int, Any]]] = {}
    for number, record in enumerate(table.records, start=1):
        for column in columns.scores:
            if columns.method is not None:
                name = _named(record.get(columns.method), f"Row {number:,} of {source}")
            elif len(columns.scores) == 1 and plain(column) in (*SCORES, "share"):
                name = _named(table.name or usual, source)
            else:
                name = _named(column.removeprefix(_PREFIX), source)
            grouped.setdefault((name, column), []).append((number, record))
    return [
        Sheet(name, _rows(table, columns, column, records, source), table.text)
        for (name, column), records in grouped.items()
    ]


def _columns(table: Table, source: str) -> _Columns:
    names = list(dict.fromkeys(name for record in table.records for name in record))

    def first(known: Iterable[str]) -> str | None:
        return next((name for one in known for name in names if plain(name) == one), None)

    token, start, end = first(TOKENS), first(START), first(END)
    if token is None and (start is None or end is None):
        raise SettingsError(
            f"{source} has no column of tokens or words, nor of their start and end. It has "
            f"{', '.join(names[:8])}. {HOW}"
        )
    scores = [name for name in names if plain(name) not in _NOT_SCORES and _scores(table, name)]
    if len(scores) > 1:
        scores = [name for name in scores if plain(name) != "share"]
    count = len(table.records) * len(scores)
    if count > MOST_ROWS:
        raise SettingsError(
            f"{source} has {count:,} scores in {len(scores):,} columns, and at most "
            f"{MOST_ROWS:,} are read. Split it."
        )
    method = first(METHOD)
    if not scores:
        raise SettingsError(f"{source} has no column of numbers that may be scores. {HOW}")
    if method is not None and len(scores) > 1:
        raise SettingsError(
            f"{source} has a column “{method}” and several of scores: {', '.join(scores[:8])}. "
            "Keep one of them, or leave out the names."
        )
    both = start is not None and end is not None
    return _Columns(
        token,
        start if both else None,
        end if both else None,
        method,
        _order(table, first(_ORDER)),
        tuple(scores),
    )


def _order(table: Table, column: str | None) -> str | None:
    """A column that numbers the rows, if it has a whole number in each of them."""
    if column is None:
        return None
    numbers = [_number(record.get(column), comma=False) for record in table.records]
    return column if all(one is not None and one.is_integer() for one in numbers) else None


def _scores(table: Table, column: str) -> bool:
    """Whether a column is one of scores: by its name, or because it holds a number."""
    if plain(column) in SCORES or column.startswith(_PREFIX):
        return True
    return any(_number(record.get(column), table.comma) is not None for record in table.records)


def _rows(
    table: Table, columns: _Columns, column: str, records: Sequence[tuple[int, Any]], source: str
) -> tuple[Row, ...]:
    found = []
    for number, record in records:
        where = f"Row {number:,} of {source}"
        score = _number(record.get(column), table.comma)
        if score is None or not math.isfinite(score):
            raise SettingsError(
                f"{where} has “{_shown(record.get(column))}” as “{column}”, which is no finite "
                "number. Give every row a score, 0 where there is nothing to say."
            )
        token = None if columns.token is None else record.get(columns.token)
        start, end = (
            None if one is None else _whole(record.get(one), where, one)
            for one in (columns.start, columns.end)
        )
        row = Row(None if token is None else str(token), start, end, score)
        found.append((0 if columns.order is None else int(float(record[columns.order])), row))
    found.sort(key=lambda pair: pair[0])  # somebody may have sorted the rows by their score
    return tuple(row for _, row in found)


def _number(cell: Any, comma: bool) -> float | None:
    """A cell as a number, which need not be finite; None where it is none."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    if isinstance(cell, str) and comma and _COMMA.fullmatch(cell.strip()):
        cell = cell.replace(",", ".")
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return None


def _whole(cell: Any, where: str, column: str) -> int:
    number = _number(cell, comma=False)
    if number is None or not number.is_integer():
        raise SettingsError(
            f"{where} has “{_shown(cell)}” as “{column}”, which is no whole number. Count "
            "characters or tokens from 0."
        )
    return int(number)


def _named(name: Any, where: str) -> str:
    named = "" if name is None else _whole_characters(" ".join(str(name).split()))
    if not named:
        raise SettingsError(f"{where} has a method without a name. Give it one.")
    if len(named) > _LONGEST:
        raise SettingsError(
            f"{where} has a method whose name has {len(named):,} characters, “{_shown(named)}”. "
            f"Take at most {_LONGEST}."
        )
    return named


def _shown(cell: Any) -> str:
    text = "" if cell is None else _whole_characters(str(cell))
    return text if len(text) <= 40 else f"{text[:40]}…"


def _whole_characters(text: str) -> str:
    """Text that can be written: JSON may hold halves of characters."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
