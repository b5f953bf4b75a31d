"""Matrices on a page: capacity, flow and saturation of a layer, A, G and A · G of a head."""

from __future__ import annotations

from typing import cast

import streamlit as st

from gaf_core import Explanation
from gaf_core.figures.matrix import OF_HEADS, OF_LAYERS, OfLayer, head_matrix, layer_matrix
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.failures import literal


def show_matrices(explanation: Explanation) -> None:
    """One matrix, chosen by layer, quantity and, where it is a head's, head."""
    first, heads = explanation.layers[0] + 1, explanation.trace.attention.shape[1]
    layers = [str(first + layer) for layer in range(explanation.network.layers)]
    if wanted := st.session_state.pop("wanted_matrix", None):
        st.session_state.matrix_layer, st.session_state.head = layers[wanted[0]], str(wanted[1] + 1)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = st.selectbox("Layer", layers, key="matrix_layer", bind="query-params", width=120)
        quantity = st.segmented_control(
            "Matrix",
            [*OF_LAYERS, *OF_HEADS],
            default="Flow",
            required=True,
            key="matrix",
            bind="query-params",
        )
        head = "1"
        if quantity in OF_HEADS:
            numbers = [str(head + 1) for head in range(heads)]
            head = st.selectbox("Head", numbers, key="head", bind="query-params", width=120)
    index = int(layer) - first
    if quantity in OF_HEADS:
        figure = head_matrix(explanation, index, int(head) - 1, quantity)
        what = f"{quantity} of head {head} in layer {layer}"
    else:
        figure = layer_matrix(explanation, index, cast(OfLayer, quantity))
        what = f"{quantity} of layer {layer}"
    with st.container(key="matrix_picture"):
        show_figure(
            figure, key="matrix_figure", name="gaf-matrix", title=what,
            alt=f"Heatmap: {what}. A row is the token that reads, a column the token read.",
        )  # fmt: skip
    if quantity in OF_LAYERS:
        note = " Blank cells are no edges of the network."
    else:
        note = " Blue is positive, red negative, white 0." if quantity != "A" else ""
        if quantity == OF_HEADS[-1] and explanation.trace.terms is not None:
            note += " On the path, what is added up on the way stands in place of A · G."
    st.caption(
        f"{what}. A row is the token that reads, a column the token that is read.{note} "
        f"{literal(figure.layout.meta['summary'])}"
    )


def see_matrix(layer: int, head: int) -> None:
    """Go to the A · G of a head, as a callback; layer of the network and head count from 0."""
    st.session_state.view = "Matrices"
    st.session_state.matrix = OF_HEADS[-1]
    st.session_state.wanted_matrix = (layer, head)
