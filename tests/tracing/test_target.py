"""What a caller names is the logit that is explained, for classes and for a vocabulary."""

import dataclasses

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing.target import Target, label_name, resolve_target, search_labels
from tests.support.architectures import SUPPORTED, build
from tests.support.inside import Attention
from tests.support.tolerance import STORED, assert_apart, assert_close

TEXT = "The Eiffel Tower is in the city of"


@pytest.fixture(scope="module")
def language_model():
    return build(next(row for row in SUPPORTED if row.model_type == "gpt2"), Task.NEXT_TOKEN)


def test_the_logits_are_those_of_the_last_position(language_model):
    with Attention():  # in float64 throughout
        traced = gaf.trace(language_model, TEXT)
    encoded = language_model.tokenizer(TEXT, return_tensors="pt")
    with Attention():
        own = language_model.module(input_ids=encoded["input_ids"]).logits[0, -1].numpy()
    assert_close(traced.logits, own, precision=np.float32, roundings=STORED)
    assert traced.target.index == traced.predicted == own.argmax()
    assert traced.most_likely(5).tolist() == np.argsort(-own)[:5].tolist()


def test_a_word_is_the_token_that_follows_text(language_model):
    found = gaf.trace(language_model, TEXT, "Paris").target
    assert language_model.labels[found.index] == " Paris"
    assert found.name == "Paris"
    assert gaf.trace(language_model, TEXT, " Paris").target == found
    assert gaf.trace(language_model, TEXT, found.index).target == found


@pytest.mark.parametrize("sign", [".", ",", "\n", "<|end|>"])
def test_a_sign_is_found_as_it_is_written(language_model, sign):
    assert language_model.labels[gaf.trace(language_model, TEXT, sign).target.index] == sign


def test_a_tokenizer_that_puts_the_space_itself_finds_the_same_word(language_model):
    vocabulary = {"<unk>": 0, "▁Paris": 1, "▁": 2, "Pa": 3, "ris": 4}
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in vocabulary], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    model = dataclasses.replace(
        language_model,
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>"),
        labels=("<unk>", "Paris", "", "Pa", "ris"),
    )
    for name in ("Paris", " Paris"):
        assert resolve_target(model, name, predicted=0) == Target(1, None, "Paris")
    with pytest.raises(gaf.TargetError, match="no token for 'London'"):
        resolve_target(model, "London", predicted=0)


def test_a_contrast_of_two_tokens(language_model):
    with Attention():  # in float64 throughout
        one, other, both = (
            gaf.trace(language_model, TEXT, target)
            for target in ("Paris", "London", ("Paris", "London"))
        )
    assert both.target.name == "Paris against London"
    difference = one.gradient.astype(float) - other.gradient
    size = np.abs([one.gradient, other.gradient]).max()
    # each of the three was stored
    assert_close(both.gradient, difference, precision=np.float32, roundings=2 * STORED, size=size)
    assert_apart(one.gradient, other.gradient)


def test_a_text_of_several_tokens_is_refused_with_its_pieces(language_model):
    with pytest.raises(gaf.TargetError, match=r"'Parisian' is \d tokens .*' Paris', 'i'"):
        gaf.trace(language_model, TEXT, "Parisian")


@pytest.mark.parametrize("target", ["", 10**6, -1, 1.5, None])
def test_what_is_no_token_is_refused(language_model, target):
    with pytest.raises(gaf.TargetError, match="label"):
        gaf.trace(language_model, TEXT, (target, "Paris"))


def test_labels_that_read_the_same_are_told_apart():
    labels = (" Paris", "Paris", "\ufffd", "\ufffd", "\n", " ")
    names = [label_name(labels, index) for index in range(len(labels))]
    assert names == ["Paris", "Paris", "token 2", "token 3", r"'\n'", "' '"]


def test_a_contrast_of_two_spellings_quotes_them(language_model):
    labels = language_model.labels
    spellings = labels.index("is"), labels.index(" is")
    assert gaf.trace(language_model, TEXT, spellings).target.name == "'is' against ' is'"


def test_entries_are_found_by_what_they_contain(language_model):
    labels = language_model.labels
    found = search_labels(labels, "paris")
    assert labels[found[0]].strip() == "Paris"
    assert all("paris" in labels[index].lower() for index in found)
    assert search_labels(labels, "zzz") == []
    assert len(search_labels(labels, "", limit=7)) == 7


def test_many_labels_are_counted_and_not_listed(language_model):
    last = len(language_model.labels) - 1
    with pytest.raises(gaf.TargetError, match=f"from 0 to {last}") as caught:
        gaf.trace(language_model, TEXT, 10**6)
    assert len(str(caught.value)) < 200
