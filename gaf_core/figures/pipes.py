"""A toy as pipes, what each word gets beside it, and several flows of it as frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.figures.frames import with_frames
from gaf_core.lesson.solved import Solved
from gaf_core.picture.colours import ACCENT, HIGHLIGHT, NEUTRAL
from gaf_core.picture.labels import shortened
from gaf_core.picture.pipes import ROW, Pipe, PipesPicture, Shown, edge_text

_PALE, _DEAD = "rgba(138,148,163,0.32)", "rgba(138,148,163,0.20)"
_BARS, _PIPES = (0.0, 0.27), (0.33, 1.0)  # parts of the width
_TOP, _BELOW = 44, 8
_ACROSS = 0.8  # where a level pipe is crossed by the cut
_STROKES = (("#1a2230", 5, "solid"), ("#ffffff", 2.5, "dot"))  # seen on every page and colour
_NUMBERS = {"size": 12}
# Streamlit tells a click by plotly's selection, which would fade everything else
_SAME = {"selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 1}}}
_HIDDEN = {"selected": {"marker": {"opacity": 0}}, "unselected": {"marker": {"opacity": 0}}}


def pipes_figure(solved: Solved, shown: Shown = Shown()) -> go.Figure:
    """The toy, its flow if one is shown, and a bar for each word.

    Args:
        solved: the toy with its flows.
        shown: what of them is drawn.

    Returns:
        A figure whose invisible markers on the pipes have `customdata[0]`, the text of the pipe
        (`edge_text`).
    """
    picture = PipesPicture.of(solved, shown)
    return _finished(go.Figure(_traces(picture)), picture)


def pipes_frames(
    solved: Solved,
    frames: Sequence[Shown],
    labels: Sequence[str],
    prefix: str,
    at: int = 0,
    *,
    slider: bool = True,
) -> go.Figure:
    """The same with a frame for each of several flows, a button that plays them, and a slider.

    Args:
        solved: the toy.
        frames: what is drawn in each; all with the same parts of the picture.
        labels: of the frames.
        prefix: what stands before the label at the slider.
        at: the frame that is shown first.
        slider: whether the figure has a slider of its own, beside the button.
    """
    pictures = [PipesPicture.of(solved, one) for one in frames]
    figure = _finished(go.Figure(_traces(pictures[at])), pictures[at])
    moments = [_moving(one) for one in pictures]
    return with_frames(figure, moments, labels, prefix, at, slider=slider)


def _traces(picture: PipesPicture) -> list[Any]:
    """In one order and of one number for every flow of a toy, as frames need them."""
    return [
        *(_line(pipe, pipe.capacity, _DEAD if pipe.dead else _PALE) for pipe in picture.pipes),
        *_outlets(picture),
        *(_line(pipe, pipe.flow, ACCENT) for pipe in picture.pipes),
        *_across([pipe for pipe in picture.pipes if pipe.on_cut]),
        _beside(picture.chosen),
        _numbers(picture.pipes),
        _marks(picture.pipes),
        _junctions(picture),
        *_bars(picture),
    ]


def _moving(picture: PipesPicture) -> dict[int, Any]:
    """What differs from flow to flow, by the number of its trace: widths, numbers, bars."""
    pipes, outlets = picture.pipes, picture.outlets
    flows = len(pipes) + 2 * len(outlets)
    after = flows + len(pipes)
    changed = {
        len(pipes) + 2 * place + 1: go.Scatter(line={"width": width})
        for place, (_, width) in enumerate(outlets)
    }
    changed |= {
        flows + place: go.Scatter(line={"width": pipe.flow}) for place, pipe in enumerate(pipes)
    }
    bar, numbers = _bars(picture)
    return {
        **changed,
        after + 3: go.Scatter(text=_labels(pipes)),
        after + 4: go.Scatter(customdata=_said(pipes)),
        after + 6: go.Bar(x=bar.x, error_x=bar.error_x, customdata=bar.customdata),
        after + 7: go.Scatter(x=numbers.x, text=numbers.text),
    }


def _line(pipe: Pipe, width: float, colour: str) -> go.Scatter:
    (x, y), (to_x, to_y) = pipe.ends
    style = {"width": width, "color": colour, "dash": "dot" if pipe.dead else "solid"}
    if pipe.dead:
        style["width"] = min(width, 5.0)
    return go.Scatter(x=[x, to_x], y=[y, to_y], mode="lines", line=style, hoverinfo="skip")


def _outlets(picture: PipesPicture) -> list[go.Scatter]:
    """From the prediction to the junctions that it feeds: a thin line, and the flow on it."""
    last, middle = len(picture.headers) - 2, (len(picture.rows) - 1) / 2
    lines = []
    for row, width in picture.outlets:
        ends = {"x": [last, last + 1], "y": [row, middle], "mode": "lines", "hoverinfo": "skip"}
        lines.append(go.Scatter(**ends, line={"width": 1, "color": NEUTRAL}))
        lines.append(go.Scatter(**ends, line={"width": width, "color": ACCENT}))
    return lines


def _across(pipes: Sequence[Pipe]) -> list[go.Scatter]:
    """A dotted stroke across each pipe of the cut, away from its number."""
    x: list[float | None] = []
    y: list[float | None] = []
    for pipe in pipes:
        (x0, y0), (x1, y1) = pipe.ends
        part = _ACROSS if y0 == y1 else 1.0 - (pipe.at[0] - x0)
        middle, reach = y0 + part * (y1 - y0), (pipe.capacity / 2 + 9) / ROW
        x += [x0 + part * (x1 - x0)] * 2 + [None]
        y += [middle - reach, middle + reach, None]
    return [
        go.Scatter(
            x=x, y=y, mode="lines", hoverinfo="skip", name="cut",
            line={"color": colour, "width": width, "dash": dash},
        )
        for colour, width, dash in _STROKES
    ]  # fmt: skip


def _beside(pipe: Pipe | None) -> go.Scatter:
    """A line on either side of the pipe that is chosen."""
    x: list[float | None] = []
    y: list[float | None] = []
    for side in (-1, 1) if pipe else ():
        (x0, y0), (x1, y1) = pipe.ends
        away = side * (pipe.capacity / 2 + 4) / ROW
        x += [x0, x1, None]
        y += [y0 + away, y1 + away, None]
    line = {"width": 2, "color": HIGHLIGHT}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", name="chosen")


def _labels(pipes: Sequence[Pipe]) -> list[str]:
    return [f"<b>{pipe.label}</b>" if pipe.full else pipe.label for pipe in pipes]


def _said(pipes: Sequence[Pipe]) -> list[list[str]]:
    return [[edge_text(pipe.edge), pipe.hover] for pipe in pipes]


def _numbers(pipes: Sequence[Pipe]) -> go.Scatter:
    return go.Scatter(
        x=[pipe.at[0] for pipe in pipes], y=[pipe.at[1] for pipe in pipes], mode="text",
        text=_labels(pipes), textfont=_NUMBERS, hoverinfo="skip", name="numbers",
    )  # fmt: skip


def _marks(pipes: Sequence[Pipe]) -> go.Scatter:
    return go.Scatter(
        x=[pipe.at[0] for pipe in pipes], y=[pipe.at[1] for pipe in pipes], mode="markers",
        marker={"size": 26, "opacity": 0, "color": NEUTRAL}, name="pipes",
        customdata=_said(pipes),
        hovertemplate="%{customdata[1]}<extra></extra>", **_HIDDEN,
    )  # fmt: skip


def _junctions(picture: PipesPicture) -> go.Scatter:
    columns, rows = len(picture.headers) - 1, len(picture.rows)
    places = [(k, i) for k in range(columns) for i in range(rows)]
    names = [shortened(row.name) for row in picture.rows]
    titles = picture.headers
    hovers = [f"<b>{names[i]}</b><br>{titles[k]}" for k, i in places]
    return go.Scatter(
        x=[*(k for k, _ in places), columns], y=[*(i for _, i in places), (rows - 1) / 2],
        mode="markers", customdata=[["", hover] for hover in [*hovers, "the prediction"]],
        marker={"size": [*[15] * len(places), 24], "color": NEUTRAL, "opacity": 1},
        hovertemplate="%{customdata[1]}<extra></extra>", cliponaxis=False, name="junctions",
        **_SAME,
    )  # fmt: skip


def _bars(picture: PipesPicture) -> list[Any]:
    """What each word gets, its interval as a thin line, and the number behind both."""
    rows = picture.rows
    given = [row.score or 0.0 for row in rows]
    errors = {
        "visible": any(row.most > row.least for row in rows),
        "type": "data", "symmetric": False, "color": NEUTRAL, "thickness": 1.5, "width": 5,
        "array": [max(row.most - score, 0.0) for row, score in zip(rows, given, strict=True)],
        "arrayminus": [max(score - row.least, 0) for row, score in zip(rows, given, strict=True)],
    }  # fmt: skip
    ends = [max(row.most, score, 0.0) for row, score in zip(rows, given, strict=True)]
    bar = go.Bar(
        x=given, y=list(range(len(rows))), orientation="h", width=0.28, error_x=errors,
        marker={"color": ACCENT}, customdata=[row.hover for row in rows],
        hovertemplate="%{customdata}<extra></extra>", xaxis="x2", name="scores",
    )  # fmt: skip
    numbers = go.Scatter(
        x=ends, y=list(range(len(rows))), mode="text", xaxis="x2", textposition="middle right",
        text=["" if row.score is None else f"\u2002{row.score:.3g}" for row in rows],
        textfont=_NUMBERS, hoverinfo="skip", cliponaxis=False, name="gets",
    )  # fmt: skip
    return [bar, numbers]


def _finished(figure: go.Figure, picture: PipesPicture) -> go.Figure:
    last = len(picture.headers) - 1
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    figure.update_layout(
        xaxis={
            "domain": _PIPES, "range": [-0.12, last + 0.2], "side": "top", **plain,
            "tickvals": list(range(last + 1)), "ticktext": picture.headers, "tickangle": 0,
        },
        xaxis2={
            "domain": _BARS, "range": [0, 1.35 * picture.largest], "side": "top", **plain,
            "tickvals": [], "anchor": "y",
        },
        yaxis={
            "range": [len(picture.rows) - 0.5, -0.5], "automargin": True, **plain,
            "tickvals": list(range(len(picture.rows))),
            "ticktext": [shortened(row.name) for row in picture.rows],
        },
    )  # fmt: skip
    return figure.update_layout(
        CLEAR, height=picture.height, margin={**NARROW, "t": _TOP, "b": _BELOW}, showlegend=False,
        hovermode="closest", dragmode=False, clickmode="event+select",
    )  # fmt: skip
