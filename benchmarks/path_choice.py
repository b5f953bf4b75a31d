"""What the path methods should be: points, rules and starts, measured where choices are made.

    python -m benchmarks.path_choice [--sentences 60] [--prompts 30] [--resume rows.jsonl]
        [--write]

Sentences are of the part `validation` of the bundled data, prompts of the part `choice` of
`benchmarks/prompts.tsv`: neither is in any table that reports. The bundled classifier has its
tokens masked and deleted, SmolLM2-135M has them deleted. `--write` keeps the tables in
`benchmarks/path_choice.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import gaf_core as gaf
from benchmarks.entries import Entry, countdown, method_entries, remembered, warm_up
from benchmarks.faithfulness import SECTIONS, say, sentences
from benchmarks.next_token import prompts
from benchmarks.path_variants import of_constants, of_sentences, of_starts
from benchmarks.tables import (
    COLUMNS,
    MEASURED,
    differences,
    failures,
    finish,
    header,
    interval,
    line,
    made_by,
    page,
    signed,
)
from gaf_core.evaluation import measure
from gaf_core.evaluation.bootstrap import summarise
from gaf_core.evaluation.perturbation import Perturbation
from gaf_core.methods import METHODS, Method

TABLE = Path(__file__).with_suffix(".md")
CLASSIFIER, LANGUAGE = "minilm-reviews", "smollm2-135m"
OURS, SUM = "path_gaf", "integrated_frozen_gradients"
BESIDE = (OURS, SUM, "faithful", "cat_frozen")
STEPS = 16  # of integrated gradients of the language model
SEED = 0


def entries_of(methods: Sequence[Method]) -> list[Entry]:
    """The methods, each scoring a text once."""
    return [Entry(one.name, remembered(one), {}) for one in methods]


def measured(
    model: gaf.Model, texts: Sequence[str], entries: Sequence[Entry], operator: str, resume
) -> pd.DataFrame:
    """Rows of all entries on all texts."""
    say(f"{model.name}, {operator}:")
    return measure(
        model,
        texts,
        entries,
        perturbation=Perturbation(operator),
        progress=countdown(say),
        resume=resume,
    )


def of_classifier(options: argparse.Namespace) -> dict[str, pd.DataFrame]:
    """Rows by operator."""
    model, texts = gaf.load_model(CLASSIFIER), sentences("validation", options.sentences)
    known = [METHODS[name] for name in (*BESIDE, "integrated_gradients")]
    entries = [*method_entries("mask", [*map(remembered, known)]), *entries_of(of_sentences())]
    warm_up(model, entries)
    return {
        operator: measured(model, texts, entries, operator, options.resume)
        for operator in ("mask", "delete")
    }


def of_language_model(options: argparse.Namespace) -> pd.DataFrame:
    """Rows with tokens deleted."""
    model, texts = gaf.load_model(LANGUAGE), prompts("choice", options.prompts)
    entries = [
        *entries_of([METHODS[name] for name in BESIDE]),
        Entry("integrated_gradients", METHODS["integrated_gradients"], {"steps": STEPS}),
        *entries_of([*of_starts(), *of_constants()]),
    ]
    return measured(model, texts, entries, "delete", options.resume)


def choice_table(rows: pd.DataFrame, texts: str) -> list[str]:
    """One line a method, the highest AOPC first, and what it has more than two of ours."""
    summary = summarise(rows, SEED).sort_values("aopc", ascending=False, na_position="last")
    lines = header("method", "AOPC", f"minus {OURS}'s", "minus faithful's", texts)
    for found in summary.to_dict("records"):
        name, count = found["method"], f"{found['texts']:,}"
        if not found["texts"]:
            lines.append(line(name, "", "", "", f"0, {found['failures']:,} failed"))
            continue
        cells = [
            "" if name == other else signed(differences(rows, name, other)["aopc"], 3)
            for other in (OURS, "faithful")
        ]
        lines.append(line(name, interval(found, "aopc", COLUMNS["aopc"][1]), *cells, count))
    return lines


def document(
    classifier: dict[str, pd.DataFrame], language: pd.DataFrame, options: argparse.Namespace
) -> str:
    """The whole file."""
    command = f"path_choice --sentences {options.sentences} --prompts {options.prompts}"
    about = (
        f"{made_by(command)} {MEASURED} These are the texts on which settings are chosen, so no "
        "figure here says how good a method is on others. `sum` is the relevance at the entry of "
        f"the first layer and no more (`{SUM}`), `flow` is path GAF (`{OURS}`), each with one "
        "thing changed. Differences are taken text by text; one is not to be told from none where "
        "0 is in the brackets."
    )
    sections = []
    for operator, rows in classifier.items():
        sections += [
            f"## {CLASSIFIER}, sentences. {SECTIONS[operator]} (`{operator}`)",
            choice_table(rows, "sentences"),
        ]
    sections += [
        f"## {LANGUAGE}, prompts. {SECTIONS['delete']} (`delete`)",
        "The usual start is the padding token, as the vocabulary has no mask; "
        f"integrated_gradients has {STEPS} steps from there.",
        choice_table(language, "prompts"),
    ]
    said = "\n".join(dict.fromkeys(failures(pd.concat([*classifier.values(), language]))))
    return page(
        "What the path methods should be", about, *sections,
        *(["## Failures", said] if said else []), *reading(),
    )  # fmt: skip


def reading() -> list[str]:
    """What was concluded, which stands in a file of its own, since no command can write it."""
    told = Path(__file__).with_name("path_choice_reading.md")
    return [told.read_text(encoding="utf-8").rstrip()] if told.exists() else []


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sentences", type=int, default=60)
    arguments.add_argument("--prompts", type=int, default=30)
    arguments.add_argument("--resume", type=Path)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    language = of_language_model(options)
    classifier = of_classifier(options)
    finish(document(classifier, language, options), TABLE, write=options.write)


if __name__ == "__main__":
    main()
