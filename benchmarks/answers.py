"""Whole answers of a language model: how faithful, how fast, and how long a prompt may be.

    python -m benchmarks.answers [--answers 60] [--runs 3] [--context 1000] [--resume rows.jsonl]
        [--write]

The answers are what SmolLM2-135M itself says to the prompts of `benchmarks/prompts.tsv`, of up to
12 tokens, the likeliest each time and up to the end of a line. A method scores the tokens of the
prompt; they are removed in the order of the scores, and the mean log-probability of the same answer
is watched. The second part has the same with the sum of logits as what is explained. Then what a
map of an answer takes, over explanations of its tokens one by one, and one long prompt; `--runs 0`
and `--context 0` leave these two out, which take longest. `--resume` keeps what is measured in a
file; `--write` keeps the tables in `benchmarks/answers.md`.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import gaf_core as gaf
from benchmarks.cost import turns
from benchmarks.entries import countdown, method_entries, warm_up
from benchmarks.faithfulness import say
from benchmarks.next_token import prompts
from benchmarks.tables import (
    COLUMNS,
    difference_table,
    failures,
    finish,
    header,
    line,
    made_by,
    method_table,
    page,
)
from gaf_core.evaluation import measure
from gaf_core.evaluation.perturbation import Perturbation, resolve_perturbation
from gaf_core.methods import METHODS
from gaf_core.models.memory import available_memory
from gaf_core.spans import Score

TABLE = Path(__file__).with_suffix(".md")
MODEL = "smollm2-135m"
LONGEST, SHORTEST = 12, 3  # tokens of an answer
METHODS_OF = {
    "log_probability": (
        "faithful", "AGF", "GF", "depth_average", "rollout", "raw_attention", "attention_flow",
        "attention_x_gradient", "relevance", "cat_frozen", "attention_x_gradient_frozen",
        "input_x_gradient", "integrated_gradients", "random",
    ),
    "logit": (
        "faithful", "AGF", "GF", "depth_average", "relevance", "cat_frozen",
        "attention_x_gradient_frozen", "input_x_gradient", "random",
    ),
}  # fmt: skip
TITLES = {
    "log_probability": "What is explained is the sum of log-probabilities",
    "logit": "What is explained is the sum of logits",
}
RIVALS = ("integrated_gradients", "cat_frozen", "relevance", "AGF", "input_x_gradient", "random")
MEASURES = {name: COLUMNS[name] for name in ("aopc", "comprehensiveness", "sufficiency")}
MAPS = ("AGF", "faithful", "cat_frozen", "relevance")
CHECKED = 8  # answers that maps are timed on


class Said(NamedTuple):
    """A prompt and what the model answers, in its words and as a number of tokens."""

    prompt: str
    answer: str
    tokens: int


def answers(model: gaf.Model, split: str, count: int) -> list[Said]:
    """What the model says to so many prompts, those of fewer than `SHORTEST` tokens left out."""
    found: list[Said] = []
    for prompt in prompts(split, 10**6):
        if len(found) == count:
            break
        try:
            said = gaf.generate(model, prompt, max_new_tokens=LONGEST, stop=["\n"])
        except gaf.TextError:  # it ends at once
            continue
        if said.same_tokens and len(said.ids) >= SHORTEST:
            found.append(Said(prompt, said.text, len(said.ids)))
    return found


def run(model: gaf.Model, said: Sequence[Said], score: Score, resume: Path | None) -> pd.DataFrame:
    """Rows of every method on every answer."""
    operator = resolve_perturbation(model, Perturbation()).operator or ""
    entries = method_entries(operator, [METHODS[name] for name in METHODS_OF[score]])
    warm_up(model, entries)
    say(f"{score}:")
    return measure(
        model,
        [one.prompt for one in said],
        entries,
        perturbation=Perturbation(operator),
        targets=[gaf.Span(one.answer, score=score) for one in said],
        progress=countdown(say),
        resume=resume,
    )


def one_by_one(model: gaf.Model, said: Said, method: str) -> None:
    """Explain each token of an answer as the next token of all that stands before it."""
    ids = gaf.trace(model, said.prompt, gaf.Span(said.answer)).encoding
    first = len(ids.tokens) - said.tokens
    text, entries = said.prompt + said.answer, ids.inputs["input_ids"][0].tolist()
    for place in range(first, len(ids.tokens)):
        traced = gaf.trace(model, text[: ids.offsets[place, 0]], entries[place])
        METHODS[method](model, traced)


def timed(model: gaf.Model, said: Sequence[Said], runs: int) -> list[str]:
    """A table of maps over explanations one by one, a token of the answer."""
    lines = header("method", "map / one by one: median (range)", "ms a token", "one by one, ms")
    for method in MAPS:
        ratios, costs = [], []
        for one in said:
            found = turns(
                {
                    "map": partial(gaf.answer_map, model, one.prompt, one.answer, method),
                    "each": partial(one_by_one, model, one, method),
                },
                runs,
            )
            pairs = list(zip(found["map"], found["each"], strict=True))
            ratios.append(statistics.median(fast / slow for fast, slow in pairs))
            costs += [(1e3 * fast / one.tokens, 1e3 * slow / one.tokens) for fast, slow in pairs]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        each = (statistics.median(cost[number] for cost in costs) for number in (0, 1))
        lines.append(line(method, spread, *(f"{one:.0f}" for one in each)))
        say(lines[-1])
    return lines


def long_prompt(model: gaf.Model, context: int) -> list[str]:
    """A table of what one answer of 20 tokens behind a long prompt takes; or why it is refused."""
    text = " ".join(prompts("report", 10**6)).split(" ")
    while len(model.tokenizer(" ".join(text))["input_ids"]) < context:
        text += text
    while len(model.tokenizer(" ".join(text))["input_ids"]) > context:
        text = text[: -max(1, len(text) // 200)]
    prompt = " ".join(text)
    answer = gaf.generate(model, prompt, max_new_tokens=20)
    tokens = len(model.tokenizer(prompt + answer.text)["input_ids"])
    lines = header("what", "value")
    lines.append(line("tokens, of them the answer", f"{tokens:,}, {len(answer.ids)}"))
    needed, free = gaf.estimate_memory(model, tokens), available_memory(model.device)
    lines.append(line("memory: estimated, free", f"{needed / 1e9:.1f} GB, {free / 1e9:.1f} GB"))
    span = gaf.Span(answer.text)
    last = (max(0, model.layers - 6), model.layers)
    kinds = {
        "as published, all layers": gaf.Settings(target=span),
        "as published, the last 6 layers": gaf.Settings(target=span, layers=last),
        "faithful, the last 6 layers": replace(gaf.FAITHFUL, target=span, layers=last),
    }
    for name, settings in kinds.items():
        try:
            began = time.perf_counter()
            traced = gaf.trace_for(model, prompt, settings)
            read = time.perf_counter()
            found = gaf.explain_trace(traced, settings)
            ended = time.perf_counter()
        except gaf.MemoryLimitError as error:
            lines.append(line(name, f"refused: {error}"))
            continue
        certified = "proven" if found.certified else found.message
        cost = f"{read - began:.1f} s to trace, {ended - read:.1f} s to solve, {certified}"
        lines.append(line(name, f"{cost}, prompt share {found.prompt_share:.2f}"))
        say(lines[-1])
        del traced, found
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [*lines, line("most memory of the whole run", f"{peak:.1f} GB")]


def section(score: str, rows: pd.DataFrame) -> list[str]:
    """The tables of one way to score an answer."""
    differences = difference_table(
        rows, "faithful", RIVALS, "answers", ("aopc", "comprehensiveness")
    )
    return [
        f"## {TITLES[score]} (`{score}`)",
        "\n".join(method_table(rows, "answers", MEASURES)),
        "Answer by answer, what the faithful flow has more than another method; it is not to be "
        "told from the other where 0 is in the brackets.",
        "\n".join(differences),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--answers", type=int, default=60)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--context", type=int, default=1000)
    arguments.add_argument("--resume", type=Path)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    model = gaf.load_model(MODEL)
    said = answers(model, "report", options.answers)
    scores: tuple[Score, ...] = ("log_probability", "logit")
    found = {score: run(model, said, score, options.resume) for score in scores}
    maps = timed(model, said[:CHECKED], options.runs) if options.runs else []
    lengths = [one.tokens for one in said]
    command = f"answers --answers {len(said)} --runs {options.runs} --context {options.context}"
    about = (
        f"{made_by(command)} The model is `{MODEL}`; the answers are its own to prompts of the "
        f"part `report` of [prompts.tsv](prompts.tsv), of {min(lengths)} to {max(lengths)} tokens, "
        f"{statistics.median(lengths):.0f} in the median. Only tokens of the prompt are removed, "
        "10, 20, .., 90 % of them (1, 5, 10, 20, 50 % for comprehensiveness and sufficiency), and "
        "what is watched is the mean log-probability of a token of the same answer, in nats: a "
        "difference of 1 is an answer that is e times less likely a token. Higher AOPC and "
        "comprehensiveness are better, lower sufficiency. In brackets: 95 % of 10,000 bootstrap "
        "samples of the answers. One small model and short prompts: no more is claimed."
    )
    maps_are = (
        "A map explains every token of an answer of one forward pass; one by one is a trace of "
        f"each prefix and the method on it. {CHECKED} answers, {options.runs} turns each; both "
        "take turns in one process."
    )
    sections = [part for score, rows in found.items() for part in section(score, rows)]
    if maps:
        sections += ["## Time of a map", maps_are, "\n".join(maps)]
    if options.context:
        sections += ["## A long prompt", "\n".join(long_prompt(model, options.context))]
    told = "\n".join(dict.fromkeys(one for rows in found.values() for one in failures(rows)))
    sections += ["## Failures", told] if told else []
    finish(page("Answers", about, *sections), TABLE, write=options.write)


if __name__ == "__main__":
    main()
