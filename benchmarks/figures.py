"""How long the Sankey takes to build, how large it is, and how many marks it has.

    python -m benchmarks.figures [--runs 5] [--write]

Medians of the runs with their range, ten nodes a column, a part of the flow and a cut set off.
`--write` keeps the table in `benchmarks/figures.md`.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from pathlib import Path

from benchmarks.handmade import explanation_of
from gaf_core.figures import sankey
from gaf_core.picture.folding import usual_folds
from gaf_core.picture.view import View
from gaf_core.reading.focus import Node, through

TABLE = Path(__file__).with_suffix(".md")
TOKENS, LAYERS = (8, 30, 120), (2, 6, 12, 30)


def row(tokens: int, layers: int, runs: int) -> str:
    """One line of the table."""
    explanation = explanation_of(" ".join(f"w{i}" for i in range(tokens - 2)), layers=layers)
    solution = explanation.solution
    choices = {"part": through(solution, Node(0, 1)), "cut": solution.cut}
    choices["folded"] = usual_folds(layers)
    sankey(explanation, View(**choices))  # words and colours are found once
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        figure = sankey(explanation, View(**choices))
        seconds.append(time.perf_counter() - began)
    drawn, size = figure.data[0], len(figure.to_json()) / 1e3
    middle, least, most = (1e3 * f(seconds) for f in (statistics.median, min, max))
    marks = len(drawn.node.x) + len(drawn.link.value)
    spread = f"{middle:.0f} ({least:.0f} to {most:.0f})"
    return f"| {tokens} | {layers} | {spread} | {size:,.0f} | {marks:,} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    lines = ["| tokens | layers | ms | JSON in kB | marks |", "| --- | --- | --- | --- | --- |"]
    lines += [row(tokens, layers, options.runs) for tokens in TOKENS for layers in LAYERS]
    print("\n".join(lines))
    if options.write:
        about = (
            f"Made by `python -m benchmarks.figures --write` on {platform.machine()}, "
            f"{os.cpu_count()} cores: medians of {options.runs} runs with their range. More than "
            "eight layers are folded to eight steps."
        )
        TABLE.write_text("\n".join(["# Figures", "", about, "", *lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
