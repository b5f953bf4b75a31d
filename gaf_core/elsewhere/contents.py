"""Bytes of a CSV or JSON file -> tables of cells, each with what the file says of it.

CSV has a line of names, and commas, semicolons or tabs. JSON is one of

    [{"token": "good", "score": 0.5}, ...]                  objects, a row each
    [["good", 0.5], ...]                                    pairs
    {"tokens": [...], "scores": [...]}                      columns, or a list of such objects
    {"tokens": [...], "scores": {"lime": [...], ...}}       columns of several methods
    what this package wrote of an explanation or a comparison
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gaf_core.errors import SettingsError
from gaf_core.text.decoding import decode

LARGEST = 4_000_000  # bytes of a file
MOST_ROWS = 100_000  # of a table
SCORES = (
    "score", "value", "attribution", "weight", "importance", "relevance", "saliency", "scores",
    "values", "attributions", "weights", "importances", "relevances",
)  # fmt: skip
TOKENS = ("token", "word", "piece", "subword", "text", "feature", "tokens", "words", "written")
METHOD = ("method", "explainer", "attribution method")
START = ("start", "begin", "start char", "char start")
END = ("end", "stop", "end char", "char end")
_OFFSETS = ("offsets", "offset mapping", "spans")
_DELIMITERS = ",;\t"
HOW = (
    "A CSV file begins with a line of names such as token,score; JSON is a list of objects such as "
    '{"token": "good", "score": 0.5}, or {"tokens": [...], "scores": [...]}.'
)

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows of cells by the name of their column, as a file has them.

    Attributes:
        records: the rows, in the order of the file.
        name: of the method, where the file says it of the whole table.
        text: that the scores are of, where the file says it.
        comma: whether a number may have a decimal comma.
    """

    records: tuple[Record, ...]
    name: str | None = None
    text: str | None = None
    comma: bool = False


def plain(name: str) -> str:
    """The name of a column as it is looked for: "Start_Char " is "start char"."""
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def read_tables(content: bytes, source: str) -> list[Table]:
    """The tables of a file.

    Args:
        content: all of it.
        source: how a message names it, for example "“shap.csv”".

    Raises:
        SettingsError: it is empty, too large, or neither CSV nor JSON of a known shape.
        TextError: it is no text.
    """
    if len(content) > LARGEST:
        raise SettingsError(
            f"{source} is larger than the {LARGEST / 1e6:g} MB that are read. Leave out what is "
            "not of this text."
        )
    text = decode(content, source)
    if not text.strip():
        raise SettingsError(f"{source} is empty. {HOW}")
    tables = _of_json(text, source) if text.lstrip()[0] in "[{" else [_of_csv(text, source)]
    rows = sum(len(one.records) for one in tables)
    if rows > MOST_ROWS:
        raise SettingsError(
            f"{source} has {rows:,} rows, and at most {MOST_ROWS:,} are read. Leave out what is "
            "not of this text."
        )
    if not rows:
        raise SettingsError(f"{source} has no rows of scores. {HOW}")
    return tables


def _of_csv(text: str, source: str) -> Table:
    delimiter = max(_DELIMITERS, key=text.lstrip().splitlines()[0].count)
    try:
        lines = [
            line
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            if any(cell.strip() for cell in line)
        ]
    except csv.Error as error:
        raise SettingsError(f"{source} is no CSV file: {error}. {HOW}") from error
    names, *rows = lines
    _check_once([name.strip() for name in names], f"{source} has two columns called")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise SettingsError(
                f"Row {number:,} of {source} has {_counted(len(row), 'cell')} and the line of "
                f"names {len(names):,}. Quote cells that hold a “{delimiter}”."
            )
    records = tuple(dict(zip(names, row, strict=True)) for row in rows)
    return Table(records, comma=delimiter != ",")


