"""The parts of a page that show an explanation: prediction, words, flow, certificate, files."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import pandas as pd
import streamlit as st

from gaf_core import Explanation, Task, Trace
from gaf_core.figures import probability_bars, sankey, token_bars
from gaf_core.heatmap import heatmap_html
from gaf_core.reduction import reduce_flow
from gaf_core.target import label_name
from gaf_core.ui.downloads import to_csv
from gaf_core.ui.form import View

_STILL = {"displayModeBar": False}
_PICTURE = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"filename": "gaf-flow", "scale": 2},
}


def show_words(explanation: Explanation, view: View) -> None:
    """What the model says, and the sentence in colour."""
    trace = explanation.trace
    st.html(f'<p class="gaf-verdict">{_verdict(trace)}</p>')
    if trace.truncated:
        st.info(
            f"The text is longer than the model takes: its first {len(trace.tokens):,} tokens are "
            f"explained, the last {trace.truncated:,} were cut off.",
            icon=":material/content_cut:",
        )
    if not explanation.solution.certified or explanation.solution.value <= 0:
        st.warning(explanation.solution.message, icon=":material/warning:")
    st.html(
        heatmap_html(trace, explanation.scores, show_special=view.special, by_words=view.by_words)
    )
    summed = " A word has the sum of its tokens." if view.by_words else ""
    st.caption(
        "The stronger the colour, the more of the flow from the prediction arrives at the word; "
        "hover over it for numbers. The model reads tokens: words, pieces of words, and marks of "
        f"its own such as [CLS].{summed}"
    )


def _verdict(trace: Trace) -> str:
    """The prediction in a sentence of HTML, and what is explained where that is something else."""
    name = label_name(trace.labels, trace.predicted)
    if len(trace.labels) == 1:
        return f"The model gives <b>{escape(name)}</b> the value {trace.logits[0]:.3g}."
    verb = "continues with" if trace.task is Task.NEXT_TOKEN else "says"
    sure = f"{trace.probabilities[trace.predicted]:.1%} sure"
    explained = trace.target.against is not None or trace.target.index != trace.predicted
    about = f" Explained here: why {escape(trace.target.name)}." if explained else ""
    return f"The model {verb} <b>{escape(name)}</b>, {sure}.{about}"


def show_bars(explanation: Explanation, view: View) -> None:
    """Probabilities of the classes, and shares of the tokens."""
    trace = explanation.trace
    if len(trace.labels) > 1:
        kind = "next token" if trace.task is Task.NEXT_TOKEN else "class"
        _small_heading(f"How probable each {kind} is")
        st.plotly_chart(
            probability_bars(trace),
            key="probabilities",
            config=_STILL,
            alt=f"Bar chart of the model's probability of each {kind}.",
        )
    unit = "word" if view.by_words else "token"
    _small_heading(f"Which share of the flow each {unit} gets")
    st.plotly_chart(
        token_bars(explanation, by_words=view.by_words, show_special=view.special, themed=True),
        key="bars",
        config=_STILL,
        alt=f"Bar chart of each {unit}'s share of the flow, largest first.",
    )


def show_flow(explanation: Explanation, view: View) -> None:
    """The layered flow network as a Sankey."""
    st.subheader("How the flow gets there", anchor=False)
    with st.container(key="flow"):
        st.plotly_chart(
            sankey(explanation, view.budget),
            key="sankey",
            config=_PICTURE,
            alt="Sankey diagram of the flow from the input tokens to the prediction.",
        )
    if explanation.solution.value > 0:
        reduced = reduce_flow(explanation.network, explanation.solution, view.budget)
        st.caption(
            "Read it from left to right: a column is a layer, a band is the flow from one token to "
            "the next layer, as wide as it is strong, in the colour of the token it leaves. "
            f"Hover for flow, capacity and saturation. {reduced.summary}"
        )


def show_certificate(explanation: Explanation) -> None:
    """The proof that comes with the answer, in words and in numbers."""
    st.subheader("How sure is this answer", anchor=False)
    solution = explanation.solution
    if solution.value > 0 and solution.certified:
        st.markdown(
            ":material/verified: **Proven.** No flow through this network is larger by more than "
            f"{solution.duality_gap:.1e} of it, and among the largest flows this is the one "
            "balanced solution."
        )
    numbers = (
        ("Flow value", f"{solution.value:.4g}", "Total flow, the sum of all scores. For AF in "
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


def show_downloads(explanation: Explanation) -> None:
    """Scores of tokens and words, and edges, as CSV in full precision."""
    st.subheader("Take it with you", anchor=False)
    with st.container(horizontal=True):
        _download("Scores", "scores", explanation.score_table)
        _download("Words", "words", explanation.word_table)
        _download("Edges", "edges", explanation.edge_table)
    st.caption(
        "CSV in full precision: the scores sum to the flow value. The address of this page holds "
        "the text and all settings; send it to show somebody what you see."
    )


def _small_heading(text: str) -> None:
    st.html(f'<p class="gaf-note">{text}</p>')


def _download(label: str, name: str, table: Callable[[], pd.DataFrame]) -> None:
    """A file that is written when somebody asks for it: a long text has millions of edges."""
    st.download_button(
        f"{label} (CSV)",
        lambda: to_csv(table()),
        file_name=f"gaf-{name}.csv",
        mime="text/csv",
        key=f"download_{name}",
        icon=":material/download:",
        on_click="ignore",
    )
