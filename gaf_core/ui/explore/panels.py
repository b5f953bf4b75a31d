"""The parts of a page that show an explanation: prediction, words, flow, certificate, files."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gaf_core import Explanation, Trace, group_words
from gaf_core.figures import probability_bars, token_bars
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.reading.intervals import MOST_INTERVALS, score_intervals
from gaf_core.reading.predicted import (
    output_noun,
    outputs_heading,
    prediction_sentence,
    shows_outputs,
)
from gaf_core.reading.sentences import (
    certificate_sentence,
    intervals_sentence,
    score_sentence,
)
from gaf_core.ui import cache
from gaf_core.ui.cache import Request
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.place import place
from gaf_core.ui.settings import Display


def show_words(explanation: Explanation, view: Display) -> None:
    """What the model says, and the sentence in colour."""
    trace = explanation.trace
    show_verdict(trace)
    with place():
        if not explanation.certified or explanation.solution.value <= 0:
            st.warning(certificate_sentence(explanation), icon=":material/warning:")
    st.html(
        heatmap_html(
            trace,
            explanation.scores,
            show_special=view.special,
            by_words=view.by_words,
            of=explanation.share_of,
        )
    )
    averaged = "" if explanation.depths is None else f" {score_sentence(explanation)}"
    summed = " A word has the sum of its tokens." if view.by_words else ""
    st.caption(
        "The stronger the colour, the more of the flow from the prediction arrives at the word; "
        "hover over it for numbers. The model reads tokens: words, pieces of words, and marks of "
        f"its own such as [CLS].{summed}{averaged}"
    )


def show_verdict(trace: Trace) -> None:
    """What the model says, and what of the text it was not given."""
    verdict = prediction_sentence(trace, lambda name: f"<b>{escape(name)}</b>")
    st.html(f'<p class="gaf-verdict">{verdict}</p>')
    with place():
        if trace.truncated:
            st.info(
                f"The text is longer than the model takes: its first {len(trace.tokens):,} tokens "
                f"are explained, the last {trace.truncated:,} were cut off.",
                icon=":material/content_cut:",
            )


def show_bars(request: Request, explanation: Explanation, view: Display) -> None:
    """Probabilities of the classes, and shares of the tokens with their intervals."""
    trace = explanation.trace
    if shows_outputs(trace):
        small_heading(escape(outputs_heading(trace)))
        show_figure(
            probability_bars(trace),
            key="probabilities",
            name="gaf-probabilities",
            title=outputs_heading(trace),
            alt=f"Bar chart of the model's {output_noun(trace.output)} of each "
            f"{trace.task.kind.noun}.",
        )
    unit = "word" if view.by_words else "token"
    small_heading(f"Which share of the flow each {unit} gets")
    show_figure(
        token_bars(
            explanation,
            by_words=view.by_words,
            show_special=view.special,
            themed=True,
            bounds=_bounds(request, explanation, view.by_words),
        ),
        key="bars",
        name="gaf-shares",
        title=f"Which share of the flow each {unit} gets",
        alt=f"Bar chart of each {unit}'s share of the flow, largest first. {_largest(explanation)}",
    )
    if len(explanation.tokens) > MOST_INTERVALS:
        st.caption(f"Intervals are drawn for texts of up to {MOST_INTERVALS} tokens.")
    elif explanation.depths is not None or explanation.solution.value > 0:
        st.caption(intervals_sentence(explanation))


def _bounds(
    request: Request, explanation: Explanation, by_words: bool
) -> NDArray[np.float64] | None:
    """One pair for each bar of one flow. Of a long text they take seconds."""
    if len(explanation.tokens) > MOST_INTERVALS or explanation.solution.value <= 0:
        return None
    if explanation.depths is not None:
        return None
    name = "ambiguity of words" if by_words else "ambiguity"
    groups = group_words(explanation.trace).members if by_words else None
    return cache.derived(name, request, explanation, lambda one: score_intervals(one, groups))


def _largest(explanation: Explanation) -> str:
    order = np.argsort(-explanation.shares)[:3].tolist()
    named = (f"{explanation.written[token]} {explanation.shares[token]:.0%}" for token in order)
    return f"The largest: {', '.join(named)}."


def show_certificate(explanation: Explanation, other: str = "") -> None:
    """The proof that comes with the answer, in words and in numbers.

    Args:
        explanation: whose flow the numbers are of.
        other: what is proven of both flows, where this is one of two.
    """
    st.header("How sure is this answer", anchor=False)
    solution = explanation.solution
    with place():
        if solution.value > 0 and explanation.certified:
            st.markdown(
                ":material/verified: **Proven.** No flow through this network is larger by more "
                f"than {solution.duality_gap:.1e} of it, and among the largest flows this is the "
                f"one balanced solution.{_all_proven(explanation)}"
            )
        if other:
            st.caption(f"{other} The numbers below are those of the flow chosen above.")
        elif explanation.depths is not None and not explanation.certified:
            st.caption("These numbers are those of the flow through the whole range.")
    scored = "the sum of all scores" if explanation.depths is None else "through the whole range"
    scored = "of the side chosen above" if other else scored
    numbers = (
        ("Flow value", f"{solution.value:.4g}", f"Total flow, {scored}. For AF in "
         "attention weights, otherwise in units of the logit."),
        ("Duality gap", f"{solution.duality_gap:.1e}", "The largest possible flow is at most this "
         f"fraction above the flow shown. Asked for: {solution.epsilon:.0e}."),
        ("Conservation", f"{solution.conservation_residual:.1e}", "Largest difference between what "
         "enters and what leaves a node, as a fraction of the flow."),
        ("Centrality", f"{solution.centrality:.1e}", "Distance from the one optimum that the "
         "barrier picks among all maximum flows, relative to each edge's room."),
        ("Newton steps", f"{solution.iterations}", "Iterations of the solver."),
        ("Time", f"{solution.seconds * 1e3:.0f} ms", "Time to solve the flow, the model not "
         "counted."),
        ("Edges", f"{explanation.network.edge_count:,}", "Connections in the flow network; those "
         f"on no path from prediction to input were removed ({explanation.network.pruned:,})."),
    )  # fmt: skip
    with st.container(horizontal=True, key="certificate"):
        for label, value, help_text in numbers:
            st.metric(label, value, help=help_text, width="content")


def _all_proven(explanation: Explanation) -> str:
    """The proof of a depth average is that of every flow it is the mean of."""
    if explanation.depths is None:
        return ""
    count = len(explanation.depths.statuses)
    return (
        f" The scores are the mean over {count} such flows, and each of them is proven in the same "
        "way; the numbers are those of the flow through the whole range."
    )


def small_heading(text: str) -> None:
    """A heading above a figure; HTML."""
    st.html(f'<p class="gaf-note">{text}</p>')
