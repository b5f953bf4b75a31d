"""An answer as one target: on every causal architecture, against finite differences and one token.

y is the sum of what a model scores the tokens of an answer, so whatever is linear in it adds up.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core import Span
from gaf_core.models.model import Task
from gaf_core.tracing import memory
from gaf_core.tracing.tokens import traces_of_tokens
from tests.support.architectures import HEADS, LAYERS, SUPPORTED, build
from tests.support.inside import Attention
from tests.support.models import counting
from tests.support.tolerance import (
    STORED,
    assert_apart,
    assert_close,
    differenced,
    summed,
    through,
)

PROMPT, ANSWER, OTHER = "The Eiffel Tower is in the city of", " Paris and Big Ben", " London"
CAUSAL = [row for row in SUPPORTED if Task.NEXT_TOKEN in row.tasks]
ROWS = {row.model_type: row for row in SUPPORTED}
TARGETS = {
    "log_probability": Span(ANSWER),
    "logit": Span(ANSWER, score="logit"),
    "contrast": (Span(ANSWER), Span(OTHER)),
}
STORED_ONCE = {"precision": np.float32, "roundings": STORED}


@pytest.fixture(scope="module")
def model():
    return build(ROWS["llama"], Task.NEXT_TOKEN)


def asked(model, answer):
    """The ids of a prompt and an answer, and how many of them are the prompt."""
    prompt = model.tokenizer(PROMPT)["input_ids"]
    return torch.tensor([model.tokenizer(PROMPT + answer)["input_ids"]]), len(prompt)


def value(model, answer, score, layer, change) -> float:
    """What an answer scores by the definition, with the attention of one layer changed."""
    ids, start = asked(model, answer)
    with torch.no_grad(), Attention(layer, change):
        logits = model.module(input_ids=ids).logits[0, start - 1 : -1]
    scores = logits if score == "logit" else logits.log_softmax(dim=-1)
    return scores.gather(1, ids[0, start:, None]).sum().item()


def columns(trace):
    return [branch.columns for branch in trace.continuation.branches]


@pytest.mark.parametrize("row", CAUSAL, ids=lambda row: row.model_type)
@pytest.mark.parametrize("kind", TARGETS)
def test_the_gradient_agrees_with_finite_differences(row, kind):
    model, target = build(row, Task.NEXT_TOKEN), TARGETS[kind]
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, PROMPT, target)
    answers = [one.answer for one in target] if kind == "contrast" else [target.answer]
    score = "logit" if kind == "logit" else "log_probability"
    t, random, step = len(traced.tokens), torch.Generator().manual_seed(1), 1e-6
    for layer in range(LAYERS):
        direction = torch.randn((HEADS, t, t), generator=random, dtype=torch.float64)
        difference = 0.0
        for sign, answer, own in zip((1, -1), answers, columns(traced), strict=False):
            part = direction[:, own[:, None], own] * torch.from_numpy(row.mask(layer, len(own)))
            up, down = (value(model, answer, score, layer, size * part) for size in (step, -step))
            difference += sign * (up - down) / (2 * step)
        shown = torch.from_numpy(traced.attention[layer] > 0)  # a mask hides the others
        analytic = torch.from_numpy(traced.gradient[layer].copy()).double() * direction * shown
        size = analytic.abs().sum().item()
        terms = sum(len(branch.explained) for branch in traced.continuation.branches)
        terms *= np.abs(traced.logits).max()
        error = differenced(model, terms, step, size)
        assert_close(difference, analytic.sum(), size=size, error=error, **STORED_ONCE)


@pytest.mark.parametrize("row", CAUSAL, ids=lambda row: row.model_type)
def test_what_comes_later_has_no_part_in_it(row):
    model = build(row, Task.NEXT_TOKEN)
    for target in (Span(ANSWER), Span(ANSWER, part=(0, 2)), TARGETS["contrast"]):
        traced = gaf.trace(model, PROMPT, target, residual=True)
        t, sources = len(traced.tokens), traced.continuation.predicting
        allowed = np.zeros((t, t), dtype=bool)
        for own in columns(traced):
            allowed[np.ix_(own, own)] |= np.tril(np.ones((len(own),) * 2, dtype=bool))
        read = np.zeros(t, dtype=bool)
        for branch in traced.continuation.branches:
            read[branch.columns[: branch.stop - 1]] = True
        assert not traced.attention[..., ~allowed].any()
        for variant in ("AF", "GF", "AGF"):
            assert not gaf.information_tensor(traced, variant)[..., ~allowed].any(), "exactly 0"
        assert not traced.gradient[..., ~read, :].any()
        assert not traced.relevance[:, ~read].any()
        assert traced.read_positions.tolist() == sources.tolist()
        for settings in (gaf.Settings(), gaf.Settings("AF"), gaf.Settings("GF"), gaf.FAITHFUL):
            found = gaf.explain(model, PROMPT, replace(settings, target=target))
            assert found.certified
            assert not found.scores[~read].any(), "exactly 0"
            assert found.network.source.nonzero()[0].tolist() == sources.tolist()


@pytest.mark.parametrize("frozen", [None, gaf.Frozen()], ids=["exact", "frozen"])
@pytest.mark.parametrize("row", CAUSAL, ids=lambda row: row.model_type)
def test_a_token_of_it_is_the_next_token_of_what_stands_before(row, frozen):
    """A trace of one token at a time, in a batch, against a pass over each prefix."""
    model = build(row, Task.NEXT_TOKEN)
    how = {"frozen": frozen, "residual": True}
    with Attention():
        span = Span(ANSWER, score="logit")
        found = [one for some in traces_of_tokens(model, PROMPT, span, **how) for one in some]
        (ids, start), whole = asked(model, ANSWER), gaf.trace(model, PROMPT, span, **how)
        assert len(found) == ids.shape[1] - start
        text = PROMPT + ANSWER
        for number in (0, len(found) - 1):
            at = start + number
            prefix = text[: found[number].offsets[at, 0]]
            alone = gaf.trace(model, prefix, int(ids[0, at]), **how)
            assert alone.tokens == found[number].tokens[:at]
            close = {"precision": np.float32, "roundings": 2 * STORED + through(model) * 1e-8}
            assert_close(found[number].gradient[..., :at, :at], alone.gradient, **close)
            assert_close(found[number].relevance[:, :at], alone.relevance, **close)
            assert_close(found[number].residual[:, :at], alone.residual, **close)
            assert_close(found[number].logits, alone.logits, **close)
    for name in ("gradient", "relevance", "residual"):
        parts = np.stack([getattr(one, name).astype(np.float64) for one in found])
        size = np.abs(parts).sum(axis=0).max()
        summed_up = parts.sum(axis=0)
        assert_close(getattr(whole, name), summed_up, size=size, precision=np.float32, roundings=2)


def test_one_token_of_an_answer_is_the_usual_next_token(model):
    one, usual = gaf.trace(model, PROMPT, Span(ANSWER, part=(0, 1), score="logit")), None
    usual = gaf.trace(model, PROMPT, int(one.target.index))
    t = len(usual.tokens)
    assert_close(one.gradient[..., :t, :t], usual.gradient, **STORED_ONCE)
    assert_close(one.continuation.value, usual.logits[one.target.index], **STORED_ONCE)
    found = gaf.explain(model, PROMPT, gaf.Settings(target=one.continuation.asked))
    expected = gaf.explain(
        model, PROMPT, gaf.Settings(target=int(one.target.index), source="classification")
    )
    assert_close(found.shares[:t], expected.shares, error=1e-5)


def test_a_contrast_is_the_difference_of_two_answers(model):
    both = gaf.trace(model, PROMPT, TARGETS["contrast"], residual=True)
    one, other = (gaf.trace(model, PROMPT, span, residual=True) for span in TARGETS["contrast"])
    prompt, (first, second) = both.continuation.prompt, columns(both)
    for name in ("relevance", "residual"):
        here, mine, theirs = (getattr(found, name) for found in (both, one, other))
        assert_close(here[:, first[prompt:]], mine[:, prompt:], **STORED_ONCE)
        assert_close(here[:, second[prompt:]], -theirs[:, prompt:], **STORED_ONCE)
        difference = mine[:, :prompt].astype(np.float64) - theirs[:, :prompt]
        assert_close(here[:, :prompt], difference, precision=np.float32, roundings=2 * STORED)
    assert_close(
        both.continuation.value, one.continuation.value - other.continuation.value, roundings=32
    )
    assert both.target.name == "Paris and Big Ben against London"
    assert both.text == f"{PROMPT}{ANSWER}\n{OTHER}"


def test_the_value_is_what_the_model_says(model):
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, PROMPT, Span(ANSWER))
    (branch,) = traced.continuation.branches
    expected = value(model, ANSWER, "log_probability", None, None)
    assert_close(traced.continuation.value, expected, roundings=summed(400))
    assert_close(branch.log_probability, traced.continuation.value, roundings=summed(400))
    assert len(branch.log_probabilities) == len(branch.answer)


@pytest.mark.parametrize(
    "settings",
    [
        gaf.Settings(),
        gaf.Settings("GF", layers=(1, 3)),
        gaf.Settings("AF", residual="half"),
        gaf.Settings(aggregate="sum", residual="first order", node_capacities=True),
        gaf.FAITHFUL,
        replace(gaf.FAITHFUL, gradients="exact"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", TARGETS)
def test_scores_are_certified_and_add_up(model, settings, kind):
    found = gaf.explain(model, PROMPT, replace(settings, target=TARGETS[kind]))
    assert found.certified
    assert found.solution.value > 0
    whole = 1.0 if found.depths is not None else found.solution.value
    assert_close(found.scores.sum(), whole, roundings=summed(len(found.tokens)))
    assert_close(found.shares.sum(), 1.0, roundings=summed(len(found.tokens)))
    prompt = found.trace.continuation.prompt
    assert_close(found.prompt_share + found.shares[prompt:].sum(), 1.0, roundings=64)
    assert (found.scores >= 0).all()


def test_positions_name_the_same_tokens_as_a_text(model):
    _, start = asked(model, ANSWER)
    by_text = gaf.trace(model, PROMPT, Span(ANSWER, part=(1, 3)))
    by_place = gaf.trace(model, PROMPT + ANSWER, Span((start + 1, start + 3)))
    assert by_place.tokens == by_text.tokens
    # logits of another number of positions are a product of another shape
    assert_close(by_place.continuation.value, by_text.continuation.value, roundings=through(model))
    close = {"precision": np.float32, "roundings": through(model)}
    assert_close(by_place.gradient, by_text.gradient, **close)
    by_name = gaf.trace(model, PROMPT, Span(ANSWER, part="Ben"))
    assert by_name.text[slice(*by_name.offsets[by_name.continuation.branches[0].start])].strip()
    assert by_name.target.name.endswith("Ben")


def test_explanations_of_many_traces_are_those_of_each(model):
    traces = [one for some in traces_of_tokens(model, PROMPT, Span(ANSWER)) for one in some]
    for settings in (gaf.Settings(), gaf.Settings("GF", depth_average=True)):
        for together, traced in zip(gaf.explain_traces(traces, settings), traces, strict=True):
            alone = gaf.explain_trace(traced, settings)
            assert np.array_equal(together.scores, alone.scores)
            assert together.certified


def test_another_part_is_another_explanation(model):
    first, last = (
        gaf.explain(model, PROMPT, gaf.Settings("GF", target=Span(ANSWER, part=part)))
        for part in ((0, 1), (3, 4))
    )
    assert_apart(first.shares, last.shares)
    assert first.prompt_share == pytest.approx(1.0)
    assert last.prompt_share < 1.0


WRONG = [
    (PROMPT, Span(""), "TextError", "answer is empty"),
    (PROMPT, Span("<|end|>"), "TextError", "special tokens only"),
    (PROMPT, Span("\ud83d"), "TextError", "half a character"),
    ("", Span(ANSWER), "TextError", "prompt is empty"),
    (("one", "two"), Span(ANSWER), "TextError", "one text"),
    (PROMPT, Span(" Paris" * 60), "TextTooLongError", "prompt with its answer has"),
    ("The Eiffel Tow", Span("er"), "TextError", "The Eiffel Tow|er"),
    ("The Eiffel ", Span("Tower"), "TextError", "Take the space from the end"),
    (PROMPT, Span(ANSWER, part=(0, 99)), "TargetError", "no part from 0 to 99"),
    (PROMPT, Span(ANSWER, part="Rome"), "TargetError", "does not stand in the answer"),
    (PROMPT, Span(" Paris Paris", part="Paris"), "TargetError", "stands 2 times"),
    (PROMPT, Span((0, 2)), "TargetError", "no tokens 0 to 2"),
    (PROMPT, Span((3, 999)), "TargetError", "no tokens 3 to 999"),
    (PROMPT, (Span(ANSWER), Span((1, 2))), "TargetError", "as positions"),
    (gaf.Chat("Hi"), Span(ANSWER), "ModelError", "no chat template"),
]


@pytest.mark.parametrize(("text", "target", "error", "said"), WRONG, ids=lambda one: repr(one)[:40])
def test_what_cannot_be_explained_is_said(model, text, target, error, said):
    with pytest.raises(gaf.GafError) as told:
        gaf.trace(model, text, target)
    assert type(told.value).__name__ == error
    assert said in str(told.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Span((2, 1)),
        lambda: Span(3),
        lambda: Span(ANSWER, part=(1,)),
        lambda: Span(ANSWER, part=2),
        lambda: Span(ANSWER, score="probability"),
        lambda: Span(ANSWER, varied="none"),
        lambda: gaf.Settings(target=(Span(ANSWER), "Paris")),
        lambda: gaf.Settings(target=(Span(ANSWER), Span(ANSWER))),
        lambda: gaf.Settings(target=(Span(ANSWER), Span(OTHER, score="logit"))),
    ],
)
def test_a_span_that_means_nothing_is_refused(make):
    with pytest.raises(gaf.SettingsError):
        make()


def test_what_does_not_fit_is_refused_before_it_starts(model, monkeypatch):
    calls = counting(model)
    needed = gaf.estimate_memory(model, 20, answer=4)
    assert needed > gaf.estimate_memory(model, 20)
    monkeypatch.setattr(memory, "available_memory", lambda _: needed // 100)
    for ask in (
        lambda: gaf.trace(model, PROMPT, Span(ANSWER)),
        lambda: gaf.trace(model, PROMPT, TARGETS["contrast"]),
        lambda: gaf.answer_map(model, PROMPT, ANSWER, "AGF"),
    ):
        with pytest.raises(gaf.MemoryLimitError, match="GB are free"):
            ask()
    assert not calls


def test_a_classifier_has_no_answer():
    with pytest.raises(gaf.ModelError, match="writes no answer"):
        gaf.trace(gaf.load_model("minilm-reviews"), "A lovely film.", Span(" indeed"))


def test_edges_of_an_answer_are_not_cut(model):
    traced = gaf.trace(model, PROMPT, Span(ANSWER))
    with pytest.raises(gaf.SettingsError, match="one prediction"):
        gaf.intervene(model, traced, np.ones((1, LAYERS, len(traced.tokens), len(traced.tokens))))


@pytest.fixture
def padded():
    model = build(ROWS["llama"], Task.NEXT_TOKEN)
    model.tokenizer.pad_token = "!"  # what takes a token's place
    return model


def test_a_path_to_an_answer_adds_up_to_what_it_scores_more_than_nothing(padded):
    model = padded
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, PROMPT, Span(ANSWER))
        found = gaf.trace_path(model, traced, points=1000, frozen=None)
    assert_close(found.values[-1], traced.continuation.value, roundings=through(model))
    sums = found.relevance.astype(np.float64).sum(axis=1)
    size = np.abs(found.relevance).sum(axis=1).max()
    # the trapezoid rule errs with the square of the step
    assert_close(sums, found.difference, size=size, error=1e-4, **STORED_ONCE)
    assert not found.relevance[0, traced.continuation.prompt :].any(), "an answer does not fade"


def test_a_path_to_one_token_is_that_to_the_next_token(padded):
    model = padded
    span = Span(ANSWER, part=(0, 1), score="logit")
    with Attention():
        one = gaf.trace(model, PROMPT, span)
        usual = gaf.trace(model, PROMPT, int(one.target.index))
        found, expected = (gaf.trace_path(model, each) for each in (one, usual))
    t = len(usual.tokens)
    close = {"precision": np.float32, "roundings": 2 * STORED + through(model) * 1e-8}
    assert_close(found.values, expected.values, roundings=through(model))
    assert_close(found.relevance[:, :t], expected.relevance, **close)
    assert_close(found.terms[..., :t, :t], expected.terms, **close)
    assert not found.terms[..., t:, :].any()
    settings = replace(gaf.PATH, target=span)
    signed = gaf.explain_signed(model, PROMPT, settings)
    assert signed.certified
    assert not signed.scores[t:].any(), "exactly 0"


def test_limits_of_an_answer_hold_every_order(model):
    traced = gaf.trace(model, "in the city of", Span(ANSWER))
    how = gaf.Perturbation("delete")
    limits = gaf.aopc_limits(model, traced, how)
    assert limits.exact
    for seed in range(5):
        scores = np.random.default_rng(seed).random(len(traced.tokens))
        found = gaf.evaluate(model, traced, scores, how).aopc
        slack = through(model) * np.finfo(np.float32).eps * np.abs([*limits_of(limits)]).max()
        assert limits.lower - slack <= found <= limits.upper + slack


def limits_of(limits):
    return limits.lower, limits.upper
