"""Independent answers to compare with: a linear program, a graph library, a convex solver."""

from __future__ import annotations

import cvxpy as cp
import networkx as nx
import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from gaf_core.network import FlowNetwork

# Of the value, what a linear program may be off by: HiGHS keeps each of some hundred constraints to
# 1e-10 of it.
PROGRAM = 1e-7


def edges(network: FlowNetwork) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tail, head and capacity of every edge; nodes are numbered, source -2, target -1."""
    layer, query, key = network.edges
    t = network.tokens
    top, bottom = np.flatnonzero(network.live[-1]), np.flatnonzero(network.live[0])
    size = (network.layers + 1) * t
    tail = np.concatenate([(layer + 1) * t + query, np.full(len(top), size), bottom])
    head = np.concatenate(
        [layer * t + key, network.layers * t + top, np.full(len(bottom), size + 1)]
    )
    capacity = np.concatenate(
        [network.capacity[layer, query, key], np.full(len(top) + len(bottom), network.u_inf)]
    )
    return tail, head, capacity


def incidence(network: FlowNetwork) -> coo_array:
    """`[nodes, edges]`, +1 where an edge leaves and -1 where it arrives; last rows are s, e."""
    tail, head, _ = edges(network)
    count = len(tail)
    values = np.concatenate([np.ones(count), -np.ones(count)])
    rows, columns = np.concatenate([tail, head]), np.tile(np.arange(count), 2)
    size = (network.layers + 1) * network.tokens + 2
    return coo_array((values, (rows, columns)), shape=(size, count))


def linear_program_value(network: FlowNetwork) -> float:
    """Maximum flow by HiGHS, in units of the largest capacity of the narrowest layer."""
    unit = min(layer.max() for layer in network.capacity)
    matrix = incidence(network).tocsr()
    result = linprog(
        -np.asarray(matrix[[-2]].todense()).ravel(),
        A_eq=matrix[:-2],
        b_eq=np.zeros(matrix.shape[0] - 2),
        bounds=np.stack([np.zeros(matrix.shape[1]), edges(network)[2] / unit], axis=1),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0, result.message
    return -result.fun * unit


def graph_value(network: FlowNetwork) -> float:
    """Maximum flow by networkx."""
    return nx.maximum_flow_value(network.to_networkx(), "source", "target")


def barrier_optimum(network: FlowNetwork, mu: float, scale: float) -> np.ndarray:
    """Flow on every edge at the optimum of the barrier problem, by CVXPY with Clarabel."""
    problem, flow = barrier_problem(network, mu, scale)
    problem.solve(solver=cp.CLARABEL)
    assert problem.status in ("optimal", "optimal_inaccurate"), problem.status
    return flow.value * scale


def barrier_problem(
    network: FlowNetwork, mu: float, scale: float
) -> tuple[cp.Problem, cp.Variable]:
    """The barrier problem, or without `mu` the linear program, and its flow in units of `scale`."""
    matrix = incidence(network).tocsr()
    capacity = edges(network)[2] / scale
    flow = cp.Variable(matrix.shape[1])
    value = np.asarray(matrix[[-2]].todense()).ravel() @ flow
    inner = matrix[:-2]
    inner = inner[np.flatnonzero(np.abs(inner).sum(axis=1))]
    conserved = inner @ flow == 0
    if mu == 0:
        return cp.Problem(cp.Maximize(value), [conserved, flow >= 0, flow <= capacity]), flow
    barrier = cp.sum(cp.log(flow)) + cp.sum(cp.log(capacity - flow))
    return cp.Problem(cp.Maximize(value + mu / scale * barrier), [conserved]), flow


def all_flows(network: FlowNetwork, solution) -> np.ndarray:
    """The flow of a solution on every edge, in the order of `edges`."""
    source, target = solution.source_flow[network.live[-1]], solution.scores[network.live[0]]
    return np.concatenate([solution.edge_flow[network.edges], source, target])
