"""Frozen gradients: the same prediction, and relevance that sums to it in every layer."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing.frozen import Frozen, frozen_backward
from gaf_core.tracing.prediction import forward, read_logits
from tests.support.architectures import LAYERS, SUPPORTED, build, text_for
from tests.support.inside import Attention, entering
from tests.support.patience import HANG
from tests.support.tolerance import STORED, assert_apart, assert_close

ROWS = {row.model_type: row for row in SUPPORTED}
TEXT = "a good film not bad"
# of networks that compute in float64
STORED_IN_FLOAT32 = {"precision": np.float32, "roundings": STORED}
NOTHING = Frozen(norms=False, activations=False, attention=False)


def biases(module: nn.Module) -> dict[str, nn.Parameter]:
    """Biases of linear maps and norms behind the embeddings."""
    return {
        name: parameter
        for name, parameter in module.named_parameters()
        if name.endswith("bias") and "embed" not in name
    }


def frozen_run(model, traced, layer):
    """Logit that is explained, what biases add to it behind the entry of a layer, the decoder's."""
    named, inputs = biases(model.module), traced.encoding.inputs
    for parameter in named.values():
        parameter.requires_grad_(True)
    with (
        torch.enable_grad(),
        Attention(),
        entering(model.module, layer, lambda h: h.detach().requires_grad_()),
        frozen_backward(model.module, Frozen()),
    ):
        output = forward(model, inputs, output_hidden_states=True)
        value = read_logits(model, output, inputs)[0, traced.target.index]
        decoder = (getattr(output, "decoder_hidden_states", None) or ())[:1]
        decoder = [state for state in decoder if state.requires_grad]
        # a decoder has embeddings of its own, which are not in the encoder's relevance
        tensors = [*named.values(), *decoder]
        found = torch.autograd.grad(value, tensors, allow_unused=True) if tensors else ()
    return value.item(), sum(
        (one.detach() * by).sum().item()
        for one, by in zip(tensors, found, strict=True)
        if by is not None
    )


def with_decoder(model):
    """Let the embeddings of a decoder require a gradient, as a trace lets those of all."""
    for name, part in model.module.named_modules():
        if name.endswith("decoder.embed_tokens"):
            part.register_forward_hook(
                lambda _m, _i, output: output.detach().requires_grad_().clone()
            )


@pytest.mark.parametrize("row", SUPPORTED, ids=lambda row: row.model_type)
def test_relevance_of_every_layer_is_the_logit_less_what_biases_add(row):
    model = build(row, row.tasks[0])
    generator = torch.Generator().manual_seed(3)
    for parameter in biases(model.module).values():
        parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model), frozen=Frozen())
    with_decoder(model)
    assert traced.frozen == Frozen()
    for layer in range(LAYERS):
        logit, added = frozen_run(model, traced, layer)
        parts = traced.relevance[layer].astype(float)
        size = np.abs(parts).sum()
        assert_close(parts.sum() + added, logit, size=size, **STORED_IN_FLOAT32)


@pytest.mark.parametrize("row", SUPPORTED, ids=lambda row: row.model_type)
def test_without_biases_relevance_of_every_layer_sums_to_the_logit(row):
    model = build(row, row.of_texts[-1])
    for name, parameter in model.module.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    with Attention():
        traced = gaf.trace(model, text_for(model), frozen=Frozen(), residual=True)
    if row.model_type not in ("bart", "mbart", "t5", "mt5"):  # their decoders carry a part of it
        assert_conserved(traced)
    # what leaves a key by attention is the rest of its relevance
    by_attention = traced.attention.astype(float) * traced.gradient
    size = np.abs(by_attention).sum(axis=(1, 2)).max() + np.abs(traced.residual).max()
    total = by_attention.sum(axis=(1, 2)) + traced.residual
    assert_close(total, traced.relevance, size=size, **STORED_IN_FLOAT32)


def assert_conserved(traced, total=None):
    """The relevance of every layer sums to the logit, or to one total."""
    sums = traced.relevance.sum(axis=1, dtype=float)
    total = traced.logits[traced.target.index] if total is None else total
    size = np.abs(traced.relevance).sum(axis=1, dtype=float).max()
    assert_close(sums, total, size=size, **STORED_IN_FLOAT32)


@pytest.mark.parametrize("row", SUPPORTED, ids=lambda row: row.model_type)
def test_the_forward_pass_is_the_same_to_the_bit(row):
    model = build(row, row.of_texts[-1])
    model.module.float()
    seen = []
    model.module.register_forward_hook(lambda _m, _i, output: seen.append(output))
    plain, frozen = (gaf.trace(model, text_for(model), frozen=one) for one in (None, Frozen()))
    assert np.array_equal(plain.logits, frozen.logits)
    assert np.array_equal(plain.attention, frozen.attention)
    name = "encoder_hidden_states" if "encoder_hidden_states" in seen[0] else "hidden_states"
    for one, other in zip(seen[0][name], seen[1][name], strict=True):
        assert torch.equal(one, other)
    assert np.isfinite(frozen.gradient).all()
    assert_apart(plain.relevance, frozen.relevance)


