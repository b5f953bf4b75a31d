"""Relevances on a path, against the definition worked out by hand and what they add up to."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing import memory, path
from gaf_core.tracing.frozen import Frozen, frozen_backward
from gaf_core.tracing.path import PathTrace, trace_path
from tests.support.architectures import HEADS, SUPPORTED, build, target_for, text_for
from tests.support.inside import Attention, layers_of
from tests.support.models import counting, in_float64
from tests.support.tolerance import STORED, assert_apart, assert_close, through

ROWS = {row.model_type: row for row in SUPPORTED}
EVERY = [
    pytest.param(row, task, id=f"{row.model_type}-{task.name.lower()}")
    for row in SUPPORTED
    for task in row.tasks
]
TEXT = "The acting was terrible, but I did not hate the rest of the film."
NAMES = ("terms", "relevance", "residual", "values")


@pytest.fixture(scope="module")
def bundled() -> gaf.Model:
    return in_float64(gaf.load_model("minilm-reviews"))


@pytest.fixture(scope="module")
def traced(bundled) -> gaf.Trace:
    return gaf.trace(bundled, TEXT)


@pytest.fixture
def tiny() -> gaf.Model:
    return build(ROWS["bert"], Task.CLASSIFICATION)


@pytest.mark.parametrize(("row", "task"), EVERY)
def test_what_is_relevant_leaves_a_token_by_the_attention_or_past_it(row, task):
    model = build(row, task)
    traced = gaf.trace(model, text_for(model), target_for(model))
    with Attention():  # in float64 throughout
        found = trace_path(model, traced, baseline="zero")
    terms = found.terms.astype(np.float64)
    size = np.abs(terms).sum(axis=(1, 2)) + np.abs(found.residual) + np.abs(found.relevance)
    parts = terms.sum(axis=(1, 2)) + found.residual
    assert_close(parts, found.relevance, precision=np.float32, roundings=2 * STORED, size=size)
    assert not found.relevance[0, ~traced.removable].any()
    assert not found.terms[0, :, :, ~traced.removable].any()


@pytest.mark.parametrize("frozen", [None, Frozen()])
def test_they_are_the_definition_worked_out_point_by_point(tiny, frozen):
    """BERT by its own modules, one point after another, values by the weights that make them."""
    traced = gaf.trace(tiny, text_for(tiny))
    found = trace_path(tiny, traced, points=4, frozen=frozen)
    module, ids = tiny.module, traced.encoding.inputs["input_ids"]
    start = torch.where(torch.as_tensor(traced.removable), tiny.tokenizer.mask_token_id, ids)
    table = module.get_input_embeddings().weight
    points = []
    for share in np.linspace(0, 1, 4):
        embeddings = (1 - share) * table[start] + share * table[ids]
        points.append(_point(tiny, embeddings, traced, frozen))
    for layer, block in enumerate(layers_of(module)):
        states = torch.stack([one.states[layer] for one in points])
        steps = torch.stack([states[min(k + 1, 3)] - states[max(k - 1, 0)] for k in range(4)]) / 2
        relevance, terms = 0, 0
        for one, step in zip(points, steps, strict=True):
            relevance = relevance + (one.by_state[layer] * step).sum(dim=-1)
            moved = step @ block.attention.self.value.weight.T  # a bias does not move
            by_head = [part.unflatten(-1, (HEADS, -1)) for part in (one.by_result[layer], moved)]
            shares = torch.einsum("ihd,jhd->hij", *by_head)
            terms = terms + one.attention[layer] * shares
        how = {"precision": np.float32, "roundings": STORED}
        assert_close(found.relevance[layer], relevance, **how)
        assert_close(found.terms[layer], terms, **how)
    assert_close(found.values, [one.value for one in points], roundings=through(tiny))


def _point(model, embeddings, traced, frozen) -> SimpleNamespace:
    """One point of the way: states, attention, and the gradients by states and by what it makes."""
    results, module = [], model.module
    handles = [
        layer.attention.self.register_forward_hook(lambda _m, _i, out: results.append(out[0]))
        for layer in layers_of(module)
    ]
    embeddings = embeddings.detach().requires_grad_()
    with torch.enable_grad(), frozen_backward(module, frozen):
        out = module(inputs_embeds=embeddings, output_attentions=True, output_hidden_states=True)
        value = out.logits[0, traced.target.index]
        states = out.hidden_states[:-1]
        found = torch.autograd.grad(value, [*states, *results])
    for handle in handles:
        handle.remove()
    return SimpleNamespace(
        value=value.item(),
        states=[one.detach()[0] for one in states],
        attention=[one.detach()[0] for one in out.attentions],
        by_state=[one[0] for one in found[: len(states)]],
        by_result=[one[0] for one in found[len(states) :]],
    )


@pytest.mark.parametrize("kind", ["bert", "roformer", "deberta-v2", "gpt2", "modernbert"])
def test_exact_gradients_add_up_to_the_difference_in_every_layer(kind):
    model = build(ROWS[kind], Task.CLASSIFICATION)
    baseline = "zero" if model.tokenizer.mask_token is None else "mask"
    with Attention():
        traced = gaf.trace(model, text_for(model))
        few, many = (
            trace_path(model, traced, points=points, frozen=None, baseline=baseline)
            for points in (251, 501)
        )
    sums = [one.relevance.sum(axis=1, dtype=np.float64) for one in (few, many)]
    # the trapezoid rule: half the step leaves a quarter of the error
    left = np.abs(sums[1] - sums[0]) + 1e-5 * np.abs(many.relevance).sum(axis=1)
    assert (left < 0.01 * np.abs(many.relevance).sum(axis=1)).all()
    assert (np.abs(sums[1] - many.difference) <= left).all(), (sums, many.difference)


def test_at_the_first_layer_exact_gradients_are_integrated_gradients(bundled, traced):
    few, many = (trace_path(bundled, traced, points=n, frozen=None) for n in (51, 101))
    expected = gaf.METHODS["integrated_gradients"](bundled, traced, steps=100).scores
    left = np.abs(many.relevance[0] - few.relevance[0]).max()
    assert left < 1e-3 * np.abs(expected).max()
    assert np.abs(many.relevance[0] - expected).max() <= left
    assert_apart(trace_path(bundled, traced).relevance[0], expected)


def test_both_ends_are_the_text_and_the_text_without_its_tokens(bundled, traced):
    found = trace_path(bundled, traced, points=3)
    ids = traced.encoding.inputs["input_ids"].clone()
    ends = []
    for tokens in (ids.masked_fill(torch.as_tensor(traced.removable), 103), ids):
        assert bundled.tokenizer.mask_token_id == 103
        inputs = dict(traced.encoding.inputs) | {"input_ids": tokens}
        with torch.no_grad():
            ends.append(bundled.module(**inputs).logits[0, traced.target.index].item())
    assert_close(found.values[[0, -1]], ends, roundings=through(bundled))
    assert found.points == 3
    assert found.difference == found.values[-1] - found.values[0]


def test_a_contrast_is_the_difference_of_its_two_targets(bundled):
    found = {
        target: trace_path(bundled, gaf.trace(bundled, TEXT, target))
        for target in ("positive", "negative", ("positive", "negative"))
    }
    one, other, contrast = found.values()
    for name in NAMES:
        first, second = (getattr(side, name).astype(np.float64) for side in (one, other))
        size = np.abs(first).max() + np.abs(second).max()
        how = {"precision": np.float32, "roundings": 4 * STORED, "size": size}
        assert_close(getattr(contrast, name), first - second, **how)


@pytest.mark.parametrize("kind", ["bert", "deberta-v2", "gpt2", "llama", "bart", "t5"])
@pytest.mark.parametrize("rows", [1, 2, 4])
def test_points_in_several_batches_are_the_same(kind, rows, monkeypatch):
    row = ROWS[kind]
    model = build(row, row.of_texts[-1])
    traced = gaf.trace(model, text_for(model))
    seen = []
    with Attention():
        monkeypatch.setattr(path, "rows_of_a_path", lambda *_: 5)
        whole = trace_path(model, traced, baseline="zero")
        monkeypatch.setattr(path, "rows_of_a_path", lambda *_: rows)
        parts = trace_path(model, traced, baseline="zero", progress=lambda *now: seen.append(now))
    for name in NAMES:
        expected = getattr(whole, name)
        assert_close(getattr(parts, name), expected, precision=np.float32, roundings=4 * STORED)
    assert seen == [(min(done, 5), 5) for done in range(rows, 5 + rows, rows)]


def test_a_model_that_reads_one_text_at_a_time_is_given_one():
    model = build(ROWS["llama"], Task.CLASSIFICATION)
    assert model.module.config.pad_token_id is None
    traced = gaf.trace(model, text_for(model))
    calls = counting(model)
    found = trace_path(model, traced, baseline="zero")
    assert len(calls) == 2 * found.points  # hidden states first
    assert np.isfinite(found.terms).all()


def test_all_points_are_one_pass(bundled, traced):
    calls = counting(bundled)
    trace_path(bundled, traced)
    assert len(calls) == 1
    bundled.module._forward_hooks.clear()


def test_what_does_not_fit_goes_in_batches_or_is_refused_before_it_starts(tiny, monkeypatch):
    traced = gaf.trace(tiny, text_for(tiny))
    tokens = len(traced.tokens)
    one = gaf.estimate_memory(tiny, tokens)
    monkeypatch.setattr(memory, "available_memory", lambda _device: 4 * one)
    assert memory.rows_of_a_path(tiny, tokens, 5) == 2  # half of what is free
    assert memory.rows_of_a_path(tiny, tokens, 2) == 2
    tiny.module.register_forward_pre_hook(lambda *_: pytest.fail("the model ran"))
    monkeypatch.setattr(memory, "available_memory", lambda _device: one)  # and the sums beside it
    with pytest.raises(gaf.MemoryLimitError, match=f"Shorten it to {tokens - 1}") as told:
        trace_path(tiny, traced)
    assert told.value.needed == one + 4 * tiny.layers * tiny.heads * tokens**2


def test_the_place_that_is_asked_about_stays():
    model = build(ROWS["bert"], Task.TOKENS)
    traced = gaf.trace(model, text_for(model), gaf.At(place=4))
    found = trace_path(model, traced)
    assert found.relevance[0, 4] == 0
    assert found.relevance[0, 5] != 0
    model = build(ROWS["bert"], Task.ANSWER)
    traced = gaf.trace(model, text_for(model), gaf.At(place="end"))
    assert trace_path(model, traced).relevance[0, traced.target.index] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"points": 1}, "'points'. Give a whole number from 2"),
        ({"points": 2.5}, "'points'. Give a whole number from 2"),
        ({"points": 1001}, "from 2 to 1,000"),
        ({"points": True}, "'points'. Give a whole number from 2"),
        ({"baseline": "nothing"}, "'baseline'. Choose one of: mask, pad, zero"),
    ],
)
def test_options_that_mean_nothing_are_refused(tiny, options, said):
    traced = gaf.trace(tiny, text_for(tiny))
    with pytest.raises(gaf.SettingsError, match=said):
        trace_path(tiny, traced, **options)


def test_what_no_path_leads_to_is_refused():
    masked = build(ROWS["bert"], Task.MASKED_WORD)
    with pytest.raises(gaf.TextError, match="All tokens of this text are special"):
        trace_path(masked, gaf.trace(masked, "[MASK]"))
    causal = build(ROWS["gpt2"], Task.NEXT_TOKEN)
    with pytest.raises(gaf.SettingsError, match='also start from zeros: baseline="zero"'):
        trace_path(causal, gaf.trace(causal, text_for(causal)))


def test_a_model_that_does_not_show_its_states_is_refused(tiny):
    traced = gaf.trace(tiny, text_for(tiny))

    def copied(_module, _inputs, output):
        output["hidden_states"] = tuple(state.clone() for state in output["hidden_states"])
        return output

    tiny.module.bert.register_forward_hook(copied)
    with pytest.raises(gaf.ModelError, match="does not show for every layer"):
        trace_path(tiny, traced)


def test_a_number_that_overflows_is_a_sentence():
    """States of zero, by norms that divide by next to nothing, layer after layer."""
    model = build(ROWS["llama"], Task.NEXT_TOKEN)
    for part in model.module.modules():
        if hasattr(part, "variance_epsilon"):
            part.variance_epsilon = 1e-20
    traced = gaf.trace(model, text_for(model))
    with pytest.raises(gaf.ModelError, match='another text than baseline="zero" does'):
        trace_path(model, traced, baseline="zero")


def test_what_it_finds_cannot_be_changed(bundled, traced):
    found = trace_path(bundled, traced)
    assert isinstance(found, PathTrace)
    assert not any(getattr(found, name).flags.writeable for name in NAMES[:3])
    for side, sign in ((found.toward, 1), (found.against, -1)):
        assert np.array_equal(side.relevance, sign * found.relevance)
        assert np.array_equal(side.terms, sign * found.terms)
        assert side.encoding is traced.encoding
