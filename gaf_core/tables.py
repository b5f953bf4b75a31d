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