HIDDEN = ("gelu", "gelu_new", "gelu_fast", "quick_gelu", "gelu_accurate", "gelu_10", "gelu_python")


OTHERS = ("silu", "relu", "relu2", "tanh", "mish", "leaky_relu", "xielu")


@pytest.mark.parametrize("name", [*HIDDEN, *OTHERS])
def test_every_activation_is_conserved(name):
    row = ROWS["gpt2"]
    row.options["activation_function"] = name
    try:
        model = build(row, Task.CLASSIFICATION)
    finally:
        del row.options["activation_function"]
    check_conserved(model)


@pytest.mark.parametrize("name", ["gated-gelu", "gated-silu"])
def test_a_gate_is_conserved(name):
    row = ROWS["t5"]
    row.options["feed_forward_proj"] = name
    try:
        model = build(row, Task.CLASSIFICATION)
    finally:
        del row.options["feed_forward_proj"]
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model), frozen=Frozen())
    # the decoder's part is the same for every layer
    assert_conserved(traced, total=traced.relevance[0].sum(dtype=float))


def check_conserved(model):
    for name, parameter in model.module.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model), frozen=Frozen())
    assert_conserved(traced)


def gradient_of(function, *inputs, frozen: Frozen | None):
    inputs = [one.clone().requires_grad_() for one in inputs]
    with torch.enable_grad(), frozen_backward(nn.Identity(), frozen):
        output = function(*inputs)
        weights = torch.linspace(1, 2, output.numel()).double().view(output.shape)
    return output.detach(), torch.autograd.grad((output * weights).sum(), inputs, allow_unused=True)


def written_out_norm(x):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


def divided_norm(x):
    centred = x - x.mean(-1, keepdim=True)
    return centred / torch.sqrt(centred.pow(2).mean(-1, keepdim=True) + 1e-6)


def powered_norm(x):
    return x * torch.pow(x.pow(2).mean(-1, keepdim=True) + 1e-6, -0.5)


FUNCTIONS = {
    "norms": [
        partial(nn.functional.layer_norm, normalized_shape=(4,)),
        partial(nn.functional.rms_norm, normalized_shape=(4,)),
        written_out_norm,
        divided_norm,
        powered_norm,
    ],
    "activations": [
        nn.functional.gelu,
        partial(nn.functional.gelu, approximate="tanh"),
        nn.functional.silu,
        torch.tanh,
        torch.Tensor.tanh,
        lambda x: nn.functional.silu(x) * (2 * x),
    ],
    "attention": [
        lambda x: torch.softmax(x @ x.T, dim=-1) @ x,
        lambda x: nn.functional.softmax(x @ x.T, dim=-1) @ x,
        lambda x: (x @ x.T).softmax(-1) @ x,
    ],
}


@pytest.mark.parametrize("switch", FUNCTIONS)
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_switch_changes_what_it_names_and_nothing_else(switch, kind):
    x = torch.randn((3, 4), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    only = Frozen(**{name: name == switch for name in FUNCTIONS})
    for function in FUNCTIONS[kind]:
        value, (plain,) = gradient_of(function, x, frozen=None)
        same, (gradient,) = gradient_of(function, x, frozen=only)
        assert torch.equal(value, same)
        if switch != kind:
            assert torch.equal(gradient, plain)
            continue
        # a linear function of x: its gradient times x is its value
        weights = torch.linspace(1, 2, value.numel()).double().view(value.shape)
        size = (gradient * x).abs().sum().item()
        assert_close((gradient * x).sum(), (value * weights).sum(), size=size)
        assert_apart(gradient, plain)


def test_all_other_functions_are_left_alone():
    x = torch.rand((4, 4), dtype=torch.float64) + 0.1
    for function in (torch.exp, torch.sigmoid, lambda x: x * x[:, :1], lambda x: x @ x, torch.log):
        plain, frozen = (gradient_of(function, x, frozen=one)[1][0] for one in (None, Frozen()))
        assert torch.equal(plain, frozen)


def test_the_centred_part_of_a_norm_is_divided_by_a_constant():
    x, weight, bias = torch.randn(3, 5, 4, dtype=torch.float64)[:, :1, :]
    norm = partial(nn.functional.layer_norm, normalized_shape=(4,), eps=0.1)
    _, found = gradient_of(
        lambda x, w, b: norm(x, weight=w[0], bias=b[0]), x, weight, bias, frozen=Frozen()
    )
    deviation = (x.var(correction=0) + 0.1).sqrt()
    outer = torch.linspace(1, 2, 4).double() * weight[0]
    assert_close(found[0][0], (outer - outer.mean()) / deviation)
    assert_close(found[2][0], torch.linspace(1, 2, 4).double())


def test_a_slope_at_zero_is_the_derivative():
    zero = torch.zeros(3, dtype=torch.float64)
    outer = torch.linspace(1, 2, 3).double()
    for function, slope in ((nn.functional.gelu, 0.5), (nn.functional.silu, 0.5), (torch.tanh, 1)):
        _, (gradient,) = gradient_of(function, zero, frozen=Frozen())
        assert_close(gradient, slope * outer, error=1e-6)  # of a slope taken beside 0


def test_an_activation_in_place_leaves_its_value():
    x = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)
    value, (gradient,) = gradient_of(
        lambda x: nn.functional.relu(x * 1, inplace=True), x, frozen=Frozen()
    )
    assert value.tolist() == [0, 0, 2]
    assert gradient[[0, 2]].tolist() == [0, 2]


