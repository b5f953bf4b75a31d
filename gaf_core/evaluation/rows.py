"""Rows of a long run, kept in a file as they come, so that the run may stop and go on.

One JSON object a line, each with the `key` it is found by. A run that is killed leaves at most its
last line torn, which is left out when the file is read again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from gaf_core.errors import SettingsError, check_kind

Row = dict[str, Any]

_IN_WORDS = ("key", "failure", "method", "why")  # of what a row may hold; the others are numbers
_BEGINNING = '{"key": '  # of every line that this module writes


class RowStore:
    """Rows by key, read from a file where there is one and added to it.

    Attributes:
        rows: the last row of each key, without those that failed: they are tried again.
    """

    def __init__(self, path: str | Path | None):
        """Read the rows of a file; None keeps rows in memory only.

        Raises:
            SettingsError: the file cannot be read, or holds something else.
        """
        check_kind(path, (str, PathLike, type(None)), "Name the file that keeps the rows.")
        self.path = None if path is None else Path(path)
        self.rows: dict[str, Row] = {}
        self._torn = False
        if self.path is not None:
            self._read(self.path)

    def add(self, rows: Sequence[Row]) -> None:
        """Keep rows, each with its `key`.

        Raises:
            SettingsError: the file cannot be written.
        """
        self.rows |= {row["key"]: row for row in rows}
        if self.path is None:
            return
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" + lines if self._torn else lines)
        except OSError as error:
            raise self._unusable(error) from error
        self._torn = False

    def _read(self, path: Path) -> None:
        try:
            content = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise self._unusable(error) from error
        lines = content.splitlines()
        self._torn = bool(content) and not content.endswith("\n")
        found = [row for line in lines if (row := _parsed(line)) is not None]
        only_torn = self._torn and len(lines) == 1 and lines[0].startswith(_BEGINNING)
        if lines and not found and not only_torn:
            raise SettingsError(
                f"The file '{path}' holds no rows of a benchmark, so nothing is added to it. Give "
                "the file of an earlier run, or a new name."
            )
        self.rows = {row["key"]: row for row in found if row["failure"] is None}

    def _unusable(self, error: Exception) -> SettingsError:
        reason = getattr(error, "strerror", None) or "it is not text"
        return SettingsError(
            f"The file '{self.path}' cannot hold the rows of this run: {reason}. Give the path of "
            "a file in a folder that exists and can be written."
        )


def _parsed(line: str) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):  # no JSON, or more nested than any row
        return None
    return row if isinstance(row, dict) and _is_row(row) else None


def _is_row(row: dict[str, Any]) -> bool:
    """Whether an object is a row: a key, and either why it failed or numbers."""
    if not isinstance(row.get("key"), str) or "failure" not in row:
        return False
    if row["failure"] is not None:
        return isinstance(row["failure"], str)
    numbers = (value for name, value in row.items() if name not in _IN_WORDS)
    return all(value is None or isinstance(value, int | float) for value in numbers)
