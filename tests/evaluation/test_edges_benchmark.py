"""The benchmark of edges: what is chosen where, what a run without time does, and its tables."""

import numpy as np
import pandas as pd
import pytest

import gaf_core as gaf
from benchmarks import edges
from benchmarks.edge_entries import CUT, CUTS, IDEAS, LARGEST, MAIN, PAIRS, SHORT, cut_rows
from benchmarks.edge_tables import cut_table, document, order_table, pair_table
from gaf_core.evaluation.asked import methods_by_label
from gaf_core.tracing.masks import KINDS

TEXTS = ["A lovely film.", "The plot was dull."]
FEW = SHORT[2:]


@pytest.fixture(scope="module")
def model():
    return gaf.load_model("minilm-reviews")


def test_every_entry_is_one_that_the_library_takes():
    ideas = [one for idea in IDEAS for one in idea[1:]]
    labels = methods_by_label([*MAIN, *ideas], gaf.EDGE_METHODS)
    assert {label for pair in PAIRS for label in pair} <= set(labels)
    assert all(one in MAIN for one in SHORT)


def test_a_run_goes_on_where_it_stopped(model, tmp_path):
    path = tmp_path / "rows.jsonl"
    first = edges.Run(60, path).orders(model, [TEXTS[0], "."], FEW, KINDS[0])
    assert first["text"].tolist() == [0] * 3 + [1] * 3
    late = edges.Run(0, path)
    again = late.orders(model, [TEXTS[0], ".", TEXTS[1]], FEW, KINDS[0])
    pd.testing.assert_frame_equal(again[list(first)], first)
    assert late.orders(model, TEXTS, FEW, KINDS[1]).empty, "no time for what is not there"


def test_the_idea_is_the_one_furthest_ahead_of_its_twin():
    rows = pd.DataFrame(
        [
            {"method": label, "cpr": cpr, "failure": None}
            for number, idea in enumerate(IDEAS)
            for label, cpr in ((idea.flow[0], float(number == 2)), (idea.twin[0], 0.5))
        ]
    )
    assert edges.best_idea(rows) is IDEAS[2]


def test_the_cut_is_the_one_that_leaves_least_beside_capacities():
    def rows(left):
        found = [(CUT, left), (LARGEST, 0.5)]
        return pd.DataFrame([{"method": m, "left": v, "failure": None} for m, v in found])

    names = list(CUTS)
    tables = dict(zip(names, map(rows, (0.9, 0.2, 0.4, 0.3)), strict=True))
    assert edges.best_cut(tables) == names[1]


def test_as_many_other_edges_are_removed_as_the_cut_has(model):
    found = cut_rows(model, TEXTS[1], next(iter(CUTS)))
    assert len({row["share"] for row in found.values()}) == 1
    assert all(np.isfinite(row["left"]) for row in found.values())
    nothing = cut_rows(model, ".", next(iter(CUTS)))
    assert nothing[CUT].get("failure") or np.isfinite(nothing[CUT]["left"])


def test_the_page_has_all_of_its_tables(model):
    run = edges.Run(60, None)
    rows = run.orders(model, TEXTS, FEW, KINDS[0])
    name = next(iter(CUTS))
    cuts = cut_table({name: run.cuts(model, TEXTS, name)})
    orders, pairs = order_table(rows), pair_table(rows, [(FEW[0][0], FEW[1][0]), ("a", "b")])
    assert len(orders) == 2 + len(FEW)
    assert len(pairs) == 3
    assert len(cuts) == 2 + 4
    parts = {("minilm-reviews", KINDS[0]): [orders, pairs]}
    page = document("edges", edges.FRACTIONS, parts, [pairs, cuts, "an idea", name], cuts)
    assert page.startswith("# Are the edges true?")
    assert "## `minilm-reviews`: what an edge carried is gone" in page
