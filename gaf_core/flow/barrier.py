"""The log-barrier maximum flow: FlowNetwork -> FlowSolution.

    minimise  -F - mu * sum_e [ log f_e + log(u_e - f_e) ]   subject to conservation at every node,

with `F` the flow from source to target and the sum over the `m` edges that have a capacity (the
return edge, which carries `F`, has none). Strictly convex: one solution for every `mu > 0`, within
`2 m mu` of the maximum flow; `mu = epsilon F / (2 m)` makes it epsilon-optimal. (Azarkhalili &
Libbrecht, ACL 2025.)

Method: primal-dual path following. With node potentials `pi` (1 at the source, 0 at the target) and
duals `z` of `f >= 0`, `w` of `f <= u`, the solution satisfies

    conservation,    w - z = pi_tail - pi_head,    f z = mu,    (u - f) w = mu.

Start from any `f` inside its bounds and dual feasible `z, w`; then Newton steps on these equations,
each a linear solve for the potentials (`newton`), with Mehrotra's predictor and second-order
corrector while `mu` falls, and plain centring once it has arrived. The dual equation is linear and
holds at the start, so every step keeps it. The last steps converge quadratically: being strict in
the stopping test costs about one iteration.

Between wide layers nearly all of the time goes into the factorisations, and all but the last steps
get on as well with a factorisation in single precision: what it leaves of a Newton system is an
imbalance at the nodes, which the next step sees and repairs (inexact Newton; Dembo, Eisenstat &
Steihaug, SIAM J. Numer. Anal. 19, 1982). It is measured, and once it is too large a part of the
imbalance that was to be repaired, which is so near the end at the latest, the solve goes on in
double precision. The stopping test knows nothing of this.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.flow import kernels, newton
from gaf_core.flow.blas import single_threaded
from gaf_core.flow.certificate import certify
from gaf_core.flow.compiled import njit
from gaf_core.flow.layout import LayeredProblem, compile_problem, unpack, zero_flow
from gaf_core.flow.solution import FlowSolution, Status
from gaf_core.flow.team import JOB, finish, post, take, wait, watch, with_help
from gaf_core.network import FlowNetwork

Array = NDArray[np.float64]

CENTRALITY = 1e-8  # stop when every f z and (u - f) w is this close to mu, relatively
CONSERVATION = 1e-12  # and every node this close to balance, relative to the flow bound
MAX_ITERATIONS = 200
BOUNDARY = 0.999  # fraction of the way to the boundary that a step may go
WIDE = 128  # nodes in a layer from which a factorisation in single precision pays
FORCING = 1e-2  # and the part of an imbalance that it may leave in a full step

# apart from the pool that halves one solve (`team`), so that neither waits for itself
_solvers = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="solve")


@dataclass
class State:
    """The iterate, flat over edges and nodes, in units of the problem's scale."""

    flow: Array
    slack: Array
    below: Array  # z, dual of flow >= 0
    above: Array  # w, dual of flow <= capacity
    potential: Array


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
        share = layout.block(problem.through, k)
        routed = share / share.sum(axis=1, keepdims=True) * arriving[:, None]
        arriving = routed.sum(axis=0)
        widest = 0.5 * np.minimum(layout.block(problem.capacity, k), 1.0)
        layout.block(flow, k)[:] = np.minimum(np.maximum(routed, 1.0 / share.size), widest)
    return state_from(problem, flow)


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
        for e in range(edge_start[k], edge_start[k + 1]):
            exists = capacity[e] > 0.0
            slack[e] = capacity[e] - flow[e] if exists else 0.0
            below[e] = mu / max(flow[e], 0.01 * slack[e]) if exists else 0.0
            above[e] = below[e] + drops[k] if exists else 0.0


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
    """
    for epsilon in epsilons:
        if not 0 < epsilon <= 0.5:
            raise SettingsError(f"epsilon is {epsilon:g}; choose a value above 0 and at most 0.5.")
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
    """
    with single_threaded:
        return list(_solvers.map(partial(solve, epsilon=epsilon), networks))


def follow_path(problem: LayeredProblem, state: State, epsilon: float) -> tuple[float, int, Status]:
    """Newton steps until the state is central at `mu = epsilon F / (2 m)`; changes `state`.

    Returns:
        The last `mu` in units of the problem's scale, the iterations, and how it ended.
    """
    work = kernels.work_on(
        problem.layout, state.flow, state.slack, state.below, state.above, state.potential
    )
    laplacian = newton.laplacian_of(problem.layout)
    systems = laplacian, newton.in_single(laplacian)
    settings = epsilon, problem.edges, MAX_ITERATIONS
    mu, iterations, ending = with_help(state.flow.size, _follow, _help, work, systems, *settings)
    return mu, iterations, _ENDINGS[ending]


_ENDINGS = (Status.OPTIMAL, Status.ITERATION_LIMIT, Status.NUMERICAL_FAILURE)
_ARRIVED, _LIMIT, _FAILED = range(3)


