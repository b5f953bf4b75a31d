"""How scores dissolve with depth: shares by first layer, what they are spread over, and the cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gaf_core.evaluation import Evaluation
from gaf_core.explanation import Explanation
from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.picture.colours import ACCENT, HIGHLIGHT, LIGHT_SHADES, NEUTRAL
from gaf_core.picture.labels import abridged, literal, unit_text
from gaf_core.reading.depth import AVERAGE, Depth

_CELL, _LEAST, _MOST = 25, 260, 900  # pixels of a row, and of the figure
_NAME = 14  # characters of a name
_PERCENTILE = 99  # beyond which cells have the darkest colour


def depth_heatmap(
    explanation: Explanation,
    depth: Depth,
    chosen: int | None = None,
    units: Sequence[Sequence[int]] | None = None,
) -> go.Figure:
    """Tokens by the layer at whose entry the flow ends, each column a flow of its own.

    Args:
        explanation: whose tokens.
        depth: its flows.
        chosen: start layer, from 0, whose column is outlined.
        units: tokens that share a row, as `picture.spans.partition` joins them.

    Returns:
        A figure whose invisible markers, one a cell of the top row of markers above the columns,
        have `customdata[0]`, the start layer counted from 1, as text.
    """
    units = units or [[token] for token in range(len(explanation.tokens))]
    shares = np.stack([depth.shares[:, list(unit)].sum(axis=1) for unit in units])
    names = [abridged(unit_text(explanation, unit), _NAME) for unit in units]
    columns = list(range(1, depth.count + 1))
    hover = [
        [f"<b>{name}</b><br>{_range(depth, start)}<br>{share:.2%} of the flow"
         for start, share in enumerate(row)]
        for name, row in zip(names, shares, strict=True)
    ]  # fmt: skip
    top = float(np.percentile(shares, _PERCENTILE)) if shares.any() else 1.0
    figure = go.Figure(
        go.Heatmap(
            z=shares, x=columns, zmin=0, zmax=top or 1.0, colorscale=list(LIGHT_SHADES),
            customdata=hover, hovertemplate="%{customdata}<extra></extra>", xgap=1, ygap=1,
            colorbar={"thickness": 12, "tickformat": ".0%",
                      "title": {"text": "share", "side": "right"}},
        )
    )  # fmt: skip
    _add_handles(figure, depth, chosen)
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    step = -(-len(names) // 60)
    rows = list(range(0, len(names), step))
    figure.update_xaxes(title="first layer of the flow", **_ticks(depth), **plain)
    figure.update_yaxes(
        tickvals=rows, ticktext=[names[row] for row in rows], automargin=True,
        range=[len(names) - 0.5, -1.7], **plain,
    )  # fmt: skip
    if chosen is not None:
        figure.add_shape(
            type="rect", x0=chosen + 0.5, x1=chosen + 1.5, y0=-0.5, y1=len(names) - 0.5,
            line={"color": HIGHLIGHT, "width": 2.5},
        )  # fmt: skip
    height = min(max(_CELL * len(names), _LEAST), _MOST) + 70
    return figure.update_layout(
        CLEAR, height=height, margin=NARROW, hovermode="closest", dragmode=False,
        clickmode="event+select", showlegend=False,
    )  # fmt: skip


def _add_handles(figure: go.Figure, depth: Depth, chosen: int | None) -> None:
    """A mark above each column, which a click takes as the range of layers."""
    same = {"marker": {"opacity": 1}}
    figure.add_scatter(
        x=list(range(1, depth.count + 1)), y=[-1.1] * depth.count, mode="markers",
        marker={
            "symbol": "triangle-down", "size": 13, "opacity": 1,
            "color": [HIGHLIGHT if start == chosen else NEUTRAL for start in range(depth.count)],
        },
        customdata=[
            [str(start + 1), f"Take {_range(depth, start)}"] for start in range(depth.count)
        ],
        hovertemplate="%{customdata[1]}<extra></extra>", name="depths",
        selected=same, unselected=same, cliponaxis=False,
    )  # fmt: skip


def depth_lines(depth: Depth, measured: Mapping[int | str, Evaluation] | None = None) -> go.Figure:
    """Effective number of tokens, flow value and, where it was measured, AOPC, by first layer.

    Args:
        depth: the flows.
        measured: of `measure_depths`.
    """
    columns = list(range(1, depth.count + 1))
    panels: list[tuple[str, NDArray[np.float64] | list[float], str]] = [
        ("effective number of tokens", depth.effective, ".1f"),
        ("flow value", depth.values, ".3g"),
    ]
    if measured:
        found = [
            measured[start].aopc if start in measured else np.nan for start in range(depth.count)
        ]
        panels.append(("AOPC", found, ".3f"))
    figure = go.Figure()
    gap, count = 0.12, len(panels)
    height = (1 - gap * (count - 1)) / count
    for place, (title, numbers, form) in enumerate(panels):
        axis = "" if place == 0 else str(place + 1)
        top = 1 - place * (height + gap)
        figure.add_scatter(
            x=columns, y=numbers, mode="lines+markers", line={"color": ACCENT, "width": 2.4},
            marker={"size": 8}, xaxis="x", yaxis=f"y{axis}",
            hovertemplate=f"first layer %{{x}}<br>{title} %{{y:{form}}}<extra></extra>",
        )  # fmt: skip
        figure.update_layout(
            {f"yaxis{axis}": {"domain": [max(top - height, 0.0), top], "title": {"text": title},
                              "rangemode": "tozero", "fixedrange": True, "zeroline": False,
                              "automargin": True, "nticks": 4}}
        )  # fmt: skip
    if measured and AVERAGE in measured:
        figure.add_scatter(
            x=[columns[0], columns[-1]], y=[measured[AVERAGE].aopc] * 2, mode="lines",
            line={"color": HIGHLIGHT, "dash": "dash"}, xaxis="x", yaxis=f"y{count}",
            hovertemplate="mean over depths<br>AOPC %{y:.3f}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title="first layer of the flow", anchor=f"y{count}" if count > 1 else "y", fixedrange=True,
        showgrid=False, zeroline=False, **_ticks(depth),
    )  # fmt: skip
    return figure.update_layout(
        CLEAR, height=190 * count + 40, margin={**NARROW, "t": 16}, showlegend=False,
        hovermode="closest",
    )  # fmt: skip


def cut_heatmap(depth: Depth) -> go.Figure:
    """Where the minimum cut of each flow lies: the part of it in each layer."""
    numbers = list(range(1, depth.count + 1))
    values = np.where(np.tri(depth.count, dtype=bool), depth.cut.T, np.nan)
    figure = go.Figure(
        go.Heatmap(
            z=values, x=numbers, y=numbers, zmin=0, zmax=1, colorscale=list(LIGHT_SHADES),
            hovertemplate="flow from layer %{x} on<br>%{z:.0%} of its smallest cut is in layer %{y}"
            "<extra></extra>", hoverongaps=False, xgap=1, ygap=1,
            colorbar={"thickness": 12, "tickformat": ".0%",
                      "title": {"text": "part of the cut", "side": "right"}},
        )
    )  # fmt: skip
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True}
    figure.update_xaxes(title="first layer of the flow", **_ticks(depth), **plain)
    tick = _ticks(depth)
    figure.update_yaxes(title="layer", tickvals=tick["tickvals"], automargin=True, **plain)
    return figure.update_layout(CLEAR, height=min(28 * depth.count, 600) + 130, margin=NARROW)


def _ticks(depth: Depth) -> dict[str, Any]:
    step = -(-depth.count // 16)
    return {
        "tickvals": list(range(1, depth.count + 1, step)),
        "ticktext": [str(number) for number in range(1, depth.count + 1, step)],
    }


def _range(depth: Depth, start: int) -> str:
    first, last = depth.layers(start)
    return literal(f"layer {last}" if first == last else f"layers {first} to {last}")
