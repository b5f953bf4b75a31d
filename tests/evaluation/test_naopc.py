"""The limits of AOPC against all orders one by one, beams against them, and NAOPC in tables."""

import itertools
import math

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.tiny import random_text, tiny_tokenizer
from gaf_core.evaluation import COLUMNS, NAOPC_COLUMNS, limit_passes, measure, naopc, paired
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build, target_for, text_for
from tests.support.models import in_float64, save_tiny, tiny_module
from tests.support.tolerance import assert_close, probability_size, rounding, through

TEXT = "a good film not bad"
QUICK = ("AF", "AGF", "rollout", "cat", "attcat", "attention_x_gradient", "relevance", "saliency")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


def scores_of(traced, order):
    """Scores that rank the tokens in this order."""
    scores = np.zeros(len(traced.tokens))
    scores[list(order)] = -np.arange(len(order), dtype=float)
    return scores


def how(model, traced):
    return {"roundings": through(model), "size": probability_size(traced.logits)}


@pytest.mark.parametrize("operator", ["mask", "delete"])
@pytest.mark.parametrize(
    "fractions", [gaf.Perturbation().fractions, (0.1, 0.5), (0.4,), (1.0, 0.2)]
)
@pytest.mark.parametrize("absolute", [False, True])
def test_exact_limits_are_those_of_all_orders(tiny, operator, fractions, absolute):
    traced = gaf.trace(tiny, TEXT)
    perturbation = gaf.Perturbation(operator, fractions, absolute=absolute)
    orders = list(itertools.permutations(np.flatnonzero(traced.removable).tolist()))
    rankings = {str(order): scores_of(traced, order) for order in orders}
    found = gaf.evaluate_all(tiny, traced, rankings, perturbation, insertion_curve=False)
    every = [one.aopc for one in found.values()]
    limits = gaf.aopc_limits(tiny, traced, perturbation)
    assert limits.exact
    assert_close([limits.lower, limits.upper], [min(every), max(every)], **how(tiny, traced))
    assert_close(found[str(limits.upper_order)].aopc, limits.upper, **how(tiny, traced))
    assert_close(found[str(limits.lower_order)].aopc, limits.lower, **how(tiny, traced))


@pytest.mark.parametrize("words", [3, 7, 12])
def test_the_limits_bracket_every_method(tiny, words):
    traced = gaf.trace(tiny, random_text(words, seed=words))
    limits = gaf.aopc_limits(tiny, traced)
    assert limits.exact == (words <= 8)
    scores = {name: gaf.METHODS[name](tiny, traced).scores for name in QUICK}
    scores |= {
        str(seed): gaf.METHODS["random"](tiny, traced, seed=seed).scores for seed in range(20)
    }
    slack = rounding(probability_size(traced.logits), through(tiny))
    for name, one in gaf.evaluate_all(tiny, traced, scores, limits=limits).items():
        assert limits.lower - slack <= one.aopc <= limits.upper + slack, name
        assert (one.aopc_lower, one.aopc_upper) == (limits.lower, limits.upper)
        assert one.naopc == (one.aopc - limits.lower) / (limits.upper - limits.lower)


def test_an_order_that_a_beam_found_has_the_aopc_that_it_says(tiny):
    traced = gaf.trace(tiny, random_text(13, seed=3))
    for fractions in (gaf.Perturbation().fractions, (0.3, 0.6)):
        perturbation = gaf.Perturbation(fractions=fractions)
        limits = gaf.aopc_limits(tiny, traced, perturbation, width=2)
        assert (limits.width, limits.exact) == (2, False)
        orders = {"lower": limits.lower_order, "upper": limits.upper_order}
        scores = {name: scores_of(traced, order) for name, order in orders.items()}
        found = gaf.evaluate_all(tiny, traced, scores, perturbation, limits=limits)
        assert_close(found["upper"].aopc, limits.upper, **how(tiny, traced))
        assert_close(found["lower"].aopc, limits.lower, **how(tiny, traced))
        assert sorted(limits.upper_order) == np.flatnonzero(traced.removable).tolist()


