"""How faithful each method is, on held-out sentences and the bundled model.

    python -m benchmarks.faithfulness [--sentences 300] [--slow-sentences 30]
        [--other-sentences 300] [--operator all] [--split test] [--resume rows.jsonl] [--write]

The sentences are drawn once, by a fixed seed, from the part of the bundled data that neither the
training of the model nor the choice of any setting has seen; `--split validation` is for choosing
settings. Methods that run the model many times see the first of these sentences only. `--operator`
may be given several times: each gets a section, and "all" are mask, pad and delete. What comes
after the first section may take fewer (`--other-sentences`), to see whether the order holds. Each
table says how many sentences it has. `--resume` keeps what is measured in a file, so that a run
may be stopped and go on. `--write` keeps the tables in `benchmarks/faithfulness.md`.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import gaf_core as gaf
from benchmarks.entries import PAIRS, USUAL, Entry, countdown, method_entries, remembered, warm_up
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
from gaf_core.evaluation import OPERATORS, measure
from gaf_core.evaluation.perturbation import Perturbation, resolve_perturbation
from gaf_core.methods import METHODS
from tools import reviews

TABLE = Path(__file__).with_suffix(".md")
MODEL = "minilm-reviews"
USUAL_OPERATORS = ("mask", "pad", "delete")
DEPTHS = (1, 2, 3)
ABOUT_PAIRS = (
    "Text by text, what one method has more than another that differs in one thing. It is better "
    "where AOPC is positive and LOdds negative, and not to be told from the other where 0 is in "
    "the brackets."
)
SECTIONS = {
    "mask": "Removed tokens become the mask token",
    "pad": "Removed tokens become the padding token",
    "unknown": "Removed tokens become the unknown token",
    "delete": "Removed tokens are gone, and the text is shorter",
}


def sentences(split: str, count: int) -> list[str]:
    """Sentences of all sources of the bundled data, drawn without replacement."""
    texts = [review.text for review in reviews.read_split(split)]
    random.Random(SEED).shuffle(texts)
    return texts[:count]


def depth_entries(layers: int) -> list[Entry]:
    """The flow over the last layers only: the choice that matters most."""
    return [
        Entry(f"{name}, {_last(depth)}", METHODS[name], {"first_layer": layers - depth + 1})
        for name in ("AF", "GF", "AGF")
        for depth in DEPTHS
        if depth < layers
    ]


def _last(depth: int) -> str:
    return "last layer" if depth == 1 else f"last {depth} layers"


def run(
    model: gaf.Model, entries: Sequence[Entry], operator: str, options: argparse.Namespace
) -> pd.DataFrame:
    """Rows of fast methods on all sentences and of slow ones on the first."""
    texts = sentences(options.split, options.sentences)
    rows = []
    for slow, some in ((False, texts), (True, texts[: options.slow_sentences])):
        chosen = [entry for entry in entries if entry.method.slow is slow]
        if chosen and some:
            warm_up(model, chosen)
            found = measure(
                model,
                some,
                chosen,
                perturbation=Perturbation(operator),
                progress=countdown(say),
                resume=options.resume,
            )
            rows.append(found)
    return pd.concat(rows, ignore_index=True)


def say(line: str) -> None:
    """One line on the terminal, beside the tables."""
    print(line, file=sys.stderr, flush=True)


def operator_section(operator: str, rows: pd.DataFrame) -> list[str]:
    """What one way to remove tokens shows: every method, and what each of its parts adds."""
    return [
        f"## {SECTIONS[operator]} (`{operator}`)",
        "\n".join(method_table(rows)),
        ABOUT_PAIRS,
        "\n".join(pair_table(rows, PAIRS)),
    ]


def document(
    found: dict[str, pd.DataFrame], depths: pd.DataFrame, options: argparse.Namespace
) -> str:
    """The whole file, from the rows of each operator and of the last layers."""
    command = f"faithfulness --sentences {options.sentences}"
    command += f" --slow-sentences {options.slow_sentences}"
    command += f" --other-sentences {options.other_sentences} --split {options.split}"
    command += "".join(f" --operator {operator}" for operator in found)
    about = (
        f"{made_by(command)} The model is `{MODEL}`, the sentences are of the part "
        f"`{options.split}` of the bundled data, drawn by seed {SEED}. {MEASURED} The last column "
        f"is the paired difference to `{USUAL}`, sentence by sentence. A method that starts from a "
        "text without its tokens starts from what removal leaves, and from mask tokens where "
        "tokens are deleted. What a method costs is in [cost.md](cost.md). One model and one kind "
        "of text: no more is claimed."
    )
    sections = [
        part for operator, rows in found.items() for part in operator_section(operator, rows)
    ]
    first, *_ = found
    sections += [
        f"## The flow over the last layers only (`{first}`)",
        "\n".join(method_table(depths)),
    ]
    said = "\n".join(dict.fromkeys(failures(pd.concat([*found.values(), depths]))))
    return page("Faithfulness", about, *sections, *(["## Failures", said] if said else []))


def chosen_operators(asked: Sequence[str] | None) -> list[str]:
    """The operators asked for, each once; "all", or nothing, are the usual ones."""
    named = asked or ["all"]
    each = [one for name in named for one in (USUAL_OPERATORS if name == "all" else (name,))]
    return list(dict.fromkeys(each))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sentences", type=int, default=300)
    arguments.add_argument("--slow-sentences", type=int, default=30)
    arguments.add_argument("--other-sentences", type=int, default=300)
    arguments.add_argument("--operator", choices=(*OPERATORS, "all"), action="append")
    arguments.add_argument("--split", choices=("test", "validation"), default="test")
    arguments.add_argument("--resume", type=Path)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    model = gaf.load_model(MODEL)
    operators = chosen_operators(options.operator)
    for operator in operators:  # a vocabulary that does not allow one is said before any work
        resolve_perturbation(model, Perturbation(operator))
    methods = [remembered(method) for method in METHODS.values()]
    fewer = {"sentences": options.other_sentences, "slow_sentences": options.slow_sentences}
    others = argparse.Namespace(**vars(options) | fewer)
    found = {}
    for operator in operators:
        say(f"{operator}:")
        some = options if operator == operators[0] else others
        found[operator] = run(model, method_entries(operator, methods), operator, some)
    depths = run(model, depth_entries(model.layers), operators[0], others)
    finish(document(found, depths, options), TABLE, write=options.write)


if __name__ == "__main__":
    main()
