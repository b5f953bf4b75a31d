"""Explanation -> what a Sankey of its flow shows: nodes, links and labels, as plain data.

The last column is the prediction, the super-source of the network: the picture reads from left to
right, the flow of the method runs the other way. The super-target is left out, since the flow into
it is the height of the input nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.picture.bands import Band
from gaf_core.picture.colours import (
    NEUTRAL,
    OUTLINE,
    PALETTE,
    translucent,
    unit_colours,
)
from gaf_core.picture.columns import Columns
from gaf_core.picture.cutmarks import Drawn, cut_marks
from gaf_core.picture.folding import kept_boundaries
from gaf_core.picture.heads import with_heads
from gaf_core.picture.labels import (
    link_hover,
    literal,
    node_hover,
    node_label,
    selected,
    shortened,
    unit_text,
)
from gaf_core.picture.lanes import Placement, place
from gaf_core.picture.reduced import ReducedFlow, ReducedLink, ReducedNode
from gaf_core.picture.reduction import reduce_flow
from gaf_core.picture.saturation import saturation_colour
from gaf_core.picture.spans import partition, span_tokens

__all__ = ["COLOURINGS", "MARKS", "NEUTRAL", "PALETTE", "SankeyPicture"]

COLOURINGS = ("token", "saturation")
MARKS = 3000  # nodes and links of a picture at most: more would be neither fast nor legible
TOP, BOTTOM, RIGHT = 48, 10, 104  # margins in pixels, for headers and labels
_TALL_ENOUGH = 11.0  # pixels that a node needs for a label inside the picture
_INSIDE, _NARROW = 10, 7  # characters of a label inside the picture; where columns are narrow
_NOTHING = 1e-9  # of the flow: a node with less of the part is one that has none


@dataclass(frozen=True, eq=False)
class SankeyPicture:
    """A Sankey to be drawn.

    Attributes:
        explanation: whose flow.
        reduced: the nodes and links shown.
        placement: where the nodes stand.
        columns: where the columns stand and what they are called.
        colours: colour of the units that have one; the others are grey.
        colouring: of links, by "token" or "saturation".
        by: what the units are: "tokens", "words" or "spans".
        followed: whether a part of the flow is set off.
        limit: units a column that stay on their own at most.
    """

    explanation: Explanation
    reduced: ReducedFlow
    placement: Placement
    columns: Columns
    colours: dict[int, str]
    colouring: str
    by: str
    followed: bool
    limit: int

    @classmethod
    def of(
        cls,
        explanation: Explanation,
        budget: int,
        *,
        part: NDArray[np.float64] | None = None,
        cut: NDArray[np.bool_] | None = None,
        colour: str = "token",
        by: str = "tokens",
        opened: Iterable[int] = (),
        folded: Iterable[int] = (),
    ) -> SankeyPicture:
        """Reduce and place the flow of an explanation that has one; arguments as `figures.sankey`.

        Raises:
            SettingsError: an argument that means nothing for this explanation.
        """
        if colour not in COLOURINGS:
            raise SettingsError(f"'{colour}' is no colouring. Use {' or '.join(COLOURINGS)}.")
        network, opened, folded = explanation.network, tuple(opened), tuple(folded)
        units = partition(explanation.trace, by, budget, opened)
        closed = units if by == "tokens" else partition(explanation.trace, by, budget)
        gaps = len(kept_boundaries(network.layers, folded)) - 1
        limit = _fitting(gaps, split=part is not None)
        reduced = reduce_flow(
            network, explanation.solution, budget, span_tokens(closed, opened),
            partition=units, part=part, cut=cut, folded=folded, limit=limit,
        )  # fmt: skip
        reduced = with_heads(explanation, reduced)
        columns = Columns(explanation.layers[0], reduced.boundaries)
        colours = unit_colours(explanation, units)
        return cls(
            explanation, reduced, place(reduced), columns, colours, colour, by,
            part is not None, limit,
        )  # fmt: skip

    @property
    def summary(self) -> str:
        """What is merged and left out, in sentences."""
        full = max(sum(not node.merged for node in layer) for layer in self.reduced.nodes)
        if full < self.limit or self.limit >= self.reduced.units:
            return self.reduced.summary
        return (
            f"{self.reduced.summary} That is all that a picture of so many layers can hold; fold "
            "layers to see more tokens."
        )

    @property
    def left(self) -> int:
        """Left margin in pixels: spans of text need more room than tokens."""
        return 122 if self.by == "tokens" else 190

    @property
    def padding(self) -> float:
        """Plotly scales a full column to `height - (nodes - 1) * pad`; this makes that ours."""
        busiest = max(len(layer) for layer in self.reduced.nodes)
        spare = self.placement.height - self.placement.flow_height
        return spare / (busiest - 1) if busiest > 1 else 0.0

    def nodes(self) -> dict[str, list]:
        """Place (fractions of the drawing area, never 0: plotly ignores that), colour, hover."""
        reduced, height = self.reduced, self.placement.height
        x, y, colour, hover = [], [], [], []
        for column, layer in enumerate(reduced.nodes):
            for node, centre in zip(layer, self.placement.centres[column].tolist(), strict=True):
                x.append(self.columns.x(column))
                y.append(centre / height)
                colour.append(self._node_colour(node))
                hover.append(node_hover(self.explanation, node, self.columns.name(column)))
        target = literal(self.explanation.trace.target.name)
        x.append(self.columns.x(len(reduced.nodes)))
        y.append(self._prediction_height())
        colour.append(NEUTRAL)
        hover.append(f"<b>{target}</b><br>all of the flow, {reduced.value:.4g}")
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
        if self.reduced.cut_shares is None:
            return []
        scale = self.placement.flow_height / self.reduced.value
        links = [Drawn(row[0], row[1], row[2] * scale, row[-1]) for row in self._rows]
        tops = np.concatenate(
            [c - h / 2 for c, h in zip(self.placement.centres, self.placement.heights, strict=True)]
        ).tolist()
        height = self.placement.height
        end = self._prediction_height() * height - self.placement.flow_height / 2
        return cut_marks(links, self.nodes()["x"], [*tops, end], height)

    @cached_property
    def _rows(self) -> list[tuple[int, int, float, str, str, bool]]:
        """Ends, width, colour, hover and cut of the links, in the order of drawing."""
        bands = list(self._bands())
        parts = [band.row(band.part, faded=False) for band in bands if band.part > 0]
        rest = [band.row(band.rest, faded=self.followed) for band in bands if band.rest > 0]
        return parts + rest

    def annotations(self) -> list[dict[str, Any]]:
        """Headers above, the cut below them, tokens to the left, labels of tall nodes."""
        last = len(self.reduced.nodes)
        headers = [
            _text(self.columns.x(k), 1.0, self.columns.title(k), xanchor="center", yshift=34)
            for k in range(last + 1)
        ]
        name = self.explanation.trace.target.name.replace(" against ", "\nagainst ")
        lines = "<br>".join(shortened(line) for line in name.split("\n"))
        middle = 1 - self._prediction_height()
        prediction = _text(
            self.columns.x(last), middle, f"<b>{lines}</b>", xanchor="left", xshift=11, size=13
        )
        return [*headers, *self._cut_labels(), *self._node_labels(), prediction]

    def _bands(self) -> Iterator[Band]:
        nodes = self.reduced.nodes
        first = np.cumsum([0, *(len(layer) for layer in nodes)]).tolist()
        for link in self.reduced.links:
            k, lower = link.layer, nodes[link.layer][link.lower]
            upper = nodes[k + 1][link.upper]
            hover = link_hover(self.explanation, link, lower, upper, self.columns.name(k + 1))
            ends = first[k] + link.lower, first[k + 1] + link.upper
            yield self._band(link, lower, ends, hover)
        for index, node in enumerate(nodes[-1]):
            hover = (
                f"<b>{node_label(self.explanation, node)} → prediction</b>"
                f"<br>flow {node.flow:.4g}, {node.flow / self.reduced.value:.1%} of all"
                f"<br>no limit of its own{selected(node)}"
            )
            yield self._band(node, node, (first[-2] + index, first[-1]), hover)

    def _band(
        self, drawn: ReducedLink | ReducedNode, node: ReducedNode, ends: tuple[int, int], hover: str
    ) -> Band:
        link = drawn if isinstance(drawn, ReducedLink) else None
        pixels = drawn.flow / self.reduced.value * self.placement.flow_height
        crossing = link is not None and link.cut_edges and link.cut_flow >= drawn.flow / 2
        return Band(
            ends=ends,
            flow=drawn.flow,
            share=drawn.part / drawn.flow if drawn.flow and self.followed else 0.0,
            colour=self._band_colour(link, node, pixels),
            faded=translucent(NEUTRAL, 0.14 * min(1.0, max(pixels, 0.12))),
            hover=hover,
            cut=bool(crossing),
        )

    def _band_colour(self, link: ReducedLink | None, node: ReducedNode, pixels: float) -> str:
        """Translucent, so that crossings show; fainter where plotly draws a hair of 1 pixel."""
        if self.colouring == "saturation":
            return saturation_colour(link.saturation if link else None)
        colour = self._colour(node)
        strength = 0.28 if colour == NEUTRAL else 0.5
        if self.followed:
            strength = 0.7 if colour == NEUTRAL else 0.55
        return translucent(colour, strength * min(1.0, max(pixels, 0.12)))

    def _node_labels(self) -> list[dict[str, Any]]:
        labels, height = [], self.placement.height
        characters = 16 if self.by == "tokens" else 28
        for k, layer in enumerate(self.reduced.nodes):
            for index, node in enumerate(layer):
                y = 1 - self.placement.centres[k][index] / height
                x = self.columns.x(k)
                if k == 0:
                    text = node_label(self.explanation, node, characters)
                    labels.append(_text(x, y, text, xanchor="right", xshift=-11))
                elif self._labelled(node, self.placement.heights[k][index]):
                    text = self._inside(node)
                    labels.append(_text(x, y, text, xanchor="left", xshift=9, size=11))
        return labels

    def _inside(self, node: ReducedNode) -> str:
        """A label inside the picture: the first letters, fewer where columns are narrow."""
        if node.merged:
            return node_label(self.explanation, node)
        text = unit_text(self.explanation, node.tokens)
        return shortened(text, _NARROW if self.columns.crowded else _INSIDE)

    def _labelled(self, node: ReducedNode, height: float) -> bool:
        """Inside the picture: tall nodes; with many narrow columns only those in colour."""
        narrow = self.columns.crowded and self._colour(node) == NEUTRAL
        return height >= _TALL_ENOUGH and not narrow and not self._left_behind(node)

    def _cut_labels(self) -> list[dict[str, Any]]:
        """Over each gap that the cut passes: how much of its limit is there."""
        shares = self.reduced.cut_shares or ()
        word = "cut<br>" if self.columns.crowded else "cut: "
        return [
            _text(
                self.columns.x(gap + 0.5), 1.0, f"{word}{share:.0%}", xanchor="center", yshift=12,
                size=11, bordercolor=OUTLINE, borderwidth=0 if self.columns.crowded else 1.5,
                hovertext=f"{share:.0%} of the capacity of the minimum cut, which limits the flow, "
                f"is in {self.columns.name(gap + 1)}",
            )
            for gap, share in enumerate(shares)
            if share >= 0.005
        ]  # fmt: skip

    def _prediction_height(self) -> float:
        """Level with the middle of what flows into it, as a fraction from the top."""
        shares = self.placement.heights[-1] / self.placement.flow_height
        half = self.placement.flow_height / 2
        middle = float(self.placement.centres[-1] @ shares)
        return min(max(middle, half), self.placement.height - half) / self.placement.height

    def _left_behind(self, node: ReducedNode) -> bool:
        return self.followed and node.part <= _NOTHING * self.reduced.value

    def _node_colour(self, node: ReducedNode) -> str:
        if self._left_behind(node):
            return translucent(NEUTRAL, 0.3)
        return translucent(NEUTRAL, 0.6) if node.merged else self._colour(node)

    def _colour(self, node: ReducedNode) -> str:
        return NEUTRAL if node.unit is None else self.colours.get(node.unit, NEUTRAL)


def _text(x: float, y: float, text: str, *, size: int = 12, **place: Any) -> dict[str, Any]:
    return {
        "x": x, "y": y, "xref": "paper", "yref": "paper", "yanchor": "middle", "text": text,
        "showarrow": False, "font": {"size": size}, **place,
    }  # fmt: skip


def _fitting(gaps: int, *, split: bool) -> int:
    """How many units a column may have beside its others, so that all marks stay under `MARKS`."""
    links = 2 if split else 1
    nodes = 2
    while links * (gaps * (nodes + 1) ** 2 + nodes + 1) + (gaps + 1) * (nodes + 1) + 1 <= MARKS:
        nodes += 1
    return nodes - 1
