"""A cut -> where a flow is limited, in words.

No flow is larger than the capacity of a cut: of the edges whose tail is on the prediction's side
and whose head is not, and of the nodes that it runs through, where nodes have a capacity. The cut
of least capacity is as large as the largest flow (Ford & Fulkerson 1956), so its edges and nodes
are what limits the flow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.flow import ExactFlow, cut_edges, cut_nodes
from gaf_core.network import FlowNetwork
from gaf_core.reading.focus import Edge, token_text

__all__ = ["Bottleneck", "bottleneck", "cut_edges", "cut_in_words", "largest_cut_edges"]

_MOSTLY = 0.5  # of an edge: more of it is the residual than is attention


@dataclass(frozen=True, eq=False)
class Bottleneck:
    """The edges and nodes of one minimum cut.

    Attributes:
        cut: `[l + 1, t]` True for the nodes on the prediction's side.
        edges: `[l, t, t]` True for the edges on the cut.
        layers: `[l]` capacity of the edges cut in each layer, in the unit of the capacities.
        unique: whether there is no other minimum cut.
        nodes: `[l, t]` True for the nodes that the cut runs through, as they enter each layer.
        entries: `[l]` capacity of the nodes cut at the entry of each layer.
    """

    cut: NDArray[np.bool_]
    edges: NDArray[np.bool_]
    layers: NDArray[np.float64]
    unique: bool
    nodes: NDArray[np.bool_]
    entries: NDArray[np.float64]

    @property
    def capacity(self) -> float:
        """Of the whole cut, which is the value of the largest flow."""
        return float(self.layers.sum() + self.entries.sum())


def bottleneck(network: FlowNetwork, exact: ExactFlow) -> Bottleneck:
    """The minimum cut nearest the input, that with the most nodes on the prediction's side."""
    near_input, near_prediction = exact.cut_near_input.copy(), exact.cut_near_prediction.copy()
    # A token that every other reads, and nothing else, can fill its edge to the super-target. The
    # edges into it hold no more, so the cut moves there: a limit that means something to people.
    near_input[0] = cut_nodes(network, near_input)[0]
    near_prediction[-1] = network.live[-1]
    edges, nodes = cut_edges(network, near_input), cut_nodes(network, near_input)
    limits = np.zeros(nodes.shape) if network.node_capacity is None else network.node_capacity
    return Bottleneck(
        cut=near_input,
        edges=edges,
        layers=np.where(edges, network.capacity, 0.0).sum(axis=(1, 2)),
        unique=bool(
            np.array_equal(edges, cut_edges(network, near_prediction))
            and np.array_equal(nodes, cut_nodes(network, near_prediction))
        ),
        nodes=nodes,
        entries=np.where(nodes, limits, 0.0).sum(axis=1),
    )


def largest_cut_edges(
    network: FlowNetwork, found: Bottleneck, count: int = 5
) -> list[tuple[Edge, float]]:
    """The edges of a cut with the largest capacities, largest first."""
    layer, query, key = np.nonzero(found.edges)
    capacity = network.capacity[layer, query, key]
    order = np.argsort(-capacity, kind="stable")[:count]
    return [
        (Edge(int(layer[one]), int(query[one]), int(key[one])), float(capacity[one]))
        for one in order
    ]


def cut_in_words(explanation: Explanation, found: Bottleneck) -> str:
    """Where the flow is limited, in a sentence or two of plain text."""
    if found.capacity <= 0:
        return "Nothing flows, so nothing limits the flow."
    places = sorted(_places(explanation, found), key=lambda place: -place.capacity)
    shares = [_percent(place.capacity / found.capacity) for place in places]
    text = f"The flow is limited {places[0].limited} ({shares[0]} of the cut)."
    if len(places) > 1:
        rest = zip(shares[1:4], places[1:4], strict=True)
        named = ", ".join(f"{share} {place.where}" for share, place in rest)
        text += f" The rest: {named}" + (" and less elsewhere." if len(places) > 4 else ".")
    if found.unique:
        return text + " No other cut is as small."
    return text + " Other cuts are as small; this is the one nearest the input."


class _Place(NamedTuple):
    """Edges of one layer, or nodes at its entry: what they hold, and how they are spoken of."""

    capacity: float
    limited: str
    where: str


def _places(explanation: Explanation, found: Bottleneck) -> Iterator[_Place]:
    """Where the cut runs, from the input on."""
    for k, number in enumerate(range(explanation.layers[0] + 1, explanation.layers[1] + 1)):
        if found.entries[k] > 0:
            entry = f"at the entry of layer {number}"
            tokens = np.flatnonzero(found.nodes[k])
            noun = "node" if len(tokens) == 1 else "nodes of"
            limited = f"by the {noun} {_who(explanation, tokens)} {entry}"
            yield _Place(float(found.entries[k]), limited, entry)
        if found.layers[k] > 0:
            limited = _edges_in_words(explanation, found.edges[k], k)
            yield _Place(float(found.layers[k]), limited, f"in layer {number}")


def _edges_in_words(explanation: Explanation, edges: NDArray[np.bool_], layer: int) -> str:
    number = explanation.layers[0] + layer + 1
    queries, keys = (np.flatnonzero(edges.any(axis=axis)) for axis in (1, 0))
    share = explanation.network.residual_share[layer, keys[0]]
    if edges.sum() == 1 and queries[0] == keys[0] and share > _MOSTLY:
        return f"by the residual of {_who(explanation, keys)} at layer {number}"
    reading, read = _who(explanation, queries), _who(explanation, keys)
    verb = "reads" if len(queries) == 1 else "read"
    return f"in layer {number}, where {reading} {verb} {read}"


def _who(explanation: Explanation, tokens: NDArray[np.int64]) -> str:
    if len(tokens) == 1:
        return token_text(explanation, int(tokens[0]))
    return f"{len(tokens)} tokens"


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "less than 1 %"
    return f"{share:.0%}".replace("%", " %")
