"""Several methods side by side: scores of the tokens, agreement, and curves. Plain data comes in.

Colours are the same on a light and a dark page: blue speaks for the target, orange against it, and
0 is the page itself, so the scale needs no middle colour that would glare on a dark one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from gaf_core.evaluation import Curves
from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.picture.colours import NEUTRAL, PALETTE, translucent
from gaf_core.picture.labels import abridged, literal, shortened

FOR, AGAINST = "#2b7bba", "#d55e00"
_SEQUENTIAL = [[0.0, translucent(FOR, 0.0)], [1.0, FOR]]
_DIVERGING = [
    [0.0, AGAINST],
    [0.5, translucent(AGAINST, 0.0)],
    [0.5, translucent(FOR, 0.0)],
    [1.0, FOR],
]
_EMPTY = translucent(NEUTRAL, 0.10)  # behind the cells, so that a cell of 0 is seen as one
_BLOCK = 40  # rows under one line of column names: more, and nobody knows which column is which
_ROW, _HEADER = 20, 140  # pixels
_MANY = 16  # columns; more are narrow
_SLANT = 96  # pixels right of the last column, over which its slanting name leans
_DASHES = ("solid", "dash", "dot", "dashdot")
_MARKS = ("circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down", "cross")


def score_heatmap(
    texts: Sequence[str],
    scaled: Mapping[str, NDArray[np.float64]],
    raw: Mapping[str, NDArray[np.float64]],
    unit: str,
) -> go.Figure:
    """A row a token or word, a column an entry; long texts in blocks, each with the column names.

    Args:
        texts: `u` as written, in reading order.
        scaled: `[u]` by entry, what is coloured.
        raw: `[u]` by entry, the scores themselves, on hover.
        unit: what `scaled` is, for the colour bar and the hover.
    """
    names = list(scaled)
    colour, score = (np.array([one[name] for name in names]).T for one in (scaled, raw))
    blocks = [
        range(start, min(start + _BLOCK, len(texts))) for start in range(0, len(texts), _BLOCK)
    ]
    sizes = [len(block) for block in blocks]
    height = _ROW * len(texts) + _HEADER * len(blocks) + 16
    figure = make_subplots(
        rows=len(blocks), cols=1, row_heights=[float(size) for size in sizes],
        vertical_spacing=_HEADER / (height - _HEADER - 16) if len(blocks) > 1 else 0.0,
    )  # fmt: skip
    for number, block in enumerate(blocks, start=1):
        rows = slice(block.start, block.stop)
        hover = [
            [f"<b>{literal(texts[row])}</b><br>{literal(name)}" for name in names] for row in block
        ]
        figure.add_heatmap(
            z=colour[rows], customdata=np.dstack([hover, score[rows].astype(object)]),
            hovertemplate="%{customdata[0]}<br>score %{customdata[1]:.4g}<br>"
            f"{unit} %{{z:.3g}}<extra></extra>",
            coloraxis="coloraxis", xgap=1, ygap=1, row=number, col=1,
        )  # fmt: skip
        labels = [shortened(texts[row], 18) for row in block]
        figure.update_yaxes(
            tickvals=list(range(len(block))), ticktext=labels, autorange="reversed", row=number,
            col=1,
        )  # fmt: skip
    _name_columns(figure, names)
    figure.update_yaxes(showgrid=False, zeroline=False, ticks="", automargin=True, fixedrange=True)
    figure.update_layout(coloraxis=_colours(colour, unit))
    figure.update_layout(CLEAR, plot_bgcolor=_EMPTY, height=height)
    return figure.update_layout(margin={**NARROW, "t": _HEADER, "r": _SLANT})


def entry_bars(texts: tuple[str, ...], scores: NDArray[np.float64], limit: int = 25) -> go.Figure:
    """Scores of one entry, the highest first, as bars to the right for the target, left against.

    Args:
        texts: `u` as written.
        scores: `[u]` signed.
        limit: bars drawn: those with the largest absolute scores.
    """
    largest = np.argsort(-np.abs(scores), kind="stable")[:limit]
    order = largest[np.argsort(-scores[largest], kind="stable")]
    values = scores[order]
    figure = go.Figure(
        go.Bar(
            orientation="h", x=values, y=list(range(len(order))),
            text=[f"{value:.3g}" for value in values], textposition="outside", cliponaxis=False,
            marker={"color": [FOR if value >= 0 else AGAINST for value in values]},
            customdata=[literal(texts[index]) for index in order],
            hovertemplate="<b>%{customdata}</b><br>score %{x:.4g}<extra></extra>",
        )
    )  # fmt: skip
    low, high = min(0.0, float(values.min(initial=0.0))), max(0.0, float(values.max(initial=0.0)))
    room = 0.18 * ((high - low) or 1.0)
    figure.update_xaxes(
        visible=False, range=[low - room if low < 0 else 0.0, high + room], fixedrange=True
    )
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=[shortened(texts[index], 18) for index in order],
        range=[len(order) - 0.5, -0.5], showgrid=False, zeroline=False, ticks="", automargin=True,
        fixedrange=True,
    )  # fmt: skip
    return figure.update_layout(
        CLEAR, height=_ROW * len(order) + 24, bargap=0.25, showlegend=False, margin=NARROW
    )


def agreement_matrix(
    names: Sequence[str], matrix: NDArray[np.float64], unit: str, *, signed: bool
) -> go.Figure:
    """How far each entry agrees with each, the number in the cell.

    Args:
        names: `m` entries.
        matrix: `[m, m]` symmetric.
        unit: what the numbers are.
        signed: they run from -1 to 1, otherwise from 0 to 1.
    """
    labels = [shortened(name, 30) for name in names]
    hover = [[f"{literal(row)}<br>{literal(column)}" for column in names] for row in names]
    figure = go.Figure(
        go.Heatmap(
            z=matrix, customdata=hover, coloraxis="coloraxis", xgap=1, ygap=1,
            hovertemplate=f"%{{customdata}}<br>{unit} %{{z:.3f}}<extra></extra>",
        )
    )  # fmt: skip
    # Not the text of the cells: plotly would choose its colour for a cell on a white page.
    places = list(range(len(names)))
    figure.add_scatter(
        mode="text", x=places * len(names), y=np.repeat(places, len(names)), hoverinfo="skip",
        text=[_in_cell(value, len(names)) for value in matrix.ravel()],
        textfont={"size": 11 if len(names) <= _MANY else 9},
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=labels, range=[len(names) - 0.5, -0.5],
        showgrid=False, zeroline=False, ticks="", automargin=True, fixedrange=True,
    )  # fmt: skip
    _name_columns(figure, names)
    figure.update_xaxes(range=[-0.5, len(names) - 0.5])
    figure.update_layout(
        coloraxis={
            "cmin": -1.0 if signed else 0.0, "cmax": 1.0, "showscale": False,
            # paler than a full shade: a number stands on it
            "colorscale": _faded(_DIVERGING if signed else _SEQUENTIAL),
        }
    )  # fmt: skip
    height = 28 * len(names) + _HEADER + 16
    return figure.update_layout(
        CLEAR, plot_bgcolor=_EMPTY, height=height, margin={**NARROW, "t": _HEADER, "r": _SLANT}
    )


def faithfulness_curves(
    curves: Mapping[str, Curves],
    selected: str | None = None,
    watched: str = "the target",
    quantity: str = "probability",
) -> go.Figure:
    """Probability, or value, against the share of tokens removed (deletion) and kept (insertion).

    Args:
        curves: by entry. Colour, dash and mark together tell entries apart.
        selected: an entry that is drawn wider, the others fainter.
        watched: whose probability or value it is.
        quantity: which of the two.
    """
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06,
        subplot_titles=("Highest-ranked removed", "Only highest-ranked kept"),
    )  # fmt: skip
    for number, (name, one) in enumerate(curves.items()):
        style = _line(number, faded=selected is not None and name != selected)
        for column, values in enumerate((one.deletion, one.insertion), start=1):
            figure.add_scatter(
                x=one.fractions, y=values, name=shortened(name, 40), legendgroup=str(number),
                showlegend=column == 1, mode="lines+markers", **style,
                hovertemplate=f"<b>{literal(name)}</b><br>%{{x:.0%}} of the tokens<br>"
                f"{quantity} %{{y:.4f}}<extra></extra>",
                row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(
        tickformat=".0%", range=[-0.02, 1.02], fixedrange=True, zeroline=False, showgrid=False
    )
    figure.update_xaxes(title="tokens removed", row=1, col=1)
    figure.update_xaxes(title="tokens kept", row=1, col=2)
    scale = [-0.03, 1.03] if quantity == "probability" else None
    figure.update_yaxes(range=scale, fixedrange=True, zeroline=False)
    figure.update_yaxes(title=f"{quantity} of {shortened(watched, 24)}", row=1, col=1)
    figure.update_layout(
        legend={"orientation": "h", "yanchor": "top", "y": -0.2, "x": 0, "xanchor": "left"}
    )
    rows = -(-len(curves) // 3)
    return figure.update_layout(
        CLEAR, height=360 + 22 * rows, margin={**NARROW, "t": 36}, hovermode="closest"
    )


def _line(number: int, *, faded: bool) -> dict:
    colour = PALETTE[number % len(PALETTE)]
    turn = number // (len(PALETTE) * len(_DASHES))  # another mark where colour and dash come again
    return {
        "line": {
            "color": colour,
            "width": 1.2 if faded else 2.4,
            "dash": _DASHES[number // len(PALETTE) % len(_DASHES)],
        },
        "marker": {"symbol": _MARKS[(number + turn) % len(_MARKS)], "size": 4 if faded else 7},
        "opacity": 0.35 if faded else 1.0,
    }


def _name_columns(figure: go.Figure, names: Sequence[str]) -> None:
    figure.update_xaxes(
        side="top", tickvals=list(range(len(names))),
        # two slanting lines of a narrow column would run into those beside it
        ticktext=[_two_lines(n) if len(names) <= _MANY else abridged(n, 26) for n in names],
        tickangle=-50, ticklabeloverflow="allow", showgrid=False, zeroline=False, ticks="",
        fixedrange=True,
    )  # fmt: skip


def _two_lines(name: str) -> str:
    """A name of at most two short lines, as there is room for above a column."""
    head, _, rest = name.partition(" (")
    if rest:
        return f"{shortened(head, 22)}<br>{shortened(rest.removesuffix(')'), 28)}"
    words = name.split()
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > 16:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    joined = [*islice(lines, 1), " ".join(lines[1:])]
    return "<br>".join(shortened(line, 20) for line in joined if line)


def _colours(values: NDArray[np.float64], unit: str) -> dict:
    top = float(np.abs(values).max(initial=0.0)) or 1.0
    signed = bool((values < 0).any())
    return {
        "cmin": -top if signed else 0.0,
        "cmax": top,
        "colorscale": _DIVERGING if signed else _SEQUENTIAL,
        "colorbar": {
            "thickness": 12, "len": 260, "lenmode": "pixels", "y": 1, "yanchor": "top",
            "title": {"text": unit, "side": "right"},
        },
    }  # fmt: skip


def _in_cell(value: float, columns: int) -> str:
    """A number of two digits; in a narrow cell without the 0 before the point."""
    told = f"{round(value, 2) + 0.0:.2f}"  # -0.00 is 0.00
    return told if columns <= _MANY else told.replace("0.", ".")


def _faded(scale: list) -> list:
    return [
        [place, translucent(colour, 0.62) if colour.startswith("#") else colour]
        for place, colour in scale
    ]
