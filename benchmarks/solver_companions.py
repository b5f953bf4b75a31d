"""What surrounds a single solve, in units of one: real texts, batches, central path, intervals.

    python -m benchmarks.solver_companions [--runs 5] [--write]

Every line is a ratio of medians taken in one run, with the range over its cases or runs. `--write`
keeps the table in `benchmarks/solver_companions.md`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import gaf_core as gaf
from benchmarks.networks import information

TABLE = Path(__file__).with_suffix(".md")
EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples.json"
SENTENCE = 64  # tokens at most


def seconds(call: Callable[[], object], runs: int) -> float:
    """Median time of a call."""
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def real_texts(runs: int) -> str:
    """AGF over all layers of the bundled model, over the pass that gave it, in two rows."""
    model = gaf.load_model("minilm-reviews")
    short: list[float] = []
    long: list[float] = []
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    for example in [one for one in examples if "task" not in one]:
        trace = gaf.trace(model, example["text"])
        network = gaf.FlowNetwork.from_information(gaf.information_tensor(trace))
        once = seconds(lambda text=example["text"]: gaf.trace(model, text), runs)
        ratio = seconds(lambda network=network: gaf.solve(network), runs) / once
        (short if len(trace.tokens) <= SENTENCE else long).append(ratio)
    name = f"of more than {SENTENCE} tokens"
    return "\n".join(
        (
            row(f"solve / trace, {len(short)} example sentences", short),
            row(f"solve / trace, {len(long)} example texts {name}", long),
        )
    )


def depth_average(runs: int) -> str:
    """All start layers of one network of 6 layers and 64 tokens, over the full one."""
    ratios = []
    for seed in range(runs):
        tensor = information("attention", 6, 64, seed)
        networks = [gaf.FlowNetwork.from_information(tensor[start:]) for start in range(6)]
        single = seconds(lambda networks=networks: gaf.solve(networks[0]), 5)
        ratios.append(seconds(lambda networks=networks: gaf.solve_many(networks), 5) / single)
    return row("all 6 start layers / one solve, 64 tokens", ratios)


def central_path(runs: int) -> str:
    """Twelve points of the central path, over one solve."""
    epsilons = [0.5 * 0.3**step for step in range(12)]
    ratios = []
    for seed in range(runs):
        network = gaf.FlowNetwork.from_information(information("attention", 6, 64, seed))
        single = seconds(lambda network=network: gaf.solve(network), 5)
        many = seconds(lambda network=network: gaf.central_path(network, epsilons), 5)
        ratios.append(many / single)
    return row("12 points of the central path / one solve, 6 x 64", ratios)


def intervals(runs: int) -> str:
    """Ambiguity of 120 tokens over 6 layers, gradients read from one token, over one solve."""
    ratios = []
    for seed in range(runs):
        network = gaf.FlowNetwork.from_information(information("one row on top", 6, 120, seed))
        single = seconds(lambda network=network: gaf.solve(network), 3)
        ratios.append(seconds(lambda network=network: gaf.ambiguity(network), 3) / single)
    return row("ambiguity / one solve, 6 x 120", ratios)


def row(name: str, ratios: list[float]) -> str:
    """One line of the table."""
    middle = statistics.median(ratios)
    return f"| {name} | {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    measures = (real_texts, depth_average, central_path, intervals)
    lines = ["| what | ratio (range) |", "| --- | --- |"]
    lines += [measure(options.runs) for measure in measures]
    largest = gaf.solve(gaf.FlowNetwork.from_information(information("gradient", 24, 512, 0)))
    lines.append(
        f"| 24 layers x 512 tokens, for scale | {largest.status}, {largest.seconds:.1f} s |"
    )
    print("\n".join(lines))
    if options.write:
        command = "Made by `python -m benchmarks.solver_companions --write`."
        TABLE.write_text("\n".join(["# Around the solver", "", command, "", *lines, ""]))


if __name__ == "__main__":
    main()
