"""Batches of texts as columns, whatever they come as, and the columns that explaining them adds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gaf_core.errors import SettingsError
from gaf_core.evaluation.entries import MEASURED

Columns = dict[str, Any]  # name -> a list, or an array whose first axis is the row

# What is added to a text, by column: one row a text and method. `words` are in reading order, and
# `word_of` says which of them each token belongs to.
ADDED: dict[str, str] = {
    "method": "text",
    "key": "text",
    "predicted": "text",
    "probability": "number",
    "logit": "number",
    "target": "text",
    "cut": "count",
    "tokens": "texts",
    "scores": "numbers",
    "special": "flags",
    "words": "texts",
    "word_of": "counts",
    **dict.fromkeys(MEASURED, "number"),
    "seconds": "number",
    "trace_seconds": "number",
    "failure": "text",
}
_NOTHING = {"text": "", "number": float("nan"), "count": 0}


def nothing(kind: str) -> Any:
    """What stands in a column of a kind where there is nothing to say, of the column's own type."""
    return _NOTHING.get(kind, [])


def as_columns(batch: Any) -> tuple[Columns, Callable[[Columns], Any]]:
    """The columns of a batch, and what makes a batch of its kind out of columns.

    Args:
        batch: a mapping of columns, a pandas DataFrame, or a pyarrow Table or RecordBatch.

    Raises:
        SettingsError: it is something else.
    """
    if isinstance(batch, Mapping):
        return {str(name): batch[name] for name in batch}, dict
    # a batch of a library is there only if the library is
    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is not None and isinstance(batch, pandas.DataFrame):
        columns = {str(name): batch[name].tolist() for name in batch.columns}
        return columns, pandas.DataFrame
    if pyarrow is not None and isinstance(batch, pyarrow.Table | pyarrow.RecordBatch):
        return batch.to_pydict(), type(batch).from_pydict
    raise SettingsError(
        f"A batch of texts is a dictionary of columns, a pandas DataFrame or a pyarrow Table, and "
        f"not a {type(batch).__name__}."
    )


def column(columns: Columns, name: str) -> Sequence[Any]:
    """A column by its name.

    Raises:
        SettingsError: there is none; the message says which there are.
    """
    if name not in columns:
        known = ", ".join(f"'{one}'" for one in columns) or "no columns"
        raise SettingsError(f"There is no column '{name}' in this batch. It has {known}.")
    return columns[name]


def repeated(values: Any, times: int) -> Any:
    """Each value so many times, one after the other."""
    if isinstance(values, np.ndarray):
        return np.repeat(values, times, axis=0)
    return [value for value in values for _ in range(times)]
