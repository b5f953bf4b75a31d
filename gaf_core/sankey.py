"""Explanation -> what a Sankey of its flow shows: nodes, links and labels, as plain data.

Columns `0..l` are the layers of nodes, column `l + 1` is the prediction, the super-source of the
network: the picture reads from left to right, the flow of the method runs the other way. The
super-target is left out, since the flow into it is the height of the input nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gaf_core.explain import Explanation
from gaf_core.labels import link_hover, literal, node_hover, node_label, shortened
from gaf_core.lanes import Placement, place
from gaf_core.reduction import ReducedFlow, ReducedNode, reduce_flow

# Okabe & Ito's palette for every kind of colour vision, without its yellow and black: those vanish
# on a light or on a dark page.
PALETTE = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
NEUTRAL = "#8a94a3"

TOP, BOTTOM, LEFT, RIGHT = 36, 10, 122, 104  # margins in pixels, for headers and labels
_TALL_ENOUGH = 11.0  # pixels that a node needs for a label inside the picture
_WIDE_ENOUGH = 9  # columns up to which layers are named in full
_INSIDE = 10  # characters of a label inside the picture


@dataclass(frozen=True, eq=False)
class SankeyPicture:
    """A Sankey to be drawn.

    Attributes:
        explanation: whose flow.
        reduced: the nodes and links shown.
        placement: where the nodes stand.
        colours: colour of the tokens that have one; the others are grey.
    """

    explanation: Explanation
    reduced: ReducedFlow
    placement: Placement
    colours: dict[int, str]

    @classmethod
    def of(cls, explanation: Explanation, budget: int) -> SankeyPicture:
        """Reduce and place the flow of an explanation that has one."""
        reduced = reduce_flow(explanation.network, explanation.solution, budget)
        return cls(explanation, reduced, place(reduced), _token_colours(explanation))

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
        for k, layer in enumerate(reduced.nodes):
            for node, centre in zip(layer, self.placement.centres[k].tolist(), strict=True):
                x.append(self._column(k))
                y.append(centre / height)
                colour.append(_translucent(NEUTRAL, 0.6) if node.merged else self._colour(node))
                hover.append(node_hover(self.explanation, node, self.layer_name(k)))
        target = literal(self.explanation.trace.target.name)
        x.append(self._column(len(reduced.nodes)))
        y.append(self._prediction_height())
        colour.append(NEUTRAL)
        hover.append(f"<b>{target}</b><br>all of the flow, {reduced.value:.4g}")
        return {"x": x, "y": y, "color": colour, "customdata": hover, "label": [""] * len(x)}

    def links(self) -> dict[str, list]:
        """Ends (indices of nodes), width, colour and hover of every link."""
        nodes = self.reduced.nodes
        first = np.cumsum([0, *(len(layer) for layer in nodes)]).tolist()
        rows: list[tuple[int, int, float, str, str]] = []
        for link in self.reduced.links:
            k, lower = link.layer, nodes[link.layer][link.lower]
            upper = nodes[k + 1][link.upper]
            hover = link_hover(self.explanation, link, lower, upper, self.layer_name(k + 1))
            ends = first[k] + link.lower, first[k + 1] + link.upper
            rows.append((*ends, link.flow, self._band(lower, link.flow), hover))
        for index, node in enumerate(nodes[-1]):
            hover = (
                f"<b>{node_label(self.explanation, node)} → prediction</b>"
                f"<br>flow {node.flow:.4g}, {node.flow / self.reduced.value:.1%} of all"
                "<br>no limit of its own"
            )
            rows.append(
                (first[-2] + index, first[-1], node.flow, self._band(node, node.flow), hover)
            )
        fields = ("source", "target", "value", "color", "customdata")
        return {
            field: list(column)
            for field, column in zip(fields, zip(*rows, strict=True), strict=True)
        }

    def annotations(self) -> list[dict[str, Any]]:
        """Column headers above, tokens to the left, labels of tall nodes, the prediction."""
        last = len(self.reduced.nodes)
        headers = [
            self._text(self._column(k), 1.0, self._header(k), xanchor="center", yshift=22, size=12)
            for k in range(last + 1)
        ]
        name = self.explanation.trace.target.name.replace(" against ", "\nagainst ")
        lines = "<br>".join(shortened(line) for line in name.split("\n"))
        middle = 1 - self._prediction_height()
        prediction = self._text(
            self._column(last), middle, f"<b>{lines}</b>", xanchor="left", xshift=11, size=13
        )
        return [*headers, *self._node_labels(), prediction]

    def layer_name(self, k: int) -> str:
        """What layer `k` of nodes is called: nodes are what a layer of the model puts out."""
        layer = self.explanation.layers[0] + k
        if layer == 0:
            return "input"
        return f"after layer {layer}" if k == 0 else f"layer {layer}"

    def _node_labels(self) -> list[dict[str, Any]]:
        labels, height = [], self.placement.height
        for k, layer in enumerate(self.reduced.nodes):
            for index, node in enumerate(layer):
                y = 1 - self.placement.centres[k][index] / height
                if k == 0:
                    text = node_label(self.explanation, node)
                    labels.append(
                        self._text(self._column(0), y, text, xanchor="right", xshift=-11, size=12)
                    )
                elif self._labelled(node, self.placement.heights[k][index]):
                    text = node_label(self.explanation, node, _INSIDE)
                    labels.append(
                        self._text(self._column(k), y, text, xanchor="left", xshift=9, size=11)
                    )
        return labels

    def _labelled(self, node: ReducedNode, height: float) -> bool:
        """Inside the picture: tall nodes; with many narrow columns only those in colour."""
        return height >= _TALL_ENOUGH and not (self._crowded and self._colour(node) == NEUTRAL)

    @property
    def _crowded(self) -> bool:
        return len(self.reduced.nodes) + 1 > _WIDE_ENOUGH

    def _text(self, x: float, y: float, text: str, *, size: int, **place: Any) -> dict[str, Any]:
        return {
            "x": x, "y": y, "xref": "paper", "yref": "paper", "yanchor": "middle", "text": text,
            "showarrow": False, "font": {"size": size}, **place,
        }  # fmt: skip

    def _header(self, k: int) -> str:
        last = len(self.reduced.nodes)
        if k == last:
            return "prediction"
        if k and self._crowded:
            return str(self.explanation.layers[0] + k)
        return self.layer_name(k)

    def _column(self, k: int) -> float:
        """Evenly spaced, the prediction closer: what leads to it is one broad band."""
        last = len(self.reduced.nodes) - 1
        step = 1.0 if self._crowded else 0.6
        return 0.001 + 0.998 * min(k, last + step) / (last + step)

    def _prediction_height(self) -> float:
        """Level with the middle of what flows into it, as a fraction from the top."""
        shares = self.placement.heights[-1] / self.placement.flow_height
        half = self.placement.flow_height / 2
        middle = float(self.placement.centres[-1] @ shares)
        return min(max(middle, half), self.placement.height - half) / self.placement.height

    def _colour(self, node: ReducedNode) -> str:
        return NEUTRAL if node.merged else self.colours.get(node.tokens[0], NEUTRAL)

    def _band(self, node: ReducedNode, flow: float) -> str:
        """Translucent, so that crossings show; fainter where plotly draws a hair of 1 pixel."""
        colour = self._colour(node)
        strength = 0.28 if colour == NEUTRAL else 0.5
        pixels = flow / self.reduced.value * self.placement.flow_height
        return _translucent(colour, strength * min(1.0, max(pixels, 0.12)))


def _translucent(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.3f})"


def _token_colours(explanation: Explanation) -> dict[int, str]:
    """A colour for each of the tokens of the text with the largest scores."""
    candidates = np.flatnonzero(~explanation.trace.special & (explanation.scores > 0))
    order = np.argsort(-explanation.scores[candidates], kind="stable")
    return dict(zip(candidates[order].tolist(), PALETTE, strict=False))
