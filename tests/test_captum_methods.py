"""Methods that captum computes, against captum called the plain way, loops, and exact values."""

from __future__ import annotations

import itertools
import math
import threading

import captum.attr
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

import gaf_core as gaf
from gaf_core.baselines import METHODS
from gaf_core.baselines.inputs import EmbeddedText
from gaf_core.baselines.regression import WeightedRegression
from gaf_core.models import Task
from gaf_core.removal import removal_token
from tests.architectures import SUPPORTED, build, text_for
from tests.models import counting, save_tiny
from tests.tiny_tokenizers import byte_tokenizer

TEXT = "The acting was terrible, but I liked it."
ROWS = {row.model_type: row for row in SUPPORTED}
COMPLETE = ("integrated_gradients", "kernel_shap")
SAMPLED = ("lime", "kernel_shap")
PERTURBING = ("occlusion", *SAMPLED)


@pytest.fixture(scope="module")
def bundled():
    return gaf.load_model("minilm-reviews")


@pytest.fixture(scope="module")
def traced(bundled):
    return gaf.trace(bundled, TEXT)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny")))


def ids_without(model, trace, removed):
    """`[1, t]` ids with the ordinary tokens of these numbers replaced by [MASK]."""
    ids = trace.encoding.inputs["input_ids"].clone()
    ids[0, np.flatnonzero(~trace.special)[list(removed)]] = model.tokenizer.mask_token_id
    return ids


@torch.no_grad()
def logit(model, trace, ids):
    """The target of one row of ids, by calling the network itself."""
    inputs = {name: tensor for name, tensor in trace.encoding.inputs.items()} | {"input_ids": ids}
    return model.module(**inputs).logits[0, trace.target.index].item()


def all_removed(model, trace):
    return logit(model, trace, ids_without(model, trace, range((~trace.special).sum())))


def test_integrated_gradients_are_captums_own_on_the_embedding_layer(bundled, traced):
    inputs = traced.encoding.inputs
    own = captum.attr.LayerIntegratedGradients(
        lambda ids: bundled.module(ids).logits, bundled.module.get_input_embeddings()
    ).attribute(
        inputs["input_ids"],
        ids_without(bundled, traced, range((~traced.special).sum())),
        target=traced.target.index,
        n_steps=20,
    )
    found = METHODS["integrated_gradients"](bundled, traced, steps=20)
    assert np.allclose(found.scores, own.sum(dim=-1)[0].detach(), atol=1e-5)
    assert not found.scores[traced.special].any()


def test_gradients_are_those_of_the_embedding_layer(bundled, traced):
    embeddings = bundled.module.get_input_embeddings()(traced.encoding.inputs["input_ids"])
    embeddings = embeddings.detach().requires_grad_()
    # this network can be given embeddings, so it needs no hook
    output = bundled.module(inputs_embeds=embeddings).logits[0, traced.target.index]
    gradient = torch.autograd.grad(output, embeddings)[0][0]
    products = METHODS["input_x_gradient"](bundled, traced).scores
    assert np.allclose(products, (gradient * embeddings[0]).sum(dim=-1).detach(), atol=1e-6)
    assert np.allclose(METHODS["saliency"](bundled, traced).scores, gradient.norm(dim=-1))


@pytest.mark.parametrize("method", COMPLETE)
def test_scores_sum_to_what_the_text_changes(bundled, traced, method):
    found = METHODS[method](bundled, traced)
    change = logit(bundled, traced, traced.encoding.inputs["input_ids"]) - all_removed(
        bundled, traced
    )
    delta = found.details["convergence delta"]
    assert found.scores.sum() - change == pytest.approx(delta, abs=1e-4)
    assert abs(delta) < 0.01 * abs(change)


def test_occlusion_removes_one_token_at_a_time(bundled, traced):
    whole = logit(bundled, traced, traced.encoding.inputs["input_ids"])
    falls = [
        whole - logit(bundled, traced, ids_without(bundled, traced, [number]))
        for number in range((~traced.special).sum())
    ]
    scores = METHODS["occlusion"](bundled, traced).scores
    assert np.allclose(scores[~traced.special], falls, atol=1e-4)
    assert not scores[traced.special].any()


def test_kernel_shap_comes_to_the_exact_shapley_values(bundled):
    traced = gaf.trace(bundled, "not a bad film")
    players = range(4)
    worth = {
        kept: logit(bundled, traced, ids_without(bundled, traced, set(players) - set(kept)))
        for size in range(5)
        for kept in itertools.combinations(players, size)
    }
    exact = [
        sum(
            (worth[tuple(sorted((*others, player)))] - worth[others])
            / (4 * math.comb(3, len(others)))
            for others in worth
            if player not in others
        )
        for player in players
    ]
    found = METHODS["kernel_shap"](bundled, traced, samples=4000).scores
    assert np.allclose(found[1:-1], exact, atol=0.03 * np.abs(exact).sum())
    assert found.sum() == pytest.approx(sum(exact), abs=1e-3)
    assert found.argmax() - 1 == np.argmax(exact)


class Planted(torch.nn.Module):
    """Stands for a network: its logit is a sum over the tokens of what each is worth."""

    def __init__(self, model, worth):
        super().__init__()
        self.table, self.config = torch.nn.Embedding(len(worth), 3), model.module.config
        self.table.weight = torch.nn.Parameter(torch.outer(worth, torch.ones(3)))
        self.device = torch.device("cpu")

    def get_input_embeddings(self):
        return self.table

    def forward(self, input_ids):
        positive = self.table(input_ids).sum(dim=(1, 2))
        logits = torch.stack([-positive, positive], dim=1)
        return type("Output", (), {"logits": logits})()


@pytest.fixture
def planted(tiny):
    """A good film is worth 2, not -1 a token, everything else nothing; three dimensions each."""
    worth = torch.zeros(11)
    worth[6], worth[9] = 2.0, -1.0  # good, not
    traced = gaf.trace(tiny, "a film not good", target="positive")
    return gaf.Model(**{**vars(tiny), "module": Planted(tiny, worth)}), traced


@pytest.mark.parametrize("method", [name for name in METHODS if name != "saliency"])
def test_a_sum_over_tokens_is_taken_apart_exactly(planted, method):
    if METHODS[method].family not in ("gradient", "perturbation"):
        pytest.skip("not by captum")
    scores = METHODS[method](*planted).scores
    if method == "lime":  # its ridge penalty shrinks all slopes
        assert scores.argmax() == 4
        assert scores.argmin() == 3
        assert np.allclose(scores / scores[4], [0, 0, 0, -0.5, 1, 0], atol=0.02)
    else:
        assert np.allclose(scores, [0, 0, 0, -3, 6, 0], atol=1e-4)
