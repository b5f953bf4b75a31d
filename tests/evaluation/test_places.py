"""Faithfulness where a prediction is about a token: it stays, and is followed as others go."""

import inspect

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.evaluation.perturbed import log_probabilities
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build
from tests.support.tolerance import assert_close, log_probability_size, through

ROWS = {row.model_type: row for row in SUPPORTED}
BERT = ROWS["bert"]
ASKED = {
    Task.MASKED_WORD: ("a good film [MASK] a good film", gaf.At("bad")),
    Task.TOKENS: ("a good film not a good film", gaf.At("positive", 4)),
    Task.ANSWER: (("a film", "a good film not a good film"), gaf.At(7, "end")),
}


def alone(model, traced, kept, operator) -> float:
    """The log-probability of what is explained, by one pass over one text."""
    target, inputs = traced.target, traced.encoding.inputs
    stays = target.index if isinstance(target.place, str) else target.place
    if operator == "delete":
        given = {name: one[:, kept] for name, one in inputs.items()}
        stays = int(kept[:stays].sum())
    else:
        ids = inputs["input_ids"].clone()
        ids[0, ~kept] = model.tokenizer.mask_token_id
        given = {**inputs, "input_ids": ids}
    known = inspect.signature(model.module.forward).parameters
    with torch.no_grad():
        output = model.module(**{name: one for name, one in given.items() if name in known})
    if isinstance(target.place, str):
        return float(output[f"{target.place}_logits"][0].log_softmax(-1)[stays])
    return float(output.logits[0, stays].log_softmax(-1)[target.index])


@pytest.mark.parametrize("operator", ["mask", "delete"])
@pytest.mark.parametrize("task", list(ASKED))
@pytest.mark.parametrize("kind", ["bert", "roberta", "deberta-v2", "modernbert"])
def test_every_removal_is_what_one_pass_says(kind, task, operator):
    model = build(ROWS[kind], task)
    text, target = ASKED[task]
    traced = gaf.trace(model, text, target)
    drawn = np.random.default_rng(0).random((40, len(traced.tokens))) < 0.5
    kept = drawn | ~traced.removable
    found = log_probabilities(
        model, traced.encoding, kept, operator, traced.target.index, place=traced.target.place
    )
    expected = [alone(model, traced, row, operator) for row in kept]
    size = log_probability_size(traced.logits)
    assert_close(found, expected, size=size, roundings=through(model))


def test_texts_that_read_the_same_are_asked_at_different_places():
    model = build(BERT, Task.TOKENS)
    traced = gaf.trace(model, "good good good", gaf.At("positive", 2))
    kept = np.ones((2, 5), dtype=bool)
    kept[0, 1] = kept[1, 3] = False  # what is left is "good good", asked at the first, or second
    found = log_probabilities(model, traced.encoding, kept, "delete", 1, place=2)
    expected = [alone(model, traced, row, "delete") for row in kept]
    assert_close(
        found, expected, size=log_probability_size(traced.logits), roundings=through(model)
    )
    assert abs(found[0] - found[1]) > 1e-3


@pytest.mark.parametrize("operator", ["mask", "delete"])
@pytest.mark.parametrize("task", list(ASKED))
def test_what_is_asked_about_stays_when_all_else_goes(task, operator):
    model = build(BERT, task)
    text, target = ASKED[task]
    traced = gaf.trace(model, text, target)
    scores = np.arange(len(traced.tokens), dtype=float)
    how = gaf.Perturbation(operator, fractions=(1.0,), target="explained")
    found = gaf.evaluate(model, traced, scores, how)
    expected = np.exp(alone(model, traced, ~traced.removable, operator))
    assert_close(found.curves.deletion[-1], expected, size=1.0, roundings=through(model))
    assert found.label == traced.target.index


def test_only_the_token_that_is_asked_about_leaves_nothing_to_remove():
    model = build(BERT, Task.TOKENS)
    traced = gaf.trace(model, "good")
    with pytest.raises(gaf.TextError, match="no token beside the one"):
        gaf.evaluate(model, traced, np.zeros(3))


@pytest.mark.parametrize("task", list(ASKED))
def test_every_method_answers_or_says_why_not(task):
    model = build(BERT, task)
    text, target = ASKED[task]
    traced = gaf.trace(model, text, target)
    for name, method in gaf.METHODS.items():
        options = {"samples": 100} if "samples" in method.settings() else {}
        if name == "deeplift":
            with pytest.raises(gaf.ModelError, match="does not hold"):
                method(model, traced)
            continue
        found = method(model, traced, **options)
        assert found.scores.shape == (len(traced.tokens),)
        if method.family == "perturbation":
            assert not found.scores[~traced.removable].any()


def test_integrated_gradients_add_up_at_a_place():
    model = build(BERT, Task.TOKENS)
    traced = gaf.trace(model, *ASKED[Task.TOKENS])
    found = gaf.METHODS["integrated_gradients"](model, traced, steps=300)
    assert abs(found.details["convergence delta"]) < 0.01 * np.abs(traced.logits).max()
