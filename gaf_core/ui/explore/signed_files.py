"""What a visitor takes along of two flows: signed scores, both networks, a report."""

from __future__ import annotations

import streamlit as st

from gaf_core import Explanation, SignedExplanation
from gaf_core.files.exports import count_edges, to_csv
from gaf_core.files.graphml import GRAPH_LIMIT, to_graphml
from gaf_core.files.signed import signed_edge_table, signed_json
from gaf_core.files.signed_report import signed_html
from gaf_core.ui.explore.take_away import choose_edges, file_button, size_of


def show_signed_files(
    explanation: SignedExplanation, shown: Explanation, side: str, budget: int, model: str
) -> None:
    """A button for each file; a file is made when somebody asks for it.

    Args:
        explanation: what to write.
        shown: the flow of the side that is looked at.
        side: which that is.
        budget: nodes a layer in the pictures of the report.
        model: name of the model.
    """
    st.header("Take it with you", anchor=False)
    carried = choose_edges(shown)
    edges = sum(count_edges(one, carried) for one in explanation.sides.values())
    own = count_edges(shown, carried)
    with st.container(horizontal=True, key="downloads"):
        file_button("Scores (CSV)", "scores.csv", lambda: to_csv(explanation.score_table()))
        file_button("Words (CSV)", "words.csv", lambda: to_csv(explanation.word_table()))
        file_button(
            f"Edges of both (CSV{size_of(edges, 'csv')})",
            "edges.csv",
            lambda: to_csv(signed_edge_table(explanation, carried)),
        )
        file_button(
            f"Everything (JSON{size_of(edges, 'json')})",
            "explanation.json",
            lambda: signed_json(explanation, model=model, carried=carried).encode("utf-8"),
        )
        file_button(
            f"Network {side} it (GraphML{size_of(own, 'graphml')})",
            "network.graphml",
            lambda: to_graphml(shown, carried=carried),
            unavailable="Too many edges for programs that draw graphs: keep fewer of them."
            if own > GRAPH_LIMIT
            else None,
        )
        file_button(
            "Report (HTML, 5 MB)",
            "report.html",
            lambda: signed_html(explanation, budget=budget, model=model).encode("utf-8"),
        )
    st.caption(
        "Numbers are in full precision, and scores have their sign. The report opens without "
        "a network and saves every figure as PNG or SVG. The address of this page holds all "
        "settings, and the text unless it is very long; send it to show somebody what you see."
    )
