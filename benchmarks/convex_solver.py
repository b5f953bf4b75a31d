"""The barrier solver against general convex solvers on the same networks, in one run.

    python -m benchmarks.convex_solver [--tokens 32 64] [--runs 3] [--limit 120] [--write]

Clarabel (interior point) and SCS (first order) get the problem that we solve, `minimise -F - mu sum
[log f + log(u - f)]` at the same `mu`, as exponential cones. A primal-dual hybrid gradient method
(PDLP, as HiGHS has it) knows no logarithm and gets what is left of it without one, the linear
program `maximise F`: it may reach its value, and ends at any of its many optima, so its scores are
not ours. All take turns on random attention, so that a machine whose speed drifts treats them
alike, and each is stopped at a time limit. `--write` keeps the table in
`benchmarks/convex_solver.md`.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import cvxpy as cp
import numpy as np

from benchmarks import oracles
from benchmarks.networks import information
from benchmarks.tables import finish, header, line, made_by, page
from gaf_core import FlowNetwork, FlowSolution, max_flow, solve

TABLE = Path(__file__).with_suffix(".md")
OURS = "this one"
PROGRAM = "HiGHS PDLP, linear program"


class Outcome(NamedTuple):
    """What a solver reached on one network.

    Attributes:
        seconds: that the solver says it took.
        whole: seconds with the compilation of the problem by CVXPY.
        status: in its own words.
        value: `|F / F* - 1|` with the exact maximum `F*`.
        imbalance: largest |in - out| of a node, relative to `F*`.
        score: largest difference of a score from ours, relative to `F*`.
    """

    seconds: float
    whole: float
    status: str
    value: float = np.nan
    imbalance: float = np.nan
    score: float = np.nan


def solvers(limit: float) -> dict[str, tuple[bool, dict[str, Any]]]:
    """Each solver: whether it can have the barrier, and how CVXPY calls it."""
    pdlp = {"solver": "pdlp", "time_limit": limit}
    return {
        "Clarabel": (True, {"solver": cp.CLARABEL, "time_limit": limit}),
        "SCS": (True, {"solver": cp.SCS, "time_limit_secs": limit}),
        PROGRAM: (False, {"solver": cp.HIGHS, "highs_options": pdlp}),
    }


def on_one(network: FlowNetwork, limit: float) -> dict[str, Outcome]:
    """What each solver reaches on one network, ours first."""
    solution = solve(network)
    best = max_flow(network).value
    flow = oracles.all_flows(network, solution)
    status, seconds = str(solution.status), solution.seconds
    reached = accuracy(network, flow, solution, best)
    found = {OURS: Outcome(seconds, seconds, status, *reached)}
    for name, (barrier, options) in solvers(limit).items():
        mu = solution.mu if barrier else 0.0
        found[name] = general(network, mu, solution, best, options)
    return found


def general(
    network: FlowNetwork, mu: float, solution: FlowSolution, best: float, options: dict[str, Any]
) -> Outcome:
    """What a general solver reaches; one that gives up is a result here."""
    began = time.perf_counter()
    problem, flow = oracles.barrier_problem(network, mu, solution.value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its status says as much
            problem.solve(**options)
    except (cp.SolverError, ValueError):  # the latter for an answer of which it says "unknown"
        seconds = time.perf_counter() - began
        return Outcome(seconds, seconds, "failed")
    whole = time.perf_counter() - began
    own = problem.solver_stats.solve_time or whole
    if flow.value is None:
        return Outcome(own, whole, problem.status)
    reached = accuracy(network, flow.value * solution.value, solution, best)
    return Outcome(own, whole, problem.status.replace("_", " "), *reached)


def accuracy(
    network: FlowNetwork, flow: np.ndarray, solution: FlowSolution, best: float
) -> tuple[float, float, float]:
    """Distance of the value from the maximum, imbalance, and difference of a score (`Outcome`)."""
    net = oracles.incidence(network) @ flow
    bottom = network.live[0]
    difference = np.abs(flow[-bottom.sum() :] - solution.scores[bottom]).max()
    return abs(net[-2] / best - 1), np.abs(net[:-2]).max() / best, difference / best


def rows(tokens: int, found: Sequence[dict[str, Outcome]]) -> list[str]:
    """One line a solver, of what it reached on each of some networks."""
    lines = []
    for name in found[0]:
        outcomes = [one[name] for one in found]
        ours = [one[OURS] for one in found]
        statuses = Counter(one.status for one in outcomes)
        worst = [max(numbers) for numbers in zip(*(one[3:] for one in outcomes), strict=True)]
        lines.append(
            line(
                str(tokens),
                name,
                ", ".join(f"{status} {count}" for status, count in statuses.items()),
                spread([one.seconds for one in outcomes], 3),
                ratio([one.seconds / our.seconds for one, our in zip(outcomes, ours, strict=True)]),
                ratio([one.whole / our.whole for one, our in zip(outcomes, ours, strict=True)]),
                *("" if np.isnan(number) else f"{number:.0e}" for number in worst),
            )
        )
    return lines


def spread(seconds: Sequence[float], digits: int) -> str:
    """A median with its range."""
    low, high = min(seconds), max(seconds)
    return f"{median(seconds):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def ratio(numbers: Sequence[float]) -> str:
    """The same of ratios."""
    return spread(numbers, 0)


def document(layers: int, tokens: Sequence[int], runs: int, limit: float) -> str:
    """The whole table, with what made it."""
    solve(FlowNetwork.from_information(information("attention", 2, 4, 0)))  # load the kernels
    lines = header(
        "tokens", "solver", "status", "seconds", "ratio", "ratio with CVXPY", "value", "imbalance",
        "score",
    )  # fmt: skip
    for count in tokens:
        tensors = (information("attention", layers, count, seed) for seed in range(runs))
        found = [on_one(FlowNetwork.from_information(tensor), limit) for tensor in tensors]
        lines += rows(count, found)
    sizes = " ".join(map(str, tokens))
    command = f"convex_solver --layers {layers} --tokens {sizes} --runs {runs} --limit {limit:g}"
    about = (
        f"{made_by(command)} {layers} layers of random attention, {runs} networks a "
        f"size, at most {limit:.0f} seconds a solve. Seconds are a solver's own. Ratios "
        "are to ours, without and with the time in which CVXPY makes a problem ready. `value`: "
        "distance from the exact maximum flow; `imbalance`: of the worst node; `score`: largest "
        "difference from ours; the largest of the networks each, relative to the maximum flow."
    )
    program = (
        "PDLP knows no logarithm and solves the linear program, whose optimum is not unique: its "
        "scores are those of some maximum flow."
    )
    return page("Beside general convex solvers", about, program, lines)


def main() -> None:
    """Measure and print; keep the table if that is wanted."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--layers", type=int, default=12)
    arguments.add_argument("--tokens", type=int, nargs="+", default=[32, 64])
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--limit", type=float, default=120.0, help="seconds a solve")
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    found = document(options.layers, options.tokens, options.runs, options.limit)
    finish(found, TABLE, write=options.write)


if __name__ == "__main__":
    main()
