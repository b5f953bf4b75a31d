"""How faithful each method is to what a language model says next: SmolLM2-135M on prompts.

    python -m benchmarks.next_token [--prompts 120] [--delete-prompts 120] [--split report]
        [--resume rows.jsonl] [--write]

The prompts of `benchmarks/prompts.tsv` are of five kinds; those of the split `report` are for the
table, those of `choice` for choosing settings. Removed tokens become what the vocabulary has for
nothing, and in another section, for the first of the prompts, they are deleted. Methods that run
the model many times a prompt are left out. How long it may take is printed as it runs,
and `--resume` keeps what is measured in a file, so that a run may be stopped and go on.
`--write` keeps the tables in `benchmarks/next_token.md`.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

import gaf_core as gaf
from benchmarks.entries import PAIRS, countdown, method_entries, remembered, warm_up
from benchmarks.faithfulness import ABOUT_PAIRS, SECTIONS, say
from benchmarks.tables import (
    MEASURED,
    SEED,
    failures,
    finish,
    made_by,
    method_table,
    page,
    pair_table,
)
from gaf_core.evaluation import measure
from gaf_core.evaluation.perturbation import Perturbation, resolve_perturbation
from gaf_core.evaluation.perturbed import DELETE
from gaf_core.methods import METHODS, Method

TABLE = Path(__file__).with_suffix(".md")
PROMPTS = Path(__file__).with_name("prompts.tsv")
MODEL = "smollm2-135m"


def prompts(split: str, count: int) -> list[str]:
    """Prompts of all kinds, in an order drawn by seed, so that the first are of all kinds too."""
    with PROMPTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = [row["text"] for row in rows if row["split"] == split]
    random.Random(SEED).shuffle(texts)
    return texts[:count]


def run(
    model: gaf.Model,
    texts: Mapping[str, Sequence[str]],
    methods: Sequence[Method],
    resume: Path | None,
) -> dict[str, pd.DataFrame]:
    """Rows of every method for each operator on its texts."""
    usual, *_ = texts  # its token is the baseline everywhere, so scores are computed once
    entries = method_entries(usual, [remembered(method) for method in methods])
    warm_up(model, entries)
    found = {}
    for operator, some in texts.items():
        say(f"{operator}:")
        found[operator] = measure(
            model,
            some,
            entries,
            perturbation=Perturbation(operator),
            progress=countdown(say),
            resume=resume,
        )
    return found


def section(operator: str, rows: pd.DataFrame) -> list[str]:
    """What one way to remove tokens shows."""
    return [
        f"## {SECTIONS[operator]} (`{operator}`)",
        "\n".join(method_table(rows, "prompts")),
        ABOUT_PAIRS,
        "\n".join(pair_table(rows, PAIRS, "prompts")),
    ]


def document(found: dict[str, pd.DataFrame], options: argparse.Namespace) -> str:
    """The whole file, from the rows of each operator, the usual one first."""
    command = f"next_token --prompts {options.prompts} --delete-prompts {options.delete_prompts}"
    command += f" --split {options.split}"
    usual, *_ = found
    rows = pd.concat(found.values())
    about = (
        f"{made_by(command)} The model is `{MODEL}`, the prompts are those of the part "
        f"`{options.split}` of [prompts.tsv](prompts.tsv), and what is explained is the token that "
        f"the model says next. {MEASURED} The vocabulary has no mask token, so the usual way to "
        f"remove a token is `{usual}`, and that token is the baseline of integrated gradients in "
        "every section. Left out are the methods that run the model many times a "
        "prompt: LIME, the SHAPs, occlusion, value zeroing, information flow routes and "
        "Contrast-CAT. One small model and short prompts: no more is claimed."
    )
    sections = [part for operator, rows in found.items() for part in section(operator, rows)]
    said = "\n".join(dict.fromkeys(failures(rows)))
    return page("Next tokens", about, *sections, *(["## Failures", said] if said else []))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--prompts", type=int, default=120)
    arguments.add_argument("--delete-prompts", type=int, default=120)
    arguments.add_argument("--split", choices=("report", "choice"), default="report")
    arguments.add_argument("--resume", type=Path)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    model = gaf.load_model(MODEL)
    usual = resolve_perturbation(model, Perturbation()).operator or DELETE
    texts = {usual: prompts(options.split, options.prompts)}
    if options.delete_prompts:
        texts[DELETE] = prompts(options.split, options.delete_prompts)
    methods = [method for method in METHODS.values() if not method.slow]
    found = run(model, texts, methods, options.resume)
    finish(document(found, options), TABLE, write=options.write)


if __name__ == "__main__":
    main()
