"""Deletion curves: how the probability falls as the highest-ranked tokens are removed."""

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
    measured: Mapping[str, Evaluation], chance: Sequence[Evaluation], watched: str
) -> go.Figure:
    """One line a ranking, and the mean of random orders within the band from least to most.

    Args:
        measured: by the name in the legend.
        chance: of orders by chance, on the same text and with the same perturbation; may be empty.
        watched: whose probability it is.
    """
    figure = go.Figure()
    if chance:
        _add_chance(figure, chance)
    for number, (name, one) in enumerate(measured.items()):
        figure.add_scatter(
            x=one.curves.fractions, y=one.curves.deletion, mode="lines+markers",
            name=shortened(name, 40),
            line={"color": PALETTE[number % len(PALETTE)], "width": 2.4},
            marker={"symbol": _MARKS[number % len(_MARKS)], "size": 7},
            hovertemplate=f"<b>{literal(name)}</b><br>%{{x:.0%}} of the tokens removed<br>"
            "probability %{y:.4f}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title="tokens removed, highest-ranked first", tickformat=".0%", range=[-0.02, 1.02],
        fixedrange=True, zeroline=False, showgrid=False,
    )  # fmt: skip
    figure.update_yaxes(
        title=f"probability of {shortened(watched, 24)}", range=[-0.03, 1.03], fixedrange=True,
        zeroline=False,
    )  # fmt: skip
    legend = {"orientation": "h", "yanchor": "top", "y": -0.22, "x": 0, "xanchor": "left"}
    return figure.update_layout(
        CLEAR, height=380, margin={**NARROW, "t": 16}, hovermode="closest", legend=legend
    )


def _add_chance(figure: go.Figure, chance: Sequence[Evaluation]) -> None:
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
        "removed<br>probability %{y:.4f}<extra></extra>",
    )  # fmt: skip
