"""The flow network on a page: one selection, four views of it, its paths, and what limits it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gaf_core import Explanation, Model
from gaf_core.figures import flow_graph, sankey
from gaf_core.figures.matrix import OF_HEADS, OF_LAYERS
from gaf_core.picture.folding import usual_folds
from gaf_core.picture.spans import LONG, UNITS, Unit, usual_unit
from gaf_core.picture.view import COLOURINGS, View
from gaf_core.reading.bottleneck import Bottleneck
from gaf_core.reading.focus import Edge, Selection, focused_tokens
from gaf_core.reading.sentences import cut_in_words, focus_in_words, network_sentence
from gaf_core.ui import cache
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.explore.agree import KNOWN, kept_part
from gaf_core.ui.explore.depth import show_depth
from gaf_core.ui.explore.edges import ANY, show_edge, show_edges
from gaf_core.ui.explore.matrices import show_matrices
from gaf_core.ui.explore.paths import show_paths
from gaf_core.ui.explore.selection import choose_focus, limit_of, part_in_focus, take, view_key
from gaf_core.ui.failures import literal
from gaf_core.ui.form import FLAGS
from gaf_core.ui.place import place
from gaf_core.ui.saving import choose_format

VIEWS = ("Sankey", "Graph", "Edges", "Matrices", "Depth")
_USUAL = "usual_nodes"  # what nodes are where nobody chose


class Shown(NamedTuple):
    """What the views have in common.

    Attributes:
        request: what the explanation was asked for with.
        explanation: whose flow.
        selection: what is in focus, or None.
        part: `[l, t, t]` the part of the flow in focus.
        limit: the minimum cut.
    """

    request: cache.Request
    explanation: Explanation
    selection: Selection | None
    part: NDArray[np.float64] | None
    limit: Bottleneck


def known_views(model: Model) -> dict[str, Sequence[str]]:
    """The values that a link may hold for what the sections of the page about the flow draw."""
    layers = [str(layer) for layer in range(1, model.layers + 1)]
    return {
        "view": VIEWS,
        "by": UNITS,
        "colour": COLOURINGS,
        "cut": FLAGS,
        "fold": FLAGS,
        "matrix": (*OF_LAYERS, *OF_HEADS),
        "matrix_layer": layers,
        "head": [str(head) for head in range(1, model.heads + 1)],
        "edge_layer": [ANY, *layers],
        "edge_token": [ANY, *map(str, range(model.max_tokens))],
        **KNOWN,
    }


def show_network(request: cache.Request, explanation: Explanation, budget: int) -> Selection | None:
    """The section of a page about how the flow gets to the tokens; gives back what is in focus."""
    st.header("How the flow gets there", anchor=False)
    if explanation.solution.value <= 0:
        st.caption(explanation.message)
        return None
    with place():
        if told := network_sentence(explanation):
            st.caption(told)
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_row"):
        view = st.segmented_control(
            "View", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params"
        )
        choose_format()
    selection = choose_focus(request, explanation)
    shown = Shown(
        request,
        explanation,
        selection,
        part_in_focus(request, explanation, selection),
        limit_of(request, explanation),
    )
    with place():
        _say_focus(shown)
    match view:
        case "Sankey":
            _show_picture(shown, budget, graph=False)
        case "Graph":
            _show_picture(shown, budget, graph=True)
        case "Edges":
            show_edges(explanation, shown.part, shown.limit.edges, selection)
        case "Depth":
            show_depth(request, explanation)
        case _:
            show_matrices(explanation)
    if isinstance(selection, Edge):
        show_edge(explanation, selection, bool(shown.limit.edges[selection]))
    st.markdown(f":material/filter_alt: {literal(cut_in_words(explanation, shown.limit))}")
    show_paths(request, explanation, selection)
    return selection


def _say_focus(shown: Shown) -> None:
    if shown.selection is None or shown.part is None:
        return
    words = focus_in_words(
        shown.explanation, shown.selection, shown.part, lambda name: f"**{literal(name)}**"
    )
    st.caption(words)


def _show_picture(shown: Shown, budget: int, *, graph: bool) -> None:
    view = _choose_view(shown, budget, graph)
    if graph:
        told = (
            "Pale is the capacity of an edge, the line in it its flow. Click a token or the middle "
            "of an edge to focus on it. A diamond: the edge is full. Dotted outline: it "
            "is on the minimum cut, of which the 24 widest are marked. What is in focus is orange "
            "on grey."
        )
        if shown.explanation.network.node_capacity is not None:
            told += " A square: the token passes on all that its own capacity allows."
        _draw(
            flow_graph(shown.explanation, view),
            "Graph of the flow network: each edge with its flow inside its capacity.",
            told,
            "gaf-graph",
            key=view_key("graph"),
            on_select=_clicked,
            selection_mode="points",
        )
    else:
        told = (
            "Read it from left to right: a column is a layer, a band is the flow from one token to "
            "the next layer, as wide as it is strong, in the colour of the token it leaves. Hover "
            "for flow, capacity and saturation."
        )
        _draw(
            sankey(shown.explanation, view),
            "Sankey diagram of the flow from the input tokens to the prediction.",
            told,
            "gaf-sankey",
            key="sankey",
        )


def _draw(figure: Any, alt: str, told: str, name: str, **arguments: Any) -> None:
    """A wide picture and its caption, with what the picture says about itself."""
    summary = (figure.layout.meta or {}).get("summary", "")
    caption = f"{told} {literal(summary)}"
    with st.container(key="flow"):
        show_figure(
            figure, name=name, alt=f"{alt} {summary}", title="How the flow gets there",
            caption=caption, **arguments,
        )  # fmt: skip
    st.caption(caption)


def _choose_view(shown: Shown, budget: int, graph: bool) -> View:
    """What both pictures can do, as widgets that are part of the link."""
    layers = shown.explanation.network.layers
    usual = _usual_nodes(shown.explanation)
    with st.container(horizontal=True, vertical_alignment="bottom", key="picture_options"):
        by = st.selectbox(
            "Nodes are", UNITS, index=UNITS.index(usual), key="by", bind="query-params", width=150,
            help="Neighbouring tokens can be joined to words, or to spans of text; a token in "
            f"focus always stands on its own. Texts of more than {LONG} tokens begin with spans.",
        )  # fmt: skip
        colour = COLOURINGS[0]
        with place(in_row=True):
            if not graph:
                colour = st.selectbox(
                    "Colour by",
                    COLOURINGS,
                    key="colour",
                    bind="query-params",
                    width=150,
                )
        cut = st.toggle(
            "Minimum cut", key="cut", bind="query-params",
            help="Outline the edges that limit the flow: no other set of edges that all flow "
            "crosses has less capacity.",
        )  # fmt: skip
        folds = usual_folds(layers)
        fold = bool(folds) and st.toggle(
            "Fold layers", key="fold", value=True, bind="query-params",
            help="Draw several layers as one step, so that the picture stays wide enough.",
        )  # fmt: skip
    return View(
        budget=budget,
        part=kept_part(shown.request, shown.explanation) if shown.selection is None else shown.part,
        cut=shown.limit.cut if cut else None,
        by=by,
        opened=() if by == "tokens" else focused_tokens(shown.selection),
        folded=folds if fold else frozenset(),
        colour=colour,
    )


def _usual_nodes(explanation: Explanation) -> Unit:
    """What nodes are at first; a choice stays for other texts, what nobody chose goes with them."""
    usual = usual_unit(explanation.trace)
    before, st.session_state[_USUAL] = st.session_state.get(_USUAL, usual), usual
    if before != usual and st.session_state.get("by") == before:
        st.session_state["by"] = usual
    return usual


def _clicked() -> None:
    state = st.session_state.get(view_key("graph"))
    points = state["selection"]["points"] if state else []
    texts = [point["customdata"][0] for point in points if point.get("customdata")]
    if text := next(filter(None, texts), None):
        take(text, "graph")
