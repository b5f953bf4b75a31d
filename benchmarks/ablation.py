"""What each ingredient of the faithful flow is worth: taken away, and put in alone.

    python -m benchmarks.ablation [--sentences 100] [--operator mask] [--split test]
        [--resume rows.jsonl] [--write]

The sentences are those of `benchmarks.faithfulness`, and a file given to `--resume` may be shared
with it. `--write` keeps the tables in `benchmarks/ablation.md`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

import gaf_core as gaf
from benchmarks.entries import Entry
from benchmarks.faithfulness import MODEL, run
from benchmarks.tables import (
    COLUMNS,
    MEASURED,
    SEED,
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
from gaf_core.evaluation import OPERATORS
from gaf_core.evaluation.bootstrap import summarise
from gaf_core.methods import METHODS

TABLE = Path(__file__).with_suffix(".md")
OURS = "faithful"
MEASURES = ("aopc", "log_odds")
Options = dict[str, Any]

# One change at a time. A half residual and GF are not in units of the logit, and node capacities
# are, so the library refuses GF with them and they would mean nothing beside a half residual.
CHANGED: dict[str, Options] = {
    "exact gradients": {"gradients": "exact"},
    "no residual edges": {"residual": "none"},
    "no node capacities": {"node_capacities": False},
    "no depth average": {"depth_average": False},
    "sum over heads, not net": {"aggregate": "sum"},
    "source at all outputs": {"source": "all"},
    "no residual edges, no node capacities": {"residual": "none", "node_capacities": False},
    "half residual, no node capacities": {"residual": "half", "node_capacities": False},
    "GF, no residual edges, no node capacities": {
        "variant": "GF",
        "residual": "none",
        "node_capacities": False,
    },
}

_PUBLISHED: Options = {
    "variant": "AGF",
    "gradients": "exact",
    "aggregate": "mean",
    "residual": "none",
    "node_capacities": False,
    "depth_average": False,
    "source": "all",
}
_FROZEN: Options = {"gradients": "frozen"}
_NET: Options = {"aggregate": "net"}
_RESIDUAL: Options = {"residual": "first order", **_NET}  # allowed only in units of the logit
_NODES: Options = {"node_capacities": True, **_NET}
_DEPTH: Options = {"depth_average": True}
ADDED: dict[str, Options] = {
    name: _PUBLISHED | options
    for name, options in {
        "AGF as published": {},
        "+ source where the prediction is read": {"source": "classification"},
        "+ net sum over heads": _NET,
        "+ frozen gradients": _FROZEN,
        "+ residual edges, net": _RESIDUAL,
        "+ node capacities, net": _NODES,
        "+ half residual": {"residual": "half"},
        "+ depth average": _DEPTH,
        "+ frozen gradients, net": _FROZEN | _NET,
        "+ frozen gradients, residual edges, net": _FROZEN | _RESIDUAL,
        "+ frozen gradients, residual edges, node capacities, net": _FROZEN | _RESIDUAL | _NODES,
        "+ frozen gradients, residual edges, node capacities, depth average, net": (
            _FROZEN | _RESIDUAL | _NODES | _DEPTH
        ),
    }.items()
}


def entries() -> list[Entry]:
    """The faithful flow, and every change of it."""
    named = {OURS: {}} | CHANGED | ADDED
    return [Entry(name, METHODS["faithful"], options) for name, options in named.items()]


def ablation_table(rows: pd.DataFrame, names: list[str]) -> list[str]:
    """One line a setting, in the order given: its measures, and what it has more than ours."""
    headings = [COLUMNS[name][0] for name in MEASURES]
    more = [f"{heading} minus {OURS}'s" for heading in headings]
    lines = header("setting", *headings, *more, "sentences")
    summary = summarise(rows, SEED).set_index("method")
    for name in names:
        found = summary.loc[name].to_dict()
        if not found["texts"]:
            lines.append(line(name, *[""] * 4, f"0, {found['failures']:,} failed"))
            continue
        cells = [interval(found, one, COLUMNS[one][1]) for one in MEASURES]
        lines.append(line(name, *cells, *_difference(rows, name), f"{found['texts']:,}"))
    return lines


def _difference(rows: pd.DataFrame, name: str) -> list[str]:
    if name == OURS:
        return [""] * len(MEASURES)
    found = differences(rows, name, OURS)
    return [signed(found[one], COLUMNS[one][1]) for one in MEASURES]


def document(rows: pd.DataFrame, options: argparse.Namespace) -> str:
    """The whole file."""
    command = f"ablation --sentences {options.sentences} --operator {options.operator}"
    command += f" --split {options.split}"
    about = (
        f"{made_by(command)} The model, the sentences and the measures are those of "
        f"[the faithfulness benchmark](faithfulness.md): `{MODEL}`, part `{options.split}`, seed "
        f"{SEED}, removed tokens `{options.operator}`. {MEASURED} Differences are taken sentence "
        "by sentence; a setting cannot be told from the faithful flow where 0 is in the brackets."
    )
    changed = (
        "Each line changes one thing, or as little as the library allows: GF and a half residual "
        "are not in units of the logit, so they come without node capacities."
    )
    added = (
        "Each line adds to AGF as published, over all layers. Residual edges and node capacities "
        "need the net sum over heads, which is the unit of the logit."
    )
    said = "\n".join(failures(rows))
    return page(
        "Ingredients of the faithful flow",
        about,
        "## Taken away from the faithful flow",
        changed,
        ablation_table(rows, [OURS, *CHANGED]),
        "## Added to the published flow",
        added,
        ablation_table(rows, list(ADDED)),
        *(["## Failures", said] if said else []),
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sentences", type=int, default=100)
    arguments.add_argument("--operator", choices=OPERATORS, default="mask")
    arguments.add_argument("--split", choices=("test", "validation"), default="test")
    arguments.add_argument("--resume", type=Path)
    arguments.add_argument("--write", action="store_true")
    arguments.set_defaults(slow_sentences=0)  # none of the settings is slow
    options = arguments.parse_args()
    rows = run(gaf.load_model(MODEL), entries(), options.operator, options)
    finish(document(rows, options), TABLE, write=options.write)


if __name__ == "__main__":
    main()