def test_beams_reach_the_exact_limits_of_most_texts_and_never_more(tiny, monkeypatch):
    texts = [random_text(words, seed=seed) for words in (3, 5, 6, 7) for seed in range(5)]
    traces = [gaf.trace(tiny, text) for text in texts]
    exact = [gaf.aopc_limits(tiny, one) for one in traces]
    monkeypatch.setattr(naopc, "EXACT", 0)
    reached = 0
    for traced, limits in zip(traces, exact, strict=True):
        beam = gaf.aopc_limits(tiny, traced)
        slack = rounding(probability_size(traced.logits), through(tiny))
        assert not beam.exact
        assert limits.lower - slack <= beam.lower <= beam.upper <= limits.upper + slack
        close = abs(beam.upper - limits.upper) <= slack, abs(beam.lower - limits.lower) <= slack
        reached += all(close)
        wide = gaf.aopc_limits(tiny, traced, width=2**7)  # a beam that keeps all
        assert_close([wide.lower, wide.upper], [limits.lower, limits.upper], **how(tiny, traced))
    assert reached > len(texts) / 2


def rows_of(model) -> list[int]:
    rows: list[int] = []
    model.module.register_forward_pre_hook(
        lambda _module, _args, inputs: rows.append(len(inputs["input_ids"])), with_kwargs=True
    )
    return rows


@pytest.mark.parametrize(
    ("words", "fractions", "passes"),
    [
        (5, (0.2, 0.4, 0.6, 0.8, 1.0), 32),
        (5, (0.4,), 1 + 10),  # sets of two only
        (8, gaf.Perturbation().fractions, 2**8),
        (1, (0.5,), 2),
    ],
)
def test_exact_limits_take_every_set_of_a_size_that_counts_once(tiny, words, fractions, passes):
    traced, rows = gaf.trace(tiny, random_text(words, seed=2)), rows_of(tiny)
    assert traced.removable.sum() == words
    limits = gaf.aopc_limits(tiny, traced, gaf.Perturbation(fractions=fractions))
    assert limits.passes == passes <= limit_passes(words)
    assert sum(rows) <= passes  # what removal leaves alike runs once


@pytest.mark.parametrize("width", [1, 3])
def test_beams_take_as_many_texts_as_they_say_at_most(tiny, width):
    traced, rows, steps = gaf.trace(tiny, random_text(11, seed=4)), rows_of(tiny), []

    def progress(done, total):
        assert not tiny.lock.locked()
        steps.append((done, total))

    limits = gaf.aopc_limits(tiny, traced, width=width, progress=progress)
    assert 11 * 10 * width / 2 < sum(rows) <= limits.passes <= limit_passes(11, width)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (10, 10)  # of 11 tokens, 90 % are 10


def test_a_search_can_be_stopped(tiny):
    class StoppedError(Exception):
        pass

    def stop(_done, _total):
        raise StoppedError

    for words in (4, 10):
        with pytest.raises(StoppedError):
            gaf.aopc_limits(tiny, random_text(words, seed=1), progress=stop)
        assert not tiny.lock.locked()


def test_one_token_has_one_order_and_no_naopc(tiny):
    traced = gaf.trace(tiny, "good")
    limits = gaf.aopc_limits(tiny, traced)
    assert limits.lower == limits.upper
    found = gaf.evaluate(tiny, traced, [0, 1, 0], naopc=True)
    assert_close(found.aopc, limits.upper, **how(tiny, traced))
    assert math.isnan(found.naopc)


def test_it_is_asked_for(tiny):
    found = gaf.evaluate(tiny, TEXT, np.arange(7))
    assert all(math.isnan(getattr(found, name)) for name in NAOPC_COLUMNS)
    found = gaf.evaluate(tiny, TEXT, np.arange(7), naopc=True)
    assert found.aopc_lower < found.aopc < found.aopc_upper
    assert 0 < found.naopc < 1


@pytest.mark.parametrize(
    ("model_type", "task"),
    [
        ("bert", Task.TOKENS),
        ("bert", Task.ANSWER),
        ("gpt2", Task.NEXT_TOKEN),
        ("t5", Task.CLASSIFICATION),
    ],
)
def test_places_and_other_tasks(model_type, task):
    model = build(next(row for row in SUPPORTED if row.model_type == model_type), task)
    traced = gaf.trace(model, text_for(model), target_for(model))
    perturbation = gaf.Perturbation("delete", (0.1, 0.3), target="explained")
    limits = gaf.aopc_limits(model, traced, perturbation, width=1)
    scores = {"upper": scores_of(traced, limits.upper_order)}
    found = gaf.evaluate_all(model, traced, scores, perturbation, limits=limits)["upper"]
    assert_close(found.naopc, 1.0, error=1e-5)


