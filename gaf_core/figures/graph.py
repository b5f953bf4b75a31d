"""The flow network as a layered graph in which every edge shows its flow within its capacity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from gaf_core.explanation import Explanation
from gaf_core.figures.common import CLEAR, NARROW, sentence
from gaf_core.picture.colours import ACCENT, HIGHLIGHT, NEUTRAL
from gaf_core.picture.graph import GraphPicture, Line, Mark
from gaf_core.picture.scene import Scene
from gaf_core.picture.view import View

_PALE = "rgba(138,148,163,0.30)"
_FADED = "rgba(138,148,163,0.75)"
# Plotly has one width a trace, so widths are rounded to these pixels.
_FLOW_BINS = (0.3, 0.6, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
_CAPACITY_BINS = (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 23, 26)
_TOP = 34
_OUTLINED = 24  # edges of the cut, the widest: more dots would hide what they mark


@dataclass(frozen=True)
class _Looks:
    colour: str
    bins: Sequence[float]


def flow_graph(explanation: Explanation, view: View = View()) -> go.Figure:
    """Nodes are tokens in layers, edges are drawn twice: capacity wide and pale, flow in it.

    Args:
        explanation: what to draw.
        view: how. A part has the accent of a selection, the rest is grey. Edges on the cut have a
            dotted outline; a square around a node means that its own capacity is used up.

    Returns:
        A figure whose markers carry `customdata[0]`, the text form of the node or edge they stand
        for ("" for merged ones), and `layout.meta["summary"]` says in words what the widths mean.

    Raises:
        SettingsError: the view asks for something that means nothing for this explanation.
    """
    if explanation.solution.value <= 0:
        return sentence(explanation.message)
    picture, part = GraphPicture.of(Scene.of(explanation, view)), view.part
    figure = go.Figure()
    lines = picture.lines
    _add_lines(
        figure, lines, [line.capacity for line in lines], _Looks(_PALE, _CAPACITY_BINS), "capacity"
    )
    cut_lines = sorted((line for line in lines if line.on_cut), key=lambda line: -line.capacity)
    _add_outlines(figure, cut_lines[:_OUTLINED])
    plain = ACCENT if part is None else _FADED
    _add_lines(figure, lines, [line.flow for line in lines], _Looks(plain, _FLOW_BINS), "flow")
    if part is not None:
        looks = _Looks(HIGHLIGHT, _FLOW_BINS)
        _add_lines(figure, lines, [line.part for line in lines], looks, "selection")
    _add_saturated(figure, [line for line in lines if line.saturated])
    _add_marks(figure, [line.mark for line in lines], "edges", visible=False)
    _add_marks(figure, picture.marks, "nodes", visible=True)
    _add_limited(figure, [mark for mark in picture.marks if mark.limited])
    return _finished(figure, picture)


def _add_lines(
    figure: go.Figure, lines: list[Line], widths: list[float], looks: _Looks, name: str
) -> None:
    """One trace for each width that occurs."""
    bins = np.asarray(looks.bins)
    nearest = np.abs(np.asarray(widths)[:, None] - bins[None, :]).argmin(axis=1)
    for index in np.unique(nearest).tolist():
        chosen = [
            line
            for line, width, place in zip(lines, widths, nearest.tolist(), strict=True)
            if place == index and width > 0
        ]
        if chosen:
            style = {"width": bins[index], "color": looks.colour}
            _strokes(figure, [line.ends for line in chosen], style, name)


def _add_outlines(figure: go.Figure, lines: list[Line]) -> None:
    """Dotted, above and below the capacity: a cut is not told by colour alone."""
    ends = []
    for line in lines:
        (x, y), (to_x, to_y) = line.ends
        for side in (-1, 1):
            away = side * (min(line.capacity, _CAPACITY_BINS[-1]) / 2 + 2)
            ends.append(((x, y + away), (to_x, to_y + away)))
    if ends:
        _strokes(figure, ends, {"width": 1.4, "color": NEUTRAL, "dash": "dot"}, "cut")


def _strokes(figure: go.Figure, ends: list[tuple], style: dict, name: str) -> None:
    x = [value for (a, _), (b, _) in ends for value in (a, b, None)]
    y = [value for (_, a), (_, b) in ends for value in (a, b, None)]
    figure.add_scatter(x=x, y=y, mode="lines", line=style, hoverinfo="skip", name=name)


def _add_saturated(figure: go.Figure, lines: list[Line]) -> None:
    figure.add_scatter(
        x=[line.mark.x for line in lines],
        y=[line.mark.y for line in lines],
        mode="markers",
        marker={"symbol": "diamond-open", "size": 7, "color": NEUTRAL, "line": {"width": 1.5}},
        hoverinfo="skip",
        name="saturated",
        **_UNCHANGED,
    )


def _add_limited(figure: go.Figure, marks: list[Mark]) -> None:
    """A square around each node whose own capacity is used up."""
    if marks:
        figure.add_scatter(
            x=[mark.x for mark in marks],
            y=[mark.y for mark in marks],
            mode="markers",
            marker={
                "symbol": "square-open",
                "size": [mark.size + 5 for mark in marks],
                "color": NEUTRAL,
                "line": {"width": 1.5},
            },
            hoverinfo="skip",
            cliponaxis=False,
            name="limited nodes",
            **_UNCHANGED,
        )


# Streamlit tells a click by plotly's selection, which would fade everything else.
_UNCHANGED = {"selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 1}}}
_UNSEEN = {"selected": {"marker": {"opacity": 0}}, "unselected": {"marker": {"opacity": 0}}}


def _add_marks(figure: go.Figure, marks: list[Mark], name: str, *, visible: bool) -> None:
    seen = (
        {"line": {"width": [2.5 if mark.selected else 0 for mark in marks], "color": HIGHLIGHT}}
        if visible
        else {}
    )
    figure.add_scatter(
        x=[mark.x for mark in marks],
        y=[mark.y for mark in marks],
        mode="markers",
        customdata=[[mark.selection, mark.hover] for mark in marks],
        hovertemplate="%{customdata[1]}<extra></extra>",
        marker={
            "size": [mark.size for mark in marks],
            "color": [mark.colour for mark in marks],
            "opacity": 1 if visible else 0,
            **seen,
        },
        name=name,
        **(_UNCHANGED if visible else _UNSEEN),
    )


def _finished(figure: go.Figure, picture: GraphPicture) -> go.Figure:
    last = len(picture.headers) - 1
    figure.update_xaxes(
        range=[-0.08, last + 0.35], tickvals=list(range(last + 1)), ticktext=picture.headers,
        side="top", showgrid=False, zeroline=False, fixedrange=True, ticks="",
    )  # fmt: skip
    figure.update_yaxes(
        range=[picture.height, 0], tickvals=[place for place, _ in picture.names],
        ticktext=[name for _, name in picture.names], showgrid=False, zeroline=False,
        fixedrange=True, ticks="", automargin=True,
    )  # fmt: skip
    for x, y, text in picture.labels:
        figure.add_annotation(
            x=x, y=y, text=text, showarrow=False, xanchor="left", xshift=8, yshift=9,
            font={"size": 11},
        )  # fmt: skip
    return figure.update_layout(
        CLEAR,
        height=round(picture.height) + _TOP + 8,
        margin={**NARROW, "t": _TOP},
        showlegend=False,
        meta={"summary": picture.summary},
        hovermode="closest",
        dragmode=False,
        clickmode="event+select",
    )
