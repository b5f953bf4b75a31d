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
    change = np.zeros(len(levels) + 1)

    def crossed(tail, head, capacity):
        falls = (tail > head) & (capacity > 0)
        weight = np.minimum(np.broadcast_to(capacity, falls.shape)[falls], limit)
        for end, sign in ((head, 1.0), (tail, -1.0)):
            change[:] += sign * np.bincount(
                np.broadcast_to(end, falls.shape)[falls], weight, len(change)
            )

    for k in range(network.layers):
        crossed(height[k + 1][:, None], height[k][None, :], network.capacity[k])
    crossed(np.int64(len(levels)), height[-1][network.live[-1]], np.float64(network.u_inf))
    crossed(height[0][network.live[0]], np.int64(0), np.float64(network.u_inf))
    threshold = levels[int(change.cumsum()[:-1].argmin())] if len(levels) else 0.0
    side = potential > threshold
    return side, cut_capacity(network, side)


def cut_capacity(network: FlowNetwork, side: NDArray[np.bool_]) -> float:
    """Capacity of the edges that lead from the nodes of `side` `[l + 1, t]` to the others."""
    inner = sum(
        float(layer[side[k + 1]][:, ~side[k]].sum()) for k, layer in enumerate(network.capacity)
    )
    outer = np.count_nonzero(network.live[-1] & ~side[-1])
    outer += np.count_nonzero(network.live[0] & side[0])
    return inner + outer * network.u_inf


def centrality(network: FlowNetwork, flow: NetworkFlow, mu: float) -> float:
    """Upper bound of the Newton decrement at the flow; 0 for the zero flow."""
    if mu <= 0:
        return 0.0
    squares = 0.0
    potential = flow.potential
    for k, layer in enumerate(network.capacity):
        drop = potential[k + 1][:, None] - potential[k][None, :]
        squares += _decrement(drop, flow.edges[k], layer, mu)
    squares += _decrement(1.0 - potential[-1], flow.source, network.u_inf, mu)
    squares += _decrement(potential[0], flow.target, network.u_inf, mu)
    return float(np.sqrt(squares))


def _decrement(drop, flow, capacity, mu: float) -> float:
    used = flow > 0
    below = mu / flow[used]
    above = mu / (np.broadcast_to(capacity, flow.shape)[used] - flow[used])
    residual = drop[used] - above + below
    return float((residual**2 / (below**2 + above**2)).sum())
