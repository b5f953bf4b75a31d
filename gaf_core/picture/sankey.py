"""A scene -> what a Sankey of it shows: nodes, links, marks and labels, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gaf_core.picture.bands import Band
from gaf_core.picture.colours import NEUTRAL, OUTLINE, saturation_colour, translucent
from gaf_core.picture.cutmarks import Drawn, cut_marks
from gaf_core.picture.labels import (
    link_hover,
    node_hover,
    node_label,
    prediction_hover,
    shortened,
    source_hover,
    unit_text,
)
from gaf_core.picture.reduced import ReducedLink, ReducedNode
from gaf_core.picture.scene import Scene

TOP, BOTTOM, RIGHT = 48, 10, 104  # margins in pixels, for headers and labels
_TALL_ENOUGH = 11.0  # pixels that a node needs for a label inside the picture
_INSIDE, _NARROW = 10, 7  # characters of a label inside the picture; where columns are narrow
_NOTHING = 1e-9  # of the flow: a node with less of the part is one that has none


@dataclass(frozen=True, eq=False)
class SankeyPicture:
    """A Sankey to be drawn of a scene."""

    scene: Scene

    @property
    def left(self) -> int:
        """Left margin in pixels: spans of text need more room than tokens."""
        return 122 if self.scene.view.by == "tokens" else 190

    @property
    def padding(self) -> float:
        """Plotly scales a full column to `height - (nodes - 1) * pad`; this makes that ours."""
        scene = self.scene
        busiest = max(len(layer) for layer in scene.reduced.nodes)
        spare = scene.placement.height - scene.placement.flow_height
        return spare / (busiest - 1) if busiest > 1 else 0.0

    def nodes(self) -> dict[str, list]:
        """Place (fractions of the drawing area, never 0: plotly ignores that), colour, hover."""
        scene = self.scene
        reduced, height = scene.reduced, scene.placement.height
        x, y, colour, hover = [], [], [], []
        for column, layer in enumerate(reduced.nodes):
            for node, centre in zip(layer, scene.placement.centres[column].tolist(), strict=True):
                x.append(scene.columns.x(column))
                y.append(centre / height)
                colour.append(self._node_colour(node))
                hover.append(node_hover(scene.explanation, node, scene.columns.name(column)))
        x.append(scene.columns.x(len(reduced.nodes)))
        y.append(self._prediction_height())
        colour.append(NEUTRAL)
        hover.append(prediction_hover(scene.explanation))
        return {"x": x, "y": y, "color": colour, "customdata": hover, "label": [""] * len(x)}

    def links(self) -> dict[str, list]:
        """Ends (indices of nodes), width, colour and hover of every link.

        Where a part of the flow is followed, a link that belongs to it partly is two links side by
        side that sum to it. All of the part comes first, so that it lies on top in every node.
        """
        fields = ("source", "target", "value", "color", "customdata")
        columns = zip(*(row[:-1] for row in self._rows), strict=True)
        return dict(zip(fields, map(list, columns), strict=True))

    def marks(self) -> list[dict[str, Any]]:
        """Dashed lines across links of which at least half crosses the cut."""
        scene = self.scene
        if scene.reduced.cut_shares is None:
            return []
        scale = scene.placement.flow_height / scene.reduced.value
        links = [Drawn(row[0], row[1], row[2] * scale, row[-1]) for row in self._rows]
        tops = np.concatenate(
            [
                c - h / 2
                for c, h in zip(scene.placement.centres, scene.placement.heights, strict=True)
            ]
        ).tolist()
        height = scene.placement.height
        end = self._prediction_height() * height - scene.placement.flow_height / 2
        return cut_marks(links, self.nodes()["x"], [*tops, end], height)

    @cached_property
    def _rows(self) -> list[tuple[int, int, float, str, str, bool]]:
        """Ends, width, colour, hover and cut of the links, in the order of drawing."""
        bands = list(self._bands())
        parts = [band.row(band.part, faded=False) for band in bands if band.part > 0]
        rest = [band.row(band.rest, faded=self.scene.followed) for band in bands if band.rest > 0]
        return parts + rest

    def annotations(self) -> list[dict[str, Any]]:
        """Headers above, the cut below them, tokens to the left, labels of tall nodes."""
        scene = self.scene
        last = len(scene.reduced.nodes)
        headers = [
            _text(scene.columns.x(k), 1.0, scene.columns.title(k), xanchor="center", yshift=34)
            for k in range(last + 1)
        ]
        name = scene.explanation.trace.target.name.replace(" against ", "\nagainst ")
        lines = "<br>".join(shortened(line) for line in name.split("\n"))
        middle = 1 - self._prediction_height()
        prediction = _text(
            scene.columns.x(last), middle, f"<b>{lines}</b>", xanchor="left", xshift=11, size=13
        )
        return [*headers, *self._cut_labels(), *self._node_labels(), prediction]

    def _bands(self) -> Iterator[Band]:
        scene = self.scene
        nodes = scene.reduced.nodes
        first = np.cumsum([0, *(len(layer) for layer in nodes)]).tolist()
        for link in scene.reduced.links:
            k, lower = link.layer, nodes[link.layer][link.lower]
            upper = nodes[k + 1][link.upper]
            hover = link_hover(scene.explanation, link, lower, upper, scene.columns.name(k + 1))
            ends = first[k] + link.lower, first[k + 1] + link.upper
            yield self._band(link, lower, ends, hover)
        for index, node in enumerate(nodes[-1]):
            hover = source_hover(scene.explanation, node)
            yield self._band(node, node, (first[-2] + index, first[-1]), hover)

    def _band(
        self, drawn: ReducedLink | ReducedNode, node: ReducedNode, ends: tuple[int, int], hover: str
    ) -> Band:
        scene = self.scene
        link = drawn if isinstance(drawn, ReducedLink) else None
        pixels = drawn.flow / scene.reduced.value * scene.placement.flow_height
        crossing = link is not None and link.cut_edges and link.cut_flow >= drawn.flow / 2
        return Band(
            ends=ends,
            flow=drawn.flow,
            share=drawn.part / drawn.flow if drawn.flow and scene.followed else 0.0,
            colour=self._band_colour(link, node, pixels),
            faded=translucent(NEUTRAL, 0.14 * min(1.0, max(pixels, 0.12))),
            hover=hover,
            cut=bool(crossing),
        )

    def _band_colour(self, link: ReducedLink | None, node: ReducedNode, pixels: float) -> str:
        """Translucent, so that crossings show; fainter where plotly draws a hair of 1 pixel."""
        scene = self.scene
        if scene.view.colour == "saturation":
            return saturation_colour(link.saturation if link else None)
        colour = scene.colour(node)
        strength = 0.28 if colour == NEUTRAL else 0.5
        if scene.followed:
            strength = 0.7 if colour == NEUTRAL else 0.55
        return translucent(colour, strength * min(1.0, max(pixels, 0.12)))

    def _node_labels(self) -> list[dict[str, Any]]:
        scene = self.scene
        labels, height = [], scene.placement.height
        characters = 16 if scene.view.by == "tokens" else 28
        for k, layer in enumerate(scene.reduced.nodes):
            for index, node in enumerate(layer):
                y = 1 - scene.placement.centres[k][index] / height
                x = scene.columns.x(k)
                if k == 0:
                    text = node_label(scene.explanation, node, characters)
                    labels.append(_text(x, y, text, xanchor="right", xshift=-11))
                elif self._labelled(node, scene.placement.heights[k][index]):
                    text = self._inside(node)
                    labels.append(_text(x, y, text, xanchor="left", xshift=9, size=11))
        return labels

    def _inside(self, node: ReducedNode) -> str:
        """A label inside the picture: the first letters, fewer where columns are narrow."""
        scene = self.scene
        if node.merged:
            return node_label(scene.explanation, node)
        text = unit_text(scene.explanation, node.tokens)
        return shortened(text, _NARROW if scene.columns.crowded else _INSIDE)

    def _labelled(self, node: ReducedNode, height: float) -> bool:
        """Inside the picture: tall nodes; with many narrow columns only those in colour."""
        scene = self.scene
        narrow = scene.columns.crowded and scene.colour(node) == NEUTRAL
        return height >= _TALL_ENOUGH and not narrow and not self._left_behind(node)

    def _cut_labels(self) -> list[dict[str, Any]]:
        """Over each gap that the cut passes: how much of its limit is there."""
        scene = self.scene
        shares = scene.reduced.cut_shares or ()
        word = "cut<br>" if scene.columns.crowded else "cut: "
        return [
            _text(
                scene.columns.x(gap + 0.5), 1.0, f"{word}{share:.0%}", xanchor="center", yshift=12,
                size=11, bordercolor=OUTLINE, borderwidth=0 if scene.columns.crowded else 1.5,
                hovertext=f"{share:.0%} of the capacity of the minimum cut, which limits the flow, "
                f"is in {scene.columns.name(gap + 1)}",
            )
            for gap, share in enumerate(shares)
            if share >= 0.005
        ]  # fmt: skip

    def _prediction_height(self) -> float:
        """Level with the middle of what flows into it, as a fraction from the top."""
        scene = self.scene
        placement = scene.placement
        half = placement.flow_height / 2
        return min(max(scene.prediction, half), placement.height - half) / placement.height

    def _left_behind(self, node: ReducedNode) -> bool:
        scene = self.scene
        return scene.followed and node.part <= _NOTHING * scene.reduced.value

    def _node_colour(self, node: ReducedNode) -> str:
        if self._left_behind(node):
            return translucent(NEUTRAL, 0.3)
        return translucent(NEUTRAL, 0.6) if node.merged else self.scene.colour(node)


def _text(x: float, y: float, text: str, *, size: int = 12, **place: Any) -> dict[str, Any]:
    return {
        "x": x, "y": y, "xref": "paper", "yref": "paper", "yanchor": "middle", "text": text,
        "showarrow": False, "font": {"size": size}, **place,
    }  # fmt: skip
