"""Marks across the links of a cut: a short dashed line in the middle of each, whatever its colour.

Plotly draws one outline for all links of a Sankey, so what sets some of them off is drawn on top.
A link runs between two nodes with half of the way at half of the height, so its middle follows from
the nodes and from the links that are stacked above it at either end, in the order of the links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

MOST = 80  # marks, of the widest links: each is two lines
_WIDE = 1.5  # pixels that a link needs for a mark
_LINES = (("#1a2230", 4, "solid"), ("#ffffff", 2, "dot"))  # seen on every page and every colour


class Drawn(NamedTuple):
    """A link in the order of drawing: its nodes, its width in pixels, whether it is marked."""

    source: int
    target: int
    width: float
    marked: bool


def cut_marks(
    links: Sequence[Drawn], x: Sequence[float], tops: Sequence[float], height: float
) -> list[dict[str, Any]]:
    """Lines in the coordinates of the paper, for the widest of the marked links.

    Args:
        links: all links, in the order of drawing.
        x: place of each node, as a fraction of the width.
        tops: upper end of each node, in pixels from the top.
        height: of the picture in pixels.
    """
    places = sorted(_middles(links, tops), key=lambda place: -place[1])[:MOST]
    return [
        {
            "type": "line", "xref": "paper", "yref": "paper", "x0": middle, "x1": middle,
            "y0": 1 - (y - width / 2) / height, "y1": 1 - (y + width / 2) / height,
            "line": {"color": colour, "width": thickness, "dash": dash},
        }
        for y, width, link in places
        for middle in [(x[link.source] + x[link.target]) / 2]
        for colour, thickness, dash in _LINES
    ]  # fmt: skip


def _middles(links: Sequence[Drawn], tops: Sequence[float]) -> Iterator[tuple[float, float, Drawn]]:
    """Height of the middle, width, and the link itself, of each that is marked."""
    leaving, entering = list(tops), list(tops)
    for link in links:
        y = (leaving[link.source] + entering[link.target] + link.width) / 2
        leaving[link.source] += link.width
        entering[link.target] += link.width
        if link.marked and link.width >= _WIDE:
            yield y, link.width, link
