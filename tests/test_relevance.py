"""Relevance for each architecture, against finite differences inside the network.

The hidden state of one token is scaled by `1 + e` as it enters a layer; the prediction must move
by `e` times the relevance of the trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models import Task
from tests.architectures import LAYERS, SUPPORTED, build, text_for
from tests.handmade import trace_of
from tests.test_supported_models import CASES, Attention, explained

BERT = next(row for row in SUPPORTED if row.model_type == "bert")


def layers_of(module: torch.nn.Module) -> list[torch.nn.Module]:
    """The layers, of the encoder where there are two: the first list of them there is."""
    lists = [part for part in module.modules() if isinstance(part, torch.nn.ModuleList)]
    if module.config.model_type == "albert":  # one layer, called again and again
        return [module.albert.encoder.albert_layer_groups[0].albert_layers[0]]
    return list(next(found for found in lists if len(found) == LAYERS))


@contextmanager
def entering(module: torch.nn.Module, layer: int, change) -> Iterator[None]:
    """Replace the hidden state `h` that enters a layer by `change(h)`."""
    calls = iter(range(10 * LAYERS))

    def alter(_module, args, kwargs):
        if next(calls) != (layer if shared else 0):
            return None
        if args:
            return (change(args[0]), *args[1:]), kwargs
        return args, kwargs | {"hidden_states": change(kwargs["hidden_states"])}

    layers = layers_of(module)
    shared = len(layers) == 1
    handle = layers[0 if shared else layer].register_forward_pre_hook(alter, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


@pytest.mark.parametrize(("row", "task"), CASES)
def test_the_logit_moves_as_the_relevance_says(row, task):
    model = build(row, task)
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model))
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
        assert np.abs(analytic).sum() > 1e-3
        expected = float(analytic @ weights[:, 0].numpy())
        assert numeric == pytest.approx(expected, abs=1e-5 * np.abs(analytic).sum())


def test_states_that_the_model_does_not_compute_with_have_no_relevance():
    model = build(BERT, Task.CLASSIFICATION)
    expected = gaf.trace(model, "a good film")

    def copied(_module, _inputs, output):
        output["hidden_states"] = tuple(state.clone() for state in output["hidden_states"])
        return output

    model.module.bert.register_forward_hook(copied)
    traced = gaf.trace(model, "a good film")
    assert traced.relevance is None
    assert np.array_equal(traced.gradient, expected.gradient)


def test_a_trace_made_by_hand_has_no_relevance():
    assert trace_of("a good film").relevance is None
