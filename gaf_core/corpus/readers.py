"""Files of texts -> rows of values by line: CSV, TSV, JSON lines, Parquet, or a text a line.

A line that cannot be read is a `Problem` with its number, and the lines after it are read all the
same. Nothing is held but the line that is read, of a Parquet file one batch.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from gaf_core.corpus.arrow import arrow, parquet
from gaf_core.errors import SettingsError
from gaf_core.text.decoding import marked

KINDS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".json": "jsonl", ".parquet": "parquet", ".pq": "parquet", ".txt": "lines",
}  # fmt: skip
LINE = "text"  # what the column of a file of lines is called
_LONGEST = 1 << 24  # characters of a line; more is no line of texts
_ROWS = 256  # of a Parquet file at a time
_SEPARATORS = ",;\t|"


class Problem(NamedTuple):
    """A line that has no text for us.

    Attributes:
        line: its number, counted from 1; of a Parquet file the row.
        reason: why, as the end of a sentence that begins with the line.
    """

    line: int
    reason: str


class Values(NamedTuple):
    """A line that was read.

    Attributes:
        line: its number, the first one of several.
        values: by column.
    """

    line: int
    values: dict[str, Any]


Read = Values | Problem


def kind_of(path: Path) -> str:
    """What kind of file a name promises: "csv", "tsv", "jsonl", "parquet" or "lines".

    Raises:
        SettingsError: none that is known.
    """
    if path.suffix.lower() not in KINDS:
        raise SettingsError(
            f"'{path.name}' does not say what kind of file it is. Give it one of the endings "
            f"{', '.join(KINDS)}."
        )
    return KINDS[path.suffix.lower()]


def columns_of(path: Path) -> list[str]:
    """The columns that a file has; of JSON lines, those of its first hundred objects.

    Raises:
        SettingsError: it cannot be read, or has no column.
    """
    kind = kind_of(path)
    if kind == "lines":
        return [LINE]
    if kind == "parquet":
        with _opened(path):
            return list(parquet().ParquetFile(path).schema_arrow.names)
    if kind == "jsonl":
        found: dict[str, None] = {}
        for _, one in zip(range(100), read(path), strict=False):
            found |= dict.fromkeys(one.values if isinstance(one, Values) else ())
        return list(found)
    with _text(path) as file:
        return _header(_table(file, kind), path)


def read(path: Path) -> Iterator[Read]:
    """The lines of a file, in order; blank ones are left out.

    Raises:
        SettingsError: the file cannot be read at all, or is not of the kind that its name promises.
    """
    kind = kind_of(path)
    if kind == "parquet":
        yield from _parquet(path)
        return
    with _text(path) as file:
        if kind == "jsonl":
            yield from _json(file, path)
        elif kind == "lines":
            yield from _plain(file)
        else:
            yield from _rows(file, kind, path)


def _plain(file: IO[str]) -> Iterator[Read]:
    for line, content in _lines(file):
        if isinstance(content, Problem):
            yield content
        elif content.strip():
            yield Values(line, {LINE: content})


def _json(file: IO[str], path: Path) -> Iterator[Read]:
    for line, content in _lines(file):
        if isinstance(content, Problem):
            yield content
            continue
        if not content.strip():
            continue
        if line == 1 and content.lstrip().startswith("["):
            raise SettingsError(
                f"'{path.name}' begins with a list. Write one object a line: JSON lines."
            )
        try:
            values = json.loads(content)
        except (ValueError, RecursionError) as error:
            told = getattr(error, "msg", "it is nested too deeply")
            yield Problem(line, f"is no JSON: {told[:1].lower()}{told[1:]}")
            continue
        if isinstance(values, dict):
            yield Values(line, values)
        else:
            yield Problem(line, "is no JSON object")


def _rows(file: IO[str], kind: str, path: Path) -> Iterator[Read]:
    table = _table(file, kind)
    names = _header(table, path)
    while True:
        line = table.line_num + 1
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(line, f"cannot be read: {error}")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            yield Problem(line, f"has {len(cells):,} cells, and the header {len(names):,}")
            continue
        yield Values(line, dict(zip(names, cells, strict=True)))


def _table(file: IO[str], kind: str) -> Any:
    """A reader of cells. Tab-separated values have no quotes, as their definition says."""
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST))
    if kind == "tsv":
        return csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    first = file.readline(_LONGEST)
    file.seek(0)
    return csv.reader(file, delimiter=max(_SEPARATORS, key=first.count))


def _header(table: Any, path: Path) -> list[str]:
    names = [name.strip() for name in next(table, ())]
    if not any(names):
        raise SettingsError(f"'{path.name}' is empty. Its first line names the columns.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(
            f"Two columns of '{path.name}' are called '{twice}'. Give each a name of its own."
        )
    return names


def _lines(file: IO[str]) -> Iterator[tuple[int, str | Problem]]:
    number = 0
    while content := file.readline(_LONGEST):
        number += 1
        if len(content) == _LONGEST and not content.endswith("\n"):
            while content and not content.endswith("\n"):
                content = file.readline(_LONGEST)
            yield number, Problem(number, f"has more than {_LONGEST:,} characters")
        else:
            yield number, content.rstrip("\r\n")


def _parquet(path: Path) -> Iterator[Read]:
    with _opened(path):
        file = parquet().ParquetFile(path)
        row = 0
        for batch in file.iter_batches(batch_size=_ROWS):
            for values in batch.to_pylist():
                row += 1
                yield Values(row, values)


@contextmanager
def _opened(path: Path) -> Iterator[None]:
    """What goes wrong with a Parquet file as a sentence."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"'{path}' cannot be read: {reason}.") from error
    except arrow().ArrowInvalid as error:
        raise SettingsError(f"'{path.name}' is no Parquet file that can be read.") from error


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    """A file as text; bytes that belong to no character are kept, so that their line is found.

    Raises:
        SettingsError: there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            _, encoding = marked(file.read(4))
        # that of 8 bits is taken off by its own name, those of 16 and 32 by the plain ones
        named = {"utf-8": "utf-8-sig"}.get(encoding, encoding.rsplit("-", 1)[0])
        errors = "surrogateescape" if encoding == "utf-8" else "strict"
        with path.open(encoding=named, errors=errors, newline=_newline(path)) as file:
            yield file
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"'{path}' cannot be read: {reason}.") from error
    except UnicodeError as error:
        raise SettingsError(
            f"'{path.name}' begins with a byte order mark and is not text in that encoding: "
            f"{error}. Save it as UTF-8."
        ) from error


def _newline(path: Path) -> str | None:
    """The reader of cells sees the ends of lines as they are: a quoted cell may have some."""
    return "" if kind_of(path) in ("csv", "tsv") else None


def check_columns(path: Path, wanted: Sequence[str | None]) -> None:
    """Refuse columns that a file does not have.

    Raises:
        SettingsError: with the columns that there are.
    """
    known = columns_of(path)
    missing = next((name for name in wanted if name is not None and name not in known), None)
    if missing is not None:
        names = ", ".join(f"'{name}'" for name in known) or "none"
        raise SettingsError(f"'{path.name}' has no column '{missing}'. Its columns: {names}.")
