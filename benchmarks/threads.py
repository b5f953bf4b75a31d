"""One thread or several, on an idle machine and beside other processes: a trace and a solve.

    python -m benchmarks.threads [--tokens 16 64 256 512] [--runs 5] [--write]

Traces are of the bundled model and of a 12-layer BERT-base with random weights, solves of the AGF
networks of these traces over all layers. "Beside others" is beside one process a core that counts
and never waits; it is stopped in between. One thread and several take turns, idle and beside
others too; a run of 512 tokens counts for two. Each figure is the median of the runs, with the
range of the ratios. `--write` keeps the table in `benchmarks/threads.md`.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

import gaf_core as gaf
from benchmarks.tables import finish, header, line, made_by, page
from gaf_core.cores import VARIABLE, cores
from gaf_core.flow import team
from gaf_core.tracing import threads

TABLE = Path(__file__).with_suffix(".md")
LIMIT = 512
LONG, MOST = 0.1, 20  # a run repeats what is shorter than so many seconds, up to so many times
SETTLE = 0.05  # seconds until the scheduler has noticed that others come or go


class Case(NamedTuple):
    """Something that one or several threads can compute.

    Attributes:
        name: of the row.
        tokens: of the text.
        most: threads that it can use.
        used: threads that it uses.
        seconds: time that it takes with so many threads.
    """

    name: str
    tokens: int
    most: int
    used: int
    seconds: Callable[[int], float]


def bundled() -> gaf.Model:
    return gaf.load_model("minilm-reviews")


def bert_base() -> gaf.Model:
    """A 12-layer BERT-base with random weights and the vocabulary of the bundled model."""
    torch.manual_seed(0)
    module = BertForSequenceClassification(BertConfig(attn_implementation="eager"))
    module.eval().requires_grad_(False)
    layers, heads = module.config.num_hidden_layers, module.config.num_attention_heads
    labels = ("negative", "positive")
    return gaf.Model("BERT-base", module, bundled().tokenizer, labels, LIMIT, layers, heads)


def text_of(model: gaf.Model, tokens: int) -> str:
    """Random words, each of them one token, between two special ones."""
    words = [word for word in model.tokenizer.get_vocab() if word.isascii() and word.isalpha()]
    random = np.random.default_rng(tokens)
    return " ".join(random.choice(sorted(words), tokens - 2))


def cases_of(model: gaf.Model, tokens: int) -> tuple[Case, Case]:
    """The trace of a text, and the solve of its network."""
    traced = gaf.trace(model, text_of(model, tokens))
    encoding = traced.encoding
    assert encoding is not None
    assert len(traced.tokens) == tokens
    network = gaf.FlowNetwork.from_information(gaf.information_tensor(traced))

    def trace(number: int) -> float:
        with patch.object(threads, "fitting", lambda *_: number):
            began = time.perf_counter()
            gaf.trace(model, encoding)
            return time.perf_counter() - began

    def solve(number: int) -> float:
        with patch.dict(os.environ, {VARIABLE: str(number)}), patch.object(team, "WORTHWHILE", 0):
            return gaf.solve(network).seconds

    helped = network.capacity.size >= team.WORTHWHILE
    name = f"{model.name}, {model.layers} layers"
    return (
        Case(f"trace, {name}", tokens, cores(), threads.fitting(model, tokens), trace),
        Case(f"solve, {name}", tokens, team.PARTS, team.PARTS if helped else 1, solve),
    )


@contextmanager
def others() -> Iterator[Callable[[bool], None]]:
    """Processes that keep every core busy while they are told to; they are stopped at first."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(cores())]

    def work(now: bool) -> None:
        for process in processes:
            process.send_signal(signal.SIGCONT if now else signal.SIGSTOP)
        time.sleep(SETTLE)

    try:
        work(False)
        yield work
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(case: Case, runs: int, let_work: Callable[[bool], None]) -> str:
    """One row of the table."""
    times: dict[tuple[bool, int], list[float]] = {}
    for number in (case.most, 1):  # warms up
        once = case.seconds(number)
    repeated = range(max(1, min(MOST, int(LONG / once))))
    for _ in range(runs):
        for busy in (False, True):
            let_work(busy)
            for number in (1, case.most):
                found = mean(case.seconds(number) for _ in repeated)
                times.setdefault((busy, number), []).append(found)
    let_work(False)
    cells = [case.name, f"{case.tokens}", f"{case.used}"]
    for busy in (False, True):
        one, several = times[busy, 1], times[busy, case.most]
        ratios = [first / second for first, second in zip(one, several, strict=True)]
        cells += [f"{1e3 * median(one):,.0f}", f"{1e3 * median(several):,.0f}"]
        cells += [f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"]
    return line(*cells)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tokens", type=int, nargs="+", default=[16, 64, 256, 512])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    if cores() < 2:
        arguments.error("this process may use one core only, so there is nothing to compare")
    rows = header(
        "what", "tokens", "threads used", "idle: 1 thread, ms", "several, ms", "1 / several",
        "beside others: 1 thread, ms", "several, ms", "1 / several",
    )  # fmt: skip
    models = (bundled(), bert_base())
    with others() as let_work:
        for kind in range(2):  # traces first
            for model in models:
                for tokens in options.tokens:
                    runs = -(-options.runs // 2) if tokens >= LIMIT else options.runs
                    case = cases_of(model, tokens)[kind]
                    rows.append(measure(case, runs, let_work))
                    print(rows[-1], flush=True)
    finish(page("Threads", explained(options.runs), rows), TABLE, write=options.write)


def explained(runs: int) -> str:
    return (
        f"{made_by('threads')} Medians of {runs} runs; in brackets the range of the ratios, which "
        f"are above 1 where several threads are faster. A trace has {cores()} threads or 1, a "
        'solve 2 (the helper of `gaf_core/flow/team.py`) or 1; "threads used" is what the '
        "library chooses. The others are one process a core that never waits."
    )


if __name__ == "__main__":
    main()
