"""Backward rules: what AttnLRP conserves, what GIM does not, and the softmax at a temperature."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from transformers.activations import ACT2FN

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing.frozen import ATTN_LRP, CP_LRP, GIM, Frozen, frozen_backward
from gaf_core.tracing.prediction import forward, read_logits
from tests.support.architectures import LAYERS, SUPPORTED, build, text_for
from tests.support.inside import Attention, entering
from tests.support.tolerance import DELIBERATE, assert_apart, assert_close
from tests.tracing.test_frozen import STORED_IN_FLOAT32, biases

ROWS = {row.model_type: row for row in SUPPORTED}


class Apart(TorchFunctionMode):
    """Keeps what a forward pass has beside what is linear in the states: `(value, tensor)`.

    The value times the gradient by the tensor is its part of the logit.

    Attributes:
        constants: what is added to states: biases, and those of positions in attention scores.
        softmaxes: as if each were a constant: what it gives, and what it is given, negative. Shares
            of a sum do not change with its scale, so they count as given.
    """

    def __init__(self):
        super().__init__()
        self.constants: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.softmaxes: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        options = kwargs or {}
        result = func(*args, **options)
        if not getattr(result, "requires_grad", False):
            return result
        name = getattr(func, "__name__", "").strip("_")
        if name == "softmax":
            self.softmaxes += [(result, result), (-args[0], args[0])]
        if name == "div" and getattr(args[1], "requires_grad", False):
            self.softmaxes.append((result, result))
        if name in ("add", "radd", "iadd"):
            self.constants += [(one, result) for one in args[:2] if constant(one)]
        if name == "linear" and len(args) > 2:
            self.constants.append((args[2], result))
        if name == "layer_norm":
            self.constants.append((options.get("bias", args[3] if len(args) > 3 else None), result))
        if name in ("addmm", "baddbmm"):
            self.constants.append((args[0] * options.get("beta", 1), result))
        return result


def constant(one):
    return not getattr(one, "requires_grad", False)


def with_decoder(model):
    """Let the embeddings of a decoder require a gradient, as a trace lets those of all."""
    found: list[torch.Tensor] = []
    for name, part in model.module.named_modules():
        if name.endswith("decoder.embed_tokens"):
            part.register_forward_hook(
                lambda _m, _i, output: found.append(output.detach().requires_grad_()) or found[-1]
            )
    return found


def beside(model, traced, layer, rules):
    """The logit, and the parts of it from constants and softmaxes behind the entry of a layer."""
    words, apart, inputs = with_decoder(model), Apart(), traced.encoding.inputs
    with (
        torch.enable_grad(),
        Attention(),
        entering(model.module, layer, lambda h: h.detach().requires_grad_()),
        frozen_backward(model.module, rules),
        apart,
    ):
        output = forward(model, inputs)
        value = read_logits(model, output, inputs)[0, traced.target.index]
    constants = apart.constants + [(one, one) for one in words]
    return value.item(), total(value, constants), total(value, apart.softmaxes)


def total(value, parts):
    tensors = [tensor for _, tensor in parts]
    found = torch.autograd.grad(value, tensors, allow_unused=True, retain_graph=True)
    return sum(
        # what a mask puts in is infinite, and has no gradient
        torch.where(by == 0, 0, torch.as_tensor(one).detach() * by).sum().item()
        for (one, _), by in zip(parts, found, strict=True)
        if one is not None and by is not None
    )


def with_biases(row):
    model = build(row, row.of_texts[-1])
    generator = torch.Generator().manual_seed(3)
    for parameter in biases(model.module).values():
        parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model


@pytest.mark.parametrize("row", SUPPORTED, ids=lambda row: row.model_type)
def test_attnlrp_adds_up_to_the_logit_with_constants_and_softmaxes(row):
    model = with_biases(row)
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model), frozen=ATTN_LRP)
    assert traced.frozen == ATTN_LRP
    needed = []
    for layer in range(LAYERS):
        logit, constants, softmaxes = beside(model, traced, layer, ATTN_LRP)
        parts = traced.relevance[layer].astype(float)
        size = np.abs(parts).sum() + abs(constants) + abs(softmaxes)
        assert_close(parts.sum() + constants + softmaxes, logit, size=size, **STORED_IN_FLOAT32)
        needed.append(abs(softmaxes) / size)
    assert max(needed) > DELIBERATE, "a sum without the softmaxes is another one"


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama", "mixtral", "t5"])
def test_gim_does_not_add_up(kind):
    """A softmax at another temperature has no gradient whose products are known."""
    model = with_biases(ROWS[kind])
    with Attention():
        traced = gaf.trace(model, text_for(model), frozen=GIM)
    logit, constants, softmaxes = beside(model, traced, 0, GIM)
    parts = traced.relevance[0].astype(float)
    for found in (parts.sum(), parts.sum() + constants, parts.sum() + constants + softmaxes):
        assert abs(found - logit) > DELIBERATE * np.abs(parts).sum()


def gradient_of(function, x, rules):
    x = x.clone().requires_grad_()
    with torch.enable_grad(), frozen_backward(nn.Identity(), rules):
        output = function(x)
    outer = torch.linspace(1, 2, output.numel(), dtype=output.dtype).view(output.shape)
    return output.detach(), torch.autograd.grad((output * outer).sum(), x)[0], outer


def tempered(temperature):
    return Frozen(norms=False, activations=False, attention=False, temperature=temperature)


@pytest.mark.parametrize("temperature", [2.0, 3.7])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.softmax(x, -1),
        lambda x: x.softmax(dim=-1),
        lambda x: nn.functional.softmax(x, dim=-1, dtype=torch.float64),
        lambda x: nn.functional.softmax(input=x, dim=-1),
    ],
)
def test_a_softmax_is_differentiated_at_a_temperature(function, temperature):
    x = torch.randn((4, 5), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    lowest = torch.finfo(x.dtype).min
    x[0, 3:], x[1, 4], x[3] = lowest, -torch.inf, lowest  # masked, the last row wholly
    value, plain, outer = gradient_of(function, x, None)
    same, found, _ = gradient_of(function, x, tempered(temperature))
    assert torch.equal(value, same)
    for row, given, by in zip(x.numpy(), outer.numpy(), found.numpy(), strict=True):
        powers = np.exp((row - row.max()) / temperature)
        p = powers / powers.sum()
        assert_close(by, p * (given - p @ given), size=given.max())
    assert_apart(found, plain)
    _, exact, _ = gradient_of(function, x, tempered(1.0))
    assert torch.equal(exact, plain)


def test_a_constant_softmax_has_no_temperature():
    model = build(ROWS["bert"], Task.CLASSIFICATION)
    one, other = (
        gaf.trace(model, text_for(model), frozen=rules)
        for rules in (CP_LRP, Frozen(temperature=2.0))
    )
    assert np.array_equal(one.relevance, other.relevance)


@pytest.mark.parametrize(
    "name",
    ["gelu", "gelu_new", "gelu_fast", "quick_gelu", "gelu_accurate", "relu2", "silu", "xielu"],
)
def test_an_activation_that_is_written_out_is_exact_where_activations_are(name):
    """It multiplies states, but is one function: under GIM no gate."""
    x = torch.randn((3, 5), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    gates = Frozen(norms=False, activations=False, attention=False, gates=True)
    found = []
    for rules in (None, gates, GIM):
        model = nn.Sequential(ACT2FN[name]).double().requires_grad_(False)
        inputs = x.clone().requires_grad_()
        with torch.enable_grad(), frozen_backward(model, rules):
            output = model(inputs) * (2 * inputs)  # and a gate behind it
        (gradient,) = torch.autograd.grad(output.sum(), inputs)
        found.append((output.detach(), gradient))
        assert not model[0]._forward_hooks
        assert not model[0]._forward_pre_hooks
    (value, plain), *others = found
    for same, gradient in others:
        assert torch.equal(value, same)
        assert_close(gradient, plain / 2)


@pytest.mark.parametrize(
    "switches",
    [
        {"products": True},
        {"products": True, "attention": False, "norms": False},
        {"temperature": 0.5},
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
    ],
)
def test_rules_that_contradict_each_other_are_refused(switches):
    with pytest.raises(gaf.SettingsError, match=r"Use ."):
        Frozen(**switches)


def test_the_named_rules_are_values():
    rules = {CP_LRP: "CP-LRP", ATTN_LRP: "AttnLRP", GIM: "GIM", Frozen(): "CP-LRP"}
    assert len(rules) == 3
    assert Frozen(attention=False, products=True) == ATTN_LRP
