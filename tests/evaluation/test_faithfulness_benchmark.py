"""The benchmarks over texts: which texts, which settings, how the lines of the tables read."""

import argparse

import numpy as np
import pandas as pd
import pytest

import gaf_core as gaf
from benchmarks import ablation, cost, faithfulness, next_token
from benchmarks.entries import (
    PAIRS,
    PAIRS_FROM_MEAN,
    USUAL,
    Entry,
    mean_entries,
    method_entries,
    remembered,
    warm_up,
)
from benchmarks.tables import escaped, failures, method_table, pair_table
from benchmarks.tiny import random_text
from gaf_core.evaluation.bootstrap import MEASURES
from gaf_core.methods import Method, Option, Scored
from tests.support.models import in_float64, save_tiny
from tests.support.tolerance import assert_close
from tools import reviews

TEXTS = [random_text(words, seed=words) for words in (3, 5, 6)]


def rows_of(values):
    """Rows of methods whose measures are all one number a sentence, or None for a failure."""
    return pd.DataFrame(
        [
            {"text": text, "method": name, "trace_seconds": 0.01}
            | {"failure": "It | breaks." if value is None else None}
            | dict.fromkeys(MEASURES, np.nan if value is None else value)
            for name, of in values.items()
            for text, value in enumerate(of)
        ]
    )


ROWS = rows_of({"weak": [0.1, 0.2], "strong": [0.5, 0.6], "broken": [None, None]})


def test_the_sentences_are_held_out_and_the_same_every_time():
    drawn = faithfulness.sentences("test", 300)
    assert len(drawn) == 300
    assert drawn[:60] == faithfulness.sentences("test", 60), "slow methods see the first of them"
    held_out = {review.text for review in reviews.read_split("test")}
    assert set(drawn) <= held_out
    used = {r.text for split in ("train", "validation") for r in reviews.read_split(split)}
    assert not set(drawn) & used


def test_every_method_is_measured_and_baselines_match_the_removal():
    entries = {entry.label: entry.options for entry in method_entries("pad")}
    assert set(entries) == set(gaf.METHODS)
    assert entries["integrated_gradients"] == {"baseline": "pad"}
    assert entries["AGF"] == {}


def test_depths_are_the_last_layers():
    entries = {entry.label: entry for entry in faithfulness.depth_entries(6)}
    assert entries["GF, last layer"].options == {"first_layer": 6}
    assert entries["AGF, last 3 layers"].options == {"first_layer": 4}
    assert len(entries) == 9
    for entry in entries.values():
        entry.method.settings(**entry.options)


def test_the_best_comes_first_and_a_failure_is_said():
    lines = method_table(ROWS)
    assert lines[2].startswith("| strong | 2 | 0.550 [0.500, 0.600] | 0.55 [0.50, 0.60] |")
    assert lines[3].startswith("| weak | 2 | 0.150 [0.100, 0.200] |")
    assert lines[4] == "| broken | 0, 2 failed |  |  |  |  |"
    assert len({line.count("|") for line in lines}) == 1
    assert list(failures(ROWS)) == [r"- broken: It \| breaks."]
    assert escaped("a_b\n<i> *c*") == r"a\_b \<i\> \*c\*"


def test_differences_are_taken_sentence_by_sentence():
    pairs = {"strength": ("strong", "weak"), "nothing": ("strong", "broken"), "no": ("no", "weak")}
    lines = pair_table(ROWS, pairs)
    shown = "| strength | strong minus weak | +0.400 [+0.400, +0.400] | +0.40 [+0.40, +0.40] | 2 |"
    assert lines[2:] == [shown]
    assert pair_table(ROWS, {"nothing": ("strong", "broken")}) == []
    beside = method_table(rows_of({USUAL: [0.1, 0.2], "strong": [0.5, 0.6], "no": [None, None]}))
    assert [one.split(" | ")[-1] for one in beside[2:]] == ["+0.400 [+0.400, +0.400] |", " |", " |"]


def test_what_is_compared_is_there():
    assert {name for pair in PAIRS.values() for name in pair} | {USUAL} <= set(gaf.METHODS)
    from_mean = {entry.label: entry.method.name for entry in mean_entries([*gaf.METHODS.values()])}
    assert dict(PAIRS_FROM_MEAN.values()) == from_mean


# The benchmarks, on a tiny model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture
def few_texts(monkeypatch):
    monkeypatch.setattr(faithfulness, "sentences", lambda _split, count: TEXTS[:count])


def options(**more):
    usual = {
        "sentences": 3,
        "slow_sentences": 2,
        "other_sentences": 3,
        "split": "test",
        "operator": "mask",
    }
    return argparse.Namespace(**usual | {"resume": None} | more)


def first_cells(page):
    return [line.split(" | ")[0][2:] for line in page.splitlines() if line.startswith("| ")]


def counted(name, slow=False):
    """A method whose scores are the positions, and the texts that it was computed on."""
    seen = []

    def compute(_model, traced, _progress, *, sign=1):
        seen.append(traced.text)
        return Scored(sign * np.arange(len(traced.tokens), dtype=float))

    sign = Option("sign", 1, "Of the order.", choices=(1, -1))
    return Method(name, name, "a test", "chance", "A test.", compute, (sign,), slow=slow), seen


