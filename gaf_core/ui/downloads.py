"""Tables as files that are exact, and safe to open in a spreadsheet."""

from __future__ import annotations

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV in UTF-8, numbers in their shortest exact form.

    A text cell that a spreadsheet would run as a formula gets an apostrophe in front; the position
    column still tells which token it is.
    """
    safe = table.copy()
    for column in safe.select_dtypes(exclude=["number", "bool"]):
        safe[column] = [_defused(cell) for cell in safe[column]]
    return safe.to_csv(index=False).encode("utf-8")


def _defused(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
