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
from threadpoolctl import ThreadpoolController

from gaf_core.errors import SettingsError
from gaf_core.flow import kernels
from gaf_core.flow.certificate import certify
from gaf_core.flow.layout import LayeredProblem, compile_problem, unpack, zero_flow
from gaf_core.flow.newton import Laplacian, SingularSystemError
from gaf_core.flow.solution import FlowSolution, Status
from gaf_core.flow.threads import both
from gaf_core.network import FlowNetwork

Array = NDArray[np.float64]

CENTRALITY = 1e-8  # stop when every f z and (u - f) w is this close to mu, relatively
CONSERVATION = 1e-12  # and every node this close to balance, relative to the flow bound
MAX_ITERATIONS = 200
BOUNDARY = 0.999  # fraction of the way to the boundary that a step may go

_blas = ThreadpoolController()
# apart from the pool that halves one solve (`threads`), so that neither waits for itself
_solvers = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="solve")


@dataclass
class State:
    """The iterate, flat over edges and nodes, in units of the problem's scale."""

    flow: Array
    slack: Array
    below: Array  # z, dual of flow >= 0
    above: Array  # w, dual of flow <= capacity
    potential: Array

    @property
    def edges(self) -> tuple[Array, Array, Array, Array]:
        """What the kernels read and write."""
        return self.flow, self.slack, self.below, self.above


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
    drop = np.repeat(drops, np.diff(layout.edge_start))
    exists = problem.capacity > 0
    slack = np.where(exists, problem.capacity - flow, 0.0)
    mu = float(drop @ flow) / (2 * problem.edges)
    below = np.divide(mu, np.maximum(flow, 0.01 * slack), out=np.zeros_like(flow), where=exists)
    above = np.where(exists, below + drop, 0.0)
    heights = np.concatenate([[0.0], drops.cumsum()])
    potential = np.repeat(heights, np.diff(layout.node_start))
    return State(flow, slack, below, above, potential)


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
    # Several BLAS pools on few cores fight each other, these matrices are small, and a sum that is
    # split over threads depends on their number. A step that overflows shows in the state.
    with _blas.limit(limits=1, user_api="blas"), np.errstate(over="ignore", invalid="ignore"):
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
    with _blas.limit(limits=1, user_api="blas"):
        return list(_solvers.map(partial(solve, epsilon=epsilon), networks))


def follow_path(problem: LayeredProblem, state: State, epsilon: float) -> tuple[float, int, Status]:
    """Newton steps until the state is central at `mu = epsilon F / (2 m)`; changes `state`.

    Returns:
        The last `mu` in units of the problem's scale, the iterations, and how it ended.
    """
    passes = _Passes(problem, state)
    laplacian = Laplacian(problem.layout)
    per_gap = 1.0 / (2 * problem.edges)
    gap = float(state.flow @ state.below + state.slack @ state.above)
    mu, arrived = gap * per_gap, False
    for iteration in range(1, MAX_ITERATIONS + 1):
        degree, excess = passes.predictor()
        try:
            laplacian.factorise(passes.theta, degree)
        except SingularSystemError:
            return mu, iteration, Status.NUMERICAL_FAILURE
        target = epsilon * _value(problem, state) * per_gap
        if arrived:
            mu = target
            passes.step.fill(0.0)
        else:
            left = passes.predicted_gap(laplacian.solve(excess), gap)
            mu = max((left / gap) ** 3 * gap * per_gap, target)
            arrived = mu == target
        change = laplacian.solve(passes.corrector(mu))
        furthest, gap, imbalance = passes.take(mu, change)
        if not np.isfinite(gap + imbalance):
            return mu, iteration, Status.NUMERICAL_FAILURE
        value = _value(problem, state)
        settled = abs(epsilon * value * per_gap - mu) <= CENTRALITY * mu
        if settled and furthest <= CENTRALITY and imbalance <= CONSERVATION * value:
            return mu, iteration, Status.OPTIMAL
    return mu, MAX_ITERATIONS, Status.ITERATION_LIMIT


class _Passes:
    """The kernels on one state: the blocks in two halves at once, their results put together."""

    def __init__(self, problem: LayeredProblem, state: State):
        edge_start, node_start = problem.layout.edge_start, problem.layout.node_start
        half = int(np.searchsorted(edge_start, edge_start[-1] // 2))
        half = min(max(half, 1), problem.layout.blocks - 1)
        self._halves = (0, half), (half, problem.layout.blocks)
        self._edges, self._state = int(edge_start[-1]), state
        self.theta, self.step = np.zeros_like(state.flow), np.zeros_like(state.flow)
        self._common = edge_start, node_start, state.potential, *state.edges, self.theta
        self._degree, self._through = (np.zeros((2, int(node_start[-1]))) for _ in range(2))

    def predictor(self) -> tuple[Array, Array]:
        """Conductances into `theta`; their sum at every node, and the right-hand side."""
        self._run(kernels.predictor_pass, self._degree, self._through)
        return self._degree.sum(axis=0), self._excess()

    def predicted_gap(self, change: Array, gap: float) -> float:
        """The flow step into `step`; what its longest steps leave of the gap.

        The sum of f z + s w after steps of length x and y is `gap (1 - y) + slope (x - y - x y)
        - bend x y`, with `slope` the sum of d (z - w) and `bend` that of d^2 / theta.
        """
        results = self._run(kernels.predictor_step, change, self.step)
        (_, _, slope, bend), (_, _, more_slope, more_bend) = results
        x, y = (min(1.0, 1.0 / max(shrink)) for shrink in list(zip(*results, strict=True))[:2])
        slope, bend = slope + more_slope, bend + more_bend
        return gap * (1.0 - y) + slope * (x - y - x * y) - bend * x * y

    def corrector(self, mu: float) -> Array:
        """The right-hand side."""
        self._run(kernels.corrector_pass, self.step, mu, self._through)
        return self._excess()

    def take(self, mu: float, change: Array) -> tuple[float, float, float]:
        """Move the state as far as it stays positive.

        Returns:
            Largest relative distance of a complementarity from `mu`, sum of all of them, largest
            imbalance of a node.
        """
        results = self._run(kernels.corrector_lengths, self.step, mu, change)
        primal, dual = (min(1.0, BOUNDARY / max(shrink)) for shrink in zip(*results, strict=True))
        (one, gap), (other, more) = self._run(
            kernels.update, self.step, mu, change, primal, dual, self._through
        )
        self._state.potential += dual * change
        return max(one, other), gap + more, float(np.abs(self._excess()[1:-1]).max())

    def _excess(self) -> Array:
        return self._through[0] - self._through[1]

    def _run(self, kernel, *arguments):
        return both(
            self._edges,
            *(partial(kernel, *blocks, *self._common, *arguments) for blocks in self._halves),
        )


def _value(problem: LayeredProblem, state: State) -> float:
    """The flow into the super-target."""
    return float(problem.layout.block(state.flow, 0).sum())
