"""Every edge of the flow as a table, and one of them in detail with the heads behind it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from gaf_core import Explanation
from gaf_core.figures.matrix import head_values
from gaf_core.picture.heads import chosen_heads, terms_of
from gaf_core.reading.focus import Edge, Node, Selection
from gaf_core.reading.selection import to_text
from gaf_core.reading.sentences import in_words, token_text
from gaf_core.ui.explore.matrices import see_matrix
from gaf_core.ui.explore.selection import release, take, view_key
from gaf_core.ui.failures import literal

_ROWS = 500
ANY = "all"


def show_edges(
    explanation: Explanation,
    part: NDArray[np.float64] | None,
    on_cut: NDArray[np.bool_],
    selection: Selection | None,
) -> None:
    """The largest edges, by layer and token where somebody asks; through the node in focus."""
    kept = explanation.network.capacity > 0
    followed = isinstance(selection, Node)
    if followed and part is not None:
        kept = kept & (part > 0)
    kept &= _filters(explanation)
    edges = _largest(explanation.solution.edge_flow if part is None else part, kept)
    if not edges:
        st.info("No edge fits. Choose another layer or token, or clear the focus.")
        return
    table = _table(explanation, edges, part, on_cut)
    # other rows are another table: a mark on the third row must not move to another edge
    chosen = (st.session_state.get(name) for name in ("edge_layer", "edge_token"))
    key = "_".join([view_key("edges"), *map(str, chosen)])
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        height=min(420, 38 + 35 * len(table)),
        on_select=lambda: _row_taken(explanation, key, edges),
        selection_mode="single-row",
        column_config=_COLUMNS,
        alt="Table of the edges of the flow network with their flow and capacity.",
    )
    total = int(kept.sum())
    shown = (
        f"The {len(edges):,} with the most flow of {total:,} edges"
        if total > len(edges)
        else (f"{total:,} edges")
    )
    st.caption(
        f"{shown}{' through the focus' if followed else ''}. Click a heading to sort, the box left "
        "of a row to see the edge in detail. All edges are in the download below."
    )


def show_edge(explanation: Explanation, edge: Edge, cut: bool) -> None:
    """One edge: its numbers, and what each head adds to its capacity."""
    capacity = float(explanation.network.capacity[edge])
    flow = float(explanation.solution.edge_flow[edge])
    st.markdown(f"**{literal(in_words(explanation, edge))}**")
    with st.container(horizontal=True, key="edge_detail"):
        st.metric("Capacity", f"{capacity:.4g}", width="content")
        st.metric("Flow", f"{flow:.4g}", width="content")
        st.metric(
            "Saturation", f"{flow / capacity:.1%}" if capacity else "no edge", width="content"
        )
        if explanation.network.residual is not None and edge.query == edge.key:
            st.metric(
                "Of it residual",
                f"{explanation.network.residual_share[edge.layer, edge.key]:.1%}",
                help="What passes by the attention, from the token to itself.",
                width="content",
            )
        st.metric("On the minimum cut", "yes" if cut else "no", width="content")
    heads = head_table(explanation, edge)
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        state = st.dataframe(
            heads,
            key=f"heads_{to_text(explanation, edge)}",
            hide_index=True,
            height=min(320, 38 + 35 * len(heads)),
            on_select="rerun",
            selection_mode="single-row",
            column_config=dict.fromkeys(("A", "G", _product(explanation), "adds"), _NUMBER),
            alt="Attention, gradient and their product for each head on this edge.",
        )
    rows = state["selection"]["rows"]
    head = int(heads["head"].iloc[rows[0] if rows else 0])
    with right:
        st.caption(
            "The heads behind this edge, the largest product first, and what each adds to its "
            "capacity."
        )
        st.button(
            f"See head {head} as a matrix",
            icon=":material/grid_on:",
            on_click=see_matrix,
            args=(edge.layer, head - 1),
        )


def _product(explanation: Explanation) -> str:
    """What the terms of heads are called."""
    return "A · G" if explanation.trace.terms is None else "on the path"


def head_table(explanation: Explanation, edge: Edge) -> pd.DataFrame:
    """One row a head, counted from 1: A, G, A · G and what it adds, the largest product first.

    In a side of a path what is added up on the way stands in place of the product.
    """
    of_heads = head_values(explanation.trace, explanation.layers[0] + edge.layer)
    a, g, product = (one[:, edge.query, edge.key] for one in of_heads)
    adds = np.zeros(len(a))
    adds[chosen_heads(explanation)] = terms_of(explanation, edge.layer)[:, edge.query, edge.key]
    columns = {"head": np.arange(1, len(a) + 1), "A": a, "G": g}
    name = _product(explanation)
    table = pd.DataFrame({**columns, name: product, "adds": adds})
    return table.sort_values(name, ascending=False, kind="stable", ignore_index=True)


_NUMBER = st.column_config.NumberColumn(format="%.4g")
_COLUMNS = {
    "capacity": _NUMBER,
    "flow": _NUMBER,
    "in focus": _NUMBER,
    "saturation": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0),
}


def _filters(explanation: Explanation) -> NDArray[np.bool_]:
    """`[l, t, t]` what the two choices above the table leave, both part of the link."""
    kept = np.ones(explanation.network.capacity.shape, dtype=bool)
    first, count = explanation.layers[0] + 1, len(explanation.tokens)
    written = explanation.written
    with st.container(horizontal=True):
        layer = st.selectbox(
            "Layer", [ANY, *map(str, range(first, first + len(kept)))],
            key="edge_layer", bind="query-params", width=150,
        )  # fmt: skip
        token = st.selectbox(
            "From or to the token", [ANY, *map(str, range(count))],
            key="edge_token", bind="query-params", width=260,
            format_func=lambda one: one if one == ANY else f"{one} {written[int(one)]}",
        )  # fmt: skip
    if layer != ANY:
        kept[np.arange(len(kept)) != int(layer) - first] = False
    if token != ANY:
        other = np.arange(count) != int(token)
        kept[:, other[:, None] & other[None, :]] = False
    return kept


def _largest(flow: NDArray[np.float64], kept: NDArray[np.bool_]) -> list[Edge]:
    layer, query, key = np.nonzero(kept)
    order = np.argsort(-flow[layer, query, key], kind="stable")[:_ROWS]
    rows = zip(layer[order].tolist(), query[order].tolist(), key[order].tolist(), strict=True)
    return [Edge(*row) for row in rows]


def _table(
    explanation: Explanation,
    edges: list[Edge],
    part: NDArray[np.float64] | None,
    on_cut: NDArray[np.bool_],
) -> pd.DataFrame:
    index = tuple(np.array(edges).T)
    capacity, flow = explanation.network.capacity[index], explanation.solution.edge_flow[index]
    names = [token_text(explanation, token) for token in range(len(explanation.tokens))]
    columns = {
        "layer": index[0] + explanation.layers[0] + 1,
        "from": [names[edge.key] for edge in edges],
        "to": [names[edge.query] for edge in edges],
        "capacity": capacity,
        "flow": flow,
        "saturation": flow / capacity,
        "on cut": on_cut[index],
    }
    if part is not None:
        columns["in focus"] = part[index]
    return pd.DataFrame(columns)


def _row_taken(explanation: Explanation, key: str, edges: list[Edge]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        take(to_text(explanation, edges[rows[0]]), "edges")
    else:
        release(Edge, "edges")
