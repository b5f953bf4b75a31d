"""A map of an answer: each column against an explanation of its own."""

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core import Span
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build
from tests.support.models import counting
from tests.support.tolerance import assert_close, summed, through

PROMPT, ANSWER = "The Eiffel Tower is in the city of", " Paris and Big Ben"
ROWS = {row.model_type: row for row in SUPPORTED}
SLOW = {
    "integrated_gradients": {"steps": 4},
    "lime": {"samples": 60},
    "contrast_cat": {"references": 4},
}
REFUSED = ("path_gaf", "integrated_frozen_gradients", "value_zeroing", "information_flow_routes")
# kernel_shap needs more samples than a test has time for, deeplift refuses transformers
METHODS = sorted(set(gaf.METHODS) - {"kernel_shap", "deeplift", *REFUSED})


@pytest.fixture(scope="module")
def model():
    made = build(ROWS["llama"], Task.NEXT_TOKEN)
    made.tokenizer.pad_token = made.tokenizer.eos_token  # as language models have it
    return made


@pytest.mark.parametrize("method", METHODS)
def test_a_column_is_what_the_method_says_of_the_token(model, method):
    options = SLOW.get(method, {})
    found = gaf.answer_map(model, PROMPT, ANSWER, method, **options)
    t, n = found.scores.shape
    assert found.columns.tolist() == list(range(found.prompt, t))
    for number in (0, n - 1):
        span = Span(ANSWER, part=(number, number + 1), varied="all")
        traced = gaf.trace(model, PROMPT, span)
        expected = gaf.METHODS[method](model, traced, **options).scores.copy()
        at = found.columns[number]
        if method != "random":
            assert not expected[at:].any(), "exactly 0"
        expected[at:] = 0
        size = max(np.abs(expected).max(), 1e-30)
        # the two traces are batches of different sizes, in float32 where norms are computed
        how = {"precision": np.float32, "roundings": through(model), "size": size}
        assert_close(found.scores[:, number], expected, **how)
    whole = found.scores.any(axis=0).astype(float)  # a method may say nothing of a token
    assert whole.any()
    assert_close(np.abs(found.shares).sum(axis=0), whole, roundings=summed(t))
    assert_close(found.prompt_shares + found.answer_shares, whole, roundings=summed(t))


def test_it_is_one_forward_pass_and_every_flow_is_proven(model):
    calls = counting(model)
    for method in ("AGF", "faithful", gaf.FAITHFUL, gaf.Settings("GF", layers=(1, 3))):
        before = len(calls)
        found = gaf.answer_map(model, PROMPT, ANSWER, method)
        assert len(calls) - before == 1
        assert found.certified is True
        assert (found.scores >= 0).all()
    assert gaf.answer_map(model, PROMPT, ANSWER, "rollout").certified is None


def test_a_part_is_some_of_its_columns(model):
    whole = gaf.answer_map(model, PROMPT, ANSWER, "AGF")
    some = gaf.answer_map(model, PROMPT, Span(ANSWER, part=(1, 3)), "AGF")
    assert some.columns.tolist() == whole.columns[1:3].tolist()
    how = {"error": 1e-5, "size": whole.scores.max()}
    assert_close(some.scores, whole.scores[:, 1:3], **how)
    assert_close(some.log_probabilities, whole.log_probabilities[1:3], roundings=64, size=10.0)


def test_words_and_table_hold_what_the_scores_say(model):
    found = gaf.answer_map(model, PROMPT, ANSWER, "cat")
    rows, columns, shares = found.by_words()
    assert shares.shape == (len(rows), len(columns))
    assert columns == ("Paris", "and", "Big", "Ben")
    whole = found.shares.sum(axis=0)  # of the columns, each the token of a word here
    assert_close(shares.sum(axis=0), whole, size=1.0, roundings=summed(100))
    table = found.table()
    assert len(table) == np.count_nonzero(found.scores)
    assert set(table["where"]) == {"prompt", "answer"}
    assert (table["position"] < table["answer_position"]).all()
    assert_close(table["share"].abs().sum(), len(found.columns), roundings=summed(500))


def test_progress_counts_tokens_and_may_stop(model):
    told = []

    def progress(done, total):
        told.append((done, total))
        if done == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        gaf.answer_map(model, PROMPT, ANSWER, "AGF", progress=progress)
    total = gaf.answer_map(model, PROMPT, ANSWER, "AGF").scores.shape[1]
    assert told == [(1, total), (2, total)]
    assert not model.lock.locked()


def test_memory_decides_how_many_go_back_at_once(model, monkeypatch):
    from gaf_core.tracing import answering

    whole = gaf.answer_map(model, PROMPT, ANSWER, "faithful")
    monkeypatch.setattr(answering, "answer_rows", lambda *_: 2)
    monkeypatch.setattr("gaf_core.reading.answer_map.flows_that_fit", lambda *_: 1)
    parts = gaf.answer_map(model, PROMPT, ANSWER, "faithful")
    assert_close(parts.scores, whole.scores, error=1e-5, size=1.0)


@pytest.mark.parametrize("method", [*REFUSED, gaf.PATH], ids=str)
def test_what_explains_one_output_alone_draws_no_map(model, method):
    with pytest.raises(gaf.SettingsError, match=r"answer|explain_signed"):
        gaf.answer_map(model, PROMPT, ANSWER, method)


def test_names_that_are_no_method_are_refused(model):
    with pytest.raises(gaf.SettingsError, match="no method 'magic'"):
        gaf.answer_map(model, PROMPT, ANSWER, "magic")
    with pytest.raises(gaf.SettingsError, match="no option"):
        gaf.answer_map(model, PROMPT, ANSWER, "AGF", steps=3)
    with pytest.raises(gaf.SettingsError, match="first layer"):
        gaf.answer_map(model, PROMPT, ANSWER, "AGF", first_layer=9)
    with pytest.raises(gaf.TextError, match="answer is empty"):
        gaf.answer_map(model, PROMPT, "")
