"""Matrices as heatmaps: who reads whom in one layer, and what one head makes of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.explain import Explanation
from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.picture.labels import shortened
from gaf_core.trace import Trace

OF_LAYERS = ("Capacity", "Flow", "Saturation")
OF_HEADS = ("A", "G", "A · G")

# Both keep their order for every kind of colour vision: one by lightness, one blue against red.
_SEQUENTIAL, _DIVERGING = "Cividis", "RdBu"
_MOST_LABELS = 60
_CELL, _HEIGHT = 20, (300, 900)  # pixels


class _Drawing(NamedTuple):
    values: NDArray
    unit: str
    signed: bool


def layer_matrix(explanation: Explanation, layer: int, quantity: str = "Flow") -> go.Figure:
    """Capacity, flow or saturation of the edges of one layer; blank where there is no edge.

    Args:
        explanation: whose network.
        layer: of the network, from 0.
        quantity: one of `OF_LAYERS`.

    Raises:
        SettingsError: a layer or quantity that does not exist.
    """
    _check(layer, explanation.network.layers, "layer")
    capacity, flow = explanation.network.capacity[layer], explanation.solution.edge_flow[layer]
    with np.errstate(divide="ignore", invalid="ignore"):
        choices = {"Capacity": capacity, "Flow": flow, "Saturation": flow / capacity}
    if quantity not in choices:
        raise SettingsError(f"'{quantity}' is no matrix of a layer. Use {', '.join(OF_LAYERS)}.")
    values = np.where(capacity > 0, choices[quantity], np.nan)
    return _heatmap(explanation, _Drawing(values, quantity.lower(), signed=False))


def head_matrix(explanation: Explanation, layer: int, head: int, quantity: str = "A") -> go.Figure:
    """Attention A, gradient G or their product, of one head.

    Args:
        explanation: whose trace.
        layer: of the network, from 0.
        head: from 0.
        quantity: one of `OF_HEADS`. G and A · G are signed, so 0 has the colour in the middle.

    Raises:
        SettingsError: a layer, head or quantity that does not exist.
    """
    _check(layer, explanation.network.layers, "layer")
    _check(head, explanation.trace.attention.shape[1], "head")
    if quantity not in OF_HEADS:
        raise SettingsError(f"'{quantity}' is no matrix of a head. Use {', '.join(OF_HEADS)}.")
    attention, gradient = head_values(explanation.trace, explanation.layers[0] + layer)
    values = {"A": attention, "G": gradient, "A · G": attention * gradient}[quantity][head]
    return _heatmap(explanation, _Drawing(values, quantity, signed=quantity != "A"))


def head_values(trace: Trace, layer: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`[H, t, t]` attention and gradient of a layer of the model, from 0."""
    return trace.attention[layer].astype(np.float64), trace.gradient[layer].astype(np.float64)


def _heatmap(explanation: Explanation, drawing: _Drawing) -> go.Figure:
    names = [shortened(text, 14) for text in explanation.written]
    count = len(names)
    step = -(-count // _MOST_LABELS)
    places = list(range(0, count, step))
    hover = [[f"{reading} reads {read}" for read in names] for reading in names]
    finite = np.abs(drawing.values[np.isfinite(drawing.values)])
    top = float(finite.max(initial=0.0)) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=drawing.values,
            zmin=-top if drawing.signed else 0.0,
            zmax=top,
            colorscale=_DIVERGING if drawing.signed else _SEQUENTIAL,
            customdata=hover,
            hovertemplate=f"%{{customdata}}<br>{drawing.unit} %{{z:.4g}}<extra></extra>",
            hoverongaps=False,
            xgap=1 if count <= _MOST_LABELS else 0,
            ygap=1 if count <= _MOST_LABELS else 0,
            colorbar={"thickness": 12, "title": {"text": drawing.unit}},
        )
    )
    ticks = {"tickvals": places, "ticktext": [names[place] for place in places], "ticks": ""}
    bare = {"showgrid": False, "zeroline": False, "automargin": True}
    figure.update_xaxes(title="is read", side="top", tickangle=-60, **ticks, **bare)
    figure.update_yaxes(title="reads", autorange="reversed", **ticks, **bare)
    height = min(max(_CELL * count, _HEIGHT[0]), _HEIGHT[1])
    return figure.update_layout(CLEAR, height=height + 120, margin=NARROW)


def _check(index: int, count: int, name: str) -> None:
    if not 0 <= index < count:
        raise SettingsError(f"There is no {name} {index}. Choose from 0 to {count - 1}.")
