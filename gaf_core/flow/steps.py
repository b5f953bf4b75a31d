"""The Newton steps of a barrier solve, one compiled loop that two threads may share (`team`).

Between wide layers nearly all of the time goes into the factorisations, and all but the last steps
get on as well with a factorisation in single precision: what it leaves of a Newton system is an
imbalance at the nodes, which the next step sees and repairs (inexact Newton; Dembo, Eisenstat &
Steihaug, SIAM J. Numer. Anal. 19, 1982). It is measured, and once it is too large a part of the
imbalance that was to be repaired, which is so near the end at the latest, the solve goes on in
double precision. The stopping test knows nothing of this.

A pass over the edges (`kernels`) or a part of the linear algebra (`newton`) is a job. The loop
calls jobs by their addresses, which keeps each from being compiled anew in each of its callers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import kernels, newton
from gaf_core.flow.compiled import address_of, jump, njit
from gaf_core.flow.layout import Layout
from gaf_core.flow.team import JOB, finish, post, take, team_of, wait, watch, with_help
from gaf_core.flow.work import State, work_on

CENTRALITY = 1e-8  # stop when every f z and (u - f) w is this close to mu, relatively
CONSERVATION = 1e-12  # and every node this close to balance, relative to the flow bound
BOUNDARY = 0.999  # fraction of the way to the boundary that a step may go
WIDE = 128  # nodes in a layer from which a factorisation in single precision pays
FORCING = 1e-2  # and the part of an imbalance that it may leave in a full step

ARRIVED, LIMIT, FAILED = range(3)

_PASSES = (
    kernels.advance,
    kernels.predict,
    kernels.lengths,
)
_SYSTEM = newton.eliminate, newton.reduce, newton.expand
# int64, not int: numba would compile what they are passed to once for each of them
_ADVANCE, _PREDICT, _LENGTHS = np.arange(3)
_ELIMINATE, _REDUCE, _EXPAND = np.arange(3, 6)
_ELIMINATE_ROUGHLY, _REDUCE_ROUGHLY, _EXPAND_ROUGHLY = np.arange(6, 9)
_ONE, _OTHER, _MIDDLE = np.arange(3)


class Followed(NamedTuple):
    """How the steps went.

    Attributes:
        mu: the last, in units of the problem's scale.
        steps: how many.
        single: how many of them were solved in single precision.
        ending: `ARRIVED`, `LIMIT` or `FAILED`.
    """

    mu: float
    steps: int
    single: int
    ending: int


def follow(layout: Layout, state: State, epsilon: float, edges: int, most: int) -> Followed:
    """Newton steps until the state is central at `mu = epsilon F / (2 m)`; changes `state`.

    Args:
        layout: of the problem.
        state: dual feasible and strictly inside its bounds.
        epsilon: relative suboptimality.
        edges: `m`, the number of edges with a capacity.
        most: steps to take at most.
    """
    on = _work_on(layout, state)
    found = with_help(state.flow.size, _follow, _help, _jobs(), *on, epsilon, edges, most)
    return Followed(*found)


def _work_on(layout: Layout, state: State):
    """What the passes work on, and the Newton system in double and in single precision."""
    work = work_on(layout, state)
    double = newton.laplacian_of(layout, work.theta, work.total, work.change)
    return work, double, newton.in_single(double, work.rough)


def parts() -> list[tuple[Callable, tuple]]:
    """All that a solve compiles for its steps: functions, and arguments of the types they get.

    The jobs come first, in the order of their numbers.
    """
    layout = Layout(np.arange(3), np.arange(4))
    state = State(*(np.zeros(2) for _ in range(4)), potential=np.zeros(3))
    work, double, single = on = _work_on(layout, state)
    found: list[tuple[Callable, tuple]] = [(job, (0, work)) for job in _PASSES]
    found += [(job, (0, system)) for system in (double, single) for job in _SYSTEM]
    arguments = team_of(helped=False), np.zeros(len(found), np.int64), *on, 1.0, 1, 1
    return [*found, (_follow, arguments), (_help, arguments)]


@cache
def _jobs() -> NDArray[np.int64]:
    """Where the machine code of each job begins."""
    return np.array([address_of(*part) for part in parts()[:-2]])


@njit()
def _follow(team, jobs, work, double, single, epsilon, edges, most):
    """The Newton steps."""
    per_gap = 1.0 / (2 * edges)
    work.length[:] = 0.0
    _share(team, jobs, _ADVANCE, work, double, single)  # nothing moves
    gap = work.moved[0, 1] + work.moved[1, 1]
    mu, arrived, rough = gap * per_gap, False, work.widest >= WIDE
    before, single_steps = 1e300, 0  # the imbalance of the last step
    for iteration in range(1, most + 1):
        for i in range(work.total.size):
            work.total[i] = work.degree[0, i] + work.degree[1, i]
        if rough:
            _share(team, jobs, _ELIMINATE_ROUGHLY, work, double, single)
            _do(jobs, _ELIMINATE_ROUGHLY, _MIDDLE, work, double, single)
            rough = single.fine[newton.MIDDLE]
        if not rough:
            _share(team, jobs, _ELIMINATE, work, double, single)
            _do(jobs, _ELIMINATE, _MIDDLE, work, double, single)
            if not double.fine[newton.MIDDLE]:
                return mu, iteration, single_steps, FAILED
        single_steps += rough

        target = epsilon * _value(work) * per_gap
        if arrived:
            work.aim[:] = 0.0
        else:
            _solve(team, jobs, work, double, single, rough, 0.0)
            for i in range(work.aim.size):
                work.aim[i] = work.potential[i] + work.change[i]
        _share(team, jobs, _PREDICT, work, double, single)
        if arrived:
            mu = target
        else:
            rest = _predicted_gap(work, gap) / gap
            mu = max(rest * rest * rest * gap * per_gap, target)
            arrived = mu == target

        work.mu[0] = mu
        _solve(team, jobs, work, double, single, rough, mu)
        _share(team, jobs, _LENGTHS, work, double, single)
        for kind in range(2):  # primal, dual
            furthest = max(work.shrinks[0, kind], work.shrinks[1, kind])
            work.length[kind] = min(1.0, BOUNDARY / furthest)
        for i in range(work.potential.size):
            work.moved_potential[i] = work.potential[i] + work.length[1] * work.change[i]
        _share(team, jobs, _ADVANCE, work, double, single)

        for i in range(work.potential.size):
            work.potential[i] = work.moved_potential[i]
        imbalance = _imbalance(work)
        furthest = max(work.moved[0, 0], work.moved[1, 0])
        gap = work.moved[0, 1] + work.moved[1, 1]
        if not np.isfinite(furthest + gap + imbalance):
            return mu, iteration, single_steps, FAILED
        value = _value(work)
        settled = abs(epsilon * value * per_gap - mu) <= CENTRALITY * mu
        if settled and furthest <= CENTRALITY and imbalance <= CONSERVATION * value:
            return mu, iteration, single_steps, ARRIVED
        left = imbalance - (1.0 - work.length[0]) * before  # what the system was solved to
        rough = rough and left <= FORCING * work.length[0] * before
        before = imbalance
    return mu, most, single_steps, LIMIT


@njit()
def _solve(team, jobs, work, double, single, rough, mu):
    """The potentials into `work.change`, for the right-hand side that the last pass left."""
    for i in range(work.change.size):
        pressed = mu * (work.barrier[0, i] - work.barrier[1, i])
        work.change[i] = work.through[0, i] - work.through[1, i] + pressed
    if rough:
        for i in range(work.change.size):
            work.rough[i] = work.change[i]
        _share(team, jobs, _REDUCE_ROUGHLY, work, double, single)
        _do(jobs, _REDUCE_ROUGHLY, _MIDDLE, work, double, single)
        _share(team, jobs, _EXPAND_ROUGHLY, work, double, single)
        for i in range(work.change.size):
            work.change[i] = work.rough[i]
    else:
        _share(team, jobs, _REDUCE, work, double, single)
        _do(jobs, _REDUCE, _MIDDLE, work, double, single)
        _share(team, jobs, _EXPAND, work, double, single)


@njit()
def _do(jobs, job, part, work, double, single):
    """One part of a job."""
    if job < _ELIMINATE:
        jump(jobs[job], part, work)
    elif job < _ELIMINATE_ROUGHLY:
        jump(jobs[job], part, double)
    else:
        jump(jobs[job], part, single)


@njit()
def _share(team, jobs, job, work, double, single):
    """Do both parts of a job, with the helper if there is one (`team`)."""
    number = post(team, job)
    _do(jobs, job, _ONE, work, double, single)
    if take(team, number):
        _do(jobs, job, _OTHER, work, double, single)
    else:
        wait(team, number)


@njit()
def _help(team, jobs, work, double, single, _epsilon, _edges, _most):
    """What the helper does, until all is over."""
    number = watch(team)
    while number > 0:
        if take(team, number):
            _do(jobs, team.board[JOB], _OTHER, work, double, single)
            finish(team, number)
        number = watch(team)


@njit()
def _predicted_gap(work, gap):
    """What the predictor's longest steps leave of the gap.

    The sum of f z + s w after steps of length x and y is `gap (1 - y) + slope (x - y - x y)
    - bend x y`, with `slope` the sum of d (z - w) and `bend` that of d^2 / theta.
    """
    one, other = work.predicted
    x = min(1.0, 1.0 / max(one[0], other[0]))
    y = min(1.0, 1.0 / max(one[1], other[1]))
    slope, bend = one[2] + other[2], one[3] + other[3]
    return gap * (1.0 - y) + slope * (x - y - x * y) - bend * x * y


@njit()
def _imbalance(work):
    """The largest difference of what a node between the ends gets and gives; NaN if one is."""
    imbalance = 0.0
    for i in range(1, work.potential.size - 1):
        difference = abs(work.balance[0, i] - work.balance[1, i])
        if difference > imbalance or np.isnan(difference):
            imbalance = difference
    return imbalance


@njit()
def _value(work):
    """The flow into the super-target."""
    value = 0.0
    for e in range(work.edge_start[1]):
        value += work.flow[e]
    return value
