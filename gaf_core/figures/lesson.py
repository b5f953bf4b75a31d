"""Figures of the lesson that are no pipes: a row of attention, one edge made of heads, a path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.lesson.answers import Path, strongest
from gaf_core.lesson.cells import Cell
from gaf_core.picture.colours import HIGHLIGHT, OUTLINE, PALETTE, translucent
from gaf_core.picture.labels import literal, shortened

_ROW, _AROUND = 44, 104  # pixels of a row of a table, and around it
_NAME = 9  # characters of the name of a column
_SCALE = "RdBu"  # legible with deficient colour vision: blue against red, pale in the middle
_APART = 0.028  # of the flow, between two names
_LINES = 5  # tokens of a path that are drawn one by one


class _Line(NamedTuple):
    """One row of a table: its name, numbers (NaN for none), and what a hover says of it."""

    name: str
    numbers: NDArray[np.float64]
    told: str


def attention_table(cell: Cell) -> go.Figure:
    """Some rows of one head in numbers, the row of the lesson outlined; each adds up to 1."""
    rows = [
        _Line(
            shortened(cell.names[token], 12),
            _columned(cell, cell.attention[token]),
            f"{literal(cell.names[token])} looks",
        )
        for token in cell.columns
    ]
    return _table(cell, rows, outlined=(cell.columns.index(cell.query), None))


def product_table(cell: Cell) -> go.Figure:
    """One row from attention to capacity: A, G, A × G, its positive part, the mean over heads."""
    query, head = cell.query, cell.head
    gradient = _columned(cell, cell.gradient[query])
    gradient[len(cell.columns) :] = np.nan  # gradients of several tokens have no sum
    heads = len(cell.terms)
    rows = [
        _Line("A: attention", _columned(cell, cell.attention[query]), "attention"),
        _Line("G: gradient", gradient, "gradient"),
        _Line("A × G", _columned(cell, cell.product), "attention times gradient"),
        _Line("above 0", _columned(cell, cell.terms[head]), "the same, 0 where negative"),
        _Line(f"mean of {heads}", _columned(cell, cell.terms.mean(axis=0)), "mean over all heads"),
    ]
    return _table(cell, rows, outlined=(None, cell.columns.index(cell.key)))


def _columned(cell: Cell, row: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns of their own, and the sum over the others where there are some."""
    own, others = row[list(cell.columns)], cell.others
    return np.append(own, row[others].sum()) if others else own.copy()


def _table(cell: Cell, rows: Sequence[_Line], outlined: tuple[int | None, int | None]) -> go.Figure:
    """Numbers on colours, each row with a scale of its own: blue above 0, red below."""
    names = [shortened(cell.names[token], _NAME) for token in cell.columns]
    if cell.others:
        names.append(f"{len(cell.others)} others")
    values = np.stack([row.numbers for row in rows])
    own = len(cell.columns)
    largest = np.nanmax(np.abs(values[:, :own]), axis=1, keepdims=True)
    shade = values / np.where(largest > 0, largest, 1.0)
    shade[:, own:] = np.where(np.isnan(values[:, own:]), np.nan, 0.0)  # a sum is no cell
    text = [[_number(value) for value in row] for row in values]
    hover = [[f"{row.told}<br><b>{name}</b>" for name in names] for row in rows]
    figure = go.Figure(
        go.Heatmap(
            z=0.62 * shade, zmin=-1, zmax=1, colorscale=_SCALE, showscale=False, xgap=2, ygap=2,
            text=text, texttemplate="%{text}", textfont={"size": 13, "color": "#1a2230"},
            customdata=hover, hovertemplate="%{customdata}<br>%{text}<extra></extra>",
            hoverongaps=False,
        )
    )  # fmt: skip
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    figure.update_xaxes(
        tickvals=list(range(len(names))), ticktext=names, side="top", tickangle=-40, **plain
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[row.name for row in rows], automargin=True,
        range=[len(rows) - 0.5, -0.5], **plain,
    )  # fmt: skip
    row, column = outlined
    box = {
        "x0": -0.5 if column is None else column - 0.5,
        "x1": len(names) - 0.5 if column is None else column + 0.5,
        "y0": -0.5 if row is None else row - 0.5,
        "y1": len(rows) - 0.5 if row is None else row + 0.5,
    }
    figure.add_shape(type="rect", line={"color": HIGHLIGHT, "width": 3}, **box)
    return figure.update_layout(
        CLEAR, height=_ROW * len(rows) + _AROUND, margin={**NARROW, "t": 84, "r": 24}
    )


