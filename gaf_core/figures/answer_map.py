"""A map of an answer: a column a word of it, a row a word before it, and where columns fall."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gaf_core.figures.common import CLEAR, NARROW, sentence
from gaf_core.figures.matrix import colour_range
from gaf_core.picture.answer_grid import AnswerGrid
from gaf_core.picture.colours import ACCENT, HIGHLIGHT, LIGHT_SHADES, NEUTRAL, OUTLINE
from gaf_core.picture.labels import literal

_ROW, _STRIP, _LABELS = 20, 70, 110  # pixels
_FEWEST = 10  # columns that the width is for, so that those of a short answer are no slabs
_DIVERGING = "RdBu"
_PERCENTILE = 95  # many models send much of everything to the first token, whose row would take all


def answer_map_figure(
    grid: AnswerGrid, *, chosen: tuple[int, int] | None = None, themed: bool = False
) -> go.Figure:
    """The map as a heatmap under a strip that says how much of each column falls on the prompt.

    Args:
        grid: of `gaf_core.picture.answer_grid`.
        chosen: the part of the answer that is explained elsewhere; its columns are outlined.
        themed: take the shades from the page instead of those for white paper.

    Returns:
        A figure; the points named "choose" carry the part of their column, as "2-4", and `summary`
        in its `meta` says where the colours end, if that is below the largest share.
    """
    if not grid.columns or not grid.rows:
        nothing = sentence("There is nothing before this answer to rest on.")
        return nothing.update_layout(meta={"summary": ""})
    figure = go.Figure()
    places = list(range(len(grid.columns)))
    _add_strip(figure, grid, places)
    figure.add_trace(_cells(grid, places))
    height = _ROW * len(grid.rows)
    whole = height + _STRIP + 12
    figure.update_xaxes(
        tickvals=places, ticktext=list(grid.columns), tickangle=-55, side="top", ticks="",
        range=[-0.5, max(len(places), _FEWEST) - 0.5], showgrid=False, zeroline=False,
        fixedrange=True, anchor="y2", automargin=True,
    )  # fmt: skip
    figure.update_layout(
        yaxis={
            "domain": [0, height / whole], "tickvals": list(range(len(grid.rows))),
            "ticktext": list(grid.rows), "range": [len(grid.rows) - 0.5, -0.5], "ticks": "",
            "showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True,
        },
        yaxis2={
            "domain": [1 - _STRIP / whole, 1], "range": [0, 1.16], "tickvals": [0, 1],
            "ticktext": ["0 %", "prompt"], "showgrid": False, "zeroline": False, "ticks": "",
            "fixedrange": True, "automargin": True,
        },
    )  # fmt: skip
    _mark(figure, grid, chosen)
    end, told = colour_range(grid.shares, _PERCENTILE, "{:.1%}".format)
    if grid.signed:
        figure.update_coloraxes(colorscale=_DIVERGING, cmin=-end, cmax=end)
    else:
        figure.update_coloraxes(cmin=0, cmax=end)
        if not themed:
            figure.update_coloraxes(colorscale=LIGHT_SHADES)
    figure.update_coloraxes(showscale=False)
    return figure.update_layout(
        CLEAR, height=whole + _LABELS, margin=NARROW, barmode="stack", bargap=0.15,
        showlegend=False, meta={"summary": told},
    )  # fmt: skip


def _add_strip(figure: go.Figure, grid: AnswerGrid, places: list[int]) -> None:
    """How much of each column falls on the prompt, and on the answer before it."""
    hover = [
        f"<b>{column}</b>, {probability:.2%} sure<br>prompt {prompt:.0%}, answer {answer:.0%}"
        for column, probability, prompt, answer in zip(
            grid.columns, grid.probabilities, grid.prompt_shares, grid.answer_shares, strict=True
        )
    ]
    told = {"customdata": hover, "hovertemplate": "%{customdata}<extra></extra>", "yaxis": "y2"}
    for shares, colour in ((grid.prompt_shares, ACCENT), (grid.answer_shares, NEUTRAL)):
        figure.add_bar(x=places, y=shares, marker={"color": colour}, **told)
    points = [
        [f"{start}-{stop}", text] for (start, stop), text in zip(grid.parts, hover, strict=True)
    ]
    figure.add_scatter(
        name="choose", mode="markers", x=places, y=[1.08] * len(places), yaxis="y2",
        marker={"size": 11, "symbol": "triangle-down", "color": OUTLINE}, customdata=points,
        hovertemplate="%{customdata[1]}<br>click to explain it<extra></extra>",
    )  # fmt: skip


def _cells(grid: AnswerGrid, places: list[int]) -> go.Heatmap:
    hover = [
        [
            f"“{column}” rests on “{literal(row)}”: {share:.1%}"
            for column, share in zip(grid.columns, shares, strict=True)
        ]
        for row, shares in zip(grid.texts, np.nan_to_num(grid.shares), strict=True)
    ]
    return go.Heatmap(
        z=grid.shares, x=places, y=list(range(len(grid.rows))), coloraxis="coloraxis",
        customdata=hover, hovertemplate="%{customdata}<extra></extra>", hoverongaps=False,
        xgap=1, ygap=1,
    )  # fmt: skip


def _mark(figure: go.Figure, grid: AnswerGrid, chosen: tuple[int, int] | None) -> None:
    """A line between prompt and answer, and an outline of what is chosen."""
    line = {"color": OUTLINE, "width": 1.5, "dash": "dot"}
    if 0 < grid.prompt < len(grid.rows):
        figure.add_shape(
            type="line", x0=-0.5, x1=len(grid.columns) - 0.5, y0=grid.prompt - 0.5,
            y1=grid.prompt - 0.5, line=line,
        )  # fmt: skip
    if chosen is None:
        return
    inside = [
        at for at, (start, stop) in enumerate(grid.parts) if start < chosen[1] and stop > chosen[0]
    ]
    if inside:
        figure.add_shape(
            type="rect", x0=inside[0] - 0.5, x1=inside[-1] + 0.5, y0=-0.5,
            y1=len(grid.rows) - 0.5, line={"color": HIGHLIGHT, "width": 2},
        )  # fmt: skip
