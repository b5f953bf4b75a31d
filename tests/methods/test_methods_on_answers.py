"""Every method on an answer of a language model: right by an oracle, or refused in a sentence.

Two oracles need no second implementation. One token of an answer, scored by its logit, is the next
token of the text before it. And y is a sum over the tokens explained, so a method that is linear in
y gives the sum of its scores for each, and for a contrast the difference of both answers.
"""

from __future__ import annotations

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core import Span
from gaf_core.methods import METHODS
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build
from tests.support.inside import Attention
from tests.support.tolerance import SOLVED, STORED, assert_apart, assert_close, through

PROMPT, ANSWER, OTHER = "The Eiffel Tower is in the city of", " Paris and Big Ben", " London"
ROWS = {row.model_type: row for row in SUPPORTED}
REFUSED = {"value_zeroing", "information_flow_routes"}
REFUSED_OF_TWO = REFUSED | {"contrast_cat", "path_gaf", "integrated_frozen_gradients"}
FLOWS = {"AF", "GF", "AGF", "depth_average", "faithful", "path_gaf"}
CHANCE = {"random", "smoothgrad", "gradient_shap"}  # they draw other numbers for another length
LINEAR = {
    "attention_x_gradient", "cat", "cat_frozen", "attention_x_gradient_frozen", "occlusion", "lime",
    "integrated_gradients", "input_x_gradient", "cp_lrp", "attnlrp", "gim", "kernel_shap",
    "partition_shap",
}  # fmt: skip
LINEAR_IN_PARTS = LINEAR | {"smoothgrad", "gradient_shap", "integrated_frozen_gradients"}
OF_A_TRACE = {name for name in LINEAR if "cat" in name or name.startswith("attention")}  # float32


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def model(request):
    model = build(ROWS[request.param], Task.NEXT_TOKEN)
    model.tokenizer.pad_token = model.tokenizer.pad_token or "!"  # what takes a token's place
    return model


@pytest.fixture(autouse=True)
def _in_float64():
    with Attention():
        yield


def scored(model, name, traced) -> np.ndarray:
    """Scores, of a flow from where the prediction is read, as that of an answer is."""
    options = {one.name for one in METHODS[name].options}
    chosen = {"source": "classification"} if "source" in options else {}
    return METHODS[name](model, traced, **chosen).scores


def scored_or_said(model, name, traced) -> np.ndarray | str:
    try:
        return scored(model, name, traced)
    except gaf.GafError as error:
        return str(error)


def as_next_token(model, traced) -> gaf.Trace:
    """The one token that is explained, as the next token of the text before it."""
    (branch,) = traced.continuation.branches
    before = traced.text[: traced.offsets[branch.start, 0]]
    return gaf.trace(model, before, int(branch.ids[branch.start]))


def room(model, name) -> dict:
    """How far two computations of the scores may be apart."""
    if name in FLOWS:
        return {"error": 10 * SOLVED}
    if name in OF_A_TRACE or name == "integrated_frozen_gradients":
        return {"precision": np.float32, "roundings": 16 * STORED}
    return {"roundings": 16 * through(model)}


@pytest.mark.parametrize("name", METHODS)
def test_scores_are_finite_or_refused_in_a_sentence(model, name):
    single, both = Span(ANSWER), (Span(ANSWER), Span(OTHER))
    for target, refused in ((single, REFUSED), (both, REFUSED_OF_TWO)):
        traced = gaf.trace(model, PROMPT, target)
        found = scored_or_said(model, name, traced)
        if isinstance(found, str):
            holds_for_none = isinstance(scored_or_said(model, name, gaf.trace(model, PROMPT)), str)
            assert name in refused or holds_for_none, found
            assert found.endswith(".")
            assert len(found.split()) > 8
            continue
        assert name not in refused
        assert found.shape == (len(traced.tokens),)
        assert np.isfinite(found).all()
        if name != "random":
            assert not found[~traced.seen].any(), "what comes later has no part in it"


@pytest.mark.parametrize("name", sorted(set(METHODS) - REFUSED - CHANCE))
def test_one_token_of_an_answer_is_the_next_token_of_what_stands_before(model, name):
    spans = [Span(ANSWER, part=(0, 1), score="logit")]
    if name != "partition_shap":  # prompt and answer are two parts of its tree
        spans.append(Span(ANSWER, part=(2, 3), score="logit", varied="all"))
    for span in spans:
        traced = gaf.trace(model, PROMPT, span)
        found = scored_or_said(model, name, traced)
        usual = scored_or_said(model, name, as_next_token(model, traced))
        if isinstance(found, str) or isinstance(usual, str):
            assert type(found) is type(usual), (found, usual)
            continue
        assert len(usual) == traced.seen.sum()
        assert_close(found[: len(usual)], usual, **room(model, name))


@pytest.mark.parametrize("name", sorted(LINEAR_IN_PARTS))
def test_an_answer_is_the_sum_of_its_tokens(model, name):
    whole = gaf.trace(model, PROMPT, Span(ANSWER))
    count = whole.continuation.count
    parts = [
        scored(model, name, gaf.trace(model, PROMPT, Span(ANSWER, part=(token, token + 1))))
        for token in range(count)
    ]
    assert_apart(parts[0], parts[1])
    size = np.abs(parts).sum(axis=0).max()
    assert_close(scored(model, name, whole), np.sum(parts, axis=0), size=size, **room(model, name))


@pytest.mark.parametrize("name", sorted(LINEAR))
def test_a_contrast_is_the_difference_of_two_answers(model, name):
    one, other = (gaf.trace(model, PROMPT, Span(answer)) for answer in (ANSWER, OTHER))
    both = gaf.trace(model, PROMPT, (Span(ANSWER), Span(OTHER)))
    prompt = both.continuation.prompt
    found, mine, theirs = (scored(model, name, traced) for traced in (both, one, other))
    size = max(np.abs(mine).max(), np.abs(theirs).max())
    expected = mine[:prompt] - theirs[:prompt]
    assert_close(found[:prompt], expected, size=size, **room(model, name))


def test_texts_are_no_references_of_an_answer(model):
    method = gaf.methods.contrast.contrast_cat_with(["London is in England."])
    with pytest.raises(gaf.SettingsError, match="no answer that could be compared"):
        method(model, gaf.trace(model, PROMPT, Span(ANSWER)))
