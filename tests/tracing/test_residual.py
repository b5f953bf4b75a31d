"""What passes beside attention, against networks whose attention was cut out of the graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing.frozen import Frozen, frozen_backward
from gaf_core.tracing.prediction import forward, read_logits
from tests.support.architectures import HEADS, LAYERS, SUPPORTED, build, text_for
from tests.support.inside import Attention, entering, layers_of
from tests.support.tolerance import STORED, assert_close

ROWS = {row.model_type: row for row in SUPPORTED}
# the sum over d that is relevance may cancel before it is stored in float32
RELEVANCE = {"precision": np.float32, "roundings": STORED}
# an attention module of BLOOM adds the residual branch itself, and ALBERT has one for all layers
SEPARATE = [row for row in SUPPORTED if row.model_type not in ("bloom", "albert")]


def logit(model, traced) -> torch.Tensor:
    output = forward(model, traced.encoding.inputs, output_attentions=True)
    return read_logits(model, output, traced.encoding.inputs)[0, traced.target.index]


def without_attention(model, layer, tokens):
    """Take what the attention of a layer gives out of the graph: the module that returns a map."""
    cut_out = []

    def cut(_module, _inputs, output):
        if cut_out or not isinstance(output, tuple):  # the innermost one is the first to finish
            return output
        if not any(getattr(one, "shape", ()) == (1, HEADS, tokens, tokens) for one in output):
            return output
        cut_out.append(output[0])
        return (output[0].detach(), *output[1:])

    return [part.register_forward_hook(cut) for part in layers_of(model.module)[layer].modules()]


@pytest.mark.parametrize("row", SEPARATE, ids=lambda row: row.model_type)
def test_it_is_the_relevance_in_a_network_with_attention_cut_out(row):
    model = build(row, row.of_texts[-1])
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model), residual=True)
    assert traced.residual.shape == traced.relevance.shape
    assert traced.residual.dtype == np.float32
    for layer in range(LAYERS):
        states = []

        def keep(h, states=states):
            states.append(h.detach().requires_grad_())
            return states[0]

        handles = without_attention(model, layer, len(traced.tokens))
        with torch.enable_grad(), Attention(), entering(model.module, layer, keep):
            (gradient,) = torch.autograd.grad(logit(model, traced), states)
        for handle in handles:
            handle.remove()
        expected = (states[0] * gradient).sum(dim=-1)[0]
        assert_close(traced.residual[layer], expected, **RELEVANCE)


@pytest.mark.parametrize("kind", ["bert", "llama"])
@pytest.mark.parametrize("frozen", [None, Frozen()])
def test_it_is_the_state_times_the_gradient_by_the_sum(kind, frozen):
    model = build(ROWS[kind], Task.CLASSIFICATION)
    sums, states = [], []
    for layer in layers_of(model.module):
        layer.register_forward_pre_hook(lambda _m, args: states.append(args[0]))
        after = (
            layer.attention.output.LayerNorm if kind == "bert" else layer.post_attention_layernorm
        )
        after.register_forward_pre_hook(lambda _m, args: sums.append(args[0]))
    traced = gaf.trace(model, text_for(model), frozen=frozen, residual=True)
    del sums[:], states[:]
    table = model.module.get_input_embeddings()
    table.register_forward_hook(lambda _m, _i, output: output.detach().requires_grad_())
    with torch.enable_grad(), frozen_backward(model.module, frozen):
        gradients = torch.autograd.grad(logit(model, traced), sums)
    for layer in range(LAYERS):
        expected = (states[layer] * gradients[layer]).sum(dim=-1)[0]
        assert_close(traced.residual[layer], expected, **RELEVANCE)


def test_all_is_residual_where_attention_gives_nothing():
    model = build(ROWS["gpt_neox"], Task.CLASSIFICATION)
    for layer in layers_of(model.module):
        layer.attention.dense.weight.data[:] *= 1e-12
    traced = gaf.trace(model, text_for(model), residual=True)
    assert_close(traced.residual, traced.relevance, **RELEVANCE)
    exact = gaf.trace(model, text_for(model))
    assert exact.residual is None
    assert_close(exact.relevance, traced.relevance, **RELEVANCE)
    assert_close(exact.gradient, traced.gradient, precision=np.float32, roundings=STORED)


def test_a_model_that_does_not_show_its_states_is_refused():
    model = build(ROWS["bert"], Task.CLASSIFICATION)

    def copied(_module, _inputs, output):
        output["hidden_states"] = tuple(state.clone() for state in output["hidden_states"])
        return output

    model.module.bert.register_forward_hook(copied)
    with pytest.raises(gaf.ModelError, match="without residual"):
        gaf.trace(model, "a good film", residual=True)
