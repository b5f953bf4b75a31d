"""Rows of orders of attention edges -> the tables of `benchmarks/edges.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from benchmarks.tables import SEED, header, interval, line, made_by, page, signed
from gaf_core.evaluation import EDGE_MEASURES, paired, summarise

_HEADINGS = {"cpr": "CPR", "cmd": "CMD", "left": "left when removed"}
_KINDS = {
    "zero": "what an edge carried is gone (`zero`)",
    "renormalise": "attention goes to the other tokens (`renormalise`)",
}


def order_table(rows: pd.DataFrame) -> list[str]:
    """One line an order, the highest CPR first, with what each fraction recovers."""
    fractions = [name for name in rows.columns if name.startswith("f ")]
    shares = [f"{100 * float(name[2:]):g} %" for name in fractions]
    lines = header("edges ranked by", "texts", *shares, *_HEADINGS.values(), "seconds")
    summary = summarise(rows, SEED, [*EDGE_MEASURES, *fractions])
    for found in summary.sort_values("cpr", ascending=False).to_dict("records"):
        parts = [f"{found[name]:.2f}" for name in fractions]
        cells = [interval(found, name, 3) for name in _HEADINGS]
        seconds = f"{found['seconds']:.4f}"
        lines.append(line(found["method"], _texts(found), *parts, *cells, seconds))
    return lines


def pair_table(rows: pd.DataFrame, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Differences, text by text, of those pairs that were measured."""
    measured = set(rows["method"])
    lines = header("", *_HEADINGS.values(), "texts")
    for first, second in pairs:
        if {first, second} <= measured:
            found = paired(rows, first, second, SEED, list(_HEADINGS)).to_dict("records")
            cells = [signed(one, 3) for one in found]
            lines.append(line(f"{first} − {second}", *cells, f"{found[0]['texts']:,}"))
    return lines


def cut_table(cuts: Mapping[str, pd.DataFrame]) -> list[str]:
    """What is left without a minimum cut, without as many other edges, and the differences."""
    lines = header("network and cut", "removed", "texts", "of all edges", "left", "cut − this")
    for name, rows in cuts.items():
        summary = summarise(rows, SEED, ("left", "share")).to_dict("records")
        first = summary[0]["method"]
        for found in summary:
            apart = ""
            if found["method"] != first:
                (one,) = paired(rows, first, found["method"], SEED, ("left",)).to_dict("records")
                apart = signed(one, 3)
            share = f"{100 * found['share']:.1f} %"
            cells = (found["method"], _texts(found), share, interval(found, "left", 3), apart)
            lines.append(line(name, *cells))
    return lines


def document(
    command: str,
    fractions: Sequence[float],
    parts: Mapping[tuple[str, str], Sequence[Sequence[str]]],
    choice: Sequence,
    cut: Sequence[str],
) -> str:
    """The whole file, of tables by model and kind of cut."""
    shares = ", ".join(f"{100 * one:g}" for one in fractions)
    about = (
        f"{made_by(command)} Edges of the attention are ranked, the first {shares} % of them are "
        "kept and the others cut, or the other way round, and the model is run. f is the part of "
        "what all edges do that is recovered: of the logit of the prediction minus the largest "
        "other one, between no attention edge and all of them. CPR is its mean over the logarithm "
        "of the fraction (higher is better), CMD the mean of |1 − f| (lower is better), and the "
        "third what is left of f with the first edges removed (lower is better). Texts whose "
        "edges raise that logit by less than 0.5 together are left out and counted. A run that was "
        "out of time has fewer texts than the command asks for, as the tables say. In brackets: "
        "95 % of 10,000 bootstrap samples of the texts. Seconds are those of the scores, beside "
        "the trace."
    )
    sections = [about]
    for (model, kind), tables in parts.items():
        sections += [f"## `{model}`: {_KINDS[kind]}", *map("\n".join, tables)]
    twins, cuts, idea, chosen = choice
    sections += [
        "## What only a flow can do, chosen on other sentences",
        "On sentences of the part `validation`, each with the nearest thing that needs no flow. "
        f"Chosen, as furthest ahead of its twin: {idea}. Its figures on the sentences of `test` "
        "are in the first tables.",
        "\n".join(twins),
        "The same of minimum cuts, in networks without residual edges and node capacities, which "
        "no mask of attention can cut.",
        "\n".join(cuts),
        f"Chosen: {chosen}. On the sentences of `test`:",
        "\n".join(cut),
    ]
    return page("Are the edges true?", *sections)


def _texts(found: Mapping) -> str:
    out = found["failures"]
    return f"{found['texts']:,}" + (f", {out:,} left out" if out else "")
