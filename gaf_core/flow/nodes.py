"""Node capacities: expanded where a network enters the solvers, folded where an answer leaves them.

A node with a capacity is two nodes and an edge between them with that capacity. The solvers know
layers of edges only, so the network of `l` layers whose nodes have capacities becomes one of `2 l`,
in which every second layer is diagonal:

    layer 2k        (2k+1, i) -> (2k, i)        capacity node_capacity[k, i]
    layer 2k + 1    (2k+2, i) -> (2k+1, j)      capacity[k, i, j]

Node `(k, i)` is entered at layer `2k + 1` and left at layer `2k`. What the solvers prove holds for
the expanded network, whose flows and cuts are those of the network with node capacities. A diagonal
layer is solved as any other, so node capacities double the work and the memory of a solve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

import numpy as np

from gaf_core.errors import check_kind
from gaf_core.flow.cuts import cut_capacity
from gaf_core.flow.exact import ExactFlow
from gaf_core.flow.solution import FlowSolution
from gaf_core.network import FlowNetwork

_NETWORK = "gaf_core.FlowNetwork.from_information makes one."
Rest = ParamSpec("Rest")
Answer = TypeVar("Answer")


def expand(network: FlowNetwork) -> FlowNetwork:
    """The same network without node capacities: `2 l` layers, or itself where it has none."""
    if network.node_capacity is None:
        return network
    layers, tokens = network.layers, network.tokens
    capacity = np.zeros((2 * layers, tokens, tokens))
    # u_inf is no less than any flow, so an infinite capacity may be as little
    limit = np.minimum(network.node_capacity, network.u_inf)
    capacity[::2, np.arange(tokens), np.arange(tokens)] = limit
    capacity[1::2] = network.capacity
    capacity.flags.writeable = False  # as those of every network are
    live = np.repeat(network.live, 2, axis=0)[:-1]
    return replace(network, capacity=capacity, live=live, residual=None, node_capacity=None)


def accepting_node_capacities(
    solver: Callable[Concatenate[FlowNetwork, Rest], Answer],
) -> Callable[Concatenate[FlowNetwork, Rest], Answer]:
    """A solver of networks without node capacities, made one of networks with them.

    Everything in its answer that has the shape of the network is folded back.
    """

    @wraps(solver)
    def solve(network: FlowNetwork, *args: Rest.args, **kwargs: Rest.kwargs) -> Answer:
        check_kind(network, FlowNetwork, _NETWORK)
        return _folded(network, solver(expand(network), *args, **kwargs))

    return solve


def accepting_node_capacities_each(
    solver: Callable[Concatenate[Sequence[FlowNetwork], Rest], list[FlowSolution]],
) -> Callable[Concatenate[Sequence[FlowNetwork], Rest], list[FlowSolution]]:
    """The same for a solver of many networks."""

    @wraps(solver)
    def solve(
        networks: Sequence[FlowNetwork], *args: Rest.args, **kwargs: Rest.kwargs
    ) -> list[FlowSolution]:
        check_kind(networks, Iterable, "Give a list of networks.")
        for network in (networks := list(networks)):
            check_kind(network, FlowNetwork, _NETWORK)
        solutions = solver([expand(network) for network in networks], *args, **kwargs)
        return [_folded(*pair) for pair in zip(networks, solutions, strict=True)]

    return solve


def _folded(network: FlowNetwork, answer: Answer) -> Answer:
    """An answer for the expanded network in the shape of the network; scores stay as they are."""
    if network.node_capacity is None:
        return answer
    if isinstance(answer, FlowSolution):
        return cast(Answer, _fold_solution(network, answer))
    if isinstance(answer, ExactFlow):
        return cast(Answer, _fold_exact(network, answer))
    if isinstance(answer, list | tuple):
        return cast(Answer, type(answer)(_folded(network, one) for one in answer))
    return answer


def _entries(network: FlowNetwork) -> list[int]:
    """Where the nodes of the network are entered, among the node layers of the expanded one."""
    return [2 * k + 1 for k in range(network.layers)] + [2 * network.layers]


def _fold_solution(network: FlowNetwork, solution: FlowSolution) -> FlowSolution:
    cut = solution.cut[_entries(network)]
    capacity = cut_capacity(network, cut)  # no more than that of the expanded cut
    value = solution.value
    return replace(
        solution,
        edge_flow=solution.edge_flow[1::2].copy(),
        potential=solution.potential[_entries(network)],
        cut=cut,
        cut_capacity=capacity,
        duality_gap=max(0.0, (capacity - value) / (value if value > 0 else 1.0)),
    )


def _fold_exact(network: FlowNetwork, exact: ExactFlow) -> ExactFlow:
    return replace(
        exact,
        edge_flow=exact.edge_flow[1::2].copy(),
        cut_near_prediction=exact.cut_near_prediction[_entries(network)],
        cut_near_input=exact.cut_near_input[_entries(network)],
    )
