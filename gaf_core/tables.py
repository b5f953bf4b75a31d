"""Columns -> a pandas table; pandas is imported with the first one, since few need any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def table(columns: Mapping[str, Any]) -> pd.DataFrame:
    """One row for each entry of the columns, which are of one length."""
    import pandas as pd

    return pd.DataFrame(columns)


def joined(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """The rows of tables with the same columns, one below the other, and a first column of names.

    Args:
        tables: each under what its rows are called.
        name: of the first column.
    """
    import pandas as pd

    filled = {key: one for key, one in tables.items() if len(one)} or tables
    rows = pd.concat(filled.values(), ignore_index=True)
    names = [key for key, one in filled.items() for _ in range(len(one))]
    rows.insert(0, name, pd.Series(names, dtype=object))
    return rows
