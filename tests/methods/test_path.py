"""Path GAF and integrated frozen gradients as methods: what they share, what they prove."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.methods.path import path_to
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build, target_for, text_for
from tests.support.models import counting, in_float64
from tests.support.tolerance import SOLVED, STORED, assert_close, rounding, through

METHODS = gaf.METHODS
PATH_GAF, INTEGRATED = METHODS["path_gaf"], METHODS["integrated_frozen_gradients"]
TEXT = "A lovely film with a dull ending, but the acting was not terrible."
KINDS = [
    pytest.param(row, task, id=f"{row.model_type}-{task.name.lower()}")
    for row in SUPPORTED
    for task in row.tasks
    if row.model_type in ("bert", "deberta-v2", "modernbert", "gpt2", "gemma2", "bart", "t5")
]


@pytest.fixture(scope="module")
def model() -> gaf.Model:
    return in_float64(gaf.load_model("minilm-reviews"))


@pytest.fixture(scope="module")
def traced(model) -> gaf.Trace:
    return gaf.trace(model, TEXT)


@pytest.mark.parametrize(("row", "task"), KINDS)
def test_they_score_every_kind_of_model(row, task):
    model = build(row, task)
    traced = gaf.trace(model, text_for(model), target_for(model))
    for method in (PATH_GAF, INTEGRATED):
        one = method(model, traced, baseline="zero")
        assert one.scores.shape == (len(traced.tokens),)
        assert not one.scores[~traced.removable].any()
        assert one.scores.any()


def test_path_gaf_is_what_explain_signed_gives(model, traced):
    explanation = gaf.explain_signed(model, TEXT)
    found = PATH_GAF(model, traced)
    assert_close(found.scores, explanation.scores, precision=np.float32, error=SOLVED)
    difference = explanation.path.difference
    assert_close(found.details["difference of the logits"], difference, roundings=through(model))
    upper = replace(gaf.PATH, layers=(3, 6))
    later = PATH_GAF(model, traced, first_layer=4).scores
    explained = gaf.explain_signed(model, TEXT, upper)
    assert_close(later, explained.scores, precision=np.float32, error=SOLVED)


def test_the_second_method_needs_no_second_path(model):
    traced = gaf.trace(model, TEXT)
    calls = counting(model)
    PATH_GAF(model, traced)
    second = INTEGRATED(model, traced)
    assert len(calls) == 1
    path = gaf.trace_path(model, traced)
    assert_close(second.scores, path.relevance[0], precision=np.float32, roundings=STORED)
    _, spent = path_to(model, traced, lambda *_: None, 5, "mask")
    assert second.seconds >= spent > 0  # the work that it found done counts
    INTEGRATED(model, traced, points=4)
    assert len(calls) == 3  # and that of the path above
    model.module._forward_hooks.clear()


def test_a_score_is_no_more_than_the_token_is_worth(model, traced):
    worth = gaf.trace_path(model, traced).relevance[0].astype(np.float64)
    scores = PATH_GAF(model, traced).scores
    slack = rounding(np.abs(worth).max(), 4 * STORED, np.float32)
    assert (scores <= np.maximum(worth, 0) + slack).all()
    assert (scores >= np.minimum(worth, 0) - slack).all()


def test_a_turned_target_turns_the_scores(model):
    for method in (PATH_GAF, INTEGRATED):
        one, other = (
            method(model, gaf.trace(model, TEXT, target)).scores
            for target in (("positive", "negative"), ("negative", "positive"))
        )
        assert_close(one, -other, precision=np.float32, roundings=STORED, error=SOLVED)


@pytest.mark.parametrize(
    ("method", "options", "said"),
    [
        (PATH_GAF, {"first_layer": 7}, "flow cannot end at layer 7. Choose a first layer from 1"),
        (PATH_GAF, {"points": 1}, "'1' is not a value of 'points'. Use a whole number from 2"),
        (INTEGRATED, {"points": 2000}, "from 2 to 1,000"),
        (INTEGRATED, {"baseline": "mean"}, "'mean' is not a choice of 'baseline'"),
        (INTEGRATED, {"epsilon": 0.1}, "has no option 'epsilon'"),
    ],
)
def test_options_are_checked(model, traced, method, options, said):
    with pytest.raises(gaf.SettingsError, match=said):
        method(model, traced, **options)


def test_a_model_without_a_token_that_removes_one_says_what_to_do():
    model = build(next(row for row in SUPPORTED if row.model_type == "gpt2"), Task.NEXT_TOKEN)
    traced = gaf.trace(model, text_for(model))
    for method in (PATH_GAF, INTEGRATED):
        with pytest.raises(gaf.SettingsError, match='baseline="zero"'):
            method(model, traced)
