"""Many texts: means with intervals, failures that stop nothing, runs that go on."""

import json

import numpy as np
import pandas as pd
import pytest

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.evaluation import COLUMNS, measure
from gaf_core.evaluation.bootstrap import MEASURES, bootstrap_interval, paired, summarise
from gaf_core.evaluation.rows import RowStore
from gaf_core.methods import Method, Option, Scored
from tests.support.models import counting, in_float64, save_tiny
from tests.support.tolerance import (
    assert_close,
    log_probability_size,
    probability_size,
    summed,
    through,
)

TEXTS = [random_text(words, seed=words) for words in (3, 5, 6, 8, 9)]


def method(name, compute, *options):
    return Method(name, name.title(), "made for a test", "chance", "A test.", compute, options)


def first_tokens(_model, trace, _progress, *, step=1):
    return Scored(-np.arange(len(trace.tokens), dtype=float) * step)


def largest_gradient(_model, trace, _progress):
    return Scored(trace.gradient.sum(axis=(0, 1, 2)).astype(float))


def fails_on_long_texts(_model, trace, _progress):
    if len(trace.tokens) > 8:
        raise RuntimeError("too long for me")
    return Scored(np.ones(len(trace.tokens)))


FIRST = method("first", first_tokens, Option("step", 1, "Sign of the order.", choices=(1, -1)))
GRADIENT = method("gradient", largest_gradient)
FAILS = method("fails", fails_on_long_texts)
METHODS = [FIRST, ("last", FIRST, {"step": -1}), GRADIENT, FAILS]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture(scope="module")
def rows(tiny):
    return measure(tiny, TEXTS, METHODS)


def test_rows_are_what_evaluate_gives_one_by_one(tiny, rows):
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == len(TEXTS) * len(METHODS)
    for row in rows[rows["method"] == "last"].itertuples():
        traced = gaf.trace(tiny, TEXTS[row.text])
        found = gaf.evaluate(tiny, traced, np.arange(len(traced.tokens)))
        how = {"roundings": through(tiny), "size": probability_size(traced.logits)}
        for name in ("aopc", "comprehensiveness", "sufficiency"):
            assert_close(getattr(row, name), getattr(found, name), **how)
        assert_close(row.deletion_area, found.curves.deletion_area, **how)
        how["size"] = log_probability_size(traced.logits)
        assert_close(row.log_odds, found.log_odds, **how)
        assert row.seconds >= 0 < row.trace_seconds


def test_a_method_that_fails_stops_nothing(tiny, rows):
    table = gaf.benchmark(tiny, TEXTS, METHODS)
    assert table["method"].tolist() == ["first", "last", "gradient", "fails"]
    assert table["texts"].tolist() == [5, 5, 5, 3]
    assert table["failures"].tolist() == [0, 0, 0, 2]
    assert table["first_failure"].tolist() == [""] * 3 + ["RuntimeError: too long for me"]
    kept = rows[(rows["method"] == "fails") & rows["failure"].isna()]
    # the model computes them again, and they are probabilities
    assert_close(table["aopc"].iloc[3], kept["aopc"].mean(), roundings=through(tiny), size=1.0)


def test_a_text_that_cannot_be_traced_fails_for_every_method(tiny):
    found = measure(tiny, [TEXTS[0], "good " * 50, " "], [FIRST, GRADIENT])
    assert found["failure"].isna().tolist() == [True, True, False, False, False, False]
    assert found["failure"].iloc[2].startswith("The text has 52 tokens")
    assert "empty" in found["failure"].iloc[5]
    table = summarise(found)
    assert table["failures"].tolist() == [2, 2]
    assert table["texts"].tolist() == [1, 1]
    assert np.isnan(table["aopc_low"]).all(), "one text says nothing about spread"


def test_all_methods_share_one_trace_a_text(tiny):
    calls = counting(tiny)
    measure(tiny, TEXTS, METHODS)
    assert len(calls) == 2 * len(TEXTS), "a trace and one batch of removals each"


# Going on


