"""Two flows of one text on a page: the words with their sign, and either network."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from gaf_core import SignedExplanation
from gaf_core.figures import probability_bars
from gaf_core.figures.signed import signed_bars
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.reading.predicted import output_noun, outputs_heading, shows_outputs
from gaf_core.reading.signed import (
    path_sentence,
    signed_certificate_sentence,
    signed_score_sentence,
)
from gaf_core.settings import AGAINST, FOR
from gaf_core.ui.cache import Request
from gaf_core.ui.explore import panels
from gaf_core.ui.explore.agree import show_agree
from gaf_core.ui.explore.network import show_network
from gaf_core.ui.explore.signed_files import show_signed_files
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place
from gaf_core.ui.saving import saving
from gaf_core.ui.settings import Display

SIDES = (FOR, AGAINST)  # as a link says it


def show_signed_words(explanation: SignedExplanation, view: Display) -> None:
    """What the model says, and the sentence in two colours."""
    panels.show_verdict(explanation.trace)
    with place():
        if not explanation.certified or explanation.whole <= 0:
            st.warning(literal(explanation.message), icon=":material/warning:")
    st.html(
        heatmap_html(
            explanation.trace,
            explanation.scores,
            show_special=view.special,
            by_words=view.by_words,
            of=explanation.share_of,
            whole=explanation.whole,
        )
    )
    summed = " A word has the sum of its tokens." if view.by_words else ""
    st.caption(
        f"Blue speaks for {literal(explanation.trace.target.name)}, orange against it; hover for "
        f"numbers.{summed} {signed_score_sentence(explanation)}"
    )


def show_signed_bars(explanation: SignedExplanation, view: Display) -> None:
    """Probabilities of the classes, and shares of the tokens to the right and to the left."""
    trace = explanation.trace
    if shows_outputs(trace):
        panels.small_heading(escape(outputs_heading(trace)))
        st.plotly_chart(
            probability_bars(trace),
            key="probabilities",
            config=saving("gaf-probabilities"),
            alt=f"Bar chart of the model's {output_noun(trace.output)} of each "
            f"{trace.task.kind.noun}.",
        )
    unit = "word" if view.by_words else "token"
    panels.small_heading(f"Which share of both flows each {unit} gets")
    st.plotly_chart(
        signed_bars(explanation, by_words=view.by_words, show_special=view.special),
        key="signed_bars",
        config=saving("gaf-shares"),
        alt=f"Bar chart of each {unit}'s share of both flows: to the right what speaks for "
        f"{trace.target.name}, to the left what speaks against it.",
    )


def show_sides(request: Request, explanation: SignedExplanation, view: Display, model: str) -> None:
    """One of the two networks, its proof, and the files of both."""
    side = _choose_side(explanation)
    shown, asked = explanation.sides[side], request._replace(side=side)
    with place():
        focus = show_network(asked, shown, view.budget)
    with place():
        # cutting what speaks against a target raises it, which the curves are not about
        if side == FOR:
            show_agree(asked, shown, focus)
    told = f"{signed_certificate_sentence(explanation)} {path_sentence(explanation)}"
    panels.show_certificate(shown, other=told)
    show_signed_files(explanation, shown, side, view.budget, model)


def _choose_side(explanation: SignedExplanation) -> Any:
    """Draw the choice of the network, and say how large either flow is."""
    side = st.segmented_control(
        "Network of what speaks",
        SIDES,
        default=FOR,
        required=True,
        key="flow_side",
        bind="query-params",
        help="Each of the two flows has a network, a proof and a cut of its own: pictures, tables "
        "and numbers below are those of the one chosen.",
    )
    values = [one.solution.value for one in explanation.sides.values()]
    st.caption(
        f"The flow for {literal(explanation.trace.target.name)} is {values[0]:.4g} and the flow "
        f"against it {values[1]:.4g}."
    )
    return side
