"""The barrier solver against CVXPY with Clarabel on the same barrier problem, in one run.

    python -m benchmarks.convex_solver [--layers 12] [--tokens 64] [--runs 3]

Both solve `minimise -F - mu sum [log f + log(u - f)]` at the same `mu` on the same random
attention. They take turns, so that a machine whose speed drifts treats them alike. A solve by the
general solver counts with its status: it often stops short of its tolerance.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from benchmarks import oracles
from benchmarks.networks import information
from gaf_core import FlowNetwork, solve


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--layers", type=int, default=12)
    arguments.add_argument("--tokens", type=int, default=64)
    arguments.add_argument("--runs", type=int, default=3)
    options = arguments.parse_args()
    solve(FlowNetwork.from_information(information("attention", 2, 4, 0)))  # load the kernels
    ours, theirs = [], []
    for seed in range(options.runs):
        network = FlowNetwork.from_information(
            information("attention", options.layers, options.tokens, seed)
        )
        solution = solve(network)
        ours.append(solution.seconds)
        began = time.perf_counter()
        try:
            flow = oracles.barrier_optimum(network, solution.mu, scale=solution.value)
            distance = np.abs(flow - oracles.all_flows(network, solution)).max() / solution.value
            outcome = f"largest difference of a flow {distance:.1e} of the value"
        except Exception as error:  # a solver that gives up is a result here
            outcome = f"{type(error).__name__} {str(error).splitlines()[0][:60]}"
        theirs.append(time.perf_counter() - began)
        print(
            f"run {seed}: {solution.status}, gap {solution.duality_gap:.1e}, "
            f"{solution.iterations} steps, {1e3 * ours[-1]:.0f} ms | "
            f"CVXPY + Clarabel {theirs[-1]:.2f} s, {outcome}, ratio {theirs[-1] / ours[-1]:.0f}"
        )
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    print(
        f"{options.layers} layers x {options.tokens} tokens: ratio median "
        f"{statistics.median(ratios):.0f}, from {min(ratios):.0f} to {max(ratios):.0f}"
    )


if __name__ == "__main__":
    main()
