"""A scene -> lines and markers in pixels: what the graph of its flow is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaf_core.picture.colours import NEUTRAL, is_full
from gaf_core.picture.labels import (
    link_hover,
    node_hover,
    node_label,
    prediction_hover,
    shortened,
    source_hover,
)
from gaf_core.picture.reduced import ReducedLink, ReducedNode
from gaf_core.picture.scene import Scene
from gaf_core.reading.focus import Edge, Node
from gaf_core.reading.selection import to_text

_WIDEST_FLOW, _WIDEST = 12.0, 26.0  # pixels of the largest flow, and of any line
_SEEN = 2.0  # pixels at least of an edge that carries a large part of what is in focus
_LARGE = 0.2
_MOST_LINES = 1_200
_LABELLED = 0.04  # of the flow, for a name inside the picture


@dataclass(frozen=True)
class Mark:
    """A marker: place (column, pixels from the top), what it selects, and what its hover says.

    `limited` is one whose own capacity is used up.
    """

    x: float
    y: float
    size: float
    colour: str
    selection: str
    hover: str
    selected: bool = False
    limited: bool = False


@dataclass(frozen=True)
class Line:
    """An edge: its ends, widths in pixels, and the marker that is hovered and clicked."""

    ends: tuple[tuple[float, float], tuple[float, float]]
    capacity: float
    flow: float
    part: float
    on_cut: bool
    saturated: bool
    mark: Mark


@dataclass(frozen=True, eq=False)
class GraphPicture:
    """A graph to be drawn.

    Attributes:
        lines: edges; the faintest are left out beyond a limit, and `summary` says so.
        marks: nodes.
        names: (pixels from the top, name) of the nodes of the input.
        labels: (column, pixels from the top, name) of large nodes in the picture.
        headers: what each column is, the prediction last.
        height: in pixels.
        summary: what is drawn and what widths mean, in sentences.
    """

    lines: list[Line]
    marks: list[Mark]
    names: list[tuple[float, str]]
    labels: list[tuple[float, float, str]]
    headers: list[str]
    height: float
    summary: str

    @classmethod
    def of(cls, scene: Scene) -> GraphPicture:
        """The same nodes at the same heights as those of a Sankey of the scene."""
        return _Builder(scene).build()


@dataclass(frozen=True, eq=False)
class _Builder:
    scene: Scene

    def build(self) -> GraphPicture:
        scene = self.scene
        links = sorted(scene.reduced.links, key=lambda link: -link.flow)
        kept = links[:_MOST_LINES]
        largest = max(link.flow for link in kept)
        lines = [self._line(link, _WIDEST_FLOW / largest) for link in kept]
        to_prediction = self._to_prediction(_WIDEST_FLOW / largest)
        first = scene.reduced.nodes[0]
        titles = [scene.columns.title(k) for k in range(len(scene.reduced.nodes))]
        return GraphPicture(
            lines=[*reversed(lines), *to_prediction],
            marks=self._marks(),
            names=[
                (self._y(0, index), node_label(scene.explanation, node))
                for index, node in enumerate(first)
            ],
            labels=self._labels(),
            headers=[*titles, self._target],
            height=scene.placement.height,
            summary=self._summary(largest, links),
        )

    @property
    def _target(self) -> str:
        return shortened(self.scene.explanation.trace.target.name, 14)

    def _y(self, column: int, index: int) -> float:
        return float(self.scene.placement.centres[column][index])

    def _layer(self, column: int) -> str:
        return self.scene.columns.name(column)

    def _line(self, link: ReducedLink, scale: float) -> Line:
        column = link.layer
        lower, upper = self._ends(link)
        start = (float(column), self._y(column, link.lower))
        end = (column + 1.0, self._y(column + 1, link.upper))
        capacity = link.capacity or 0.0
        hover = link_hover(self.scene.explanation, link, lower, upper, self._layer(column + 1))
        width = link.flow * scale
        return Line(
            ends=(start, end),
            capacity=min(capacity * scale, _WIDEST),
            flow=width,
            part=self._part_width(link, scale),
            on_cut=2 * link.cut_edges > link.edges,
            saturated=is_full(link.saturation) and width >= 1.0,
            mark=_middle(start, end, self._edge_text(link, lower, upper), hover),
        )

    def _part_width(self, link: ReducedLink, scale: float) -> float:
        """To scale, but a path in focus is to be seen however little it carries."""
        whole = sum(node.part for node in self.scene.reduced.nodes[0])
        return max(link.part * scale, _SEEN if link.part >= _LARGE * whole > 0 else 0.0)

    def _ends(self, link: ReducedLink) -> tuple[ReducedNode, ReducedNode]:
        nodes = self.scene.reduced.nodes
        return nodes[link.layer][link.lower], nodes[link.layer + 1][link.upper]

    def _edge_text(self, link: ReducedLink, lower: ReducedNode, upper: ReducedNode) -> str:
        scene = self.scene
        low, high = (scene.reduced.boundaries[link.layer + end] for end in (0, 1))
        key, *keys = lower.tokens
        query, *queries = upper.tokens
        return (
            ""
            if high != low + 1 or keys or queries
            else to_text(scene.explanation, Edge(low, query, key))
        )

    def _to_prediction(self, scale: float) -> list[Line]:
        """Without a capacity of their own, and one of them often carries everything."""
        scene = self.scene
        column = len(scene.reduced.nodes) - 1
        lines = []
        for index, node in enumerate(scene.reduced.nodes[-1]):
            start, end = (float(column), self._y(column, index)), (column + 1.0, scene.prediction)
            hover = source_hover(scene.explanation, node)
            widths = (min(value * scale, _WIDEST_FLOW) for value in (node.flow, node.part))
            flow, part = widths
            mark = _middle(start, end, "", hover)
            lines.append(Line((start, end), 0.0, flow, part, False, False, mark))
        return lines

    def _marks(self) -> list[Mark]:
        scene = self.scene
        marks = []
        for column, layer in enumerate(scene.reduced.nodes):
            for index, node in enumerate(layer):
                single = len(node.tokens) == 1
                chosen = Node(scene.reduced.boundaries[column], node.tokens[0])
                share = node.flow / scene.reduced.value
                marks.append(
                    Mark(
                        x=float(column),
                        y=self._y(column, index),
                        size=5 + 19 * float(np.sqrt(share)),
                        colour=scene.colour(node),
                        selection=to_text(scene.explanation, chosen) if single else "",
                        hover=node_hover(scene.explanation, node, self._layer(column)),
                        selected=node.part >= 0.999 * node.flow > 0,
                        limited=is_full(node.saturation),
                    )
                )
        hover = prediction_hover(scene.explanation)
        last = float(len(scene.reduced.nodes))
        return [*marks, Mark(last, scene.prediction, 24.0, NEUTRAL, "", hover)]

    def _labels(self) -> list[tuple[float, float, str]]:
        scene = self.scene
        return [
            (float(column), self._y(column, index), node_label(scene.explanation, node, 10))
            for column, layer in enumerate(scene.reduced.nodes)
            if column
            for index, node in enumerate(layer)
            if node.flow >= _LABELLED * scene.reduced.value
        ]

    def _summary(self, largest: float, links: list[ReducedLink]) -> str:
        """Scale, clipping, and what is left out, in numbers."""
        scene = self.scene
        clipped = sum((link.capacity or 0.0) * _WIDEST_FLOW / largest > _WIDEST for link in links)
        share = f"{largest / scene.reduced.value:.1%}".replace("%", " %")
        text = (
            f"Widths are to scale: the largest flow of an edge, {largest:.3g} ({share} of all), "
            f"has {_WIDEST_FLOW:.0f} pixels."
        )
        if clipped:
            text += f" Capacities too wide for that end at {_WIDEST:.0f} ({clipped:,})."
        if scene.followed:
            text += (
                f" What is in focus is at least {_SEEN:.0f} pixels wide where an edge carries "
                f"{_LARGE:.0%} of it or more."
            ).replace("%", " %")
        if len(links) > _MOST_LINES:
            text += f" The {len(links) - _MOST_LINES:,} edges with the least flow are not drawn."
        return f"{text} {scene.summary}"


def _middle(start: tuple[float, float], end: tuple[float, float], text: str, hover: str) -> Mark:
    """Not quite in the middle, where a rising and a falling edge would cover each other."""
    rise = np.sign(end[1] - start[1])
    at = 0.5 + 0.1 * float(rise)
    x, y = (one + at * (other - one) for one, other in zip(start, end, strict=True))
    return Mark(x, y, 12.0, NEUTRAL, text, hover)
