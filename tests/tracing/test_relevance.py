"""Relevance for each architecture, against finite differences inside the network.

The hidden state of one token is scaled by `1 + e` as it enters a layer; the prediction must move
by `e` times the relevance of the trace.
"""

import numpy as np
import pytest
import torch

import gaf_core as gaf
from benchmarks.handmade import trace_of
from gaf_core.models.model import Task
from tests.models.test_supported_models import CASES, explained
from tests.support.architectures import LAYERS, SUPPORTED, build, target_for, text_for
from tests.support.inside import Attention, entering
from tests.support.tolerance import STORED, assert_close, differenced

BERT = next(row for row in SUPPORTED if row.model_type == "bert")


@pytest.mark.parametrize(("row", "task"), CASES)
def test_the_logit_moves_as_the_relevance_says(row, task):
    model = build(row, task)
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model), target_for(model))
    t, step = len(traced.tokens), 1e-6
    assert traced.relevance.shape == (LAYERS, t)
    assert traced.relevance.dtype == np.float32
    assert not traced.relevance.flags.writeable
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=(t, 1)))
    for layer in range(LAYERS):
        found = []
        for size in (step, -step):
            with entering(model.module, layer, lambda h, s=size: h * (1 + s * weights)):
                found.append(explained(model, traced, None, None))
        numeric = (found[0] - found[1]) / (2 * step)
        analytic = traced.relevance[layer].astype(float)
        terms = analytic * weights[:, 0].numpy()
        size = float(np.abs(terms).sum())
        error = differenced(model, np.abs(traced.logits).max(), step, size)
        stored = {"precision": np.float32, "roundings": STORED}
        assert_close(numeric, terms.sum(), size=size, error=error, **stored)


def test_states_that_the_model_does_not_compute_with_have_no_relevance():
    model = build(BERT, Task.CLASSIFICATION)
    expected = gaf.trace(model, "a good film")

    def copied(_module, _inputs, output):
        output["hidden_states"] = tuple(state.clone() for state in output["hidden_states"])
        return output

    model.module.bert.register_forward_hook(copied)
    traced = gaf.trace(model, "a good film")
    assert traced.relevance is None
    stored = {"precision": np.float32, "roundings": STORED}
    assert_close(traced.gradient, expected.gradient, **stored)


def test_a_trace_made_by_hand_has_no_relevance():
    assert trace_of("a good film").relevance is None