def test_values_have_limits_in_their_unit(tmp_path):
    module = tiny_module(labels=("stars",))
    module.config.problem_type = "regression"
    module.save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    model = in_float64(gaf.load_model(tmp_path))
    traced = gaf.trace(model, TEXT)
    assert traced.output is gaf.Output.VALUE
    limits = gaf.aopc_limits(model, traced)
    scores = {"upper": scores_of(traced, limits.upper_order)}
    found = gaf.evaluate_all(model, traced, scores, limits=limits)["upper"]
    assert_close(found.aopc, limits.upper, roundings=through(model), size=np.abs(traced.logits))
    assert_close(found.naopc, 1.0, error=1e-9)


def test_limits_of_something_else_are_refused(tiny):
    traced, other = gaf.trace(tiny, TEXT), gaf.trace(tiny, "a good film")
    limits = gaf.aopc_limits(tiny, traced)
    scores = {"one": np.arange(7)}
    for perturbation in (gaf.Perturbation("pad"), gaf.Perturbation(target=1 - limits.label)):
        with pytest.raises(gaf.SettingsError, match="limits of AOPC are those of another"):
            gaf.evaluate_all(tiny, traced, scores, perturbation, limits=limits)
    with pytest.raises(gaf.SettingsError, match="limits of AOPC are those of another"):
        gaf.evaluate_all(tiny, other, {"one": np.arange(5)}, limits=limits)


@pytest.mark.parametrize("width", [0, -1, True])
def test_a_width_that_means_nothing_is_refused(tiny, width):
    with pytest.raises(gaf.SettingsError, match="whole number from 1"):
        gaf.aopc_limits(tiny, TEXT, width=width)


TEXTS = ["good", TEXT, random_text(6, seed=1), random_text(9, seed=2)]


def test_rows_and_tables_have_it_on_request(tiny):
    plain = measure(tiny, TEXTS, ["AGF", "random"])
    rows = measure(tiny, TEXTS, ["AGF", "random"], naopc=True)
    assert tuple(plain.columns) == COLUMNS
    assert tuple(rows.columns) == (*COLUMNS, *NAOPC_COLUMNS)
    for row in rows.itertuples():
        limits = gaf.aopc_limits(tiny, TEXTS[row.text])
        assert_close([row.aopc_lower, row.aopc_upper], [limits.lower, limits.upper])
        assert_close(row.naopc, limits.normalised(row.aopc), error=1e-9)
    assert rows["naopc"].isna().sum() == 2, "one token has no order"
    table = gaf.benchmark(tiny, TEXTS, ["AGF", "random"], naopc=True).set_index("method")
    assert_close(table.loc["AGF", "naopc"], rows[rows["method"] == "AGF"]["naopc"].mean())
    assert (
        table.loc["AGF", "naopc_low"] <= table.loc["AGF", "naopc"] <= table.loc["AGF", "naopc_high"]
    )
    assert "naopc" not in gaf.benchmark(tiny, TEXTS, ["AGF"])
    difference = paired(rows, "AGF", "random", measures=("aopc", "naopc")).set_index("measure")
    assert difference.loc["naopc"].notna().all()


def test_rows_without_it_do_not_stand_for_rows_with_it(tiny, tmp_path):
    file = tmp_path / "rows.jsonl"
    measure(tiny, TEXTS[:2], ["AGF"], resume=file)
    first = measure(tiny, TEXTS[:2], ["AGF"], resume=file, naopc=True)
    rows = rows_of(tiny)
    again = measure(tiny, TEXTS[:2], ["AGF"], resume=file, naopc=True)
    assert not rows
    assert first.drop(columns="seconds").equals(again.drop(columns="seconds"))


def test_a_run_can_be_stopped_while_limits_are_found(tiny):
    class StoppedError(Exception):
        pass

    seen = []

    def stop(done, total):
        seen.append((done, total))
        if len(seen) > 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        measure(tiny, TEXTS[3:], ["AGF"], naopc=True, progress=stop)
    assert set(seen) == {(1, 1)}
