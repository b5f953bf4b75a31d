"""Are the edges true? Orders of attention edges, kept and removed, on the models themselves.

    python -m benchmarks.edges [--sentences 200] [--choice-sentences 60] [--prompts 60]
        [--minutes 60] [--resume rows.jsonl] [--write]

The sentences are those of `benchmarks.faithfulness`, the prompts those of `benchmarks.next_token`.
What is compared with its twin that needs no flow is chosen on sentences of the part `validation`
and reported once, on those of `test`. A run that is out of time stops between two texts and says
in each table how many it has; with the same file given to `--resume` another run goes on. `--write`
keeps the tables in `benchmarks/edges.md`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import gaf_core as gaf
from benchmarks.edge_entries import (
    CAPACITY,
    CUT,
    CUTS,
    IDEAS,
    LARGEST,
    MAIN,
    PAIRS,
    SHORT,
    Entry,
    Idea,
    cut_rows,
)
from benchmarks.edge_tables import cut_table, document, order_table, pair_table
from benchmarks.faithfulness import MODEL, say, sentences
from benchmarks.next_token import MODEL as LANGUAGE_MODEL
from benchmarks.next_token import prompts
from benchmarks.tables import finish
from gaf_core.evaluation import RowStore, measure_edges
from gaf_core.tracing.masks import KINDS

TABLE = Path(__file__).with_suffix(".md")
_TOGETHER = 10  # prompts of one kind of cut, before the other has its turn
FRACTIONS = (0.005, 0.02, 0.05, 0.1, 0.3)

Rows = Mapping[str, Mapping[str, Any]]  # by label


class Run:
    """Measures text by text until the time is over, and keeps what is measured."""

    def __init__(self, minutes: float, resume: Path | None):
        self._until = time.monotonic() + 60 * minutes
        self._store = RowStore(resume)

    def rows(
        self, what: str, texts: Sequence[str], labels: Iterable[str], make: Callable[[str], Rows]
    ) -> pd.DataFrame:
        """One row a text and label, of the texts that there was time for."""
        names, found = list(labels), []
        for number, text in enumerate(texts):
            keys = {label: f"{what}: {label}: {text}" for label in names}
            if not all(key in self._store.rows for key in keys.values()):
                if time.monotonic() > self._until:
                    break
                made = make(text)
                # a text that cannot be measured is no failure, which the next run would try again
                self._store.add([_stored(keys[label], made[label]) for label in names])
            kept = [self._store.rows[key] | {"method": label} for label, key in keys.items()]
            found += [row | {"text": number, "failure": row["why"]} for row in kept]
        say(f"{what}: {len(found) // len(names)} of {len(texts)} texts")
        return pd.DataFrame(found)

    def orders(
        self, model: gaf.Model, texts: Sequence[str], entries: Sequence[Entry], kind: str
    ) -> pd.DataFrame:
        """Rows of orders of edges."""

        def make(text: str) -> Rows:
            rows = measure_edges(model, [text], entries, fractions=FRACTIONS, kind=kind)
            return {row["method"]: row for row in rows.to_dict("records")}

        what = f"{model.name}, {kind}"
        return self.rows(what, texts, [label for label, *_ in entries], make)

    def cuts(self, model: gaf.Model, texts: Sequence[str], name: str) -> pd.DataFrame:
        """Rows of a minimum cut and as many other edges."""
        labels = cut_rows(model, texts[0], name)
        return self.rows(f"cut, {name}", texts, labels, lambda text: cut_rows(model, text, name))


def _stored(key: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row) | {"key": key, "failure": None, "why": row["failure"]}


def best_idea(rows: pd.DataFrame) -> Idea:
    """The idea whose flow is furthest ahead of its twin in CPR."""
    mean = rows[rows["failure"].isna()].groupby("method")["cpr"].mean()
    return max(IDEAS, key=lambda idea: mean[idea.flow[0]] - mean[idea.twin[0]])


def best_cut(rows: Mapping[str, pd.DataFrame]) -> str:
    """The cut that leaves least of the prediction, beside as many of the largest capacities."""

    def behind(name: str) -> float:
        found = rows[name][rows[name]["failure"].isna()].groupby("method")["left"].mean()
        return found[CUT] - found[LARGEST]

    return min(CUTS, key=behind)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sentences", type=int, default=200)
    arguments.add_argument("--choice-sentences", type=int, default=60)
    arguments.add_argument("--prompts", type=int, default=60)
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--resume", type=Path)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    run, model = Run(options.minutes, options.resume), gaf.load_model(MODEL)
    choice = sentences("validation", options.choice_sentences)
    ideas = run.orders(model, choice, [one for idea in IDEAS for one in idea[1:]], KINDS[0])
    cuts = {name: run.cuts(model, choice, name) for name in CUTS}
    idea, cut = best_idea(ideas), best_cut(cuts)
    texts = sentences("test", options.sentences)
    entries = {KINDS[0]: [*MAIN, *idea[1:]], KINDS[1]: SHORT}
    found = {(MODEL, kind): run.orders(model, texts, entries[kind], kind) for kind in KINDS}
    reported = run.cuts(model, texts, cut)
    language, asked = gaf.load_model(LANGUAGE_MODEL), prompts("report", options.prompts)
    spoken = dict(zip(KINDS, (MAIN, SHORT), strict=True))
    for until in range(_TOGETHER, len(asked) + _TOGETHER, _TOGETHER):
        for kind, some in spoken.items():
            found[LANGUAGE_MODEL, kind] = run.orders(language, asked[:until], some, kind)
    pairs = (*PAIRS, (idea.flow[0], idea.twin[0]), (idea.flow[0], CAPACITY))
    command = f"edges --sentences {options.sentences} --choice-sentences "
    command += f"{options.choice_sentences} --prompts {options.prompts}"
    parts = {
        key: [order_table(rows), pair_table(rows, pairs)]
        for key, rows in found.items()
        if not rows.empty
    }
    twins = pair_table(ideas, [(one.flow[0], one.twin[0]) for one in IDEAS])
    chosen = [twins, cut_table(cuts), idea.name, cut]
    page = document(command, FRACTIONS, parts, chosen, cut_table({cut: reported}))
    finish(page, TABLE, write=options.write)


if __name__ == "__main__":
    main()