def test_texts_of_a_length_are_read_together_and_measured_as_alone(tiny):
    texts = [random_text(words, seed) for seed in (1, 2, 3) for words in (4, 6)]
    sizes = []
    hook = tiny.module.register_forward_hook(lambda *call: sizes.append(len(call[2].logits)))
    found = measure(tiny, texts, [FIRST])
    hook.remove()
    # a length is read when the one before it is measured
    assert (sizes[0], sizes.count(len(texts) // 2)) == (3, 2)
    assert list(found["text"]) == list(range(len(texts)))
    alone = pd.concat([measure(tiny, [text], [FIRST]) for text in texts])
    size = max(probability_size(gaf.trace(tiny, text).logits) for text in texts)
    for name in ("aopc", "comprehensiveness", "sufficiency"):
        assert_close(found[name], alone[name], roundings=through(tiny), size=size)


def test_a_text_that_comes_twice_is_measured_once(tiny):
    calls = counting(tiny)
    found = measure(tiny, [TEXTS[0], TEXTS[1], TEXTS[0]], [FIRST])
    assert len(calls) == 2 * 2, "a trace and a batch of removals each"
    one, _, other = found["aopc"]
    assert one == other


def test_a_stopped_run_goes_on_where_it_was(tiny, rows, tmp_path):
    file = tmp_path / "rows.jsonl"
    steps = []

    def stop(done, total):
        steps.append((done, total))
        if done == 10:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        measure(tiny, TEXTS, METHODS, progress=stop, resume=file)
    assert steps == [(i, 20) for i in range(1, 11)]
    assert len(file.read_text().splitlines()) == 8, "two texts were finished"
    calls = counting(tiny)
    found = measure(tiny, TEXTS, METHODS, resume=file)
    assert len(calls) == 2 * 3
    exact = [name for name in COLUMNS if "seconds" not in name]
    for name in exact:
        if name in MEASURES:
            assert_close(found[name], rows[name], roundings=through(tiny), message=name)
        else:
            assert found[name].fillna("").tolist() == rows[name].fillna("").tolist(), name


def test_a_finished_run_computes_only_what_failed_or_changed(tiny, tmp_path):
    file = tmp_path / "rows.jsonl"
    first = measure(tiny, TEXTS, METHODS[:3], resume=file)
    calls = counting(tiny)
    again = measure(tiny, TEXTS, METHODS[:3], resume=file)
    renamed = measure(tiny, TEXTS[::-1], METHODS[:1], resume=file)
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert renamed["aopc"].tolist() == again[again["method"] == "first"]["aopc"].tolist()[::-1]
    assert not calls
    measure(tiny, TEXTS[:2], METHODS[:3], perturbation=gaf.Perturbation("pad"), resume=file)
    assert len(calls) == 4, "another perturbation is another run"
    measure(tiny, TEXTS[-1:], [FAILS], resume=file)
    measure(tiny, TEXTS[-1:], [FAILS], resume=file)
    assert sum("too long" in line for line in file.read_text().splitlines()) == 2


def test_a_torn_last_line_is_computed_again(tiny, tmp_path):
    file = tmp_path / "rows.jsonl"
    first = measure(tiny, TEXTS, [FIRST], resume=file)
    file.write_text(file.read_text()[:-20])
    again = measure(tiny, TEXTS, [FIRST], resume=file)
    assert_close(again["aopc"], first["aopc"], roundings=through(tiny))
    lines = file.read_text().splitlines()
    assert len(lines) == len(TEXTS) + 1
    assert {len(json.loads(line)) for line in lines[:4] + lines[5:]} == {9}


def test_a_file_of_something_else_is_left_alone(tiny, tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(gaf.SettingsError, match="holds no rows of a benchmark"):
        measure(tiny, TEXTS, [FIRST], resume=file)
    assert file.read_text() == "a,b\n1,2\n"
    for path in (tmp_path, tmp_path / "missing" / "rows.jsonl"):
        with pytest.raises(gaf.SettingsError, match="folder that exists and can be written"):
            measure(tiny, TEXTS[:1], [FIRST], resume=path)


# Settings


def test_targets_are_explained_and_watched(tiny):
    other = [1 - gaf.trace(tiny, text).predicted for text in TEXTS]
    explained = gaf.Perturbation(target="explained")
    own = measure(tiny, TEXTS, [FIRST])
    true = measure(tiny, TEXTS, [FIRST], targets=other, perturbation=explained)
    assert_close(true["aopc"], -own["aopc"], roundings=through(tiny), size=1.0)
    with pytest.raises(gaf.SettingsError, match="5 texts and 2 targets"):
        measure(tiny, TEXTS, [FIRST], targets=[0, 1])


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ([], "at least one method"),
        ("AGF", "at least one method"),
        (["AFG"], "There is no method 'AFG'"),
        ([FIRST, ("first", GRADIENT, {})], "Two methods are called 'first'"),
        ([("first", FIRST, {"stride": 1})], "no option 'stride'"),
        ([("first", FIRST, {"step": 3})], "not a choice of 'step'"),
    ],
)
def test_methods_that_mean_nothing_are_refused(tiny, methods, message):
    with pytest.raises(gaf.SettingsError, match=message):
        measure(tiny, TEXTS, methods)


@pytest.mark.usefixtures("unchecked")
def test_mistakes_are_said_before_any_work(tiny):
    calls = counting(tiny)
    for texts in ([], "one text"):
        with pytest.raises(gaf.SettingsError, match="at least one text"):
            measure(tiny, texts, [FIRST])
    with pytest.raises(gaf.TargetError):
        measure(tiny, TEXTS, [FIRST], perturbation=gaf.Perturbation(target="happy"))
    with pytest.raises(gaf.SettingsError):
        measure(tiny, TEXTS, [FIRST], perturbation=gaf.Perturbation("shuffle"))
    assert not calls


# Intervals


def test_the_interval_is_that_of_a_normal_mean_for_many_texts():
    values = np.random.default_rng(0).normal(3.0, 2.0, size=(500, 1))
    low, high = bootstrap_interval(values)
    error = 1.96 * values.std() / np.sqrt(len(values))
    # what 10,000 resamples leave to chance
    assert abs(low[0] - (values.mean() - error)) < 0.02
    assert abs(high[0] - (values.mean() + error)) < 0.02


def test_the_interval_of_two_texts_is_exact():
    """The mean of two draws from {0, 1} is 0, 1/2 or 1 with chances 1/4, 1/2, 1/4."""
    assert bootstrap_interval([[0.0, 5.0], [1.0, 5.0]]).tolist() == [[0, 5], [1, 5]]
    assert np.isnan(bootstrap_interval([[1.0]])).all()
    assert np.isnan(bootstrap_interval(np.empty((0, 2)))).all()


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(1).random((30, 2))
    assert (bootstrap_interval(values, 5) == bootstrap_interval(values, 5)).all()
    assert (bootstrap_interval(values, 5) != bootstrap_interval(values, 6)).any()


def handmade_rows(values, failures=()):
    return pd.DataFrame(
        [
            {"text": text, "method": name, "failure": "no" if (name, text) in failures else None}
            | dict.fromkeys(MEASURES, value)
            for name, of in values.items()
            for text, value in enumerate(of)
        ]
    )


def test_a_paired_difference_sees_what_two_intervals_hide():
    hardness = np.random.default_rng(0).normal(size=40)
    found = handmade_rows({"a": hardness + 0.1, "b": hardness}, failures={("b", 39)})
    difference = paired(found, "a", "b")
    assert difference["measure"].tolist() == list(MEASURES)
    assert difference["texts"].tolist() == [39] * len(MEASURES)
    for column in ("difference", "low", "high"):
        assert_close(difference[column], 0.1, roundings=summed(39), size=np.abs(hardness).max())
    table = summarise(found).set_index("method")
    assert table.loc["a", "aopc_low"] < table.loc["b", "aopc_high"]
    size = np.abs(hardness).max()
    assert_close(
        difference["second"].iloc[0], hardness[:39].mean(), roundings=summed(39), size=size
    )


def test_methods_without_a_text_in_common_cannot_be_paired():
    found = handmade_rows({"a": [1.0, 2.0], "b": [1.0, 2.0]}, failures={("a", 0), ("b", 1)})
    with pytest.raises(gaf.SettingsError, match="no text in common"):
        paired(found, "a", "b")
    with pytest.raises(gaf.SettingsError, match="Use a, b"):
        paired(found, "a", "c")


def test_a_file_that_holds_only_a_torn_line_is_begun_anew(tiny, tmp_path):
    file = tmp_path / "rows.jsonl"
    whole = tmp_path / "whole.jsonl"
    first = measure(tiny, TEXTS[:1], [FIRST], resume=whole)
    file.write_text(whole.read_text()[:40])
    again = measure(tiny, TEXTS[:1], [FIRST], resume=file)
    assert_close(again.aopc.to_numpy(), first.aopc.to_numpy(), roundings=through(tiny))
    assert len(RowStore(file).rows) == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"key": 3, "failure": null}',
        '{"key": "a", "failure": 3}',
        '{"key": ["a"], "failure": ""}',
        '{"key": "a", "failure": null, "aopc": "high"}',
        '{"key": "a", "failure": null, "aopc": {}}',
        '["key", "failure"]',
        '"key"',
        "null",
    ],
)
def test_rows_with_values_of_other_kinds_are_no_rows(line, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(gaf.SettingsError, match="holds no rows"):
        RowStore(file)
    good = '{"key": "b", "failure": null, "aopc": 0.5}'
    file.write_text(f"{line}\n{good}\n")
    assert list(RowStore(file).rows) == ["b"]
