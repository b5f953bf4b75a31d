"""What stands where the tokens of a text are gone: the mean of all word embeddings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing.embeddings import absent, look_up, mean_of_all
from tests.support.architectures import SUPPORTED, build, text_for
from tests.support.models import in_float64
from tests.support.tolerance import assert_apart, assert_close, summed

ROWS = {row.model_type: row for row in SUPPORTED}
TEXT = "A lovely film."


def gone(model: gaf.Model, ordinary: list[bool], kind: str = "mean") -> torch.Tensor:
    ids = gaf.trace(model, TEXT).encoding.inputs["input_ids"]
    with model.lock:
        return absent(model, ids, torch.tensor(ordinary), kind)[0]


@pytest.fixture
def bundled() -> gaf.Model:
    return in_float64(gaf.load_model("minilm-reviews"))


def test_every_ordinary_token_is_the_mean_of_the_table_and_the_others_stay(bundled):
    table = bundled.module.get_input_embeddings().weight
    assert len(table) > 10_000, "more than are looked up together"
    traced = gaf.trace(bundled, TEXT)
    found = gone(bundled, traced.removable.tolist())
    how = {"roundings": summed(len(table)), "size": table.abs().mean(dim=0)}
    for place, ordinary in enumerate(traced.removable):
        if ordinary:
            assert_close(found[place], table.mean(dim=0), **how)
        else:
            assert torch.equal(found[place], table[traced.encoding.inputs["input_ids"][0, place]])
    assert traced.removable.sum() == len(traced.tokens) - 2
    assert_apart(found[1], gone(bundled, traced.removable.tolist(), "zero")[1])


def test_a_mean_of_half_precision_is_taken_in_more(bundled):
    bundled.module.half()
    table = bundled.module.get_input_embeddings().weight
    with bundled.lock:
        found = mean_of_all(bundled)
    rows = 1024  # of each sum in float32
    size = table.double().abs().mean(dim=0)
    expected = table.double().mean(dim=0)
    assert_close(found, expected, precision=np.float32, roundings=summed(rows), size=size)


@pytest.mark.parametrize(
    ("kind", "scale"), [("bert", 1.0), ("gpt2", 1.0), ("t5", 1.0), ("gemma3_text", 4.0)]
)
def test_it_is_the_mean_of_what_the_network_looks_up(kind, scale):
    """Gemma 3 multiplies what it looks up by the square root of its width, 16."""
    model = build(ROWS[kind], Task.CLASSIFICATION)
    table = model.module.get_input_embeddings().weight
    table.copy_(torch.arange(table.numel()).reshape(table.shape) % 64)  # sums without rounding
    with model.lock:
        found = mean_of_all(model)
    assert_close(found, scale * table.sum(dim=0) / len(table))


def test_a_table_is_read_once_until_it_changes(bundled):
    table, traced = bundled.module.get_input_embeddings(), gaf.trace(bundled, TEXT)
    ordinary, calls = traced.removable.tolist(), []
    first = gone(bundled, ordinary)
    table.register_forward_hook(lambda _module, inputs, _output: calls.append(inputs[0].numel()))
    assert torch.equal(gone(bundled, ordinary), first)
    assert max(calls) <= 2 * len(ordinary), "only the text was looked up"
    with torch.no_grad():
        table.weight.mul_(2)
    how = {"roundings": summed(table.num_embeddings), "size": table.weight.abs().mean(dim=0)}
    assert_close(gone(bundled, ordinary)[1], 2 * first[1], **how)
    other = in_float64(bundled)
    other.module.get_input_embeddings().weight.zero_()
    assert not gone(other, ordinary)[1].any()
    assert gone(bundled, ordinary)[1].any(), "of each model its own"


def test_a_language_model_without_a_mask_has_one_too():
    model = build(ROWS["gpt2"], Task.NEXT_TOKEN)
    traced = gaf.trace(model, text_for(model))
    assert model.tokenizer.pad_token_id is None
    ids = traced.encoding.inputs["input_ids"]
    with model.lock:
        found = absent(model, ids, torch.as_tensor(traced.removable), "mean")
        every = look_up(model, torch.arange(len(model.tokenizer))[None])
    assert_close(found[0, 0], every[0].mean(dim=0))
    for name in ("path_gaf", "integrated_frozen_gradients", "integrated_gradients", "gim"):
        assert gaf.METHODS[name](model, traced, baseline="mean").scores.any()
