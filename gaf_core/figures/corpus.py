"""Figures of many texts: words of a class with their intervals, and how a measure is spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gaf_core.figures.common import CLEAR, NARROW, sentence
from gaf_core.figures.compare import AGAINST, FOR
from gaf_core.picture.colours import NEUTRAL, PALETTE
from gaf_core.picture.labels import literal, shortened

if TYPE_CHECKING:
    import pandas as pd

_ROW = 24  # pixels
_LEAST, _MOST = 6, 30  # bins


def word_bars(words: pd.DataFrame, column: str = "when_present") -> go.Figure:
    """Words of one class as bars, the first row at the top, with 95 % intervals.

    Args:
        words: rows of `word_importance`, few enough to be read.
        column: "when_present" or "mean_share".
    """
    if words.empty:
        return sentence("No word occurs in so many texts of this class. Ask for fewer texts.")
    values = words[column].to_numpy(dtype=float)
    low, high = (words[f"{column}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
    known = np.isfinite(low)
    ends = np.where(known, high, values), np.where(known, low, values)
    told = [
        f"<b>{literal(row.word)}</b><br>in {row.texts:,} of {row.of:,} texts<br>mean share "
        f"{row.mean_share:.2%}<br>share when present {row.when_present:.1%}"
        for row in words.itertuples()
    ]
    figure = go.Figure(
        go.Bar(
            orientation="h", x=values, y=list(range(len(values))), customdata=told,
            marker={"color": [FOR if value >= 0 else AGAINST for value in values]},
            error_x={
                "type": "data", "symmetric": False, "array": np.maximum(0, ends[0] - values),
                "arrayminus": np.maximum(0, values - ends[1]), "color": NEUTRAL, "thickness": 1.5,
                "width": 3,
            },
            hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(values))),
        ticktext=[shortened(str(word), 18) for word in words["word"]],
        range=[len(values) - 0.5, -0.5], showgrid=False, zeroline=False, ticks="", automargin=True,
        fixedrange=True,
    )  # fmt: skip
    figure.update_xaxes(
        title=column.replace("when_present", "share when present").replace("_", " "),
        tickformat=".1%" if ends[0].max() < 0.1 else ".0%", fixedrange=True, zeroline=True,
        rangemode="tozero",
    )  # fmt: skip
    height = _ROW * len(values) + 64
    return figure.update_layout(CLEAR, height=height, bargap=0.3, margin=NARROW, showlegend=False)


def spread(values: Mapping[str, NDArray[np.float64]], title: str) -> go.Figure:
    """How a measure is spread over the texts: a line a method, in shares of its texts.

    Args:
        values: `[n]` by method; colour and dash together tell methods apart.
        title: of the measure.
    """
    shown = {name: found[np.isfinite(found)] for name, found in values.items()}
    shown = {name: found for name, found in shown.items() if len(found)}
    if not shown:
        return sentence("Nothing is measured yet.")
    # of few texts few bins, or every line is a comb
    bins = int(np.clip(max(map(len, shown.values())) ** 0.5, _LEAST, _MOST))
    edges = np.histogram_bin_edges(np.concatenate(list(shown.values())), bins=bins)
    middles = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    for number, (name, found) in enumerate(shown.items()):
        counts, _ = np.histogram(found, edges)
        figure.add_scatter(
            x=middles, y=counts / len(found), name=shortened(name, 40), mode="lines",
            line={
                "color": PALETTE[number % len(PALETTE)], "width": 2.4, "shape": "hvh",
                "dash": ("solid", "dash", "dot")[number // len(PALETTE) % 3],
            },
            hovertemplate=f"<b>{literal(name)}</b><br>{title} about %{{x:.2f}}<br>%{{y:.0%}} of "
            "the texts<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title=title, fixedrange=True, zeroline=False, showgrid=False)
    figure.update_yaxes(
        title="share of the texts", tickformat=".0%", rangemode="tozero", fixedrange=True
    )
    legend = {"orientation": "h", "yanchor": "top", "y": -0.25, "x": 0, "xanchor": "left"}
    rows = -(-len(shown) // 3)
    return figure.update_layout(
        CLEAR, height=320 + 22 * rows, margin={**NARROW, "t": 16}, legend=legend, showlegend=True
    )
