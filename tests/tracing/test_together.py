"""Texts of one length that share a pass: each gets what it would get alone."""

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.errors import GafError
from gaf_core.methods.alike import remember_alike
from gaf_core.models.model import Task
from gaf_core.tracing.together import alike, encode_each, trace_alike
from tests.support.architectures import SUPPORTED, build, target_for, text_for
from tests.support.models import counting, in_float64, save_tiny
from tests.support.tolerance import STORED, assert_close

ARRAYS = ("attention", "gradient", "logits", "relevance", "residual")
CASES = [(row, task) for row in SUPPORTED for task in row.tasks]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


def of_one_length(model):
    """Three texts of the same words in another order, which have as many tokens."""
    text = text_for(model)
    pair = isinstance(text, tuple)
    words = (text[1] if pair else text).split()
    # one word in another place, but for the first and the last: a piece may begin or end with them
    moves = range(2, len(words) - 1)
    orders = [words, *([*words[:1], words[i], *words[1:i], *words[i + 1 :]] for i in moves)]
    texts = [(text[0], " ".join(one)) if pair else " ".join(one) for one in orders]
    encodings = encode_each(model, texts, truncate=False)
    return [one for one in encodings if len(one.tokens) == len(encodings[0].tokens)][:3]


@pytest.mark.parametrize(("row", "task"), CASES, ids=lambda one: getattr(one, "model_type", one))
def test_every_architecture_gives_a_text_of_a_batch_what_it_gives_it_alone(row, task):
    model = build(row, task)
    encodings = of_one_length(model)
    assert len(encodings) > 1
    for how in ({}, {"frozen": gaf.Frozen(), "residual": True}):
        targets = [target_for(model)] * len(encodings)
        found = trace_alike(model, encodings, targets, **how)
        for encoding, target, one in zip(encodings, targets, found, strict=True):
            alone = gaf.trace(model, encoding, target, **how)
            assert one.target == alone.target
            assert one.labels == alone.labels
            assert (one.answer is None) == (task is not Task.ANSWER)
            assert one.text == alone.text
            for name in ARRAYS:
                mine, other = getattr(one, name), getattr(alone, name)
                assert (mine is None) == (other is None), name
                if other is not None:
                    assert mine.dtype == other.dtype
                    assert_close(mine, other, precision=np.float32, roundings=STORED, message=name)


def test_a_batch_is_one_pass(tiny):
    calls = counting(tiny)
    encodings = encode_each(tiny, ["a good film", "a bad film", "not a film"], truncate=False)
    assert [len(one.tokens) for one in encodings] == [5, 5, 5]
    found = trace_alike(tiny, encodings, [None, "negative", 1])
    assert len(calls) == 1
    assert [one.target.name for one in found[1:]] == ["negative", "positive"]


def test_a_second_trace_is_made_for_all_that_are_alike_at_once(tiny):
    encodings = encode_each(tiny, ["a good film", "a bad film", "not a film"], truncate=False)
    traces = trace_alike(tiny, encodings, [None] * 3)
    alone = [gaf.METHODS["faithful"](tiny, gaf.trace(tiny, one)).scores for one in encodings]
    remember_alike(traces)
    calls = counting(tiny)
    found = [gaf.METHODS["faithful"](tiny, one) for one in traces]
    again = [gaf.METHODS["cat_frozen"](tiny, one) for one in traces]
    assert len(calls) == 1
    for one, other in zip(found, alone, strict=True):
        # two float32 traces that differ by their last bit, and the flow of each
        assert_close(one.scores, other, error=1e-5)
        assert one.seconds > 0
    assert all(one.seconds > 0 for one in again), "a share of what was made for the others"


def test_a_failure_is_of_its_text_alone(tiny):
    encodings = encode_each(tiny, ["a good film", " ", "good " * 50, "a bad film"], truncate=False)
    assert [isinstance(one, GafError) for one in encodings] == [False, True, True, False]
    good = [one for one in encodings if not isinstance(one, GafError)]
    found = trace_alike(tiny, good, ["positive", "splendid"])
    assert isinstance(found[0], gaf.Trace)
    assert isinstance(found[1], gaf.TargetError)


def test_what_breaks_a_whole_batch_is_found_text_by_text(tiny):
    bad = tiny.tokenizer.convert_tokens_to_ids("bad")

    def overflow(_module, given, output):
        hit = (given[0] == bad).any(dim=1)
        output[hit] = torch.inf
        return output

    handle = tiny.module.get_input_embeddings().register_forward_hook(overflow)
    try:
        encodings = encode_each(tiny, ["a good film", "a bad film"], truncate=False)
        found = trace_alike(tiny, encodings, [None, None])
    finally:
        handle.remove()
    assert isinstance(found[0], gaf.Trace)
    assert isinstance(found[1], gaf.ModelError)


def test_groups_are_of_one_length_and_have_every_text_once(tiny):
    texts = ["a", "a b", "a b c", "b", "c b", "b a"]
    groups = list(alike(tiny, encode_each(tiny, texts, truncate=False)))
    assert groups == [[0, 3], [1, 4, 5], [2]]


def test_a_model_that_takes_one_text_at_a_time_gets_one(tiny, monkeypatch):
    monkeypatch.setattr(tiny.module.config, "pad_token_id", None)
    encodings = encode_each(tiny, ["a", "b"], truncate=False)
    assert list(alike(tiny, encodings)) == [[0], [1]]