@njit()
def _follow(team, work, systems, epsilon, edges, most):
    """The Newton steps."""
    per_gap = 1.0 / (2 * edges)
    gap = 0.0
    for e in range(work.flow.size):
        gap += work.flow[e] * work.below[e] + work.slack[e] * work.above[e]
    mu, arrived, single = gap * per_gap, False, work.widest >= WIDE
    before = 1e300  # the imbalance of the last step
    jobs = 0
    for iteration in range(1, most + 1):
        jobs = _share(team, jobs, _PREDICTOR, work, systems)
        work.total[:] = work.degree[0] + work.degree[1]
        if single:
            jobs = _share(team, jobs, _ELIMINATE_ROUGHLY, work, systems)
            single = newton.join(systems[_SINGLE], work.total)
        if not single:
            jobs = _share(team, jobs, _ELIMINATE, work, systems)
            if not newton.join(systems[_DOUBLE], work.total):
                return mu, iteration, _FAILED

        target = epsilon * _value(work) * per_gap
        if arrived:
            mu = target
            work.step[:] = 0.0
        else:
            jobs = _solve(team, jobs, work, systems, single)
            jobs = _share(team, jobs, _PREDICTOR_STEP, work, systems)
            mu = max((_predicted_gap(work, gap) / gap) ** 3 * gap * per_gap, target)
            arrived = mu == target

        work.mu[0] = mu
        jobs = _share(team, jobs, _CORRECTOR, work, systems)
        jobs = _solve(team, jobs, work, systems, single)
        jobs = _share(team, jobs, _LENGTHS, work, systems)
        for kind in (0, 1):  # primal, dual
            work.length[kind] = min(1.0, BOUNDARY / work.shrinks[:, kind].max())
        jobs = _share(team, jobs, _UPDATE, work, systems)
        work.potential[:] += work.length[1] * work.change

        furthest, gap = work.moved[:, 0].max(), work.moved[:, 1].sum()
        imbalance = np.abs(work.through[0] - work.through[1])[1:-1].max()
        if not np.isfinite(furthest + gap + imbalance):
            return mu, iteration, _FAILED
        value = _value(work)
        settled = abs(epsilon * value * per_gap - mu) <= CENTRALITY * mu
        if settled and furthest <= CENTRALITY and imbalance <= CONSERVATION * value:
            return mu, iteration, _ARRIVED
        left = imbalance - (1.0 - work.length[0]) * before  # what the system was solved to
        single = single and left <= FORCING * work.length[0] * before
        before = imbalance
    return mu, most, _LIMIT


@njit()
def _solve(team, jobs, work, systems, single):
    """The potentials into `work.change`, for the right-hand side that the last pass left."""
    work.change[:] = work.through[0] - work.through[1]
    if single:
        work.rough[:] = work.change
        jobs = _share(team, jobs, _REDUCE_ROUGHLY, work, systems)
        newton.solve_middle(systems[_SINGLE], work.rough)
        jobs = _share(team, jobs, _EXPAND_ROUGHLY, work, systems)
        work.change[:] = work.rough
        return jobs
    jobs = _share(team, jobs, _REDUCE, work, systems)
    newton.solve_middle(systems[_DOUBLE], work.change)
    return _share(team, jobs, _EXPAND, work, systems)


# int64, not int: numba would compile what they are passed to once for each of them
_PREDICTOR, _PREDICTOR_STEP, _CORRECTOR, _LENGTHS, _UPDATE = np.arange(5)
_ELIMINATE, _REDUCE, _EXPAND = np.arange(5, 8)
_ELIMINATE_ROUGHLY, _REDUCE_ROUGHLY, _EXPAND_ROUGHLY = np.arange(8, 11)
_DOUBLE, _SINGLE = range(2)
_ONE, _OTHER = np.arange(2)


@njit()
def _do(job, part, work, systems):
    """One of the two parts of a job."""
    if job == _PREDICTOR:
        kernels.predictor_pass(part, work)
    elif job == _PREDICTOR_STEP:
        kernels.predictor_step(part, work)
    elif job == _CORRECTOR:
        kernels.corrector_pass(part, work)
    elif job == _LENGTHS:
        kernels.corrector_lengths(part, work)
    elif job == _UPDATE:
        kernels.update(part, work)
    elif job == _ELIMINATE:
        newton.eliminate(part, systems[_DOUBLE], work.theta, work.total)
    elif job == _REDUCE:
        newton.reduce(part, systems[_DOUBLE], work.change)
    elif job == _EXPAND:
        newton.expand(part, systems[_DOUBLE], work.change)
    elif job == _ELIMINATE_ROUGHLY:
        newton.eliminate(part, systems[_SINGLE], work.theta, work.total)
    elif job == _REDUCE_ROUGHLY:
        newton.reduce(part, systems[_SINGLE], work.rough)
    elif job == _EXPAND_ROUGHLY:
        newton.expand(part, systems[_SINGLE], work.rough)


@njit()
def _share(team, jobs, job, work, systems):
    """Do a job, with the helper if there is one (`team`); the number of jobs so far."""
    jobs += 1
    if team.helped:
        post(team, jobs, job)
    _do(job, _ONE, work, systems)
    if not team.helped or take(team, jobs):
        _do(job, _OTHER, work, systems)
    else:
        wait(team, jobs)
    return jobs


@njit()
def _help(team, work, systems, _epsilon, _edges, _most):
    """What the helper does, until all is over."""
    number = watch(team)
    while number > 0:
        if take(team, number):
            _do(team.board[JOB], _OTHER, work, systems)
            finish(team, number)
        number = watch(team)


@njit()
def _predicted_gap(work, gap):
    """What the predictor's longest steps leave of the gap.

    The sum of f z + s w after steps of length x and y is `gap (1 - y) + slope (x - y - x y)
    - bend x y`, with `slope` the sum of d (z - w) and `bend` that of d^2 / theta.
    """
    x = min(1.0, 1.0 / work.predicted[:, 0].max())
    y = min(1.0, 1.0 / work.predicted[:, 1].max())
    slope, bend = work.predicted[:, 2].sum(), work.predicted[:, 3].sum()
    return gap * (1.0 - y) + slope * (x - y - x * y) - bend * x * y


@njit()
def _value(work):
    """The flow into the super-target."""
    return work.flow[: work.edge_start[1]].sum()
