"""Texts and pairs of texts: every token knows where it stands and to which text it belongs."""

import dataclasses
import re

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build
from tests.support.tiny_tokenizers import pair_tokenizer
from tests.support.tolerance import STORED, assert_close

ROWS = {row.model_type: row for row in SUPPORTED}


@pytest.fixture(scope="module")
def bert():
    return build(ROWS["bert"], Task.CLASSIFICATION)


def pieces(traced, segment):
    spans = traced.offsets[traced.segments == segment]
    return [traced.text[start:end] for start, end in spans]


def test_a_single_text_is_the_first_segment(bert):
    traced = gaf.trace(bert, "a good film")
    assert traced.segments.tolist() == [-1, 0, 0, 0, -1]
    assert np.array_equal(traced.segments == -1, traced.special)


def test_a_pair_is_one_text_with_shifted_offsets(bert):
    traced = gaf.trace(bert, ("a good film", "not  bad"))
    assert traced.text == "a good film\nnot  bad"
    assert traced.segments.tolist() == [-1, 0, 0, 0, -1, 1, 1, -1]
    assert pieces(traced, 0) == ["a", "good", "film"]
    assert pieces(traced, 1) == ["not", "bad"]
    assert not traced.offsets[traced.special].any()


def test_the_model_is_told_which_text_a_token_belongs_to(bert):
    pair = gaf.trace(bert, ("a good film", "bad"), target=0)
    encoded = bert.tokenizer("a good film", "bad", return_tensors="pt")
    assert encoded["token_type_ids"].any()
    own = bert.module(**encoded).logits[0]
    assert_close(pair.logits, own, precision=np.float32, roundings=STORED)


def test_what_the_network_does_not_take_is_not_given():
    model = build(ROWS["distilbert"], Task.CLASSIFICATION)
    assert "token_type_ids" in model.tokenizer("film")
    assert gaf.trace(model, ("a film", "bad")).segments.max() == 1


def test_a_long_pair_is_cut_in_both_texts(bert):
    first, second = " ".join(["good"] * 30), " ".join(["bad"] * 30)
    with pytest.raises(gaf.TextTooLongError, match="63 tokens and the model takes 32"):
        gaf.trace(bert, (first, second))
    traced = gaf.trace(bert, (first, second), truncate=True)
    assert len(traced.tokens) == 32
    assert traced.truncated == 31
    assert set(pieces(traced, 0)) == {"good"}
    assert set(pieces(traced, 1)) == {"bad"}
    assert traced.text.replace("\n", " ").split() == pieces(traced, 0) + pieces(traced, 1)


def test_the_first_tokens_are_kept_whatever_the_tokenizer_prefers(bert):
    tokenizer = pair_tokenizer()
    tokenizer.truncation_side = "left"
    model = dataclasses.replace(bert, tokenizer=tokenizer)
    traced = gaf.trace(model, "good " + " ".join(["bad"] * 60), truncate=True)
    assert traced.tokens[1] == "good"


@pytest.mark.parametrize("text", [("a film", " "), ("", "bad"), ("a film", "\u200b")])
def test_a_pair_with_an_empty_text_is_refused(bert, text):
    with pytest.raises(gaf.TextError, match="at least one word"):
        gaf.trace(bert, text)


@pytest.mark.parametrize("text", [(), ("a",) * 3, ("a", None), None, 3])
def test_what_is_no_text_is_refused(bert, text):
    with pytest.raises(gaf.TextError, match="one string, or a pair"):
        gaf.trace(bert, text)


@pytest.mark.parametrize("task", [Task.NEXT_TOKEN, Task.CLASSIFICATION])
def test_a_decoder_takes_no_pair(task):
    model = build(ROWS["llama"], task)
    expected = "continues one text" if task is Task.NEXT_TOKEN else "nothing between"
    with pytest.raises(gaf.TextError, match=expected):
        gaf.trace(model, ("Paris", "London"))


@pytest.mark.parametrize("text", ["good \ud83d", "\ude00 good", ("good", "bad \udcff")])
def test_half_a_character_is_named_with_its_place(bert, text):
    with pytest.raises(
        gaf.TextError, match=r"half a character \(U\+D[0-9A-F]{3}, at position \d\)"
    ):
        gaf.trace(bert, text)


def test_half_a_character_is_no_label():
    model = build(ROWS["llama"], Task.NEXT_TOKEN)
    with pytest.raises(gaf.TextError, match=r"half a character \(U\+D83D, at position 0\)"):
        gaf.trace(model, "Paris", target="\ud83d")


def test_a_type_of_tokens_that_the_model_lacks_is_named():
    row = ROWS["bert"]
    row = dataclasses.replace(row, options={**row.options, "type_vocab_size": 1})
    model = build(row, Task.CLASSIFICATION)
    assert len(gaf.trace(model, "a film").tokens) == 4
    with pytest.raises(
        gaf.ModelError, match=r"type 1 \(token_type_ids\).*knows 1 \(type_vocab_size"
    ):
        gaf.trace(model, ("a film", "bad"))


def test_a_token_that_the_model_lacks_is_named(bert):
    tokenizer = pair_tokenizer()
    tokenizer.add_tokens(["splendid"])
    model = dataclasses.replace(bert, tokenizer=tokenizer)
    with pytest.raises(gaf.ModelError, match="token 'splendid' has the number"):
        gaf.trace(model, "a splendid film")


@pytest.mark.parametrize("kind", ["bart", "mbart", "t5"])
def test_an_end_of_text_inside_a_text_for_a_head_that_reads_there(kind):
    """It is explained as the model reads it; what removes tokens says why it cannot."""
    model = build(ROWS[kind], Task.CLASSIFICATION)
    end = model.tokenizer.convert_ids_to_tokens(model.module.config.eos_token_id)
    traced = gaf.trace(model, f"a good {end} film")
    assert traced.tokens.count(end) == 2
    scores = gaf.METHODS["AF"](model, traced).scores
    with pytest.raises(
        gaf.TextError, match=f"'{re.escape(end)}', which is the model's end-of-text"
    ):
        gaf.evaluate(model, traced, scores)
    plain = gaf.trace(model, "a good film")
    assert gaf.evaluate(model, plain, gaf.METHODS["AF"](model, plain).scores).label is not None
