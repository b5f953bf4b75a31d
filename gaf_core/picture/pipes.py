"""A toy -> pipes in pixels: capacity pale and wide, the flow in it, dead ends, cut, intervals.

Columns are layers of junctions, words left, and the prediction behind the last one, as in every
picture of a flow; rows are tokens. Beside each word stands what it gets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gaf_core.lesson.solved import Solved
from gaf_core.picture.colours import is_full
from gaf_core.picture.labels import literal
from gaf_core.reading.focus import Edge

WIDEST = 22.0  # pixels of the largest capacity
_MOST = 30.0  # of a pipe to the prediction, which has no capacity of its own
ROW, _AROUND = 84, 64  # pixels of a row, and of what stands above and below the rows
_BESIDE = 0.22  # how far the number of a sloping pipe stands from its middle, of its length
_NUMBERED = 9  # pipes of a layer that all have their number; of more, only the widest few
_FEW = 5
_SOME = 1e-9  # of the value: less flow is none


@dataclass(frozen=True, eq=False)
class Shown:
    """What of a toy is drawn beside its capacities.

    Attributes:
        flow: `[l, t, t]`; None for no flow.
        scores: `[t]` beside the words; None for those of the flow.
        intervals: whether each word has its interval.
        cut: whether the pipes of the minimum cut are outlined.
        chosen: the pipe that is set off.
    """

    flow: NDArray[np.float64] | None = None
    scores: NDArray[np.float64] | None = None
    intervals: bool = False
    cut: bool = False
    chosen: Edge | None = None


@dataclass(frozen=True)
class Pipe:
    """One pipe: its ends (column, row), widths in pixels, and what is said of it.

    `at` is where its number stands and where it is clicked.
    """

    edge: Edge
    ends: tuple[tuple[float, float], tuple[float, float]]
    at: tuple[float, float]
    capacity: float
    flow: float
    dead: bool
    on_cut: bool
    full: bool
    label: str
    hover: str


@dataclass(frozen=True)
class Row:
    """One word: its name, what it gets, and its interval."""

    name: str
    score: float | None
    least: float
    most: float
    hover: str


@dataclass(frozen=True, eq=False)
class PipesPicture:
    """A toy to be drawn.

    Attributes:
        pipes: those that exist, dead ends too.
        outlets: (row, width in pixels) of the junctions that the prediction feeds.
        rows: one a word.
        headers: what each column is, the prediction last.
        largest: the largest number that a bar may have.
        height: in pixels.
        chosen: the pipe that is set off, where there is one.
    """

    pipes: list[Pipe]
    outlets: list[tuple[int, float]]
    rows: list[Row]
    headers: list[str]
    largest: float
    height: int
    chosen: Pipe | None

    @classmethod
    def of(cls, solved: Solved, shown: Shown = Shown()) -> PipesPicture:
        """Place and measure what is to be drawn."""
        scale = WIDEST / max(float(solved.toy.tensor.max()), 1e-9)
        cut = set(solved.cut) if shown.cut else set()
        numbered = _numbered(solved)
        pipes = [_pipe(solved, edge, shown, scale, on_cut=edge in cut) for edge in solved.toy.edges]
        pipes = [one if one.edge in numbered else replace(one, label="") for one in pipes]
        flow = shown.flow
        through = np.zeros(solved.toy.tokens) if flow is None else flow[-1].sum(axis=1)
        outlets = np.flatnonzero(solved.network.live[-1]).tolist()
        titles = ["words", *(f"layer {k + 1}" for k in range(solved.toy.layers)), "prediction"]
        return cls(
            pipes=pipes,
            outlets=[(row, min(float(through[row]) * scale, _MOST)) for row in outlets],
            rows=_rows(solved, shown),
            headers=titles,
            largest=max(solved.value, float(solved.bounds.max(initial=0.0))) or 1.0,
            height=ROW * solved.toy.tokens + _AROUND,
            chosen=next((pipe for pipe in pipes if pipe.edge == shown.chosen), None),
        )


def edge_text(edge: Edge) -> str:
    """A pipe in links and in what is clicked: layer, reading and read token, from 1.

    >>> edge_text(Edge(1, 0, 2))
    '2.1.3'
    """
    return ".".join(str(number + 1) for number in edge)


def edge_from(text: str | None) -> Edge | None:
    """The pipe of a text; None where it is none.

    >>> edge_from("2.1.3"), edge_from("x")
    (Edge(layer=1, query=0, key=2), None)
    """
    parts = (text or "").split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return Edge(*(int(part[:3]) - 1 for part in parts))


def _pipe(solved: Solved, edge: Edge, shown: Shown, scale: float, *, on_cut: bool) -> Pipe:
    capacity = solved.toy.capacity(edge)
    flow = 0.0 if shown.flow is None else float(shown.flow[edge])
    flow = flow if flow > _SOME * max(solved.value, 1.0) else 0.0
    dead = solved.network.capacity[edge] == 0
    start, end = (float(edge.layer), float(edge.key)), (edge.layer + 1.0, float(edge.query))
    full = shown.flow is not None and is_full(flow / capacity)
    part = 0.5 + _BESIDE * float(np.sign(edge.query - edge.key))
    at = tuple(a + part * (b - a) for a, b in zip(start, end, strict=True))
    said = f"<b>{literal(solved.toy.said(edge))}</b><br>capacity {capacity:g}"
    if dead:
        said += "<br>a dead end: on no way from the prediction to a word"
    elif shown.flow is not None:
        said += f"<br>flow {flow:.4g}{', full' if full else ''}"
    return Pipe(
        edge=edge,
        ends=(start, end),
        at=(at[0], at[1]),
        capacity=max(capacity * scale, 1.0),
        flow=flow * scale,
        dead=bool(dead),
        on_cut=on_cut,
        full=full,
        label=f"{capacity:g}" if shown.flow is None or dead else _part(flow, capacity, full),
        hover=said + ("<br>on the smallest cut" if on_cut else ""),
    )


def _part(flow: float, capacity: float, full: bool) -> str:
    """Flow and capacity; rounding never makes the flow the larger of the two."""
    short = f"{flow:.2g}"
    if full or float(short) > capacity:
        short = f"{capacity:g}" if full else f"{flow:.4g}"
    return f"{short}/{capacity:g}"


def _numbered(solved: Solved) -> set[Edge]:
    """The pipes whose numbers stand on them; those of the others are in their hover."""
    chosen: set[Edge] = set()
    for layer in range(solved.toy.layers):
        pipes = [edge for edge in solved.toy.edges if edge.layer == layer]
        pipes.sort(key=lambda edge: -solved.toy.capacity(edge))
        chosen.update(pipes if len(pipes) <= _NUMBERED else pipes[:_FEW])
    return chosen


def _rows(solved: Solved, shown: Shown) -> list[Row]:
    scores = shown.scores
    if scores is None and shown.flow is not None:
        scores = shown.flow[0].sum(axis=0)
    rows = []
    for token, name in enumerate(solved.toy.names):
        least, most = (float(bound) for bound in solved.bounds[token])
        score = None if scores is None else float(scores[token])
        hover = f"<b>{literal(name)}</b>"
        if score is not None:
            hover += f"<br>gets {score:.4g}"
        if shown.intervals:
            hover += f"<br>{least:.4g} to {most:.4g} over all largest flows"
        else:
            least = most = score or 0.0
        rows.append(Row(name, score, least, most, hover))
    return rows