def _of_json(text: str, source: str) -> list[Table]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _check_once([name for name, _ in pairs], f"An object of {source} has two entries called")
        return dict(pairs)

    try:
        content = json.loads(text, object_pairs_hook=once)
    except SettingsError:
        raise
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise SettingsError(f"{source} is no JSON file: {reason}. {HOW}") from error
    if isinstance(content, dict):
        return _of_object(content, source)
    if all(isinstance(one, dict) for one in content):
        if any(_has_columns(one) for one in content):
            return [table for one in content for table in _of_object(one, source)]
        return [Table(tuple(content))]
    if all(isinstance(one, list) and len(one) == 2 for one in content):
        return [Table(tuple({"token": name, "score": score} for name, score in content))]
    raise SettingsError(f"{source} is a list of things that are no rows of scores. {HOW}")


def _has_columns(content: Record) -> bool:
    """Whether an object holds whole columns, and is no row."""
    return any(
        (plain(name) in (*TOKENS, *START) and isinstance(value, list))
        or (plain(name) in _OFFSETS and isinstance(value, list) and not _is_place(value))
        for name, value in content.items()
    )


def _is_place(value: Sequence[Any]) -> bool:
    return len(value) == 2 and not any(isinstance(one, list) for one in value)


def _of_object(content: Record, source: str) -> list[Table]:
    """The tables of one object: columns as lists, or what this package wrote."""
    said = {plain(name): value for name, value in content.items()}
    text = said["text"] if isinstance(said.get("text"), str) else None
    kind = said.get("format")
    if kind == "gaf-comparison":
        return _of_comparison(content, text, source)
    names = (said[one] for one in METHOD if isinstance(said.get(one), str))
    name = next(names, None)
    if kind == "gaf-explanation":
        name = str(dict(content.get("settings") or {}).get("variant") or "") or None
    rows = said.get("tokens")
    if isinstance(rows, list) and rows and all(isinstance(one, dict) for one in rows):
        return [Table(tuple(rows), name, text)]
    return [Table(_records(content, source), name, text)]


def _of_comparison(content: Record, text: str | None, source: str) -> list[Table]:
    tables = []
    for entry in content.get("entries") or ():
        scores = entry.get("scores") if isinstance(entry, dict) else None
        if scores is not None:
            rows = _records({"tokens": content.get("tokens"), "scores": scores}, source)
            tables.append(Table(rows, str(entry.get("name")), text))
    return tables


def _records(content: Record, source: str) -> tuple[Record, ...]:
    """Rows from columns of one length; of others, those that mean something here are refused."""
    columns: dict[str, Sequence[Any]] = {}
    for name, value in content.items():
        if plain(name) in SCORES and isinstance(value, dict):
            columns |= {one: cells for one, cells in value.items() if isinstance(cells, list)}
        elif plain(name) in _OFFSETS and isinstance(value, list):
            columns |= _ends(value, source)
        elif isinstance(value, list):
            columns[name] = value
    known = [name for name in columns if plain(name) in (*TOKENS, *START)]
    if not known:
        raise SettingsError(f"{source} does not say what its scores are of. {HOW}")
    kept = _of_one_length(columns, known[0], content, source)
    return tuple(dict(zip(kept, row, strict=True)) for row in zip(*kept.values(), strict=True))


def _of_one_length(
    columns: Mapping[str, Sequence[Any]], first: str, content: Record, source: str
) -> dict[str, Sequence[Any]]:
    """The columns with as many cells as the first; others may hold what is no score of a token."""
    count = len(columns[first])
    told = any(plain(name) in SCORES for name in content)
    kept = {}
    for name, cells in columns.items():
        if len(cells) == count:
            kept[name] = cells
        elif not told or name not in content or plain(name) in (*SCORES, *TOKENS, *START, *END):
            raise SettingsError(
                f"In {source}, “{first}” has {_counted(count, 'entry', 'entries')} and “{name}” "
                f"has {len(cells):,}. Give one of each for every row."
            )
    return kept


def _ends(pairs: Sequence[Any], source: str) -> dict[str, list[Any]]:
    if not all(isinstance(one, list) and len(one) == 2 for one in pairs):
        raise SettingsError(f"The offsets in {source} are no pairs of a start and an end. {HOW}")
    return {"start": [one[0] for one in pairs], "end": [one[1] for one in pairs]}


def _check_once(names: Sequence[str], what: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"{what} “{twice}”. Give each a name of its own.")


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"
