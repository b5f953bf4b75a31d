"""How faithful each method is, on held-out sentences and the bundled model.

    python -m benchmarks.faithfulness [--sentences 300] [--slow-sentences 60] [--operator mask]
        [--split test] [--resume rows.jsonl] [--write]

The sentences are drawn once, by a fixed seed, from the part of the bundled data that neither the
training of the model nor the choice of any setting has seen; `--split validation` is for choosing
settings. Methods that run the model many times see the first of these sentences only. `--resume`
keeps what is measured in a file, so that a run may be stopped and go on. `--write` keeps the tables
in `benchmarks/faithfulness.md`.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import gaf_core as gaf
from gaf_core.baselines import METHODS, Method
from gaf_core.bootstrap import paired, summarise
from gaf_core.corpus import MethodLike, measure
from gaf_core.faithfulness import OPERATORS
from gaf_core.perturbation import Perturbation, resolve_perturbation
from tools import reviews

TABLE = Path(__file__).with_suffix(".md")
MODEL, SEED = "minilm-reviews", 0
DEPTHS = (1, 2, 3)
COLUMNS = {  # measure -> heading, digits
    "aopc": ("AOPC", 3),
    "log_odds": ("LOdds", 2),
    "comprehensiveness": ("comprehensiveness", 3),
    "sufficiency": ("sufficiency", 3),
}


class Entry(NamedTuple):
    """A method with its settings, as `measure` takes it."""

    label: str
    method: str
    options: dict[str, object]


def sentences(split: str, count: int) -> list[str]:
    """Sentences of all sources of the bundled data, drawn without replacement."""
    texts = [review.text for review in reviews.read_split(split)]
    random.Random(SEED).shuffle(texts)
    return texts[:count]


def method_entries(operator: str) -> list[Entry]:
    """Every method with its usual settings; a baseline is the token that removal leaves."""
    return [Entry(name, name, _matching(method, operator)) for name, method in METHODS.items()]


def _matching(method: Method, operator: str) -> dict[str, object]:
    """A method that compares with a text of other tokens compares with what removal leaves."""
    return {
        option.name: operator
        for option in method.options
        if option.name == "baseline" and operator in option.choices
    }


def depth_entries(layers: int) -> list[Entry]:
    """The flow over the last layers only: the choice that matters most."""
    return [
        Entry(f"{name}, {_last(depth)}", name, {"first_layer": layers - depth + 1})
        for name in ("AF", "GF", "AGF")
        for depth in DEPTHS
        if depth < layers
    ]


def _last(depth: int) -> str:
    return "last layer" if depth == 1 else f"last {depth} layers"


def run(model: gaf.Model, entries: Sequence[Entry], options: argparse.Namespace) -> pd.DataFrame:
    """Rows of fast methods on all sentences and of slow ones on the first."""
    texts = sentences(options.split, options.sentences)
    rows = []
    for slow in (False, True):
        chosen: list[MethodLike] = [
            (entry.label, entry.method, entry.options)
            for entry in entries
            if METHODS[entry.method].slow is slow
        ]
        if chosen:
            some = texts[: options.slow_sentences] if slow else texts
            found = measure(
                model,
                some,
                chosen,
                perturbation=Perturbation(options.operator),
                progress=show,
                resume=options.resume,
            )
            rows.append(found)
    return pd.concat(rows, ignore_index=True)


def show(done: int, total: int) -> None:
    """A counter on the terminal."""
    if sys.stderr.isatty() or done % 1000 == 0 or done == total:
        print(f"\r{done:,} of {total:,}", end="\n" if done == total else "", file=sys.stderr)


def table(rows: pd.DataFrame) -> list[str]:
    """Markdown, one line a method, the highest AOPC first."""
    headings = [heading for heading, _ in COLUMNS.values()]
    lines = [
        f"| method | sentences | {' | '.join(headings)} | seconds |",
        "| --- " * (len(headings) + 3) + "|",
    ]
    summary = summarise(rows, SEED).sort_values("aopc", ascending=False, na_position="last")
    for found in summary.to_dict("records"):
        count = f"{found['texts']:,}"
        if found["failures"]:
            count += f", {found['failures']:,} failed"
        cells = [interval(found, name, digits) for name, (_, digits) in COLUMNS.items()]
        cells = [*cells, f"{found['seconds']:.4f}"] if found["texts"] else [""] * (len(cells) + 1)
        lines.append(f"| {found['method']} | {count} | {' | '.join(cells)} |")
    return lines


def interval(found: dict[str, float], name: str, digits: int) -> str:
    """A mean with its interval: `0.512 [0.482, 0.542]`."""
    mean, low, high = (f"{found[name + end]:.{digits}f}" for end in ("", "_low", "_high"))
    return f"{mean} [{low}, {high}]"


def against_best(rows: pd.DataFrame) -> list[str]:
    """AOPC of every other method minus that of the best one, on the sentences of both."""
    summary = summarise(rows, SEED).sort_values("aopc", ascending=False)
    scored = summary.loc[summary["texts"] > 0, "method"].tolist()
    if len(scored) < 2:
        return []
    best, *others = scored
    lines = ["| method | AOPC minus that of the best | sentences |", "| --- | --- | --- |"]
    for other in others:
        found = paired(rows, other, best, SEED).iloc[0]
        difference = f"{found['difference']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
        lines.append(f"| {other} | {difference} | {found['texts']:,} |")
    return [f"The best by AOPC is {best}.", "", *lines]


def failures(rows: pd.DataFrame) -> Iterable[str]:
    """What the methods that failed said first."""
    for found in summarise(rows, SEED).to_dict("records"):
        if found["failures"]:
            yield f"- {found['method']}: {found['first_failure']}"


def document(rows: pd.DataFrame, depths: pd.DataFrame, options: argparse.Namespace) -> str:
    """The whole file."""
    command = f"python -m benchmarks.faithfulness --sentences {options.sentences}"
    command += f" --slow-sentences {options.slow_sentences} --operator {options.operator}"
    command += f" --split {options.split} --write"
    about = (
        f"Made by `{command}` on {platform.machine()}, {os.cpu_count()} cores: `{MODEL}`, "
        f"sentences of the part `{options.split}` of the bundled data drawn by seed {SEED}. "
        "The probability of the predicted class is watched while 10, 20, .., 90 % of the ordinary "
        f"tokens are removed (`{options.operator}`); comprehensiveness and sufficiency take "
        "1, 5, 10, 20, 50 %. Higher AOPC and comprehensiveness are better, lower LOdds and "
        "sufficiency. In brackets: 95 % of 10,000 bootstrap samples of the sentences. Seconds are "
        "the mean of a sentence, beside the forward and backward pass that all methods share "
        f"({rows['trace_seconds'].mean():.4f} s). One model and one kind of text: no more is "
        "claimed."
    )
    lines = ["# Faithfulness", "", about, "", *table(rows), ""]
    lines += ["## Differences, sentence by sentence", "", *against_best(rows), ""]
    lines += ["## The flow over the last layers only", "", *table(depths), ""]
    said = list(failures(pd.concat([rows, depths])))
    return "\n".join([*lines, *(["## Failures", "", *said, ""] if said else [])])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sentences", type=int, default=300)
    arguments.add_argument("--slow-sentences", type=int, default=60)
    arguments.add_argument("--operator", choices=OPERATORS, default="mask")
    arguments.add_argument("--split", choices=("test", "validation"), default="test")
    arguments.add_argument("--resume", type=Path)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    model = gaf.load_model(MODEL)
    operator = resolve_perturbation(model, Perturbation(options.operator)).operator or ""
    rows = run(model, method_entries(operator), options)
    depths = run(model, depth_entries(model.layers), options)
    found = document(rows, depths, options)
    print(found)
    if options.write:
        TABLE.write_text(found, encoding="utf-8")


if __name__ == "__main__":
    main()
