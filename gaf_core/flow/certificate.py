"""The proof: computed from the flow and the potentials that are returned, and nothing else.

conservation   largest |in - out| over all nodes, relative to the flow value F.
duality gap    (capacity of a cut - F) / F. No flow is larger than any cut, so this bounds how far
               F is from the maximum (Ford & Fulkerson 1956). The cut is the cheapest of those
               that separate nodes by a threshold on their potentials, which costs at most
               sum_e u_e max(pi_tail - pi_head, 0): the average over all thresholds.
centrality     how far from the unique barrier optimum. There every edge satisfies
               pi_tail - pi_head = mu / (u - f) - mu / f. With r_e the difference of the sides,

               centrality^2 = sum_e r_e^2 / (mu^2 / f_e^2 + mu^2 / (u_e - f_e)^2)

               is at least the squared Newton decrement of the barrier, which is
               self-concordant: while it is below 1, no edge is further from the optimum than
               centrality / (1 - centrality) times its distance to its nearer bound
               (Nesterov & Nemirovskii 1994, section 2.2). Rounding limits it to about
               1e-16 / mu, in units of the flow.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow.compiled import njit
from gaf_core.flow.cuts import cut_capacity
from gaf_core.flow.layout import NetworkFlow
from gaf_core.flow.solution import FlowSolution, Status
from gaf_core.network import FlowNetwork

# What an answer must reach to be called optimal, beyond the gap it was asked for.
CONSERVATION_TOLERANCE = 1e-10
CENTRALITY_TOLERANCE = 1e-2


def certify(
    network: FlowNetwork,
    flow: NetworkFlow,
    mu: float,
    epsilon: float,
    iterations: int,
    status: Status,
    began: float,
) -> FlowSolution:
    """Measure a flow and report it; `began` is the `time.perf_counter()` at which work began.

    A flow that the solver calls optimal but that misses a tolerance is reported as a numerical
    failure.
    """
    value = float(flow.target.sum())
    unit = value if value > 0 else 1.0
    conservation = conservation_residual(flow) / unit
    cut, capacity = threshold_cut(network, flow.potential, limit=2 * value)
    gap = max(0.0, (capacity - value) / unit)
    distance = centrality(network, flow, mu)
    proven = (
        conservation <= CONSERVATION_TOLERANCE
        and gap <= epsilon * (1 + 1e-6) + 1e-12
        and distance <= CENTRALITY_TOLERANCE
    )
    if status is Status.OPTIMAL and not proven:
        status = Status.NUMERICAL_FAILURE
    return FlowSolution(
        scores=flow.target,
        edge_flow=flow.edges,
        source_flow=flow.source,
        potential=flow.potential,
        value=value,
        status=status,
        epsilon=epsilon,
        mu=mu,
        duality_gap=gap,
        conservation_residual=conservation,
        centrality=distance,
        cut=cut,
        cut_capacity=capacity,
        iterations=iterations,
        seconds=time.perf_counter() - began,
    )


def conservation_residual(flow: NetworkFlow) -> float:
    """Largest |in - out| of a node, in the unit of the capacities."""
    arriving = np.vstack([flow.edges.sum(axis=1), flow.source[None]])
    leaving = np.vstack([flow.target[None], flow.edges.sum(axis=2)])
    ends = abs(flow.source.sum() - flow.target.sum())
    return max(float(np.abs(arriving - leaving).max()), float(ends))


def threshold_cut(
    network: FlowNetwork, potential: NDArray[np.float64], limit: float
) -> tuple[NDArray[np.bool_], float]:
    """The cheapest cut `potential > threshold`, over all thresholds.

    Args:
        network: the network that is cut.
        potential: `[l + 1, t]`; values beyond 0 and 1 count as these.
        limit: capacities above it are not told apart while searching, which keeps sums exact.

    Returns:
        `[l + 1, t]` True on the source's side, and the capacity of the cut.
    """
    potential = np.clip(potential, 0.0, 1.0)
    levels, rank = np.unique(np.append(potential[network.live], 0.0), return_inverse=True)
    height = np.zeros(network.live.shape, dtype=np.int64)
    height[network.live] = rank[:-1]
    change = np.zeros(len(levels) + 1)  # of the cut's capacity, from one threshold to the next
    for k in range(network.layers):
        _crossed(height[k + 1], height[k], network.capacity[k], limit, change)
    top, bottom = height[-1][network.live[-1]], height[0][network.live[0]]
    source, target = np.array([len(levels)]), np.array([0])
    _crossed(source, top, _endless(network, top.size), limit, change)
    _crossed(bottom, target, _endless(network, bottom.size).T, limit, change)
    threshold = levels[int(change.cumsum()[:-1].argmin())] if len(levels) else 0.0
    side = potential > threshold
    return side, cut_capacity(network, side)


def _endless(network: FlowNetwork, count: int) -> NDArray[np.float64]:
    """`[1, count]` capacities of edges at the source or the target.

    Read-only as those of a network are: numba would compile what they are passed to once for each.
    """
    capacity = np.full((1, count), network.u_inf)
    capacity.setflags(write=False)
    return capacity


@njit()
def _crossed(tails, heads, capacity, limit, change):
    """An edge counts for the thresholds from the height of its head to that of its tail."""
    for i in range(tails.size):
        tail, row = tails[i], capacity[i]
        for j in range(heads.size):
            if tail > heads[j]:  # an absent edge adds 0; to ask for it too would cost more
                weight = min(row[j], limit)
                change[heads[j]] += weight
                change[tail] -= weight


def centrality(network: FlowNetwork, flow: NetworkFlow, mu: float) -> float:
    """Upper bound of the Newton decrement at the flow; 0 for the zero flow."""
    if mu <= 0:
        return 0.0
    potential, top, bottom = flow.potential, flow.source[None], flow.target[:, None]
    squares = sum(
        _decrement(potential[k + 1], potential[k], flow.edges[k], layer, mu)
        for k, layer in enumerate(network.capacity)
    )
    endless = _endless(network, network.tokens)
    squares += _decrement(np.ones(1), potential[-1], top, endless, mu)
    squares += _decrement(potential[0], np.zeros(1), bottom, endless.T, mu)
    return float(np.sqrt(squares))


@njit()
def _decrement(tails, heads, flow, capacity, mu):
    """Sum of `r^2 / (mu^2 / f^2 + mu^2 / (u - f)^2)` over the edges that carry flow."""
    total, squares = 0.0, np.empty(heads.size)
    for i in range(tails.size):
        f, u, tail = flow[i], capacity[i], tails[i]
        for j in range(squares.size):  # without a branch, so that several go at once
            below, above = mu / f[j], mu / (u[j] - f[j])
            residual = tail - heads[j] - above + below
            square = residual**2 / (below**2 + above**2)
            squares[j] = square if f[j] > 0.0 else 0.0
        for j in range(squares.size):
            total += squares[j]
    return total
