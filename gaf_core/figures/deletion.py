"""Deletion curves: how a prediction falls as the highest-ranked tokens are removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from gaf_core.evaluation import Evaluation
from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.picture.colours import NEUTRAL, PALETTE, translucent
from gaf_core.picture.labels import literal, shortened

_MARKS = ("circle", "square", "diamond")


def deletion_curves(
    measured: Mapping[str, Evaluation],
    chance: Sequence[Evaluation],
    watched: str,
    quantity: str = "probability",
) -> go.Figure:
    """One line a ranking, and the mean of random orders within the band from least to most.

    Args:
        measured: by the name in the legend.
        chance: of orders by chance, on the same text and with the same perturbation; may be empty.
        watched: whose probability or value it is.
        quantity: which of the two.
    """
    figure = go.Figure()
    if chance:
        _add_chance(figure, chance, quantity)
    for number, (name, one) in enumerate(measured.items()):
        figure.add_scatter(
            x=one.curves.fractions, y=one.curves.deletion, mode="lines+markers",
            name=shortened(name, 40),
            line={"color": PALETTE[number % len(PALETTE)], "width": 2.4},
            marker={"symbol": _MARKS[number % len(_MARKS)], "size": 7},
            hovertemplate=f"<b>{literal(name)}</b><br>%{{x:.0%}} of the tokens removed<br>"
            f"{quantity} %{{y:.4f}}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title="tokens removed, highest-ranked first", tickformat=".0%", range=[-0.02, 1.02],
        fixedrange=True, zeroline=False, showgrid=False,
    )  # fmt: skip
    figure.update_yaxes(
        title=f"{quantity} of {shortened(watched, 24)}", fixedrange=True, zeroline=False,
        automargin=True, range=[-0.03, 1.03] if quantity == "probability" else None,
    )  # fmt: skip
    legend = {"orientation": "h", "yanchor": "top", "y": -0.22, "x": 0, "xanchor": "left"}
    return figure.update_layout(
        CLEAR, height=380, margin={**NARROW, "t": 16}, hovermode="closest", legend=legend
    )


def _add_chance(figure: go.Figure, chance: Sequence[Evaluation], quantity: str) -> None:
    fractions = chance[0].curves.fractions
    curves = np.stack([one.curves.deletion for one in chance])
    figure.add_scatter(
        x=[*fractions, *fractions[::-1]], y=[*curves.max(axis=0), *curves.min(axis=0)[::-1]],
        fill="toself", fillcolor=translucent(NEUTRAL, 0.18), line={"width": 0}, mode="lines",
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    figure.add_scatter(
        x=fractions, y=curves.mean(axis=0), mode="lines", name="random orders",
        line={"color": NEUTRAL, "width": 2, "dash": "dash"},
        hovertemplate=f"<b>mean of {len(chance)} random orders</b><br>%{{x:.0%}} of the tokens "
        f"removed<br>{quantity} %{{y:.4f}}<extra></extra>",
    )  # fmt: skip
