"""One step of the flow into one token: residual edge and attention, as wide as what they carry."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from gaf_core.figures.common import CLEAR
from gaf_core.picture.colours import ACCENT, HIGHLIGHT, NEUTRAL
from gaf_core.picture.labels import shortened
from gaf_core.picture.step import Way

_ROW, _WIDEST = 30, 18.0  # pixels: of a row, and of the line that carries `full`
_THINNEST = 0.6


def token_step(name: str, layer: int, ways: Sequence[Way], full: float) -> go.Figure:
    """The token as it enters a layer on the left, where its flow comes from on the right.

    Args:
        name: the token as written.
        layer: as people count, from 1.
        ways: of the flow into it (`picture.step.ways_in`).
        full: share of all flow that has the widest line, so that two pictures have one scale.
    """
    figure = go.Figure()
    middle = (len(ways) - 1) / 2
    for row, way in enumerate(ways):
        colour = HIGHLIGHT if way.residual else ACCENT
        kind = "residual edge" if way.residual else "attention"
        figure.add_scatter(
            x=[0, 1], y=[middle, row], mode="lines", hoverinfo="skip",
            line={
                "color": colour if way.share > 0 else NEUTRAL,
                "width": max(_WIDEST * way.share / full, _THINNEST) if full > 0 else _THINNEST,
            },
        )  # fmt: skip
        share = f"{way.share:.1%}".replace("%", " %")
        figure.add_annotation(
            x=1, y=row, xanchor="left", xshift=10, showarrow=False, align="left",
            text=f"<b>{shortened(way.text, 14)}</b> {kind} {share}",
        )  # fmt: skip
    figure.add_scatter(
        x=[0, *[1] * len(ways)], y=[middle, *range(len(ways))], mode="markers", hoverinfo="skip",
        marker={"size": [16, *[9] * len(ways)], "color": NEUTRAL, "opacity": 1},
        cliponaxis=False,
    )  # fmt: skip
    figure.add_annotation(
        x=0, y=middle, xanchor="right", xshift=-13, showarrow=False, align="right",
        text=f"<b>{shortened(name, 14)}</b><br>enters<br>layer {layer}",
    )  # fmt: skip
    figure.update_xaxes(visible=False, range=[-0.02, 1.02], fixedrange=True)
    figure.update_yaxes(visible=False, range=[len(ways) - 0.4, -0.6], fixedrange=True)
    return figure.update_layout(
        CLEAR, height=_ROW * max(len(ways), 3) + 16, showlegend=False, dragmode=False,
        margin={"l": 104, "r": 214, "t": 8, "b": 8},
    )  # fmt: skip
