"""What a visitor takes along: files for spreadsheets and programs, a report, and the link."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from gaf_core import Explanation
from gaf_core.files.exports import (
    EdgeFile,
    count_edges,
    edge_table,
    estimate_bytes,
    to_csv,
    to_json,
)
from gaf_core.files.graphml import GRAPH_LIMIT, to_graphml
from gaf_core.files.report import to_html
from gaf_core.reading.agreement import Said
from gaf_core.reading.focus import Selection
from gaf_core.reading.intervals import score_intervals

_MANY = 100_000  # edges; below, all of them are small files
_CARRIED = {"99 %": 0.99, "90 %": 0.9, "50 %": 0.5, "all of it: every edge": 1.0}


def show_take_away(
    explanation: Explanation,
    *,
    budget: int = 10,
    model: str | None = None,
    focus: Selection | None = None,
    said: Said | None = None,
) -> None:
    """A button for each file; a file is made when somebody asks for it.

    Args:
        explanation: what to write.
        budget: nodes a layer in the pictures of the report.
        model: name of the model, for the files that tell it.
        focus: what is set off in the pictures of the report.
        said: what the model says of edges kept and cut, where somebody asked.
    """
    st.header("Take it with you", anchor=False)
    carried = choose_edges(explanation)
    edges = count_edges(explanation, carried)

    with st.container(horizontal=True, key="downloads"):
        file_button("Scores (CSV)", "scores.csv", lambda: to_csv(explanation.score_table()))
        file_button("Words (CSV)", "words.csv", lambda: to_csv(explanation.word_table()))
        file_button(
            f"Edges (CSV{size_of(edges, 'csv')})",
            "edges.csv",
            lambda: to_csv(edge_table(explanation, carried)),
        )
        file_button(
            f"Everything (JSON{size_of(edges, 'json')})",
            "explanation.json",
            lambda: to_json(explanation, model=model, carried=carried, said=said).encode("utf-8"),
        )
        file_button(
            f"Network (GraphML{size_of(edges, 'graphml')})",
            "network.graphml",
            lambda: to_graphml(explanation, carried=carried),
            unavailable="Too many edges for programs that draw graphs: keep fewer of them."
            if edges > GRAPH_LIMIT
            else None,
        )
        file_button(
            "Report (HTML, 5 MB)",
            "report.html",
            lambda: to_html(
                explanation,
                intervals=score_intervals(explanation),
                budget=budget,
                model=model,
                focus=focus,
                said=said,
            ).encode("utf-8"),
        )
    whole = "the flow value" if explanation.depths is None else "1"
    st.caption(
        f"Numbers are in full precision: the scores sum to {whole}. The report opens without "
        "a network and saves every figure as PNG or SVG. The address of this page holds all "
        "settings, and the text unless it is very long; send it to show somebody what you see."
    )


def size_of(edges: int, kind: EdgeFile) -> str:
    """How large a file of so many edges is, where it is large."""
    count = estimate_bytes(edges, kind)
    return f", about {count / 1e6:,.0f} MB" if count > 2e6 else ""


def choose_edges(explanation: Explanation) -> float:
    """Which edges the files have, if there are many."""
    every = count_edges(explanation)
    if every <= _MANY:
        return 1.0
    choice = st.selectbox(
        "Edges in the files: the strongest of every layer, that carry this much of its flow",
        list(_CARRIED),
        key="carried",
        help=f"This network has {every:,} edges, and nearly all of them carry a little.",
        width=420,
    )
    carried = _CARRIED[choice]
    st.caption(f"{count_edges(explanation, carried):,} of {every:,} edges are written.")
    return carried


def file_button(
    label: str, name: str, make: Callable[[], bytes], unavailable: str | None = None
) -> None:
    """Draw the button of one file."""
    kinds = {"csv": "text/csv", "json": "application/json", "graphml": "application/xml"}
    st.download_button(
        label,
        make,
        file_name=f"gaf-{name}",
        mime=kinds.get(name.rsplit(".", 1)[1], "text/html"),
        key=f"download_{name}",
        icon=":material/download:",
        on_click="ignore",
        disabled=unavailable is not None,
        help=unavailable,
    )