@pytest.mark.usefixtures("few_texts")
def test_scores_are_computed_once_for_all_operators(tiny):
    (fast, on_all), (slow, on_some) = counted("fast"), counted("slow", slow=True)
    once = [Entry(m.name, m, {}) for m in map(remembered, (fast, slow))]
    again = [Entry(m.name, m, {}) for m in (fast, slow)]
    for operator in ("mask", "delete"):
        rows = faithfulness.run(tiny, once, operator, options())
        assert rows["method"].tolist() == ["fast"] * 3 + ["slow"] * 2
        expected = faithfulness.run(tiny, again, operator, options())
        assert_close(rows["aopc"], expected["aopc"], size=1.0)
    for seen, texts in ((on_all, TEXTS), (on_some, TEXTS[:2])):
        remembering = len(texts) + 1  # and a warm-up
        assert len(seen) == remembering + 2 * (len(texts) + 1)


def test_another_setting_is_another_score(tiny, monkeypatch):
    method, seen = counted("counted")
    traced, kept = gaf.trace(tiny, TEXTS[0]), remembered(method)
    # a clock that goes on where a method computes, and nowhere else
    monkeypatch.setattr("time.perf_counter", lambda: 5.0 * len(seen))
    up, down, up_again = (kept(tiny, traced, sign=sign) for sign in (1, -1, 1))
    assert up.scores.tolist() == up_again.scores.tolist() == (-down.scores).tolist()
    assert len(seen) == 2
    assert up_again.seconds == up.seconds == 5.0, "what it took is not forgotten"


def test_a_warm_up_survives_methods_that_fail(tiny):
    warm_up(tiny, [Entry("AF", gaf.METHODS["AF"], {"first_layer": 99})])


@pytest.mark.usefixtures("few_texts")
def test_the_report_has_a_section_an_operator_and_a_line_a_method(tiny):
    names = ["faithful", "AGF", "relevance", "occlusion"]
    methods = [remembered(gaf.METHODS[name]) for name in names]
    found = {
        operator: faithfulness.run(tiny, method_entries(operator, methods), operator, options())
        for operator in faithfulness.chosen_operators(["all", "mask"])
    }
    assert list(found) == ["mask", "pad", "delete"]
    depths = faithfulness.run(tiny, faithfulness.depth_entries(3), "mask", options())
    page = faithfulness.document(found, depths, options())
    cells = first_cells(page)
    for name in names:
        assert cells.count(name) == 3
    assert page.count("| faithful minus AGF |") == 3
    assert "GF, last layer" in cells
    assert "--operator mask --operator pad --operator delete" in page
    assert "## Failures" not in page


@pytest.mark.usefixtures("few_texts")
def test_every_ablation_is_allowed_and_one_changes_nothing(tiny):
    rows = faithfulness.run(tiny, ablation.entries(), "mask", options())
    assert rows["failure"].isna().all(), "the library allows every line"
    page = ablation.document(rows, options())
    cells = first_cells(page)
    for name in ("faithful", *ablation.CHANGED, *ablation.ADDED):
        assert cells.count(name) == 1
    assert "## Failures" not in page
    aopc = rows.pivot(index="text", columns="method", values="aopc")
    everything = list(ablation.ADDED)[-1]
    assert_close(aopc[everything], aopc["source at all outputs"], size=1.0)
    published = gaf.benchmark(tiny, TEXTS, ["AGF"], perturbation=gaf.Perturbation("mask"))
    assert_close(aopc["AGF as published"].mean(), published["aopc"].iloc[0], size=1.0)


def test_prompts_of_the_two_splits_are_apart_and_of_all_kinds():
    report, choice = next_token.prompts("report", 999), next_token.prompts("choice", 999)
    assert (len(report), len(choice)) == (120, 40)
    assert not set(report) & set(choice)
    assert next_token.prompts("report", 60) == report[:60]


def test_next_tokens_are_measured_with_both_operators(tiny):
    methods = [gaf.METHODS[name] for name in ("faithful", "path_gaf", "random")]
    found = next_token.run(tiny, {"pad": TEXTS, "delete": TEXTS[:2]}, methods, None)
    assert [len(rows) for rows in found.values()] == [12, 8]
    page = next_token.document(found, options(prompts=3, delete_prompts=2, split="report"))
    cells = first_cells(page)
    for name in ("random", "path_gaf", "path_gaf, from the mean"):
        assert cells.count(name) == 2
    assert page.count("| path_gaf, from the mean minus path_gaf |") == 2


def test_costs_are_ratios_of_one_turn():
    timed = [
        {"a": [2.0, 9.0, 4.0], "b": [1.0, 3.0, 1.0]},
        {"a": [1.0, 1.0, 1.0], "b": [1.0, 1.0, 1.0]},
    ]
    assert cost.ratio_line(timed, "a", "b") == "| a / b | 2 (1 to 3) | 1500.0 | 1000.0 |"


def test_every_task_of_the_costs_takes_its_turns(tiny):
    timed = [cost.turns(cost.tasks(tiny, text), 2) for text in TEXTS[:2]]
    for found in timed:
        assert {len(times) for times in found.values()} == {2}
        assert all(one > 0 for times in found.values() for one in times)
    assert len(cost.ratio_table(timed)) == 2 + len(cost.RATIOS)
    methods = cost.method_seconds(tiny, TEXTS[:2])
    assert "faithful" in methods
    assert {len(seconds) for seconds in methods.values()} == {2}
    page = cost.document(timed, [5, 7], 2, methods)
    assert len([one for one in page.splitlines() if one.startswith("| faithful |")]) == 1
    assert "of 5 to 7 tokens" in page
