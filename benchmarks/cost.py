"""What an explanation costs: the flows over integrated gradients, and the faithful over the plain.

    python -m benchmarks.cost [--sentences 100] [--runs 3] [--method-sentences 20] [--write]

Held-out sentences of the bundled data and the bundled model. What is compared takes turns in one
process, sentence by sentence; a ratio is that of two times in one turn, the ratio of a sentence is
the median over the turns, and a line has the median over the sentences and the range. `--write`
keeps the table in `benchmarks/cost.md`. Frozen over plain gradients of larger networks is measured
by `benchmarks.frozen_backward`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import gaf_core as gaf
from benchmarks.entries import USUAL, countdown
from benchmarks.faithfulness import MODEL, say, sentences
from benchmarks.tables import finish, header, line, made_by, page
from gaf_core.composer import explain, explain_trace, trace_for
from gaf_core.errors import GafError
from gaf_core.settings import FAITHFUL, Settings

TABLE = Path(__file__).with_suffix(".md")
PUBLISHED = Settings()  # AGF over all layers
STEPS = 50

TRACE, FROZEN_TRACE = "a trace", "a trace with frozen gradients and residuals"
GRADIENTS = f"integrated gradients, {STEPS} steps"
GAF, FAITHFUL_GAF = "GAF", "faithful GAF"
SOLVE, DEPTH_AVERAGE = "one flow", "all flows of the depth average"
RATIOS = (  # over, under
    (GAF, GRADIENTS),
    (FAITHFUL_GAF, GRADIENTS),
    (FAITHFUL_GAF, GAF),
    (FROZEN_TRACE, TRACE),
    (DEPTH_AVERAGE, SOLVE),
    (FAITHFUL_GAF, SOLVE),
)


def tasks(model: gaf.Model, text: str) -> dict[str, Callable[[], object]]:
    """What is timed for one text; what a task starts from is made before."""
    plain, frozen = trace_for(model, text, PUBLISHED), trace_for(model, text, FAITHFUL)
    gradients = gaf.METHODS["integrated_gradients"]
    return {
        TRACE: lambda: trace_for(model, text, PUBLISHED),
        FROZEN_TRACE: lambda: trace_for(model, text, FAITHFUL),
        GRADIENTS: lambda: gradients(model, plain, steps=STEPS),
        GAF: lambda: explain(model, text, PUBLISHED),
        FAITHFUL_GAF: lambda: explain(model, text, FAITHFUL),
        SOLVE: lambda: explain_trace(plain, PUBLISHED),
        DEPTH_AVERAGE: lambda: explain_trace(frozen, FAITHFUL),
    }


def turns(work: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Seconds of each task in each turn; the turn before the first one warms up and is not kept."""
    found: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(runs + 1):
        for name, call in work.items():
            began = time.perf_counter()
            call()
            if turn:
                found[name].append(time.perf_counter() - began)
    return found


def spread(values: Sequence[float]) -> str:
    """The median and the range, to three digits."""
    median, least, most = (
        f"{float(f'{one:.3g}'):,g}" for one in (statistics.median(values), min(values), max(values))
    )
    return f"{median} ({least} to {most})"


def ratio_line(timed: Sequence[dict[str, list[float]]], over: str, under: str) -> str:
    """One line of the table, from the turns of each sentence."""
    ratios = [
        statistics.median(one / other for one, other in zip(found[over], found[under], strict=True))
        for found in timed
    ]
    times = [
        1e3 * statistics.median(seconds for found in timed for seconds in found[name])
        for name in (over, under)
    ]
    return line(f"{over} / {under}", spread(ratios), *(f"{one:.1f}" for one in times))


def ratio_table(timed: Sequence[dict[str, list[float]]]) -> list[str]:
    """All of `RATIOS`."""
    lines = header("what", "ratio: median (range over sentences)", "ms", "over ms")
    return [*lines, *(ratio_line(timed, over, under) for over, under in RATIOS)]


def method_seconds(model: gaf.Model, texts: Sequence[str]) -> dict[str, list[float]]:
    """Seconds of every method that can score them on each of the texts, in turns, text by text.

    Each text has a trace of its own, so work that several methods share counts for each of them.
    """
    found: dict[str, list[float]] = {}
    for text in texts:
        traced = gaf.trace(model, text)
        for name, method in gaf.METHODS.items():
            with suppress(GafError):  # DeepLIFT refuses most networks
                seconds = method(model, traced).seconds
                found.setdefault(name, []).append(seconds)
    return found


def method_lines(found: Mapping[str, Sequence[float]]) -> list[str]:
    """One line a method, the fastest first."""
    lines = header("method", "ms: median (range over sentences)", f"over {USUAL}: median (range)")
    for name, seconds in sorted(found.items(), key=lambda one: statistics.median(one[1])):
        ratios = [one / other for one, other in zip(seconds, found[USUAL], strict=True)]
        lines.append(line(name, spread([1e3 * one for one in seconds]), spread(ratios)))
    return lines


def document(
    timed: Sequence[dict[str, list[float]]],
    tokens: Sequence[int],
    runs: int,
    methods: Mapping[str, Sequence[float]],
) -> str:
    """The whole file."""
    about = (
        f"{made_by(f'cost --sentences {len(timed)} --runs {runs}')} The model is `{MODEL}`, the "
        f"sentences are {len(timed):,} held-out ones of {min(tokens)} to {max(tokens)} tokens, "
        f"{statistics.median(tokens):.0f} in the median. All tasks take turns in one process, "
        f"{runs} turns a sentence; the ratio of a sentence is the median over its turns."
    )
    tasks_are = (
        "A trace is one forward and one backward pass. GAF is a trace and the flow of AGF over "
        "all layers; faithful GAF is a trace with frozen gradients and residuals, and the flows of "
        "its depth average. Both are end to end, from text to scores. Integrated gradients are "
        "given the predicted class and timed without the pass that finds it. Flows are timed from "
        "a trace that is there, and include building the networks."
    )
    each_is = (
        f"Every method of the library on the first {len(methods[USUAL]):,} of the sentences, in "
        "turns: what it takes beside the trace that all share, with what it shares with some. "
        "DeepLIFT refuses this network."
    )
    each = ["## Each method", each_is, method_lines(methods)]
    return page("Cost", about, tasks_are, ratio_table(timed), *each)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sentences", type=int, default=100)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--method-sentences", type=int, default=20)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    model = gaf.load_model(MODEL)
    texts = sentences("test", options.sentences)
    for call in tasks(model, texts[0]).values():  # libraries load
        call()
    progress, timed = countdown(say), []
    for done, text in enumerate(texts, 1):
        timed.append(turns(tasks(model, text), options.runs))
        progress(done, len(texts))
    tokens = [len(gaf.trace(model, text).tokens) for text in texts]
    some = texts[: options.method_sentences]
    method_seconds(model, some[:1])  # libraries load
    methods = method_seconds(model, some)
    finish(document(timed, tokens, options.runs, methods), TABLE, write=options.write)


if __name__ == "__main__":
    main()
