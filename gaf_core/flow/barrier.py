"""The log-barrier maximum flow: FlowNetwork -> FlowSolution.

    minimise  -F - mu * sum_e [ log f_e + log(u_e - f_e) ]   subject to conservation at every node,

with `F` the flow from source to target and the sum over the `m` edges that have a capacity (the
return edge, which carries `F`, has none). Strictly convex: one solution for every `mu > 0`, within
`2 m mu` of the maximum flow; `mu = epsilon F / (2 m)` makes it epsilon-optimal. (Azarkhalili &
Libbrecht, ACL 2025.)

Method: primal-dual path following. With node potentials `pi` (1 at the source, 0 at the target) and
duals `z` of `f >= 0`, `w` of `f <= u`, the solution satisfies

    conservation,    w - z = pi_tail - pi_head,    f z = mu,    (u - f) w = mu.

Start from any `f` inside its bounds and dual feasible `z, w`; then Newton steps on these equations
(`steps`), each a linear solve for the potentials (`newton`), with Mehrotra's predictor and
second-order corrector while `mu` falls, and plain centring once it has arrived. The dual equation
is linear and holds at the start, so every step keeps it. The last steps converge quadratically:
being strict in the stopping test costs about one iteration.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError, check_kind
from gaf_core.flow import steps
from gaf_core.flow.blas import single_threaded
from gaf_core.flow.certificate import certify
from gaf_core.flow.compiled import njit
from gaf_core.flow.layout import LayeredProblem, compile_problem, unpack, zero_flow
from gaf_core.flow.pools import pool
from gaf_core.flow.solution import FlowSolution, Status
from gaf_core.flow.work import State
from gaf_core.network import FlowNetwork

Array = NDArray[np.float64]

MAX_ITERATIONS = 200

Start = Callable[[LayeredProblem], State]


def routed_start(problem: LayeredProblem) -> State:
    """Route the flow in proportion to what each edge lets through, well inside its bounds.

    Every edge gets at least the mean flow of its layer, so that none starts at its boundary, and at
    most half of its capacity.
    """
    layout = problem.layout
    flow = np.zeros_like(problem.capacity)
    arriving = np.ones(1)
    for k in reversed(range(layout.blocks)):
        share, capacity = layout.block(problem.through, k), layout.block(problem.capacity, k)
        arriving = _route(share, share.sum(axis=1), arriving, capacity, layout.block(flow, k))
    return state_from(problem, flow)


@njit()
def _route(share, whole, arriving, capacity, flow):
    """Fill the flow of a block, and return what arrives at its heads before it is clipped."""
    passed, routed = np.zeros(share.shape[1]), np.empty(share.shape[1])
    least = 1.0 / share.size
    for i in range(share.shape[0]):
        into, part, most, out = share[i], arriving[i], capacity[i], flow[i]
        all_of_it = whole[i]
        for j in range(routed.size):
            routed[j] = into[j] / all_of_it * part
        for j in range(routed.size):
            passed[j] += routed[j]
        for j in range(routed.size):
            widest = 0.5 * (most[j] if most[j] < 1.0 else 1.0)
            wanted = routed[j] if routed[j] > least else least
            out[j] = wanted if wanted < widest else widest
    return passed


def state_from(problem: LayeredProblem, flow: Array) -> State:
    """A dual feasible state around a flow that lies strictly inside its bounds.

    The potential falls from layer to layer, mostly where the layer is narrow; then no dual of a
    wide edge is far too large for its slack, and none loses digits on the way down.
    """
    layout = problem.layout
    blocks = range(layout.blocks)
    narrowness = np.array([1.0 / layout.block(problem.capacity, k).sum() for k in blocks])
    drops = narrowness / narrowness.sum()
    carried = np.array([layout.block(flow, k).sum() for k in blocks])
    mu = float(drops @ carried) / (2 * problem.edges)
    slack, below, above = (np.empty_like(flow) for _ in range(3))
    _surround(layout.edge_start, problem.capacity, drops, mu, flow, slack, below, above)
    heights = np.concatenate([[0.0], drops.cumsum()])
    potential = np.repeat(heights, np.diff(layout.node_start))
    return State(flow, slack, below, above, potential)


@njit()
def _surround(edge_start, capacity, drops, mu, flow, slack, below, above):
    """Slacks and duals with `w - z` the drop of the block and, at best, `f z = mu`."""
    for k in range(drops.size):
        own, drop = slice(edge_start[k], edge_start[k + 1]), drops[k]
        u, f, s, z, w = capacity[own], flow[own], slack[own], below[own], above[own]
        for e in range(u.size):  # without a branch, and from 0, so that several go at once
            rest = u[e] - f[e]
            least = 0.01 * rest
            low = mu / (least if least > f[e] else f[e])
            s[e] = rest if u[e] > 0.0 else 0.0
            z[e] = low if u[e] > 0.0 else 0.0
            w[e] = low + drop if u[e] > 0.0 else 0.0


def solve(network: FlowNetwork, epsilon: float = 1e-6, start: Start = routed_start) -> FlowSolution:
    """The unique barrier-regularised maximum flow of a network, with its certificate.

    Args:
        network: a pruned layered network.
        epsilon: relative suboptimality, in (0, 0.5]; the flow value is at least `1 - epsilon`
            times the maximum, and the certificate proves it.
        start: where to start; the answer does not depend on it.

    Returns:
        A `FlowSolution`. Its `status` says whether the tolerances were reached; a half-converged
        flow is never reported as optimal.

    Raises:
        SettingsError: epsilon outside (0, 0.5].

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> solution = gaf.solve(network, epsilon=1e-6)
    >>> solution.certified, solution.scores.round(3).tolist()
    (True, [1.221, 0.779])
    """
    return central_path(network, (epsilon,), start)[0]


def central_path(
    network: FlowNetwork, epsilons: Sequence[float], start: Start = routed_start
) -> list[FlowSolution]:
    """The solutions for a falling sequence of epsilons, each started from the one before.

    They trace the central path from the middle of the feasible flows (large epsilon) to the
    analytic centre of the maximum flows (`epsilon -> 0`), for little more than the last one alone.

    Raises:
        SettingsError: an epsilon outside (0, 0.5], or one that is not below the one before.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> [round(one.value, 2) for one in gaf.central_path(network, (0.5, 0.1, 1e-4))]
    [1.88, 1.97, 2.0]
    """
    check_kind(epsilons, Iterable, "Give the epsilons as a list.")
    for epsilon in epsilons:
        if not isinstance(epsilon, Real) or not 0 < epsilon <= 0.5:
            raise SettingsError(f"epsilon is {epsilon}; choose a value above 0 and at most 0.5.")
    if any(later >= earlier for earlier, later in pairwise(epsilons)):
        raise SettingsError("The epsilons of a central path must fall from one to the next.")
    began = time.perf_counter()
    if not network.live.any():
        nothing = zero_flow(network)
        return [certify(network, nothing, 0.0, e, 0, Status.NO_PATH, began) for e in epsilons]
    problem = compile_problem(network)
    solutions = []
    with single_threaded:
        state = start(problem)
        for epsilon in epsilons:
            mu, iterations, status = follow_path(problem, state, epsilon)
            flow = unpack(problem, state.flow, state.potential, network)
            solutions.append(
                certify(network, flow, mu * problem.scale, epsilon, iterations, status, began)
            )
            began = time.perf_counter()
    return solutions


def solve_many(networks: Sequence[FlowNetwork], epsilon: float = 1e-6) -> list[FlowSolution]:
    """Solve independent networks, several at once on a machine with several cores.

    The answers are those of `solve`, bit for bit.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> last = gaf.FlowNetwork.from_information([upper])
    >>> [round(one.value, 3) for one in gaf.solve_many([network, last])]
    [2.0, 4.0]
    """
    with single_threaded:
        return list(pool("solve").map(partial(solve, epsilon=epsilon), networks))


def follow_path(problem: LayeredProblem, state: State, epsilon: float) -> tuple[float, int, Status]:
    """Newton steps until the state is central at `mu = epsilon F / (2 m)`; changes `state`.

    Returns:
        The last `mu` in units of the problem's scale, the iterations, and how it ended.
    """
    found = steps.follow(problem.layout, state, epsilon, problem.edges, MAX_ITERATIONS)
    return found.mu, found.steps, _ENDINGS[found.ending]


_ENDINGS = {
    steps.ARRIVED: Status.OPTIMAL,
    steps.LIMIT: Status.ITERATION_LIMIT,
    steps.FAILED: Status.NUMERICAL_FAILURE,
}
