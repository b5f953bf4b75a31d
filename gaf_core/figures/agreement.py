"""What the model says as more of the strongest edges are kept: one small figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from gaf_core.explanation import Explanation
from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.picture.colours import HIGHLIGHT, NEUTRAL, PALETTE, translucent
from gaf_core.picture.labels import shortened
from gaf_core.reading.agreement import CAPACITIES, FLOW, Agreement, is_probability

_LINES: Mapping[str, tuple[str, str, str]] = {
    FLOW: ("by flow", PALETTE[0], "circle"),
    CAPACITIES: ("by capacity", PALETTE[1], "square"),
}


def kept_curves(explanation: Explanation, found: Agreement, step: int) -> go.Figure:
    """The prediction by how many edges are kept, by flow, by capacity and at random.

    Args:
        explanation: whose flow.
        found: of `gaf_core.reading.agreement`.
        step: the fraction that is set off.
    """
    figure = go.Figure()
    _add_chance(figure, found)
    for order, (name, colour, symbol) in _LINES.items():
        figure.add_scatter(
            x=found.counts, y=found.kept[order], mode="lines+markers", name=name,
            line={"color": colour, "width": 2.2}, marker={"symbol": symbol, "size": 7},
            hovertemplate=f"<b>{name}</b><br>%{{x:,}} edges kept<br>%{{y:.4f}}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=[found.counts[step]], y=[found.kept[FLOW][step]], mode="markers", hoverinfo="skip",
        marker={"size": 15, "color": "rgba(0,0,0,0)", "line": {"color": HIGHLIGHT, "width": 2.4}},
        showlegend=False, cliponaxis=False,
    )  # fmt: skip
    for value, text in ((found.whole, "all edges"), (found.nothing, "none")):
        figure.add_hline(y=value, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=1, xref="paper", y=value, xanchor="left", xshift=4, showarrow=False, text=text,
            font={"size": 12},
        )  # fmt: skip
    name = shortened(explanation.trace.target.name, 24)
    figure.update_xaxes(
        title=f"edges kept, of {found.edges:,}", type="log", fixedrange=True, showgrid=False,
        tickvals=found.counts, ticktext=[f"{count:,}" for count in found.counts], tickangle=0,
    )  # fmt: skip
    likely = is_probability(explanation.trace)
    figure.update_yaxes(
        title=f"probability of {name}" if likely else name, fixedrange=True, zeroline=False,
        range=[-0.03, 1.09] if likely else None,
    )  # fmt: skip
    legend = {"orientation": "h", "yanchor": "top", "y": -0.26, "x": 0, "xanchor": "left"}
    return figure.update_layout(
        CLEAR, height=300, margin={**NARROW, "t": 16, "r": 66}, hovermode="closest", legend=legend
    )


def _add_chance(figure: go.Figure, found: Agreement) -> None:
    counts, curves = found.counts, found.chance
    figure.add_scatter(
        x=[*counts, *counts[::-1]], y=[*curves.max(axis=0), *curves.min(axis=0)[::-1]],
        fill="toself", fillcolor=translucent(NEUTRAL, 0.18), line={"width": 0}, mode="lines",
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    figure.add_scatter(
        x=counts, y=np.mean(curves, axis=0), mode="lines", name="at random",
        line={"color": NEUTRAL, "width": 2, "dash": "dash"},
        hovertemplate=f"<b>mean of {len(curves)} random orders</b><br>%{{x:,}} edges kept<br>"
        "%{y:.4f}<extra></extra>",
    )  # fmt: skip
