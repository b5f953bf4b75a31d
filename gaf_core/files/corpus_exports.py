"""Results of many texts -> tables for other programs. As CSV no cell runs as a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gaf_core.corpus.importance import word_importance
from gaf_core.corpus.results import Results

if TYPE_CHECKING:
    import pandas as pd


def row_table(results: Results) -> pd.DataFrame:
    """One row a text and method: where it stands, the text, what was said, measures, failure."""
    rows = results.rows.drop(columns=["text"])
    texts = results.texts(rows["position"].unique())
    found = [texts.get(position, "") for position in rows["position"]]
    written = rows.assign(failure=rows["failure"].fillna(""))
    written.insert(4, "text", [one if isinstance(one, str) else one[0] for one in found])
    if any(isinstance(one, tuple) for one in found):
        written.insert(5, "second", [one[1] if isinstance(one, tuple) else "" for one in found])
    return written


def word_rows(results: Results, *, fold: bool = True, least: int = 5) -> pd.DataFrame:
    """The words of each class by every method, see `word_importance`."""
    import pandas as pd

    tables = []
    for method in results.methods:
        words = word_importance(results.scored(method), fold=fold, least=least)
        words.insert(0, "method", method)
        tables.append(words)
    return pd.concat(tables, ignore_index=True)
