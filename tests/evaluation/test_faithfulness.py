"""Measures of faithfulness against hand computation and against one removal at a time."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks.handmade import trace_of
from gaf_core.evaluation import ERASER_FRACTIONS, OPERATORS, metrics, ranked, removed_count
from gaf_core.evaluation.perturbed import log_probabilities
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build, text_for
from tests.support.inside import Attention
from tests.support.models import counting, in_float64, save_tiny
from tests.support.tolerance import (
    assert_close,
    log_probability_size,
    probability_size,
    through,
)

TEXT = "a good film not bad a film not a good film"
TOKENS = {"mask": 4, "pad": 0, "unknown": 1}  # of the tiny vocabulary


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture
def traced(tiny):
    return gaf.trace(tiny, TEXT)


@pytest.fixture(scope="module")
def language_model():
    return build(next(row for row in SUPPORTED if row.model_type == "gpt2"), Task.NEXT_TOKEN)


def size_of(measure, traced):
    """What the rounding of a measure is relative to."""
    size = log_probability_size if measure == "log_odds" else probability_size
    return size(traced.logits)


def random_scores(traced, seed=0):
    return np.random.default_rng(seed).normal(size=len(traced.tokens))


# Measures


def test_a_case_computed_by_hand(tiny, monkeypatch):
    """Four words worth 0.4, 0.3, 0.2 and 0.05 of a probability of 1, removed in this order."""
    worth = np.array([0.0, 0.05, 0.4, 0.2, 0.3, 0.0])
    traced = gaf.trace(tiny, "a good film bad")

    def known(_model, _encoding, kept, _operator, _label, _progress=None, _place=None):
        return np.log(0.05 + kept @ worth)

    monkeypatch.setattr(metrics, "log_probabilities", known)
    found = gaf.evaluate(tiny, traced, worth, gaf.Perturbation(fractions=(0.5, 0.25)))
    assert_close(found.aopc, (0.7 + 0.4) / 2)
    assert_close(found.log_odds, (math.log(0.3) + math.log(0.6)) / 2)
    # of four tokens, one is removed at 1, 5, 10 and 20 %, two at 50 %
    assert_close(found.comprehensiveness, (4 * 0.4 + 0.7) / 5)
    assert_close(found.sufficiency, (4 * (1 - 0.45) + (1 - 0.75)) / 5)
    assert found.curves.fractions.tolist() == [0, 0.25, 0.5, 1]
    assert_close(found.curves.deletion, [1, 0.6, 0.3, 0.05])
    assert_close(found.curves.insertion, [0.05, 0.45, 0.75, 1])
    assert_close(found.curves.deletion_area, 0.25 * (0.8 + 0.45) + 0.5 * 0.175)
    assert_close(found.curves.insertion_area, 0.25 * (0.25 + 0.6) + 0.5 * 0.875)


def one_by_one(model, traced, scores, perturbation, label):
    """The measures by plain loops, one forward pass a text, without the library."""
    ids = model.tokenizer(traced.text)["input_ids"]
    ordinary = [i for i in range(len(ids)) if not traced.special[i]]
    order = sorted(ordinary, key=lambda i: (-scores[i], i))

    def probability(removed):
        if perturbation.operator == "delete":
            given = [token for i, token in enumerate(ids) if i not in removed]
        else:
            given = [
                TOKENS[perturbation.operator] if i in removed else token
                for i, token in enumerate(ids)
            ]
        with torch.no_grad():
            logits = model.module(input_ids=torch.tensor([given])).logits[0]
        return float(logits.softmax(-1)[label])

    def count(fraction):
        return math.ceil(Fraction(str(fraction)) * len(order))

    whole = probability([])
    drops = [probability(order[: count(k)]) for k in perturbation.fractions]
    most = [probability(order[: count(k)]) for k in ERASER_FRACTIONS]
    kept = [probability(order[count(k) :]) for k in ERASER_FRACTIONS]
    return {
        "aopc": np.mean([abs(whole - p) if perturbation.absolute else whole - p for p in drops]),
        "log_odds": np.mean([math.log(p / whole) for p in drops]),
        "comprehensiveness": np.mean([whole - p for p in most]),
        "sufficiency": np.mean([whole - p for p in kept]),
    }


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("absolute", [False, True])
def test_shared_batches_give_what_a_loop_gives(tiny, traced, operator, absolute):
    perturbation = gaf.Perturbation(operator, absolute=absolute)
    rankings = {str(seed): random_scores(traced, seed) for seed in range(3)}
    found = gaf.evaluate_all(tiny, traced, rankings, perturbation)
    for name, scores in rankings.items():
        expected = one_by_one(tiny, traced, scores, perturbation, traced.predicted)
        for measure, value in expected.items():
            how = {"roundings": through(tiny), "size": size_of(measure, traced)}
            assert_close(getattr(found[name], measure), value, message=measure, **how)
        assert found[name].perturbation == perturbation
        assert found[name].label == traced.predicted


def test_the_target_is_the_predicted_the_explained_or_a_named_label(tiny):
    other = 1 - gaf.trace(tiny, TEXT).predicted
    traced = gaf.trace(tiny, TEXT, other)
    scores = random_scores(traced)
    by_target = {
        target: gaf.evaluate(tiny, traced, scores, gaf.Perturbation(target=target))
        for target in ("predicted", "explained", tiny.labels[other], other)
    }
    assert by_target["predicted"].label == 1 - other
    assert {by_target[name].label for name in ("explained", tiny.labels[other], other)} == {other}
    # the probabilities of two classes sum to 1, so what one loses the other gains
    size = probability_size(traced.logits)
    assert_close(by_target["explained"].aopc, -by_target["predicted"].aopc, size=size)


def test_a_text_or_its_trace_may_be_given(tiny, traced):
    scores = random_scores(traced)
    one, other = (gaf.evaluate(tiny, given, scores).aopc for given in (TEXT, traced))
    assert_close(one, other, roundings=through(tiny), size=probability_size(traced.logits))


def test_log_odds_of_a_vanished_probability_are_finite(tiny, traced, monkeypatch):
    def vanishing(_model, _encoding, kept, *_):
        return -2000.0 * (~kept).sum(axis=1)

    monkeypatch.setattr(metrics, "log_probabilities", vanishing)
    found = gaf.evaluate(tiny, traced, random_scores(traced), gaf.Perturbation(fractions=(1.0,)))
    assert found.log_odds == -2000.0 * 11
    assert found.aopc == 1.0


# Ranks


@given(st.integers(1, 100), st.integers(1, 3000))
def test_counts_are_rounded_up_as_decimals_are(percent, tokens):
    assert removed_count(percent / 100, tokens) == math.ceil(Fraction(percent, 100) * tokens)


def test_a_fraction_that_binary_rounds_up_is_not_one_more():
    assert math.ceil(0.07 * 100) == 8
    assert removed_count(0.07, 100) == 7
    assert removed_count(0.3, 10) == 3


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1))
def test_ranks_are_those_of_a_stable_sort(tokens):
    scores = np.array([score for score, _ in tokens], dtype=float)
    ordinary = np.array([kind for _, kind in tokens])
    expected = sorted(np.flatnonzero(ordinary), key=lambda i: (-scores[i], i))
    assert ranked(ordinary, scores).tolist() == expected
    assert ranked(ordinary, np.exp(scores) - 1).tolist() == expected


def test_only_the_order_of_ordinary_tokens_counts(tiny, traced):
    scores = random_scores(traced)
    moved = np.where(traced.special, 99.0, np.arctan(scores) * 1e-6)
    one, other = gaf.evaluate_all(tiny, traced, {"one": scores, "other": moved}).values()
    # every input ran once for both
    assert one.aopc == other.aopc
    assert one.curves.insertion.tolist() == other.curves.insertion.tolist()
    assert one.curves.deletion[0] == one.curves.insertion[-1]
    assert one.curves.deletion[-1] == one.curves.insertion[0]


# Inputs and batches

# positions counted, learned, rotated, relative; attention to all, earlier and near tokens
VARIED = ("bert", "roberta", "modernbert", "gpt2", "llama", "mistral", "bloom", "bart", "t5")


@pytest.mark.parametrize(
    ("row", "task"),
    [
        (row, task)
        for row in SUPPORTED
        for task in row.tasks
        if row.model_type in VARIED and task.kind.place == "text"  # others: test_places.py
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_shortened_text_gets_the_probability_of_that_text_alone(row, task):
    model = build(row, task)
    encoding = gaf.trace(model, text_for(model)).encoding
    ids = encoding.inputs["input_ids"][0]
    random = np.random.default_rng(0)
    kept = encoding.special | (random.random((9, len(ids))) < np.linspace(0.1, 1, 9)[:, None])
    kept[:, 2] = True
    kept[-2:] = ~np.eye(len(ids), dtype=bool)[[2, 3]]  # two of one length share a batch
    with Attention():  # in float64 throughout
        found = log_probabilities(model, encoding, kept, "delete", 1)
    assert len({int(keep.sum()) for keep in kept}) > 3
    for keep, value in zip(kept, found, strict=True):
        with torch.no_grad(), Attention():
            logits = model.module(input_ids=ids[keep][None]).logits[0]
        logits = logits[-1] if task is Task.NEXT_TOKEN else logits
        size = log_probability_size(logits)
        assert_close(value, logits.log_softmax(-1)[1], roundings=through(model), size=size)


def test_a_causal_classifier_without_padding_gets_one_text_at_a_time():
    model = build(next(row for row in SUPPORTED if row.model_type == "gpt2"), Task.CLASSIFICATION)
    encoding = gaf.trace(model, text_for(model)).encoding
    kept = ~np.eye(len(encoding.tokens), dtype=bool)
    calls = counting(model)
    alone = log_probabilities(model, encoding, kept, "delete", 0)
    assert len(calls) == len(kept)
    model.module.config.pad_token_id = 7  # with one it takes batches
    together = log_probabilities(model, encoding, kept, "delete", 0)
    assert len(calls) == len(kept) + 1
    assert_close(together, alone, roundings=through(model))


def test_an_input_that_several_rankings_share_runs_once(tiny, traced):
    rows = []
    hook = tiny.module.register_forward_pre_hook(
        lambda _module, _args, inputs: rows.extend(map(tuple, inputs["input_ids"].tolist())),
        with_kwargs=True,
    )
    calls = counting(tiny)
    try:
        rankings = {str(seed): random_scores(traced, seed) for seed in range(4)}
        gaf.evaluate_all(tiny, traced, rankings | {"again": rankings["0"]})
    finally:
        hook.remove()
    assert len(rows) == len(set(rows))
    ids = traced.encoding.inputs["input_ids"][0].tolist()
    assert tuple(ids) in rows
    # of 11 tokens 1 to 10 removed or kept, four times, and none and all once
    assert len(rows) <= 4 * 20 + 2
    assert len(calls) == math.ceil(len(rows) / 64), "all texts are of one length"


def test_where_nothing_remains_a_language_model_reads_the_end_of_a_text(language_model):
    with Attention():  # in float64 throughout
        traced = gaf.trace(language_model, "Paris is the capital of France")
        found = gaf.evaluate(language_model, traced, random_scores(traced))
    assert found.perturbation.operator == "delete", "this vocabulary has no other way"
    end = torch.tensor([[language_model.tokenizer.eos_token_id]])
    with torch.no_grad(), Attention():
        alone = language_model.module(input_ids=end).logits[0, -1].softmax(-1)
    how = {"roundings": through(language_model)}
    assert_close(found.curves.deletion[-1], alone[traced.predicted], **how)
    # the logits of the trace are stored in float32
    whole = traced.probabilities[traced.predicted]
    assert_close(found.curves.insertion[-1], whole, precision=np.float32)


def test_progress_counts_batches_and_may_stop_the_work(tiny, traced):
    steps = []
    rankings = {str(seed): random_scores(traced, seed) for seed in range(10)}
    gaf.evaluate_all(tiny, traced, rankings, progress=lambda *step: steps.append(step))
    assert steps == [(i + 1, len(steps)) for i in range(len(steps))]
    assert len(steps) > 1

    def stop(_done, _total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        gaf.evaluate_all(tiny, traced, rankings, progress=stop)
    assert not tiny.lock.locked()


# Mistakes


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([1.0, 2.0], "do not fit a text of 13 tokens"),
        ([math.nan] * 13, "NaN"),
        (["high"] * 13, "NaN"),
        ([[1.0] * 13], "do not fit"),
    ],
)
def test_scores_that_rank_nothing_are_refused(tiny, traced, scores, message):
    with pytest.raises(gaf.SettingsError, match=message):
        gaf.evaluate(tiny, traced, scores)


@pytest.mark.parametrize("fractions", [(), (0.0, 0.5), (1.2,), (math.nan,), ("half",), None])
@pytest.mark.usefixtures("unchecked")
def test_fractions_are_above_0_and_up_to_1(tiny, traced, fractions):
    with pytest.raises(gaf.SettingsError, match="above 0 and up to 1"):
        gaf.evaluate(tiny, traced, random_scores(traced), gaf.Perturbation(fractions=fractions))


@pytest.mark.usefixtures("unchecked")
def test_other_mistakes_are_said(tiny, traced, language_model):
    scores = random_scores(traced)
    with pytest.raises(gaf.SettingsError, match="Use mask, pad, unknown, delete"):
        gaf.evaluate(tiny, traced, scores, gaf.Perturbation("shuffle"))
    with pytest.raises(gaf.TargetError, match="not one of the model's labels"):
        gaf.evaluate(tiny, traced, scores, gaf.Perturbation(target="happy"))
    handmade = trace_of("a good film")
    with pytest.raises(gaf.SettingsError, match="made without a model"):
        gaf.evaluate(tiny, handmade, np.zeros(5))
    added = np.ones(len(traced.tokens), dtype=bool)
    special = dataclasses.replace(
        traced, encoding=dataclasses.replace(traced.encoding, special=added)
    )
    with pytest.raises(gaf.TextError, match="only special tokens"):
        gaf.evaluate(tiny, special, scores)
    with pytest.raises(gaf.SettingsError, match="Use the model that was traced"):
        gaf.evaluate(language_model, traced, scores)
    found = gaf.trace(language_model, "Paris is the capital")
    with pytest.raises(gaf.SettingsError, match="no mask token"):
        gaf.evaluate(language_model, found, random_scores(found), gaf.Perturbation("mask"))


def test_one_token_and_no_rankings_are_no_mistakes(tiny):
    traced = gaf.trace(tiny, "good")
    found = gaf.evaluate(tiny, traced, [0.0, 1.0, 0.0])
    assert_close(found.aopc, found.comprehensiveness)
    assert_close(found.sufficiency, 0.0, size=1.0)
    assert gaf.evaluate_all(tiny, traced, {}) == {}


def test_without_the_insertion_curve_the_four_measures_stay_the_same():
    model = in_float64(gaf.load_model("minilm-reviews"))
    traced = gaf.trace(model, "A lovely film, and the acting is bad.")
    rankings = {name: gaf.METHODS[name](model, traced).scores for name in ("random", "relevance")}
    whole = gaf.evaluate_all(model, traced, rankings)
    short = gaf.evaluate_all(model, traced, rankings, insertion_curve=False)
    for name in rankings:
        for measure in ("aopc", "log_odds", "comprehensiveness", "sufficiency"):
            one, other = (getattr(found[name], measure) for found in (whole, short))
            how = {"roundings": through(model), "size": size_of(measure, traced)}
            assert_close(one, other, message=measure, **how)
        assert np.isnan(short[name].curves.insertion_area)
