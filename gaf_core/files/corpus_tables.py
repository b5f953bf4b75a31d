"""Results of many texts -> tables of text, the same for a terminal and for a report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gaf_core.corpus import summary
from gaf_core.corpus.explaining import SKIPPED
from gaf_core.corpus.importance import word_importance
from gaf_core.corpus.results import Results

if TYPE_CHECKING:
    import pandas as pd

# heading, column, and how numbers of it are written
_MEASURES = (
    ("AOPC", "aopc", ".3f"), ("LOdds", "log_odds", ".2f"),
    ("comprehensiveness", "comprehensiveness", ".3f"), ("sufficiency", "sufficiency", ".3f"),
)  # fmt: skip
# what bars show, and how it is said
_ORDERS = {
    "present": ("when_present", "in the order of the lower ends of the share when present"),
    "mean": ("mean_share", "in the order of the mean share"),
}
_CLASSES = 8  # with most texts, whose words are listed


@dataclass(frozen=True)
class Chosen:
    """What is shown of the results.

    Attributes:
        method: whose words are listed and whose worst texts; None for the first.
        fold: take "Good" and "good" for one word.
        least: texts of a class that a word must occur in.
        order: by which words are listed: "present", the lower end of the share where they stand, so
            that a word of few texts does not come first by chance, or "mean".
        words: listed of each class.
        texts: listed that stand out.
    """

    method: str | None = None
    fold: bool = True
    least: int = 5
    order: str = "present"
    words: int = 15
    texts: int = 10


class Shown(NamedTuple):
    """A table as text.

    Attributes:
        title: what it shows.
        heads: of the columns; the first is to the left, numbers to the right.
        rows: cells.
        note: what has to be known to read it.
        sizes: of each row, from 0 to 1, for a bar; or none.
    """

    title: str
    heads: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""
    sizes: tuple[float, ...] = ()


def headline(results: Results) -> str:
    """What was explained, by what, and how much of it failed, in a sentence."""
    rows, about = results.rows, results.about
    texts = rows["position"].nunique()
    failures = rows["failure"].notna()
    skipped = rows["failure"].fillna("").str.startswith(SKIPPED)
    cut = rows.loc[rows["cut"] > 0, "position"].nunique()
    told = [
        f"{count:,} {what}"
        for count, what in (
            (rows.loc[failures & ~skipped, "position"].nunique(), "with a failure"),
            (rows.loc[skipped, "position"].nunique(), "skipped as too long"),
            (cut, "cut as too long"),
            (len(results.torn), "parts that cannot be read"),
        )
        if count
    ]
    named = ", ".join(results.methods)
    return (
        f"{texts:,} texts of “{about['file']}” by the model “{about['asked']['model']}”, explained "
        f"by {named}{': ' if told else ''}{', '.join(told)}."
    )


def all_tables(results: Results, chosen: Chosen) -> list[Shown]:
    """Every table that there is something in."""
    method = chosen.method or results.methods[0]
    found = [accuracy_table(results), *faithfulness_tables(results)]
    found += word_tables(results, method, chosen)
    return [one for one in found if one.rows]


def accuracy_table(results: Results) -> Shown:
    """How often the model says what the labels say."""
    found = summary.accuracy(results)
    unknown = summary.unknown_labels(results)
    note = ""
    if unknown:
        named = ", ".join(f"“{name}” ({count:,})" for name, count in list(unknown.items())[:5])
        note = f"Labels that the model does not know, and their texts: {named}."
    rows = [
        (row.label, f"{row.texts:,}", f"{row.right:,}", with_interval(row, "accuracy", ".1%"))
        for row in found.rename(
            columns={"low": "accuracy_low", "high": "accuracy_high"}
        ).itertuples()
    ]
    title = "How often the model is right"
    return Shown(title, ("label", "texts", "right", "accuracy"), rows, note)


def faithfulness_tables(results: Results) -> list[Shown]:
    """Means with intervals, and what the first method has more than each other."""
    found = summary.faithfulness(results)
    measures = _MEASURES if results.measured else ()
    heads = ("method", "texts", "failed", *(name for name, _, _ in measures), "seconds a text")
    rows = [
        (
            row.method, f"{row.texts:,}", f"{row.failures:,}",
            *(with_interval(row, column, how) for _, column, how in measures),
            written(row.seconds, ".4f"),
        )
        for row in found.itertuples()
    ]  # fmt: skip
    note = (
        "Higher AOPC and comprehensiveness are better, lower LOdds and sufficiency. In brackets: "
        "95 % bootstrap intervals over the texts. Seconds are beside the passes that all methods "
        "of a text share."
    )
    title = "How faithful each method is" if measures else "What each method takes"
    first = Shown(title, heads, rows, note if measures else "")
    return [first, _differences(results)] if measures else [first]


def _differences(results: Results) -> Shown:
    found = summary.differences(results).set_index(["method", "measure"])
    first = results.methods[0]
    rows = []
    for method in results.methods[1:]:
        if (method, "aopc") in found.index:
            cells = [_signed(found.loc[(method, column)], how) for _, column, how in _MEASURES]
            texts = int(found.loc[(method, "aopc")]["texts"])
            rows.append((method, f"{texts:,}", *cells))
    note = (
        "Text by text, on the texts of both. Where 0 is in the brackets, they cannot be told apart."
    )
    heads = (f"{first} minus", "texts", *(name for name, _, _ in _MEASURES))
    return Shown(f"What {first} has more than the others", heads, rows, note)


def word_tables(results: Results, method: str, chosen: Chosen) -> list[Shown]:
    """The words that carry each class most."""
    words = word_importance(results.scored(method), fold=chosen.fold, least=chosen.least)
    note = (
        f"Shares of the absolute scores of {method}: the mean over all texts of the class, and "
        f"over those that have the word. Words in at least {chosen.least:,} texts, none left out "
        f"for being common; {_ORDERS[chosen.order][1]}."
    )
    heads = ("word", "texts", "mean share", "share when present")
    tables = []
    for name, group in list(words.groupby("class", sort=False))[:_CLASSES]:
        top = in_order(group, chosen.order).head(chosen.words)
        rows = [
            (
                row.word, f"{row.texts:,}", with_interval(row, "mean_share", ".2%"),
                with_interval(row, "when_present", ".1%"),
            )
            for row in top.itertuples()
        ]  # fmt: skip
        sizes = top[_ORDERS[chosen.order][0]].to_numpy(dtype=float).clip(0.0)
        sizes = tuple((sizes / (sizes.max() or 1.0)).tolist())
        title = f"Words that carry “{name}” ({int(group['of'].iloc[0]):,} texts)"
        tables.append(Shown(title, heads, rows, note if not tables else "", sizes))
    return tables


def in_order(words: pd.DataFrame, order: str) -> pd.DataFrame:
    """Words of a class, the first ones first; see `Chosen.order`."""
    by = "mean_share"
    if order == "present":
        known = words["when_present_low"].notna().to_numpy().any()
        by = "when_present_low" if known else "when_present"
    return words.sort_values(by, ascending=False, kind="stable")


def standing_out(results: Results, chosen: Chosen) -> list[tuple[str, str, pd.DataFrame]]:
    """Title, column and rows of the texts that stand out: worst measure, least agreement."""
    method = chosen.method or results.methods[0]
    found = []
    if results.measured:
        title = f"Texts on which {method} says least about the prediction"
        found.append((title, "aopc", summary.worst(results, method, chosen.texts)))
    if len(results.methods) > 1:
        title = "Texts on which the methods disagree most"
        found.append((title, "agreement", summary.disagreeing(results, chosen.texts)))
    return [one for one in found if not one[2].empty]


def with_interval(row: object, column: str, how: str) -> str:
    """A mean with the ends of its interval in brackets."""
    mean, low, high = (getattr(row, f"{column}{end}") for end in ("", "_low", "_high"))
    if not math.isfinite(low):
        return written(mean, how)
    return f"{written(mean, how)} [{written(low, how)}, {written(high, how)}]"


def written(value: float, how: str) -> str:
    """A number, or nothing where there is none."""
    if not math.isfinite(value):
        return ""
    return f"{value:{how}}".replace("%", " %")


def _signed(row: pd.Series, how: str) -> str:
    mean, low, high = row[["difference", "low", "high"]].to_numpy(dtype=float).tolist()
    if not math.isfinite(low):
        return written(mean, f"+{how}")
    return f"{written(mean, f'+{how}')} [{written(low, f'+{how}')}, {written(high, f'+{how}')}]"
