"""FlowNetwork + FlowSolution -> a smaller layered flow that a picture can hold.

Nodes are merged, never dropped: tokens are joined to units (a partition: single tokens, words,
spans of text), each layer keeps its largest units by through-flow and lumps the rest into one
"others" node. Links between merged nodes are sums over the edges they stand for, so every width in
the picture is exact at any budget and for any partition, and every layer carries the whole flow
value. Layers may be left out; `folding` says how the flow across them is composed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from numbers import Integral
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.flow import FlowSolution, cut_edges, cut_nodes
from gaf_core.network import FlowNetwork
from gaf_core.picture.folding import compose, kept_boundaries
from gaf_core.picture.reduced import ReducedFlow, ReducedLink, ReducedNode

__all__ = ["ReducedFlow", "ReducedLink", "ReducedNode", "reduce_flow", "through_flow"]

_SLACK = 1e-6  # of the flow value: what a part may exceed the flow by, being computed


def reduce_flow(
    network: FlowNetwork,
    solution: FlowSolution,
    budget: int,
    focus: Iterable[int] = (),
    *,
    partition: Sequence[Sequence[int]] | None = None,
    part: NDArray[np.float64] | None = None,
    cut: NDArray[np.bool_] | None = None,
    folded: Iterable[int] = (),
    limit: int | None = None,
) -> ReducedFlow:
    """Merge the small nodes of each layer.

    Args:
        network: where the edges are.
        solution: the flow on them.
        budget: units a layer that stay on their own, at least 1. Half of them are those with the
            most of `part`.
        focus: tokens whose units stay on their own, beyond the budget, in every layer that they
            carry flow in.
        partition: the units, tuples of token positions that hold every token once; None for tokens.
        part: `[l, t, t]` part of the flow, conserved, that is followed through the picture.
        cut: `[l + 1, t]` True on the prediction's side.
        folded: layers of nodes to leave out, of `1..l-1`.
        limit: units a layer that stay on their own at most, those in focus included.

    Raises:
        SettingsError: a budget that is no whole number from 1; a partition, part, cut or fold that
            does not belong to this network.
    """
    if not isinstance(budget, Integral) or budget < 1:
        raise SettingsError(
            f"A node budget of {budget!r} draws nothing. Use a whole number of at least 1."
        )
    units = _checked_partition(partition, network.tokens)
    member = _membership(units, network.tokens)
    boundaries = kept_boundaries(network.layers, folded)
    part = _checked_part(part, solution)
    cut = _checked_cut(cut, network)
    through, part_through = through_flow(solution), _part_through(part, solution)
    focused = np.flatnonzero(member[:, sorted(set(focus))].any(axis=1)).tolist()
    chosen = [
        _chosen(member @ through[k], member @ part_through[k], budget, focused, limit)
        for k in boundaries
    ]
    layers = [
        _nodes(units, single, through[k], part_through[k])
        for k, single in zip(boundaries, chosen, strict=True)
    ]
    layers = [
        _with_limits(nodes, network, cut, k) for k, nodes in zip(boundaries, layers, strict=True)
    ]
    links = [
        link
        for column, (low, high) in enumerate(pairwise(boundaries))
        for link in _links(
            column,
            _membership([node.tokens for node in layers[column]], network.tokens),
            _membership([node.tokens for node in layers[column + 1]], network.tokens),
            _gap(network, solution, part, cut, low, high),
        )
    ]
    return ReducedFlow(
        nodes=tuple(layers),
        links=tuple(links),
        tokens=network.tokens,
        value=solution.value,
        boundaries=boundaries,
        units=len(units),
        cut_shares=_cut_shares(network, cut, boundaries),
    )


def through_flow(solution: FlowSolution) -> NDArray[np.float64]:
    """`[l + 1, t]` flow that enters each node from above (from the source, in the last layer)."""
    return np.concatenate([solution.edge_flow.sum(axis=1), solution.source_flow[None]])


def _part_through(part: NDArray[np.float64] | None, solution: FlowSolution) -> NDArray[np.float64]:
    if part is None:
        return np.zeros((solution.edge_flow.shape[0] + 1, solution.edge_flow.shape[1]))
    # of the last layer too no more than there is, so that what is left over is never negative
    above = np.minimum(part[-1].sum(axis=1), solution.source_flow)
    return np.concatenate([part.sum(axis=1), above[None]])


def _chosen(
    through: NDArray[np.float64],
    part: NDArray[np.float64],
    budget: int,
    focused: list[int],
    limit: int | None,
) -> list[int]:
    """Units of a layer that stay on their own, in reading order."""
    largest = [unit for unit in np.argsort(-through, kind="stable").tolist() if through[unit] > 0]
    in_focus = [unit for unit in largest if unit in focused]
    room = min(budget + len(in_focus), limit or len(through))
    most_part = np.argsort(-part, kind="stable")[: (budget + 1) // 2].tolist()
    wanted = [*in_focus, *(unit for unit in most_part if part[unit] > 0 < through[unit]), *largest]
    singles = list(dict.fromkeys(wanted))
    # a unit of its own takes no more room than an "others" that holds nothing else
    return sorted(singles if len(singles) == room + 1 else singles[:room])


def _nodes(
    units: Sequence[tuple[int, ...]],
    singles: list[int],
    through: NDArray[np.float64],
    part: NDArray[np.float64],
) -> tuple[ReducedNode, ...]:
    """Partition of what carries flow in a layer: units in reading order, then the others."""

    def node(tokens: tuple[int, ...], unit: int | None) -> ReducedNode:
        where = list(tokens)
        return ReducedNode(tokens, float(through[where].sum()), unit, float(part[where].sum()))

    own = {token for unit in singles for token in units[unit]}
    others = tuple(token for token in np.flatnonzero(through > 0).tolist() if token not in own)
    nodes = [node(units[unit], unit) for unit in singles]
    return (*nodes, node(others, None)) if others else tuple(nodes)


def _with_limits(
    nodes: tuple[ReducedNode, ...], network: FlowNetwork, cut: NDArray[np.bool_] | None, k: int
) -> tuple[ReducedNode, ...]:
    """The nodes of a layer with their capacities, where the network has such."""
    if network.node_capacity is None or k == network.layers:
        return nodes
    limits = network.node_capacity[k]
    crossed = np.zeros(len(limits), dtype=bool) if cut is None else cut_nodes(network, cut)[k]

    def limited(node: ReducedNode) -> ReducedNode:
        where = list(node.tokens)
        capacity = float(limits[where].sum())
        finite = capacity if np.isfinite(capacity) else None
        return replace(node, capacity=finite, cut_nodes=int(crossed[where].sum()))

    return tuple(map(limited, nodes))


class _Gap(NamedTuple):
    """What runs between two adjacent kept layers, each `[t, t]`; no capacity across a fold."""

    flow: NDArray[np.float64]
    part: NDArray[np.float64]
    capacity: NDArray[np.float64] | None
    edge: NDArray[np.bool_]
    crossing: NDArray[np.bool_]


def _gap(
    network: FlowNetwork,
    solution: FlowSolution,
    part: NDArray[np.float64] | None,
    cut: NDArray[np.bool_] | None,
    low: int,
    high: int,
) -> _Gap:
    flow = solution.edge_flow[low:high]
    kept = np.zeros_like(flow) if part is None else part[low:high]
    capacity = network.capacity[low] if high == low + 1 else None
    if capacity is not None:
        joined, followed, edge = flow[0], kept[0], capacity > 0
    else:
        # mixed apart, so that the part stays a part of what is drawn and the rest its remainder
        followed = compose(kept)
        joined = followed + compose(flow - kept)
        edge = joined > 0
    if cut is None:
        return _Gap(joined, followed, capacity, edge, np.zeros_like(edge))
    leaves = cut[high].copy()
    if high < network.layers:  # what has arrived at a node that is cut leaves it beyond the cut
        leaves &= ~cut_nodes(network, cut)[high]
    return _Gap(joined, followed, capacity, edge, leaves[:, None] & ~cut[low] & edge)


def _links(
    column: int, lower: NDArray[np.float64], upper: NDArray[np.float64], gap: _Gap
) -> list[ReducedLink]:
    flow, part, edges, crossing, crossed = (
        upper @ each @ lower.T
        for each in (
            gap.flow,
            gap.part,
            gap.edge.astype(np.float64),
            gap.crossing.astype(np.float64),
            gap.flow * gap.crossing,
        )
    )
    capacity = None if gap.capacity is None else upper @ gap.capacity @ lower.T
    return [
        ReducedLink(
            layer=column,
            lower=low,
            upper=high,
            flow=float(flow[high, low]),
            capacity=None if capacity is None else float(capacity[high, low]),
            edges=int(edges[high, low]),
            part=float(part[high, low]),
            cut_edges=int(crossing[high, low]),
            cut_flow=float(crossed[high, low]),
        )
        for low in range(len(lower))
        for high in range(len(upper))
        if edges[high, low]
    ]


def _membership(groups: Sequence[Sequence[int]], tokens: int) -> NDArray[np.float64]:
    """`[groups, t]` 1 where a token belongs to a group."""
    member = np.zeros((len(groups), tokens))
    for index, group in enumerate(groups):
        member[index, list(group)] = 1.0
    return member


def _cut_shares(
    network: FlowNetwork, cut: NDArray[np.bool_] | None, boundaries: tuple[int, ...]
) -> tuple[float, ...] | None:
    """For each gap its fraction of the capacity of the cut."""
    if cut is None:
        return None
    layers = np.where(cut_edges(network, cut), network.capacity, 0.0).sum(axis=(1, 2))
    total = float(layers.sum())
    if network.node_capacity is not None:
        total += float(network.node_capacity[cut_nodes(network, cut)].sum())
    total = total or 1.0
    return tuple(float(layers[low:high].sum()) / total for low, high in pairwise(boundaries))


def _checked_partition(
    partition: Sequence[Sequence[int]] | None, tokens: int
) -> list[tuple[int, ...]]:
    if partition is None:
        return [(token,) for token in range(tokens)]
    units = [tuple(unit) for unit in partition]
    if sorted(token for unit in units for token in unit) != list(range(tokens)) or () in units:
        raise SettingsError(f"A partition holds each of the {tokens} tokens in exactly one unit.")
    return units


def _checked_part(
    part: NDArray[np.float64] | None, solution: FlowSolution
) -> NDArray[np.float64] | None:
    if part is None:
        return None
    if part.shape != solution.edge_flow.shape:
        raise SettingsError(
            f"A part of this flow has the shape {list(solution.edge_flow.shape)}; this one has "
            f"{list(part.shape)}."
        )
    slack = _SLACK * max(solution.value, 0.0)
    if not (np.all(part >= -slack) and np.all(part <= solution.edge_flow + slack)):
        raise SettingsError("A part of the flow lies between 0 and the flow on every edge.")
    if np.abs(part[1:].sum(axis=1) - part[:-1].sum(axis=2)).max(initial=0.0) > slack:
        raise SettingsError("A part of the flow is conserved: what enters a node leaves it.")
    return np.clip(part, 0.0, solution.edge_flow)


def _checked_cut(cut: NDArray[np.bool_] | None, network: FlowNetwork) -> NDArray[np.bool_] | None:
    if cut is not None and cut.shape != network.live.shape:
        raise SettingsError(
            f"A cut of this network has the shape {list(network.live.shape)}; this one has "
            f"{list(cut.shape)}."
        )
    return cut
