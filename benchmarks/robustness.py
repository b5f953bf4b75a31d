"""Ten thousand generated networks, hard ones included: every answer certified, or refused truly.

    python -m benchmarks.robustness [--count 10000] [--first 0] [--write]

Network number n is made from seed n alone, so a run can be resumed with `--first` and any failure
repeated. An answer passes if it is certified (gap, conservation, centrality, all recomputed from
the returned flow) or if a status says that it is not. A tensor whose largest capacity is beyond
what sums of it could hold is refused before there is a network. Iteration counts are tabulated: a
stopping test that cannot fire would show as the limit. `--write` keeps the table in
`benchmarks/robustness.md`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from benchmarks.networks import STRESS_KINDS, stress
from gaf_core import FlowNetwork, Status, solve
from gaf_core.errors import CapacityError

TABLE = Path(__file__).with_suffix(".md")
REFUSED = "refused"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=10_000)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    outcomes: Counter[tuple[str, str]] = Counter()
    steps: dict[str, list[int]] = defaultdict(list)
    centrality: dict[str, float] = defaultdict(float)
    began = time.perf_counter()
    for seed in range(options.first, options.first + options.count):
        kind, tensor = stress(seed)
        try:
            network = FlowNetwork.from_information(tensor)
        except CapacityError as error:
            outcomes[kind, REFUSED] += 1
            print(f"seed {seed}: {kind} {tensor.shape} {error}", flush=True)
            continue
        solution = solve(network)
        outcomes[kind, solution.status] += 1
        if solution.status is not Status.NO_PATH:
            steps[kind].append(solution.iterations)
            centrality[kind] = max(centrality[kind], solution.centrality)
        if not solution.certified:
            print(f"seed {seed}: {kind} {tensor.shape} {solution.status}", flush=True)
        if (seed + 1) % 1000 == 0:
            print(f"{seed + 1} after {time.perf_counter() - began:.0f} s", flush=True)
    columns = [*Status, REFUSED]
    lines = [
        f"| kind | {' | '.join(columns)} | steps: median, most | centrality, largest |",
        "| --- " * (len(columns) + 3) + "|",
    ]
    for kind in STRESS_KINDS:
        counts = " | ".join(str(outcomes[kind, status]) for status in columns)
        taken = steps[kind] or [0]
        lines.append(
            f"| {kind} | {counts} | {np.median(taken):.0f}, {max(taken)} | {centrality[kind]:.0e} |"
        )
    print("\n".join(lines))
    if options.write:
        command = f"Made by `python -m benchmarks.robustness --count {options.count} --write`."
        title = "# Robustness of the barrier solver"
        TABLE.write_text("\n".join([title, "", command, "", *lines, ""]))


if __name__ == "__main__":
    main()
