"""What is shown of a comparison: scores of the tokens, faithfulness, agreement."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import streamlit as st

from gaf_core.evaluation.agreement import agreement
from gaf_core.evaluation.comparison import (
    METRICS,
    NORMALISED,
    SCALES,
    Comparison,
    Scale,
    Units,
    best,
    faithfulness_table,
    units,
)
from gaf_core.figures.compare import (
    agreement_matrix,
    entry_bars,
    faithfulness_curves,
    score_heatmap,
)
from gaf_core.reading.predicted import output_noun
from gaf_core.tracing.target import label_name
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.failures import literal
from gaf_core.ui.form import Reading

_MEASURES = ("Spearman", "Kendall", "Top tokens in common")
_TOP = (3, 5, 10)
_BEST = "★"
_UNITS = {"own": "of the strongest", "common": "share"}
_MOST_ROWS = 80  # of the heatmap, which would be many screens high for a long text
_SIDE_BY_SIDE = 10  # entries; the heatmap of more takes the whole width
_TALLEST = 40  # rows of the table of measures, which scrolls if it has more
_HELP = {
    "AOPC": "Mean fall of the probability, or value, as the highest-ranked tokens are removed. "
    "Higher is better.",
    "NAOPC": "AOPC between the least, 0, and the greatest, 1, that any order of these tokens "
    "reaches: what two models can be compared by. Higher is better.",
    "LOdds": "Mean logarithm of the probability after over before. Lower is better.",
    "comprehensiveness": "Mean fall of the probability, or value, with the top 1, 5, 10, 20, 50 % "
    "removed. Higher is better.",
    "sufficiency": "Mean fall of the probability, or value, with only the top 1, 5, 10, 20, 50 % "
    "kept. Lower is better.",
    "deletion area": "Area under the deletion curve. Lower is better.",
    "insertion area": "Area under the insertion curve. Higher is better.",
}

_TITLES = {
    "scores": "What each method says",
    "bars": "The scores of one method",
    "curves": "As tokens are removed, and as only they are kept",
    "agreement": "How far the methods agree",
}


def known_views() -> dict[str, tuple[str, ...]]:
    """The values that a link may hold for what this file draws."""
    return {
        "scale": SCALES,
        "agree": _MEASURES,
        "top": tuple(map(str, _TOP)),
    }


def show_scores(comparison: Comparison, reading: Reading) -> None:
    """Heatmap of tokens by entries, and the bars of one entry."""
    unit = "word" if reading.by_words else "token"
    shown = units(comparison, by_words=reading.by_words, special=reading.special)
    st.header(f"What each method says about each {unit}", anchor=False)
    if not shown.texts:
        st.info("This text has only special tokens. Show them, or write a word.")
        return
    scale = st.segmented_control(
        "Colour scale", SCALES, default=SCALES[0], required=True, key="scale", bind="query-params",
        help="Own: each method's strongest score has the full colour. Common: a colour is the "
        f"{unit}'s share of the sum of the method's absolute scores, so a method that spreads its "
        "scores is paler.",
    )  # fmt: skip
    coloured = shown.scaled(cast(Scale, scale))
    wide = len(shown.scores) > _SIDE_BY_SIDE
    left, right = (st.container(), st.container()) if wide else st.columns([3, 2], gap="large")
    rows = shown.strongest(_MOST_ROWS)
    with left:
        with st.container(key=f"heat_{_tens(len(shown.scores))}"):
            _chart(
                score_heatmap(
                    [shown.texts[row] for row in rows],
                    {name: scores[rows] for name, scores in coloured.items()},
                    {name: scores[rows] for name, scores in shown.scores.items()},
                    _UNITS[scale],
                ),
                "scores",
                f"Heatmap of {len(shown.scores)} methods on {len(rows)} {unit}s.",
            )
        left_out = len(shown.texts) - len(rows)
        st.caption(
            f"Blue speaks for what is explained, orange against it; no colour is 0. Hover for "
            f"numbers.{' A word has the sum of its tokens.' if reading.by_words else ''}"
            + (
                f" In reading order the {len(rows)} {unit}s to which some method gives most; the "
                f"{left_out:,} others are in the files below."
                if left_out
                else ""
            )
        )
    with right:
        _show_bars(shown, unit)


def selected_entry(comparison: Comparison) -> str | None:
    """The entry in the bars, if somebody picked one."""
    picked = st.session_state.get("one")
    return picked if picked in comparison.scored else None


def _show_bars(shown: Units, unit: str) -> None:
    names = list(shown.scores)
    if st.session_state.get("one") not in names:
        st.session_state.pop("one", None)
    name = st.selectbox(
        "One method", names, index=None, key="one", placeholder=f"{names[0]} (the first)",
        help="Its scores in order; its curve below is drawn stronger.",
    ) or names[0]  # fmt: skip
    _chart(
        entry_bars(shown.texts, shown.scores[name]),
        "bars",
        f"Bar chart of the scores of {name} by {unit}, highest first.",
    )
    if len(shown.texts) > 25:
        st.caption(f"The 25 {unit}s with the largest absolute scores.")


def show_table(comparison: Comparison) -> None:
    """Faithfulness and time of each entry; a star marks the best of a column."""
    table = faithfulness_table(comparison)
    columns: dict[str, Any] = {
        "method": st.column_config.TextColumn("Method", pinned=True, width=210),
        "seconds": st.column_config.NumberColumn(
            "Seconds",
            help="Beside the one pass that all methods share. Measured once, as this page ran it.",
        ),
        "note": st.column_config.TextColumn("Note", width=120),
    }
    measures = {**METRICS, **NORMALISED}
    for name, (_, more) in measures.items():
        label = f"{name[0].upper()}{name[1:]} {'↑' if more else '↓'}"
        columns[name] = st.column_config.NumberColumn(label, help=_HELP[name])
    # the sentences stand below: a cell would cut them
    table.loc[table.method.isin(comparison.failures), "note"] = "see below"
    notes = table.note.any()
    st.dataframe(
        _marked(table), column_config=columns, hide_index=True, key="measures",
        column_order=[name for name in table if name != "note" or notes],
        height=35 * (min(len(table), _TALLEST) + 1) + 3, placeholder="–",
        alt="Table of the faithfulness and the time of each method.",
    )  # fmt: skip
    for sentence in dict.fromkeys(comparison.failures.values()):
        names = [name for name, told in comparison.failures.items() if told == sentence]
        whose = "All methods" if len(names) == len(table) else ", ".join(names)
        st.warning(f"**{literal(whose)}**: {literal(sentence)}", icon=":material/info:")


def _marked(table: pd.DataFrame) -> Any:
    """The table with a star before the best numbers; the numbers themselves stay sortable."""
    winners = best(table)
    measures = [name for name in (*METRICS, *NORMALISED) if name in table]
    styler = table.style.format(precision=3, subset=measures)
    styler = styler.format("{:.2f}", subset=["seconds"])
    for column, rows in winners.items():
        chosen = sorted(rows)
        styler = styler.format(f"{_BEST} {{:.3f}}", subset=(chosen, column))
        styler = styler.map(
            lambda _: "background-color: rgba(43, 123, 186, 0.22)", subset=(chosen, column)
        )
    return styler


def show_curves(comparison: Comparison) -> None:
    """Deletion and insertion curves of all entries that were measured."""
    curves = {
        name: comparison.evaluations[name].curves
        for name in comparison.names
        if name in comparison.evaluations
    }
    if not curves:
        return
    one = next(iter(comparison.evaluations.values()))
    with st.container(key="curves"):
        _chart(
            faithfulness_curves(
                curves,
                selected_entry(comparison),
                label_name(comparison.trace.labels, one.label),
                output_noun(one.output),
            ),
            "curves",
            f"{output_noun(one.output).capitalize()} as the highest-ranked tokens are removed, and "
            "as only they are kept.",
        )
    st.caption(
        "Left: the faster a curve falls, the better the method found what the prediction needs. "
        "Right: the faster it rises, the better. Pick one method above to set it off."
    )


def show_agreement(comparison: Comparison) -> None:
    """How far the entries agree about the ordinary tokens, as a matrix."""
    st.header("Do the methods agree?", anchor=False)
    if len(comparison.scored) < 2:
        st.caption("Compare at least two methods to see how far they agree.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = st.segmented_control(
            "Agreement", _MEASURES, default=_MEASURES[0], required=True, key="agree",
            bind="query-params",
            help="Rank correlations, 1 for the same order and -1 for the reverse; or which share "
            "of the highest-ranked tokens two methods have in common.",
        )  # fmt: skip
        top = "5"
        if measure == _MEASURES[2]:
            top = st.selectbox(
                "Tokens", list(map(str, _TOP)), index=1, key="top", bind="query-params", width=100
            )
    found = agreement(comparison.trace, comparison.scored, int(top))
    matrices = (found.spearman, found.kendall, found.overlap)
    matrix = matrices[_MEASURES.index(measure)]
    with st.container(key=f"agreement_{_tens(len(found.names))}"):
        _chart(
            agreement_matrix(found.names, matrix, measure.lower(), signed=measure != _MEASURES[2]),
            "agreement",
            f"Matrix of {measure} between {len(found.names)} methods. {_extremes(found)}",
        )
    st.caption(
        f"Over the ordinary tokens, special ones left out. {literal(_extremes(found))}"
        + (f" Of each method its {found.top} highest-ranked." if measure == _MEASURES[2] else "")
    )


def _tens(columns: int) -> int:
    """By which the style sheet knows how wide a picture of so many columns is at least."""
    return -(-columns // 10)


def _extremes(found: Any) -> str:
    """Which two entries agree most, and which least, by Spearman."""
    pairs = np.triu_indices(len(found.names), k=1)
    values = found.spearman[pairs]

    def told(index: int) -> str:
        first, second = found.names[pairs[0][index]], found.names[pairs[1][index]]
        return f"{first} and {second} ({values[index]:.2f})"

    most, least = told(int(values.argmax())), told(int(values.argmin()))
    return f"By Spearman, {most} agree most, {least} least."


def _chart(figure: Any, key: str, alt: str) -> None:
    show_figure(
        figure, key=f"compare_{key}", name=f"gaf-compare-{key}", alt=alt, title=_TITLES[key]
    )
