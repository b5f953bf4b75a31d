"""Matrices as heatmaps: who reads whom in one layer, and what one head makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.picture.labels import abridged, shortened, unit_text
from gaf_core.tracing.trace import Trace

OfLayer = Literal["Capacity", "Flow", "Saturation"]
OfHead = Literal["A", "G", "A · G"]
OF_LAYERS: tuple[OfLayer, ...] = get_args(OfLayer)
OF_HEADS: tuple[OfHead, ...] = get_args(OfHead)

# Both keep their order for every kind of colour vision: one by lightness, one blue against red.
_SEQUENTIAL, _DIVERGING = "Cividis", "RdBu"
_MOST_LABELS = 60
_NAME = 14  # characters of a label
_CELL, _HEIGHT = 20, (300, 900)  # pixels
_PERCENTILE, _DWARFED = 99, 3.0  # colours end at the percentile where the largest is so much more


class _Drawing(NamedTuple):
    values: NDArray
    names: list[str]
    unit: str
    signed: bool


def layer_matrix(
    explanation: Explanation,
    layer: int,
    quantity: OfLayer = "Flow",
    units: Sequence[Sequence[int]] | None = None,
) -> go.Figure:
    """Capacity, flow or saturation of the edges of one layer; blank where there is no edge.

    Args:
        explanation: whose network.
        layer: of the network, from 0.
        quantity: one of `OF_LAYERS`.
        units: tokens that share a row and a column, as `picture.spans.partition` joins them:
            capacity and flow are summed. None for every token alone.

    Returns:
        A figure; `layout.meta["summary"]` says where the colours end, if some cells are beyond.

    Raises:
        SettingsError: a layer or quantity that does not exist.
    """
    _check(layer, explanation.network.layers, "layer")
    units = units or [[token] for token in range(len(explanation.tokens))]
    capacity, flow = (
        _summed(values[layer], units)
        for values in (explanation.network.capacity, explanation.solution.edge_flow)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        choices = {"Capacity": capacity, "Flow": flow, "Saturation": flow / capacity}
    if quantity not in choices:
        raise SettingsError(f"'{quantity}' is no matrix of a layer. Use {', '.join(OF_LAYERS)}.")
    values = np.where(capacity > 0, choices[quantity], np.nan)
    names = [abridged(unit_text(explanation, unit), _NAME) for unit in units]
    return _heatmap(_Drawing(values, names, quantity.lower(), signed=False))


def head_matrix(
    explanation: Explanation, layer: int, head: int, quantity: OfHead = "A"
) -> go.Figure:
    """Attention A, gradient G or their product, of one head.

    Args:
        explanation: whose trace.
        layer: of the network, from 0.
        head: from 0.
        quantity: one of `OF_HEADS`. G and A · G are signed, so 0 has the colour in the middle. In
            a side of a path A · G is what is added up on the way to the text.

    Raises:
        SettingsError: a layer, head or quantity that does not exist.
    """
    _check(layer, explanation.network.layers, "layer")
    _check(head, explanation.trace.attention.shape[1], "head")
    if quantity not in OF_HEADS:
        raise SettingsError(f"'{quantity}' is no matrix of a head. Use {', '.join(OF_HEADS)}.")
    of_heads = head_values(explanation.trace, explanation.layers[0] + layer)
    values = dict(zip(OF_HEADS, of_heads, strict=True))[quantity][head]
    names = [shortened(text, _NAME) for text in explanation.written]
    return _heatmap(_Drawing(values, names, quantity, signed=quantity != "A"))


def head_values(trace: Trace, layer: int) -> tuple[NDArray[np.float64], ...]:
    """`[H, t, t]` attention, gradient and their product, of a layer of the model, from 0.

    In a side of a path what is added up on the way stands in place of the product at the text.
    """
    attention = trace.attention[layer].astype(np.float64)
    gradient = trace.gradient[layer].astype(np.float64)
    if trace.terms is not None:
        return attention, gradient, trace.terms[layer].astype(np.float64)
    return attention, gradient, attention * gradient


def _summed(matrix: NDArray[np.float64], units: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """`[units, units]` sums over the tokens of each two units."""
    if len(units) == len(matrix):
        return matrix
    member = np.zeros((len(units), len(matrix)))
    for index, unit in enumerate(units):
        member[index, list(unit)] = 1.0
    return member @ matrix @ member.T


def colour_range(
    values: NDArray, percentile: int = _PERCENTILE, number: Callable[[float], str] = "{:.3g}".format
) -> tuple[float, str]:
    """Where the colours end, and a sentence about it if that is below the largest value.

    A few cells that dwarf all others would leave nothing of these to see.

    Args:
        values: of cells, of any shape; those without one are 0 or not finite.
        percentile: where colours end if the largest is so much more.
        number: how a value is written.
    """
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    most = float(sizes.max(initial=0.0)) or 1.0
    usual = float(np.percentile(sizes, percentile, method="lower")) if sizes.size else most
    if most <= _DWARFED * usual:
        return most, ""
    beyond = int((sizes > usual).sum())
    return usual, (
        f"Colours end at {number(usual)}, the {percentile}th percentile of the cells; {beyond:,} "
        f"{'cell goes' if beyond == 1 else 'cells go'} beyond it, up to {number(most)}."
    )


def _heatmap(drawing: _Drawing) -> go.Figure:
    names = drawing.names
    count = len(names)
    step = -(-count // _MOST_LABELS)
    places = list(range(0, count, step))
    hover = [[f"{reading} reads {read}" for read in names] for reading in names]
    top, summary = colour_range(drawing.values)
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
            colorbar={
                "thickness": 12,
                "exponentformat": "e",
                "title": {"text": drawing.unit, "side": "right"},
            },
        )
    )
    ticks = {"tickvals": places, "ticktext": [names[place] for place in places], "ticks": ""}
    bare = {"showgrid": False, "zeroline": False, "automargin": True}
    figure.update_xaxes(title="is read", side="top", tickangle=-60, **ticks, **bare)
    figure.update_yaxes(title="reads", autorange="reversed", **ticks, **bare)
    height = min(max(_CELL * count, _HEIGHT[0]), _HEIGHT[1])
    meta = {"summary": summary}
    return figure.update_layout(CLEAR, height=height + 120, margin=NARROW, meta=meta)


def _check(index: int, count: int, name: str) -> None:
    if not 0 <= index < count:
        raise SettingsError(f"There is no {name} {index}. Choose from 0 to {count - 1}.")