def _number(value: float) -> str:
    if np.isnan(value):
        return ""
    if value == 0:
        return "0"
    text = f"{value:.3f}" if abs(value) >= 0.0005 else f"{value:.0e}"
    return text.replace("0.", ".", 1).replace("-", "−")


def path_figure(path: Path, names: Sequence[str], at: int | None = None) -> go.Figure:
    """What the strongest tokens get as the weight of the barrier falls, in shares of the flow.

    Args:
        path: the central path; its intervals stand at the right end.
        names: of the tokens.
        at: the step that a line marks.
    """
    figure, value = go.Figure(), float(path.values[-1]) or 1.0
    shares, bounds = path.scores / value, path.bounds / value
    exponents = np.log10(path.mus / value)
    drawn = strongest(path, _LINES)
    for place, token in enumerate(drawn):
        colour, name = PALETTE[place % len(PALETTE)], shortened(names[token], 12)
        least, most = bounds[token]
        figure.add_scatter(
            x=exponents, y=shares[:, token], mode="lines", line={"color": colour, "width": 2.6},
            hovertemplate=f"<b>{name}</b><br>%{{y:.1%}} of the largest flow<br>"
            "μ = 10^%{x:.1f} of the flow<extra></extra>",
        )  # fmt: skip
        right = exponents[-1] - 0.25 - 0.22 * place
        figure.add_scatter(
            x=[right, right], y=[least, most], mode="lines",
            line={"color": translucent(colour, 0.7), "width": 3}, hovertemplate=f"<b>{name}</b><br>"
            f"{least:.1%} to {most:.1%} over all largest flows<extra></extra>",
        )  # fmt: skip
    starts = {one: (names[one], float(shares[0, one])) for one in drawn}
    _add_names(figure, starts, float(exponents[0]))
    figure.add_annotation(
        x=exponents[-1] - 0.7, y=1, yref="paper", text="intervals", showarrow=False,
        font={"size": 12}, yanchor="bottom",
    )  # fmt: skip
    return _finished_path(figure, exponents, at)


def _add_names(figure: go.Figure, places: Mapping[int, tuple[str, float]], x: float) -> None:
    """Names left of where the lines begin, far enough apart to be read."""
    below = -np.inf
    for name, height in sorted(places.values(), key=lambda one: one[1]):
        below = max(height, below + _APART)
        figure.add_annotation(
            x=x, y=below, text=shortened(name, 12), showarrow=False, xanchor="right", xshift=-6,
            font={"size": 12},
        )  # fmt: skip


def _finished_path(figure: go.Figure, exponents: NDArray[np.float64], at: int | None) -> go.Figure:
    left, right = float(exponents[0]), float(exponents[-1])
    if at is not None:
        figure.add_vline(
            x=float(exponents[at]), line={"color": OUTLINE, "width": 2, "dash": "dash"}
        )
    figure.update_xaxes(
        title="μ, as a power of ten of the flow: falling to the right", fixedrange=True,
        range=[left + 0.2 * (left - right), right - 1.6], zeroline=False, showgrid=False,
        automargin=True,
    )  # fmt: skip
    figure.update_layout(
        yaxis={"title": "share of the flow", "tickformat": ".0%", "fixedrange": True,
               "rangemode": "tozero", "zeroline": False, "automargin": True},
    )  # fmt: skip
    return figure.update_layout(
        CLEAR, height=380, margin={**NARROW, "t": 28}, showlegend=False, hovermode="closest"
    )
