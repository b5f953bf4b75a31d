"""What many texts say together: words of a class, faithfulness, texts that stand out, accuracy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache as once
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from gaf_core.corpus import summary
from gaf_core.corpus.importance import word_importance
from gaf_core.corpus.results import Results
from gaf_core.corpus.views import view
from gaf_core.figures.corpus import spread, word_bars
from gaf_core.files.corpus_tables import (
    Shown,
    accuracy_table,
    faithfulness_tables,
    headline,
    in_order,
)
from gaf_core.ui import runs
from gaf_core.ui.cache import shelf
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place
from gaf_core.ui.saving import choose_format, saving
from gaf_core.ui.shelf import Shelf

if TYPE_CHECKING:
    import pandas as pd

WORDS, FAITHFUL, TEXTS, ACCURACY = "Words", "Faithfulness", "Texts", "Accuracy"
VIEWS = (WORDS, FAITHFUL, TEXTS, ACCURACY)
_ORDERS = {"share when present": "present", "mean share": "mean"}
_TOP = 20  # bars
_KEPT = 200  # tables of all runs that are kept between two runs of a page
_FEW, _USUAL, _SMALL = 2, 5, 200  # texts that a word is in: of a small run, and of others
_FIELDS = ("aopc", "log_odds", "comprehensiveness", "sufficiency")


def known_views() -> dict[str, tuple[str, ...]]:
    """The values that a link may hold for what this file draws."""
    return {"view": VIEWS, "words": tuple(_ORDERS), "case": ("true", "false")}


def show(kept: runs.Kept) -> Results:
    """The results as far as they are.

    Raises:
        SettingsError: there are none yet.
    """
    results = results_of(kept)
    st.html(f'<p class="gaf-verdict">{escape(headline(results))}</p>')
    views = [one for one in VIEWS if one != ACCURACY or results.about["columns"]["label"]]
    chosen = st.segmented_control(
        "View", views, default=WORDS, required=True, key="view", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    drawn = {WORDS: _words, FAITHFUL: _faithfulness, TEXTS: _texts, ACCURACY: _accuracy}
    with place():
        drawn[chosen](kept, results)
    with place():
        if chosen in (WORDS, FAITHFUL):  # which have figures
            choose_format()
    return results


def results_of(kept: runs.Kept) -> Results:
    """The results of what is written by now; kept until there is more."""
    key = (kept.token, *kept.folder.numbers[-1:], len(kept.folder.numbers))
    return _shelf().get(key, lambda: Results.of(kept.folder.path))


def _table(kept: runs.Kept, results: Results, name: tuple, make: Callable[[], Any]) -> Any:
    """A table of results, made once for as many parts as there are."""
    return _shelf().get((kept.token, len(results.rows), *name), make)


@once
def _shelf() -> Shelf[Any]:
    return shelf(_KEPT, lambda _: 1)


def _words(kept: runs.Kept, results: Results) -> None:
    st.header("Which words carry a class", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="many_words"):
        method = st.selectbox("Method", results.methods, key="many_method", width=220)
        least = st.number_input(
            "In at least", min_value=1, value=_FEW if kept.plan.texts < _SMALL else _USUAL,
            key="many_least", width=120,
            help="Texts of the class that a word must be in. A share of few texts says little.",
        )  # fmt: skip
        order = st.selectbox(
            "Order", list(_ORDERS), key="words", bind="query-params", width=200,
            help="Share when present: what a word does where it stands; by the lower end of its "
            "interval, so that a word of few texts does not come first by chance. Mean share: what "
            "it does for the class as a whole, where common words come first.",
        )  # fmt: skip
        fold = not st.toggle(
            "Tell “Good” from “good”", key="case", bind="query-params",
        )  # fmt: skip
    found: pd.DataFrame = _table(
        kept, results, ("words", method, fold, least),
        lambda: word_importance(results.scored(method), fold=fold, least=least),
    )  # fmt: skip
    classes = found["class"].drop_duplicates().tolist()
    if not classes:
        st.info("No word is in so many texts of a class. Ask for fewer.", icon=":material/info:")
        return
    ordered = {name: in_order(group, _ORDERS[order]) for name, group in found.groupby("class")}
    column = {"present": "when_present", "mean": "mean_share"}[_ORDERS[order]]
    places = st.columns(min(2, len(classes)), gap="large")
    for number, (name, at) in enumerate(zip(classes, places, strict=False)):
        with at:
            of = int(ordered[name]["of"].iloc[0])
            st.markdown(f"**{literal(str(name))}** :gray[{of:,} texts]")
            st.plotly_chart(
                word_bars(ordered[name].head(_TOP), column), key=f"many_bars_{number}",
                alt=f"Bars: the words that carry {name} most.", config=saving("gaf-words"),
            )  # fmt: skip
    st.caption(
        f"Shares of the absolute scores of {literal(method)} in a text, special tokens left out of "
        "the list. Lines are 95 % bootstrap intervals over the texts; shares when present come in "
        "the order of their lower ends. No word is left out for being common. Point at a bar for "
        "its numbers."
    )
    picked = st.selectbox("All words of", classes, key="many_class", width=300)
    _show_words(ordered[picked])


def _show_words(words: pd.DataFrame) -> None:
    percent = st.column_config.NumberColumn
    shown = words.drop(columns=["class", "of"])
    names = {
        "mean_share": "mean share", "mean_share_low": "low", "mean_share_high": "high",
        "when_present": "share when present", "when_present_low": "low ",
        "when_present_high": "high ",
    }  # fmt: skip
    config = {name: percent(told, format="percent") for name, told in names.items()}
    st.dataframe(
        shown, hide_index=True, key="many_all_words", column_config=config, height=320,
        alt="Every word with its shares and their intervals.",
    )  # fmt: skip
    st.caption("Click a head to sort; the magnifying glass above the table searches.")


def _faithfulness(kept: runs.Kept, results: Results) -> None:
    tables: list[Shown] = _table(
        kept, results, ("faithfulness",), lambda: faithfulness_tables(results)
    )
    for number, shown in enumerate(one for one in tables if one.rows):
        st.header(literal(shown.title), anchor=False)
        _show_table(shown, f"many_table_{number}")
    if not results.measured:
        st.info("Faithfulness was not measured in this run.", icon=":material/info:")
        return
    st.header("How it is spread over the texts", anchor=False)
    field = st.selectbox(
        "Measure", _FIELDS, format_func=_measure_name, key="many_measure", width=260
    )
    rows = results.rows
    values = {
        name: rows.loc[rows["method"] == name, field].to_numpy(dtype=float)
        for name in results.methods
    }
    st.plotly_chart(
        spread(values, _measure_name(field)), key="many_spread", config=saving("gaf-spread"),
        alt=f"Lines: the share of the texts by {_measure_name(field)}, a line a method.",
    )  # fmt: skip


def _texts(kept: runs.Kept, results: Results) -> None:
    if results.measured:
        st.header("Where a ranking says least about the prediction", anchor=False)
        method = st.selectbox("Method", results.methods, key="many_worst", width=220)
        worst = _table(kept, results, ("worst", method), lambda: summary.worst(results, method, 50))
        _show_texts(results, worst, "aopc", "AOPC", "many_worst_texts")
    if len(results.methods) > 1:
        st.header("Where the methods disagree most", anchor=False)
        found = _table(kept, results, ("disagreeing",), lambda: summary.disagreeing(results, 50))
        _show_texts(results, found, "agreement", "agreement", "many_disagreeing")
        st.caption(
            "Agreement is the mean of Spearman's correlation over the pairs of methods, by the "
            "ranks of ordinary tokens; texts of fewer than four are left out."
        )
    failed = results.rows[results.rows["failure"].notna()]
    if len(failed):
        st.header("What failed", anchor=False)
        shown = failed[["line", "id", "method", "failure"]]
        st.dataframe(shown, hide_index=True, key="many_failed")


def _show_texts(results: Results, rows: pd.DataFrame, column: str, name: str, key: str) -> None:
    if rows.empty:
        st.info("There is no such text.", icon=":material/info:")
        return
    records = rows.to_dict("records")
    shown = [
        {
            "open": view(results.about, one["text"], one["cut"]) or None,
            name: one[column],
            "text": one["text"] if isinstance(one["text"], str) else " | ".join(one["text"]),
            "model says": one["predicted"],
            "label": one["label"],
            "line": one["line"],
            "id": one["id"],
        }
        for one in records
    ]
    config = {
        "open": st.column_config.LinkColumn("", display_text="Explore", width="small"),
        name: st.column_config.NumberColumn(format="%.3f", width="small"),
        "text": st.column_config.TextColumn(width="large"),
    }
    st.dataframe(shown, hide_index=True, key=key, column_config=config, height=360, alt=name)


def _accuracy(_kept: runs.Kept, results: Results) -> None:
    shown = accuracy_table(results)
    st.header(literal(shown.title), anchor=False)
    if not shown.rows:
        st.info(
            "None of the labels is one that the model knows. " + literal(shown.note),
            icon=":material/info:",
        )
        return
    _show_table(shown, "many_accuracy")


def _show_table(shown: Shown, key: str) -> None:
    rows = [dict(zip(shown.heads, row, strict=True)) for row in shown.rows]
    st.dataframe(rows, hide_index=True, key=key, alt=shown.title)
    if shown.note:
        st.caption(literal(shown.note))


def _measure_name(field: str) -> str:
    return {"aopc": "AOPC", "log_odds": "LOdds"}.get(field, field)
