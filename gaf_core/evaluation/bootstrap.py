"""Rows of a benchmark, one a text and method -> a table, one row a method, with intervals.

An interval is the percentile bootstrap over texts (Efron 1979): 95 % of the means of 10,000 samples
of as many texts, drawn with replacement, lie within. It says how far the mean would move with other
texts of the same kind, and nothing about other models. Of more than 20,000 texts the samples are
not drawn: their means are then normal, and the interval is the mean and 1.96 standard errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.stats import bootstrap

from gaf_core.errors import SettingsError, check_kind

MEASURES = ("aopc", "log_odds", "comprehensiveness", "sufficiency", "seconds")
RESAMPLES = 10_000
_HELD = 10_000_000  # numbers at a time
_NORMAL = 20_000  # texts, above which the means of samples are normal for all that can be told
_Z = 1.959964  # of a normal distribution, the middle 95 %


def bootstrap_interval(values: ArrayLike, seed: int = 0) -> Float[np.ndarray, "2 m"]:
    """Lower and upper end of the 95 % interval of the mean of each column.

    Args:
        values: `[n, m]` one row a text.
        seed: of the samples; the same for equal `n`, so that columns and methods share them.

    Returns:
        `[2, m]`; NaN below two rows, which say nothing about spread.

    Raises:
        SettingsError: no table of numbers, or a seed that is none.

    >>> bootstrap_interval([[1.0, 5.0], [3.0, 5.0]]).tolist()
    [[1.0, 5.0], [3.0, 5.0]]
    """
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        table = np.array(np.nan)
    if table.ndim != 2:
        raise SettingsError("Give a table of numbers, one row a text and one column a measure.")
    check_seed(seed)
    if len(table) < 2:
        return np.full((2, table.shape[1]), np.nan)
    if len(table) > _NORMAL:
        mean, error = table.mean(axis=0), table.std(axis=0) / np.sqrt(len(table))
        return np.stack([mean - _Z * error, mean + _Z * error])
    interval = bootstrap(
        (table,), np.mean, axis=0, n_resamples=RESAMPLES, method="percentile",
        batch=max(1, _HELD // table.size), rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return np.stack([interval.low, interval.high])


def check_seed(seed: int) -> None:
    """Refuse what seeds no generator.

    Raises:
        SettingsError: it is no whole number from 0.
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise SettingsError(f"A seed is a whole number of at least 0, and {seed!r} is none.")


def summarise(
    rows: pd.DataFrame, seed: int = 0, measures: Sequence[str] = MEASURES
) -> pd.DataFrame:
    """One row a method, in the order in which they first come.

    Args:
        rows: of `measure`, or several of them concatenated.
        seed: of the bootstrap.
        measures: columns of the rows; those of tokens by default.

    Returns:
        Columns `method`, `texts` (that it scored), `failures` and `first_failure` (its message, or
        nothing), then for each of the measures the mean over texts, and the ends of its interval as
        `aopc_low` and `aopc_high`. `seconds` is what a method takes beside the trace it shares.

    Raises:
        SettingsError: no rows of `measure`, or a measure that is not in them.
    """
    _check_rows(rows, measures)
    names = rows["method"].unique()
    return pd.DataFrame(
        [_summary(name, rows.loc[rows["method"] == name], seed, measures) for name in names]
    )


def paired(
    rows: pd.DataFrame,
    first: str,
    second: str,
    seed: int = 0,
    measures: Sequence[str] = MEASURES,
) -> pd.DataFrame:
    """How much one method differs from another, over the texts that both scored.

    Pairing takes out how hard a text is, so that differences can be told that overlapping
    intervals of two methods hide.

    Args:
        rows: of `measure`.
        first: label of a method.
        second: label of the method that is subtracted.
        seed: of the bootstrap.
        measures: columns of the rows; those of tokens by default.

    Returns:
        One row a measure: `measure`, `first` and `second` (means), `difference` of them, `low` and
        `high` ends of its interval, `texts`.

    Raises:
        SettingsError: no rows of `measure`, a label or measure that is not in them, or no text that
            both methods scored.
    """
    _check_rows(rows, measures)
    names = rows["method"].unique().tolist()
    for name in (first, second):
        if name not in names:
            raise SettingsError(
                f"'{name}' is not among the methods measured. Use {', '.join(names)}."
            )
    scored = rows[rows["failure"].isna()].set_index("text")
    one, other = (
        scored.loc[scored["method"] == name, list(measures)].astype(float)
        for name in (first, second)
    )
    shared = one.index.intersection(other.index)
    if shared.empty:
        raise SettingsError(
            f"'{first}' and '{second}' have no text in common, so they cannot be compared. Measure "
            "both on the same texts."
        )
    one, other = one.loc[shared], other.loc[shared]
    low, high = _interval(one - other, seed)
    return pd.DataFrame(
        {
            "measure": list(measures),
            "first": one.mean().to_numpy(),
            "second": other.mean().to_numpy(),
            "difference": (one - other).mean().to_numpy(),
            "low": low,
            "high": high,
            "texts": len(shared),
        }
    )


def _interval(values: pd.DataFrame, seed: int) -> Float[np.ndarray, "2 m"]:
    """`bootstrap_interval`, of a measure that some texts do not have over those that have it."""
    interval = bootstrap_interval(values, seed)
    missing = values.isna().to_numpy()
    for column in np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0)):
        interval[:, [column]] = bootstrap_interval(values.iloc[:, [column]].dropna(), seed)
    return interval


def _check_rows(rows: pd.DataFrame, measures: Sequence[str]) -> None:
    check_kind(rows, pd.DataFrame, "Give the rows that `measure` or `measure_edges` returns.")
    missing = {"text", "method", "failure", *measures}.difference(map(str, rows.columns))
    if missing:
        raise SettingsError(
            f"The rows have no column '{min(missing)}'. Give those that `measure` or "
            "`measure_edges` returns, and measures that are columns of them."
        )


def _summary(
    name: str, rows: pd.DataFrame, seed: int, measures: Sequence[str]
) -> dict[str, object]:
    failed = rows["failure"].notna()
    values = rows.loc[~failed, list(measures)].astype(float)
    interval = _interval(values, seed)
    summary: dict[str, object] = {
        "method": name,
        "texts": len(values),
        "failures": len(rows) - len(values),
        "first_failure": next(iter(rows.loc[failed, "failure"]), ""),
    }
    for column, measure in enumerate(measures):
        summary[measure] = values[measure].mean()
        summary[f"{measure}_low"], summary[f"{measure}_high"] = interval[:, column]
    return summary
