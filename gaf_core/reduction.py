"""FlowNetwork + FlowSolution -> a smaller layered flow that a picture can hold.

Nodes are merged, never dropped: each layer keeps its largest nodes by through-flow and lumps the
rest into one "others" node. Links between merged nodes are sums over the edges they stand for, so
every width in the picture is exact at any budget, and every layer carries the whole flow value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow.solution import FlowSolution
from gaf_core.network import FlowNetwork


@dataclass(frozen=True)
class ReducedNode:
    """One drawn node of layer `k`.

    Attributes:
        tokens: positions it stands for, in reading order.
        flow: flow through it, in the unit of the capacities.
    """

    tokens: tuple[int, ...]
    flow: float

    @property
    def merged(self) -> bool:
        """Whether it stands for more than one token."""
        return len(self.tokens) > 1


@dataclass(frozen=True)
class ReducedLink:
    """All edges between two drawn nodes.

    Attributes:
        layer: `k`, of the lower end; the upper end is in layer `k + 1`.
        lower, upper: indices into `ReducedFlow.nodes[layer]` and `.nodes[layer + 1]`.
        flow, capacity: sums over the edges.
        edges: how many there are.
    """

    layer: int
    lower: int
    upper: int
    flow: float
    capacity: float
    edges: int


@dataclass(frozen=True)
class ReducedFlow:
    """A layered flow with few nodes a layer.

    Attributes:
        nodes: for each layer `k = 0..l` its nodes, in reading order, "others" last. The flow of a
            node of layer 0 goes on to the target, that of layer `l` comes from the source.
        links: everything between adjacent layers.
        tokens: number of tokens `t` of the network.
        value: the flow value, which every layer of nodes and of links sums to.
    """

    nodes: tuple[tuple[ReducedNode, ...], ...]
    links: tuple[ReducedLink, ...]
    tokens: int
    value: float

    @property
    def shown_shares(self) -> tuple[float, ...]:
        """For each layer the fraction of the flow that runs through unmerged nodes."""
        return tuple(
            sum(node.flow for node in layer if not node.merged) / self.value if self.value else 1.0
            for layer in self.nodes
        )

    @property
    def summary(self) -> str:
        """What is merged, in a sentence."""
        if not any(node.merged for layer in self.nodes for node in layer):
            return "Every token that carries flow is drawn."
        drawn = max(sum(not node.merged for node in layer) for layer in self.nodes)
        least, most = (f"{share:.0%}" for share in (min(self.shown_shares), max(self.shown_shares)))
        carried = least if least == most else f"{least} to {most}"
        return (
            f"At most {drawn} of {self.tokens} tokens a layer are drawn on their own; they carry "
            f"{carried} of its flow. The grey “others” hold the rest, so every width is exact."
        )


def reduce_flow(
    network: FlowNetwork, solution: FlowSolution, budget: int, focus: Iterable[int] = ()
) -> ReducedFlow:
    """Merge the small nodes of each layer.

    Args:
        network: where the edges are.
        solution: the flow on them.
        budget: nodes a layer that stay on their own, at least 1; from `t` on nothing is merged.
        focus: tokens that stay on their own in every layer that they are live in.

    Raises:
        ValueError: a budget below 1.
    """
    if budget < 1:
        raise ValueError(f"A node budget of {budget} draws nothing. Use 1 or more.")
    through = through_flow(solution)
    focused = frozenset(focus)
    groups = [
        _groups(through[k], network.live[k], budget, focused) for k in range(network.layers + 1)
    ]
    return ReducedFlow(
        nodes=tuple(
            tuple(ReducedNode(group, float(through[k][list(group)].sum())) for group in layer)
            for k, layer in enumerate(groups)
        ),
        links=tuple(
            link
            for k in range(network.layers)
            for link in _links(k, groups[k], groups[k + 1], network, solution)
        ),
        tokens=network.tokens,
        value=solution.value,
    )


def through_flow(solution: FlowSolution) -> NDArray[np.float64]:
    """`[l + 1, t]` flow that enters each node from above (from the source, in the last layer)."""
    return np.concatenate([solution.edge_flow.sum(axis=1), solution.source_flow[None]])


def _groups(
    through: NDArray[np.float64], live: NDArray[np.bool_], budget: int, focus: frozenset[int]
) -> list[tuple[int, ...]]:
    """Partition of the live tokens of a layer: singles in reading order, then the others."""
    tokens = np.flatnonzero(live)
    largest = tokens[np.argsort(-through[tokens], kind="stable")][:budget]
    singles = {*largest.tolist(), *focus.intersection(tokens.tolist())}
    others = [token for token in tokens.tolist() if token not in singles]
    if len(others) == 1:  # a node of its own takes no more room than "others (1 token)"
        singles.update(others)
        others = []
    groups = [(token,) for token in sorted(singles)]
    return [*groups, tuple(others)] if others else groups


def _links(
    layer: int,
    lower: list[tuple[int, ...]],
    upper: list[tuple[int, ...]],
    network: FlowNetwork,
    solution: FlowSolution,
) -> list[ReducedLink]:
    rows, columns = _membership(upper, network.tokens), _membership(lower, network.tokens)
    capacity = network.capacity[layer]
    flow_sum, capacity_sum, edge_sum = (
        rows @ each @ columns.T
        for each in (solution.edge_flow[layer], capacity, (capacity > 0).astype(np.float64))
    )
    return [
        ReducedLink(
            layer=layer,
            lower=low,
            upper=high,
            flow=float(flow_sum[high, low]),
            capacity=float(capacity_sum[high, low]),
            edges=int(edge_sum[high, low]),
        )
        for low in range(len(lower))
        for high in range(len(upper))
        if edge_sum[high, low]
    ]


def _membership(groups: list[tuple[int, ...]], tokens: int) -> NDArray[np.float64]:
    """`[groups, t]` 1 where a token belongs to a group."""
    member = np.zeros((len(groups), tokens))
    for index, group in enumerate(groups):
        member[index, list(group)] = 1.0
    return member