def test_each_factor_of_a_gate_gets_half():
    one, other = torch.randn(2, 1, 3, dtype=torch.float64)
    outer = torch.linspace(1, 2, 3).double()
    for function in (torch.mul, lambda one, other: one * other):
        _, (left, right) = gradient_of(function, one, other, frozen=Frozen())
        assert_close(left, outer * other / 2)
        assert_close(right, outer * one / 2)


def test_attention_alone_is_a_network_with_queries_and_keys_cut_out():
    model = build(ROWS["bert"], Task.CLASSIFICATION)
    frozen = gaf.trace(model, TEXT, frozen=Frozen(norms=False, activations=False))
    for layer in model.module.bert.encoder.layer:
        for part in (layer.attention.self.query, layer.attention.self.key):
            part.register_forward_hook(lambda _m, _i, output: output.detach())
    # its attention has no gradient to trace: leaves that are added let it have one
    for layer in model.module.bert.encoder.layer:
        layer.attention.self.query.register_forward_hook(
            lambda _m, _i, output: output + torch.zeros_like(output).requires_grad_()
        )
    cut = gaf.trace(model, TEXT)
    assert_close(frozen.relevance, cut.relevance, **STORED_IN_FLOAT32)
    assert_close(frozen.gradient, cut.gradient, **STORED_IN_FLOAT32)


def test_nothing_frozen_is_the_exact_gradient():
    model = build(ROWS["llama"], Task.NEXT_TOKEN)
    exact, nothing = (gaf.trace(model, text_for(model), frozen=one) for one in (None, NOTHING))
    assert_close(nothing.gradient, exact.gradient, **STORED_IN_FLOAT32)
    assert_close(nothing.relevance, exact.relevance, **STORED_IN_FLOAT32)
    assert (exact.frozen, nothing.frozen) == (None, NOTHING)


def test_a_copy_of_the_attention_is_found_out_when_frozen():
    model = build(ROWS["bert"], Task.CLASSIFICATION)
    part = model.module.bert.encoder.layer[1].attention.self
    part.register_forward_hook(lambda _m, _i, output: (output[0], output[1].clone()))
    with pytest.raises(gaf.ModelError, match="layer 1 is a copy"):
        gaf.trace(model, TEXT, frozen=Frozen())


def test_two_threads_do_not_see_each_others_mode():
    models = [build(ROWS[kind], Task.CLASSIFICATION) for kind in ("gpt2", "bert")]
    wanted = [Frozen(), None]
    expected = [
        gaf.trace(model, text_for(model), frozen=one)
        for model, one in zip(models, wanted, strict=True)
    ]
    found: list[list[gaf.Trace]] = [[], []]
    # each forward pass starts when the other is under way; neither would ever wait this long
    together = threading.Barrier(2, timeout=HANG)

    def meet(*_):
        together.wait()

    def work(index):
        models[index].module.register_forward_pre_hook(meet)
        models[index].module.register_forward_hook(meet)
        for _ in range(5):
            found[index].append(
                gaf.trace(models[index], text_for(models[index]), frozen=wanted[index])
            )

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for right, traces in zip(expected, found, strict=True):
        assert len(traces) == 5
        for one in traces:
            assert_close(one.relevance, right.relevance, **STORED_IN_FLOAT32)
            assert_close(one.gradient, right.gradient, **STORED_IN_FLOAT32)


def test_a_failure_leaves_the_model_and_the_thread_as_they_were():
    model = build(ROWS["gpt2"], Task.CLASSIFICATION)
    expected = gaf.trace(model, text_for(model))
    hooks = [len(part._forward_hooks) for part in model.module.modules()]
    handle = model.module.transformer.h[2].register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(gaf.ModelError, match="fails on this text"):
        gaf.trace(model, text_for(model), frozen=Frozen())
    handle.remove()
    assert [len(part._forward_hooks) for part in model.module.modules()] == hooks
    found = gaf.trace(model, text_for(model))
    assert_close(found.gradient, expected.gradient, **STORED_IN_FLOAT32)


def test_it_is_a_value_and_can_be_a_cache_key():
    assert {Frozen(): 1}[Frozen()] == 1
    assert Frozen() != NOTHING
