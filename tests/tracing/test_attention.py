"""What a model returns as its attention is not believed: each way of being wrong is found."""

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build
from tests.support.tolerance import STORED, assert_close

BERT = next(row for row in SUPPORTED if row.model_type == "bert")
TEXT = "a good film"


@pytest.fixture
def model():
    return build(BERT, Task.CLASSIFICATION)


def returns(model, change, layer=1):
    """Let one layer return `change(attention)` instead of its attention."""
    part = model.module.bert.encoder.layer[layer].attention.self
    part.register_forward_hook(lambda _module, _inputs, output: (output[0], change(output[1])))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda attention: attention.clone(), "layer 1 is a copy"),
        (lambda attention: attention.detach(), "layer 1 is a copy"),
        (lambda attention: attention.float(), "layer 1 is a copy"),
        (lambda attention: attention[:, :1], r"layer 1 .* shape \[1, 1, 5, 5\]"),
        (lambda attention: attention.mean(dim=1), r"layer 1 .* shape \[1, 5, 5\]"),
        (lambda attention: 0.9 * attention, r"layer 1 .* sums to 0\.9\b"),
        (lambda attention: attention.log(), "layer 1 .* not a distribution"),
        (lambda attention: attention / 0, "layer 1 .* not finite"),
        (lambda _attention: None, "3 layers and returns attention weights of 2"),
    ],
)
def test_a_wrong_attention_is_refused(model, change, reason):
    returns(model, change)
    with pytest.raises(gaf.ModelError, match=f"(?i){reason.replace('layer 1 ', 'layer 1 .*')}"):
        gaf.trace(model, TEXT)


def test_fast_attention_that_keeps_no_weights_is_refused(model):
    model.module.set_attn_implementation("sdpa")
    with pytest.raises(gaf.ModelError, match="no attention weights"):
        gaf.trace(model, TEXT)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_damaged_weights_are_refused(model, value):
    model.module.classifier.weight[0, 0] = value
    with pytest.raises(gaf.ModelError, match=r"NaN|not finite"):
        gaf.trace(model, TEXT)


def test_a_failure_inside_the_network_is_a_sentence(model):
    model.module.bert.embeddings.word_embeddings.weight.data = torch.zeros(2, 16).double()
    with pytest.raises(gaf.ModelError, match="tokenizer"):
        gaf.trace(model, TEXT)


def test_logits_that_do_not_fit_the_labels_are_refused(model):
    object.__setattr__(model, "labels", ("one", "two", "three"))
    with pytest.raises(gaf.ModelError, match="3 labels"):
        gaf.trace(model, TEXT)


def test_trainable_parameters_get_no_gradient(model):
    expected = gaf.trace(model, TEXT).gradient
    model.module.requires_grad_(True)
    found = gaf.trace(model, TEXT).gradient
    assert_close(found, expected, precision=np.float32, roundings=STORED)
    assert all(parameter.grad is None for parameter in model.module.parameters())


def test_the_result_is_frozen_and_in_single_precision(model):
    traced = gaf.trace(model, TEXT)
    for array in (traced.attention, traced.gradient):
        assert array.dtype == np.float32
        assert not array.flags.writeable


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_half_precision_is_no_reason_to_refuse(model, precision):
    model.module.to(precision)
    traced = gaf.trace(model, TEXT)  # two or three digits: enough to be read, not to be compared
    assert np.isfinite(traced.attention).all()
    assert traced.gradient.any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_gives_the_same_trace(model):
    expected = gaf.trace(model, TEXT)
    model.module.cuda()
    traced = gaf.trace(model, TEXT)
    assert_close(traced.gradient, expected.gradient, precision=np.float32, roundings=STORED)
