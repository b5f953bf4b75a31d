"""CP-LRP, AttnLRP and GIM against the rules by hand, and what they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

import gaf_core as gaf
from gaf_core.methods import METHODS
from gaf_core.methods.inputs import EmbeddedText
from gaf_core.models.model import Task
from gaf_core.tracing.frozen import ATTN_LRP, CP_LRP, GIM, frozen_backward
from tests.support import by_hand
from tests.support.architectures import SUPPORTED, build, text_for
from tests.support.inside import Attention
from tests.support.models import in_float64
from tests.support.tiny_tokenizers import byte_tokenizer
from tests.support.tolerance import STORED, assert_apart, assert_close, through

ROWS = {row.model_type: row for row in SUPPORTED}
RULES = {"cp_lrp": CP_LRP, "attnlrp": ATTN_LRP, "gim": GIM}
TEXT = "The acting was terrible, but I liked it."


@pytest.fixture(scope="module")
def bundled():
    return in_float64(gaf.load_model("minilm-reviews"))


def two_layers(seed: int = 0) -> gaf.Model:
    """A Llama with two layers, four heads that share two keys, and random norms."""
    tokenizer = byte_tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=6,
        max_position_embeddings=64,
        initializer_range=0.5,
        attn_implementation="eager",
    )
    module = LlamaForCausalLM(config).double().eval().requires_grad_(False)
    for name, parameter in module.named_parameters():
        if "norm" in name:
            parameter.uniform_(0.5, 2)
    vocabulary = tuple(tokenizer.decode([index]) for index in range(len(tokenizer)))
    return gaf.Model(
        name="two layers",
        module=module,
        tokenizer=tokenizer,
        labels=vocabulary,
        max_tokens=tokenizer.model_max_length,
        layers=2,
        heads=4,
        task=Task.NEXT_TOKEN,
    )


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", RULES)
def test_the_rules_are_those_written_out_by_hand(name, seed):
    model = two_layers(seed)
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, "a good film", frozen=RULES[name])
        found = METHODS[name](model, traced, **({"baseline": "zero"} if name == "gim" else {}))
    llama = by_hand.Llama(model.module)
    ids = traced.encoding.inputs["input_ids"][0].numpy()
    embeddings = llama.weights["model.embed_tokens.weight"][ids]
    how = {"roundings": through(model)}
    logit = llama.logit(embeddings, traced.target.index)
    assert_close(traced.logits[traced.target.index], logit, precision=np.float32, roundings=STORED)
    gradient = llama.gradient(embeddings, traced.target.index, by_hand.RULES[name])
    assert_close(found.scores, (embeddings * gradient).sum(axis=1), **how)
    # nothing stands between the words and the first layer
    assert_close(found.scores, traced.relevance[0], precision=np.float32, roundings=STORED)


def test_the_network_by_hand_has_the_derivative_of_its_logit():
    """With nothing constant or halved but the norms, where they are held by hand as well."""
    model = two_layers()
    llama = by_hand.Llama(model.module)
    embeddings = llama.weights["model.embed_tokens.weight"][[3, 1, 4, 1, 5]]
    exact = by_hand.Rule(secant=False, gate=1, product=1, softmax=1.0)
    held = [llama.deviation(state) for state in llama.states(embeddings)]
    gradient = llama.gradient(embeddings, 2, exact)
    direction = np.random.default_rng(0).standard_normal(embeddings.shape)

    def logit(step: float) -> float:
        at = iter(held)
        llama.deviation = lambda _state: next(at)
        # each deviation is asked for once on the way forward, in the order of the states
        return llama.logit(embeddings + step * direction, 2)

    found = (logit(1e-6) - logit(-1e-6)) / 2e-6
    assert_close(found, (gradient * direction).sum(), error=1e-7)


class _Tempered(torch.autograd.Function):
    """A softmax that is differentiated at temperature 2."""

    @staticmethod
    def forward(ctx, x, dim):
        ctx.save_for_backward(torch.exp(x / 2) / torch.exp(x / 2).sum(dim, keepdim=True))
        ctx.dim = dim
        return torch.exp(x) / torch.exp(x).sum(dim, keepdim=True)

    @staticmethod
    def backward(ctx, gradient):
        (p,) = ctx.saved_tensors
        return p * (gradient - (p * gradient).sum(ctx.dim, keepdim=True)), None


class _Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, part):
        ctx.part = part
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.part, None


def _norm_by_hand(part, args, _output):
    (x,) = args
    centred = x - x.mean(dim=-1, keepdim=True)
    deviation = ((centred**2).mean(dim=-1, keepdim=True) + part.eps).sqrt().detach()
    return centred / deviation * part.weight + part.bias


def test_gim_is_queries_and_keys_by_four_and_values_by_two(monkeypatch):
    """As its authors compute it: by changing the modules of a BERT."""
    model = build(ROWS["bert"], Task.CLASSIFICATION)
    traced = gaf.trace(model, text_for(model))
    found = METHODS["gim"](model, traced).scores
    monkeypatch.setattr(nn.functional, "softmax", lambda x, dim, **_: _Tempered.apply(x, dim))
    parts = {"query": 0.25, "key": 0.25, "value": 0.5}
    for name, part in model.module.named_modules():
        if isinstance(part, nn.LayerNorm):
            part.register_forward_hook(_norm_by_hand)
        elif (last := name.split(".")[-1]) in parts:
            part.register_forward_hook(
                lambda _m, _i, output, times=parts[last]: _Scale.apply(output, times)
            )
    text = EmbeddedText(model, traced)
    words = text.embeddings.requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(text(words), words)
    change = words.detach() - text.baseline().detach()
    assert_close(found, (change * gradient).sum(dim=-1)[0], roundings=through(model))


def test_a_baseline_is_subtracted_and_special_tokens_stay(bundled):
    traced = gaf.trace(bundled, TEXT)
    words = bundled.module.get_input_embeddings().weight
    tokenizer, ordinary = bundled.tokenizer, ~traced.special
    absent = {
        "mask": words[tokenizer.mask_token_id],
        "pad": words[tokenizer.pad_token_id],
        "zero": torch.zeros_like(words[0]),
    }
    text = EmbeddedText(bundled, traced)
    inputs = text.embeddings.requires_grad_()
    with torch.enable_grad(), frozen_backward(bundled.module, GIM):
        (gradient,) = torch.autograd.grad(text(inputs), inputs)
    for kind, row in absent.items():
        found = METHODS["gim"](bundled, traced, baseline=kind)
        change = words[traced.encoding.inputs["input_ids"][0]] - row
        expected = (change * gradient[0]).sum(dim=-1).numpy() * ordinary
        assert_close(found.scores, expected, roundings=through(bundled))
        assert found.settings == {"baseline": kind}
    assert METHODS["gim"](bundled, traced).settings == {"baseline": "mask"}


@pytest.mark.parametrize("name", RULES)
def test_a_contrast_is_the_difference_of_its_two_targets(bundled, name):
    traces = [
        gaf.trace(bundled, TEXT, target)
        for target in ("positive", "negative", ("positive", "negative"))
    ]
    positive, negative, contrast = (METHODS[name](bundled, one).scores for one in traces)
    size = np.abs(positive).max() + np.abs(negative).max()
    assert_close(contrast, positive - negative, roundings=through(bundled), size=size)
    assert_apart(positive, negative)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("row", SUPPORTED, ids=lambda row: row.model_type)
def test_every_architecture_and_task_has_scores(row, name):
    for task in row.tasks:
        model = build(row, task)
        target = {Task.TOKENS: gaf.At(place=8), Task.ANSWER: 8}.get(task)  # late in the text
        traced = gaf.trace(model, text_for(model), target)
        options = {"baseline": "zero"} if name == "gim" else {}
        hooks = [len(part._forward_hooks) for part in model.module.modules()]
        found = METHODS[name](model, traced, **options)
        assert found.scores.shape == (len(traced.tokens),)
        assert len(set(found.scores.tolist())) > 2
        assert [len(part._forward_hooks) for part in model.module.modules()] == hooks
        exact = METHODS["input_x_gradient"](model, traced).scores
        assert_apart(found.scores, exact)


@pytest.mark.parametrize("name", RULES)
def test_the_claim_of_a_patent_stands_beside_the_reference(name):
    method = METHODS[name]
    assert any(str(year) in method.reference for year in (2022, 2024, 2025))
    assert ("patent" in method.note) == ("LRP" in method.title)
