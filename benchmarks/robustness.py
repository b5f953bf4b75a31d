"""Ten thousand generated networks, hard ones included: every answer certified, or refused truly.

    python -m benchmarks.robustness [--count 10000] [--first 0] [--wide 520] [--write]

Network number n is made from seed n alone, so a run can be resumed with `--first` and any failure
repeated. An answer passes if it is certified (gap, conservation, centrality, all recomputed from
the returned flow) or if a status says that it is not. A tensor whose largest capacity is beyond
what sums of it could hold is refused before there is a network. Iteration counts are tabulated: a
stopping test that cannot fire would show as the limit. Of networks with wide layers, on which a
solve begins in single precision, a second table says for how many steps it stays there. `--write`
keeps the tables in `benchmarks/robustness.md`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.networks import STRESS_KINDS, stress, wide
from benchmarks.tables import finish, header, line, made_by, page
from gaf_core import FlowNetwork, Status, solve
from gaf_core.errors import CapacityError
from gaf_core.flow.barrier import MAX_ITERATIONS, routed_start
from gaf_core.flow.layout import compile_problem
from gaf_core.flow.steps import WIDE, Followed, follow

TABLE = Path(__file__).with_suffix(".md")
REFUSED = "refused"
EPSILON = 1e-6


def generated(
    make, seeds: Iterable[int], outcomes: Counter[tuple[str, str]]
) -> Iterator[tuple[int, str, FlowNetwork]]:
    """Networks by seed and kind; those that are refused are counted and left out."""
    for seed in seeds:
        kind, tensor = make(seed)
        try:
            yield seed, kind, FlowNetwork.from_information(tensor)
        except CapacityError as error:
            outcomes[kind, REFUSED] += 1
            print(f"seed {seed}: {kind} {tensor.shape} {error}", flush=True)


def outcomes_table(first: int, count: int) -> list[str]:
    """What came of each kind, with the steps taken and the largest distance from the optimum."""
    outcomes: Counter[tuple[str, str]] = Counter()
    steps: dict[str, list[int]] = defaultdict(list)
    centrality: dict[str, float] = defaultdict(float)
    began = time.perf_counter()
    for seed, kind, network in generated(stress, range(first, first + count), outcomes):
        solution = solve(network, EPSILON)
        outcomes[kind, solution.status] += 1
        if solution.status is not Status.NO_PATH:
            steps[kind].append(solution.iterations)
            centrality[kind] = max(centrality[kind], solution.centrality)
        if not solution.certified:
            print(f"seed {seed}: {kind} {network.capacity.shape} {solution.status}", flush=True)
        if (seed + 1) % 1000 == 0:
            print(f"{seed + 1} after {time.perf_counter() - began:.0f} s", flush=True)
    columns = [*Status, REFUSED]
    lines = header("kind", *columns, "steps: median, most", "centrality, largest")
    for kind in STRESS_KINDS:
        taken = steps[kind] or [0]
        lines.append(
            line(
                kind,
                *(str(outcomes[kind, status]) for status in columns),
                f"{median(taken):.0f}, {max(taken)}",
                f"{centrality[kind]:.0e}",
            )
        )
    return lines


def precision_table(count: int) -> list[str]:
    """For how many of its steps a solve of wide layers stays in single precision."""
    outcomes: Counter[tuple[str, str]] = Counter()
    went: dict[str, list[Followed]] = defaultdict(list)
    for seed, kind, network in generated(wide, range(count), outcomes):
        solution = solve(network, EPSILON)
        outcomes[kind, solution.status] += 1
        if solution.status is Status.NO_PATH:
            continue
        problem = compile_problem(network)
        state = routed_start(problem)
        went[kind].append(follow(problem.layout, state, EPSILON, problem.edges, MAX_ITERATIONS))
        if not solution.certified:
            print(f"wide seed {seed}: {kind} {network.capacity.shape} {solution.status}")
    lines = header(
        "kind", "networks", "not solved", "steps: median", "single precision: median, least", "none"
    )
    for kind, some in went.items():
        single = [one.single for one in some]
        lines.append(
            line(
                kind,
                str(len(some)),
                str(len(some) - outcomes[kind, Status.OPTIMAL]),
                f"{median(one.steps for one in some):.0f}",
                f"{median(single):.0f}, {min(single)}",
                str(single.count(0)),
            )
        )
    return lines


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=10_000)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--wide", type=int, default=520)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    document = page(
        "Robustness of the barrier solver",
        made_by(f"robustness --count {options.count} --wide {options.wide}"),
        "\n".join(outcomes_table(options.first, options.count)),
        "## Wide layers",
        f"Networks with layers of at least {WIDE} nodes before pruning, on which a solve begins in "
        "single precision and goes on in double once that is too coarse, at the latest at its end. "
        "The fewest steps in single precision say how early it had to; the last column, in how "
        "many networks it could take none, which after pruning may be narrow too.",
        "\n".join(precision_table(options.wide)),
    )
    finish(document, TABLE, write=options.write)


if __name__ == "__main__":
    main()
