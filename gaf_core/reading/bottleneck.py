"""A cut -> what limits a flow.

No flow is larger than the capacity of a cut: of the edges whose tail is on the prediction's side
and whose head is not, and of the nodes that it runs through, where nodes have a capacity. The cut
of least capacity is as large as the largest flow (Ford & Fulkerson 1956), so its edges and nodes
are what limits the flow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import ExactFlow, cut_edges, cut_nodes
from gaf_core.network import FlowNetwork
from gaf_core.reading.focus import Edge


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
