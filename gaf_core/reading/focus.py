"""A selection -> the part of the flow on paths through it.

What runs through a node is a mixture: nobody can say which of what enters at one edge leaves at
another. Here every node mixes in proportion, as a pipe junction mixes dye: of what enters, the same
fraction leaves on every edge (Bialek 1996, the tracing of electricity). Then

    fraction above = mean over the edges down, weighted by flow, of the fractions at their ends
    fraction below = mean over the edges up, weighted by flow, of the fractions at their ends

The total is the flow through the selection and does not depend on that rule; how it is split
among the other edges does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.flow import FlowPath, FlowSolution, widest_paths


class Node(NamedTuple):
    """A token in one layer of nodes: layer 0 are the inputs of the network, `l` its outputs."""

    layer: int
    token: int


class Edge(NamedTuple):
    """The edge `(layer + 1, query) -> (layer, key)`, with `layer` counted from 0."""

    layer: int
    query: int
    key: int


class Paths(NamedTuple):
    """Some of the widest paths of the flow, by their rank, counted from 1."""

    ranks: tuple[int, ...]


Selection = Node | Edge | Paths


def through(solution: FlowSolution, selection: Node | Edge) -> NDArray[np.float64]:
    """The part of a flow on paths through a node or an edge.

    Returns:
        `[l, t, t]` like `edge_flow`, nowhere above it, conserved as it is, and summing in every
        layer to the flow through the selection.

    Raises:
        SettingsError: the flow has no such node or edge.
    """
    flow = solution.edge_flow
    check_selection(flow.shape, selection)
    layers, tokens, _ = flow.shape
    part = np.zeros_like(flow)
    upper, lower = np.zeros(tokens), np.zeros(tokens)  # fractions of the nodes above and below
    if isinstance(selection, Edge):
        bottom, query, key = selection
        top = bottom + 1
        part[bottom, query, key] = flow[bottom, query, key]
        upper[query] = _ratio(part[bottom].sum(axis=1), flow[bottom].sum(axis=1))[query]
        lower[key] = _ratio(part[bottom].sum(axis=0), flow[bottom].sum(axis=0))[key]
    else:
        bottom = top = selection.layer
        upper[selection.token] = lower[selection.token] = 1.0
    for k in range(top, layers):
        part[k] = flow[k] * upper[None, :]
        upper = _ratio(part[k].sum(axis=1), flow[k].sum(axis=1))
    for k in reversed(range(bottom)):
        part[k] = flow[k] * lower[:, None]
        lower = _ratio(part[k].sum(axis=0), flow[k].sum(axis=0))
    return part


def part_of(
    explanation: Explanation, selection: Selection, paths: Sequence[FlowPath] | None = None
) -> NDArray[np.float64]:
    """`[l, t, t]` part of the flow that a selection stands for.

    Args:
        explanation: whose flow.
        selection: a node, an edge, or some of the widest paths.
        paths: the widest paths, where they are known; found here otherwise.

    Raises:
        SettingsError: the flow has no such node, edge or path.
    """
    if not isinstance(selection, Paths):
        return through(explanation.solution, selection)
    return along(explanation.solution, check_paths(explanation, selection, paths))


def check_paths(
    explanation: Explanation, selection: Paths, paths: Sequence[FlowPath] | None = None
) -> list[FlowPath]:
    """The paths of a selection, of those that are known or found here.

    Raises:
        SettingsError: the flow has no such path.
    """
    most = max(selection.ranks)
    if paths is None:
        paths = widest_paths(explanation.solution.edge_flow, most)
    if most > len(paths):
        raise SettingsError(f"This list of paths ends before path {most}.")
    return [paths[rank - 1] for rank in selection.ranks]


def within(solution: FlowSolution, kept: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a flow whose whole way is kept, where every node mixes in proportion.

    Args:
        solution: whose flow.
        kept: `[l, t, t]` which part of the flow on each edge is kept.

    Returns:
        `[l, t, t]` nowhere above the flow on what is kept, and conserved as the flow is.
    """
    flow = solution.edge_flow
    layers, tokens, _ = flow.shape
    above, below = np.ones((layers + 1, tokens)), np.ones((layers + 1, tokens))
    for k in reversed(range(layers)):
        above[k] = _ratio((flow[k] * kept[k] * above[k + 1][:, None]).sum(axis=0), flow[k].sum(0))
    for k in range(layers):
        below[k + 1] = _ratio((flow[k] * kept[k] * below[k]).sum(axis=1), flow[k].sum(axis=1))
    return flow * kept * above[1:, :, None] * below[:-1, None, :]


def along(solution: FlowSolution, paths: Iterable[FlowPath]) -> NDArray[np.float64]:
    """`[l, t, t]` part of a flow that some of its paths carry together (see `widest_paths`)."""
    part = np.zeros_like(solution.edge_flow)
    for path in paths:
        for k, (key, query) in enumerate(pairwise(reversed(path.nodes))):
            part[k, query, key] += path.flow
    return np.minimum(part, solution.edge_flow)  # sums of rounded numbers may pass it by a digit


def focused_tokens(selection: Selection | None) -> tuple[int, ...]:
    """Tokens that stand on their own in pictures of words and spans, being in focus."""
    match selection:
        case Node(_, token):
            return (token,)
        case Edge(_, query, key):
            return (query, key)
    return ()


def check_selection(shape: tuple[int, ...], selection: Node | Edge) -> None:
    """A `SettingsError` if a flow of this shape has no such node or edge."""
    layers, tokens, _ = shape
    edge = isinstance(selection, Edge)
    last = layers - 1 if edge else layers
    if not 0 <= selection.layer <= last:
        raise SettingsError(
            f"There is no {'edge' if edge else 'node'} in layer {selection.layer} of this flow. "
            f"Choose a layer from 0 to {last}."
        )
    if not all(0 <= token < tokens for token in selection[1:]):
        raise SettingsError(f"This text has no such token. Choose from 0 to {tokens - 1}.")


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
