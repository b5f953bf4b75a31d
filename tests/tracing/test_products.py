"""Products of states: what every architecture multiplies, and what becomes of its gradient."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing import passes
from gaf_core.tracing.frozen import ATTN_LRP, CP_LRP, GIM, Frozen, frozen_backward
from tests.support.architectures import HEADS, LAYERS, SUPPORTED, build, target_for, text_for
from tests.support.tolerance import STORED, assert_apart, assert_close

ROWS = {row.model_type: row for row in SUPPORTED}
HALVING = {"attnlrp": ATTN_LRP, "gim": GIM}
ONLY = {"gates": Frozen(norms=False, activations=False, attention=False, gates=True)}
ONLY["products"] = Frozen(activations=False, attention=False, products=True)

EVERY = set(ROWS)
GATED = {"gemma", "gemma2", "gemma3_text", "granite", "llama", "mistral", "mixtral", "modernbert"}
GATED |= {"mt5", "olmo2", "phi3", "qwen2", "qwen3", "smollm3"}
# What is done with two states or more, but for what is linear in them together.
SURVEY = {
    "queries and keys, and probabilities and values": EVERY,
    "two of one shape": GATED,
    "one a row": {"mixtral"},  # the weights of experts; those of norms are constants
    "over one a row": {"mixtral"},  # by the sum of the chosen experts' weights
}
LINEAR = {"add", "add_", "cat", "stack", "sub", "index_add_", "type_as", "reshape_as"}


class Survey(TorchFunctionMode):
    """What is done with two states or more, outside of activations that are written out."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.found: set[str] = set()
        self.inside = False
        for part in module.modules():
            if "gelu" in type(part).__name__.lower():
                part.register_forward_pre_hook(lambda *_: self.within(True))
                part.register_forward_hook(lambda *_: self.within(False))

    def within(self, inside: bool) -> None:
        self.inside = inside

    def __torch_function__(self, func, types, args=(), kwargs=None):
        operands = list(tensors([args, kwargs]))
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        states = [one for one in operands if one.requires_grad]
        if len(states) > 1 and not self.inside and any(o.requires_grad for o in tensors(result)):
            self.found |= {self.kind(name, [list(one.shape) for one in states])} - {""}
        return result

    def kind(self, name: str, shapes: list[list[int]]) -> str:
        if name in LINEAR:
            return ""
        if name in ("matmul", "bmm", "baddbmm"):
            return "queries and keys, and probabilities and values"
        by_row = shapes[1] == [*shapes[0][:-1], 1]
        if name in ("div", "div_") and by_row:
            return "over one a row"
        if name == "mul" and by_row:
            return "one a row"
        return "two of one shape" if name == "mul" and shapes[0] == shapes[1] else name


def tensors(values):
    if isinstance(values, torch.Tensor):
        yield values
    elif isinstance(values, list | tuple | dict):
        for one in values.values() if isinstance(values, dict) else values:
            yield from tensors(one)


def test_what_every_architecture_multiplies_is_known(monkeypatch):
    forward, found = passes.forward, defaultdict(set)
    for row in SUPPORTED:
        for task in row.tasks:
            model = build(row, task)
            survey = Survey(model.module)

            def surveyed(*args, survey=survey, **options):
                with survey:
                    return forward(*args, **options)

            monkeypatch.setattr(passes, "forward", surveyed)
            gaf.trace(model, text_for(model), target_for(model), frozen=ATTN_LRP)
            for kind in survey.found:
                found[kind].add(row.model_type)
    assert found == SURVEY


@pytest.mark.parametrize("rules", HALVING)
@pytest.mark.parametrize("row", SUPPORTED, ids=lambda row: row.model_type)
def test_the_forward_pass_is_the_same_to_the_bit(row, rules):
    for task in row.tasks:
        model = build(row, task)
        model.module.float()
        how = (model, text_for(model), target_for(model))
        plain, other = (gaf.trace(*how, frozen=one) for one in (None, HALVING[rules]))
        assert (plain.logits == other.logits).all()
        assert (plain.attention == other.attention).all()
        assert_apart(plain.relevance, other.relevance)
        assert_apart(plain.gradient, other.gradient)


def gradients_of(function, *inputs, rules):
    """The value, and the gradient of a weighted sum of it by every input."""
    inputs = [one.clone().requires_grad_() for one in inputs]
    with torch.enable_grad(), frozen_backward(nn.Identity(), rules):
        output = function(*inputs)
    weights = torch.linspace(1, 2, output.numel(), dtype=output.dtype).view(output.shape)
    return output.detach(), torch.autograd.grad((output * weights).sum(), inputs)


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


SQUARE = random(3, 3)
BATCH = random(2, 3, 3)
MATRIX = {
    "matmul": (torch.matmul, 2),
    "@": (lambda a, b: a @ b, 2),
    "mm": (torch.mm, 2),
    "keyword": (lambda a, b: torch.matmul(a, other=b), 2),
    "linear": (nn.functional.linear, 2),
    "einsum": (lambda a, b: torch.einsum("ij,jk->ik", a, b), 2),
    "einsum of a list": (lambda a, b: torch.einsum("ij,jk->ik", [a, b]), 2),
    "einsum of three": (lambda a, b, c: torch.einsum("ij,jk,kl->il", a, b, c), 3),
    "a row": (lambda a, b: a * b[:, :1], 2),
    "a row, from the left": (lambda a, b: a[:, :1] * b, 2),
}
BATCHED = {
    "bmm": (torch.bmm, 2),
    "bmm, keyword": (lambda a, b: torch.bmm(a, mat2=b), 2),
    "matmul": (torch.matmul, 2),
}


@pytest.mark.parametrize(
    ("function", "factors", "like"),
    [pytest.param(*case, SQUARE, id=name) for name, case in MATRIX.items()]
    + [pytest.param(*case, BATCH, id=f"batch: {name}") for name, case in BATCHED.items()],
)
def test_every_factor_gets_its_part(function, factors, like):
    inputs = [like + number for number in range(factors)]
    value, plain = gradients_of(function, *inputs, rules=None)
    same, shared = gradients_of(function, *inputs, rules=ONLY["products"])
    assert torch.equal(value, same)
    for one, other in zip(plain, shared, strict=True):
        assert_close(other, one / factors)
    _, alone = gradients_of(function, *inputs, rules=ONLY["gates"])
    assert all(torch.equal(one, other) for one, other in zip(plain, alone, strict=True))


NAMES = {"addmm": ("mat1", "mat2"), "baddbmm": ("batch1", "batch2")}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_added_to_a_product_keeps_its_gradient(name):
    like = BATCH if name == "baddbmm" else SQUARE
    added, one, other = like, like + 1, like + 2
    function = getattr(torch, name)
    value, plain = gradients_of(function, added, one, other, rules=None)
    same, shared = gradients_of(function, added, one, other, rules=ONLY["products"])
    assert torch.equal(value, same)
    assert torch.equal(plain[0], shared[0])
    assert_close(shared[1], plain[1] / 2)
    assert_close(shared[2], plain[2] / 2)
    keyword, parts = gradients_of(
        lambda a, x, y: function(input=a, **dict(zip(NAMES[name], (x, y), strict=True))),
        added,
        one,
        other,
        rules=ONLY["products"],
    )
    assert torch.equal(value, keyword)
    assert all(torch.equal(a, b) for a, b in zip(parts, shared, strict=True))


def test_a_constant_factor_or_a_parameter_takes_no_part():
    weight = nn.Parameter(SQUARE + 1)
    for function in (
        lambda x: x @ (SQUARE + 1),
        lambda x: nn.functional.linear(x, weight),
        lambda x: x * weight,
        lambda x: torch.einsum("ij,jk->ik", x, weight),
        lambda x: x / weight,
    ):
        plain, shared = (gradients_of(function, SQUARE, rules=one)[1][0] for one in (None, GIM))
        assert torch.equal(plain, shared)


def test_a_gate_is_halved_once():
    def gate(x, y):
        return x * y

    for rules in (CP_LRP, ATTN_LRP, GIM, ONLY["gates"]):
        _, plain = gradients_of(gate, SQUARE, SQUARE + 1, rules=None)
        _, shared = gradients_of(gate, SQUARE, SQUARE + 1, rules=rules)
        for one, other in zip(plain, shared, strict=True):
            assert_close(other, one / 2)
    _, alone = gradients_of(gate, SQUARE, SQUARE + 1, rules=ONLY["products"])
    assert all(torch.equal(one, other) for one, other in zip(plain, alone, strict=True))


def test_weights_that_are_divided_by_their_sum_keep_the_gradient():
    def divided(x):
        return x / x.sum(dim=-1, keepdim=True)

    plain, shared = (gradients_of(divided, BATCH + 9, rules=one)[1][0] for one in (None, GIM))
    assert torch.equal(plain, shared)


def in_place(a, b):
    a = a * 1.0
    a *= b
    return a


def fused(a, b):
    return nn.functional.scaled_dot_product_attention(a, b, b)


REFUSED = {
    "another shape": (lambda a, b: a * b[0], "shapes"),
    "an outer product": (lambda a, b: a[:, :, None] * b[:, None, :], "shapes"),
    "in place": (in_place, "mul_"),
    "divided": (lambda a, b: a / b, "div"),
    "bilinear": (lambda a, b: nn.functional.bilinear(a, b, random(2, 3, 3)), "bilinear"),
    "added product": (lambda a, b: torch.addcmul(a, a, b), "addcmul"),
    "interpolated": (lambda a, b: torch.lerp(a, b, b), "lerp"),
    "a gate of halves": (lambda a, b: nn.functional.glu((a + b)[:, :2]), "glu"),
    "fused": (fused, "attn_implementation"),
}


@pytest.mark.parametrize("rules", [CP_LRP, ATTN_LRP, GIM], ids=["cp_lrp", "attnlrp", "gim"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_product_without_a_rule_is_refused(case, rules):
    function, says = REFUSED[case]
    with pytest.raises(gaf.ModelError, match=says) as caught:
        gradients_of(function, SQUARE, SQUARE + 1, rules=rules)
    assert "exact gradients" in str(caught.value)


@pytest.mark.parametrize("rules", [CP_LRP, ATTN_LRP, GIM], ids=["cp_lrp", "attnlrp", "gim"])
def test_what_only_compares_or_is_linear_is_none(rules):
    def function(a, b):
        assert not torch.equal(a, b)
        assert (a < b).all()
        a = torch.where(a < b, a, b)
        return torch.maximum(torch.cat([a, b]), torch.stack([b, b]).reshape(6, 3))

    plain, other = (gradients_of(function, SQUARE, SQUARE + 1, rules=r)[1] for r in (None, rules))
    assert all(torch.equal(one, two) for one, two in zip(plain, other, strict=True))


def test_a_model_that_is_refused_says_so_and_is_left_as_it_was():
    model = build(ROWS["gpt2"], Task.CLASSIFICATION)
    expected = gaf.trace(model, text_for(model))
    hooks = [len(part._forward_hooks) for part in model.module.modules()]
    handle = model.module.transformer.h[1].mlp.register_forward_hook(
        lambda _m, _i, output: output * output[:, :1]
    )
    for rules in (CP_LRP, ATTN_LRP, GIM):
        with pytest.raises(gaf.ModelError, match="GPT2ForSequenceClassification multiplies"):
            gaf.trace(model, text_for(model), frozen=rules)
    handle.remove()
    assert [len(part._forward_hooks) for part in model.module.modules()] == hooks
    found = gaf.trace(model, text_for(model))
    assert_close(found.gradient, expected.gradient, precision=np.float32, roundings=STORED)


def test_rotations_that_are_looked_up_are_no_states(monkeypatch):
    """RoFormer multiplies queries by rows of a table: with one head it would look like a gate."""
    row = ROWS["roformer"]
    row.options["num_attention_heads"] = 1
    try:
        model = replace(build(row, Task.CLASSIFICATION), heads=1)
    finally:
        row.options["num_attention_heads"] = HEADS
    of = type(model.module.roformer.encoder.layer[0].attention.self)
    name = "apply_rotary_position_embeddings"
    rotate, found = getattr(of, name), []

    def watched(table, *states):
        found.append((table.requires_grad, states[0].requires_grad, table.shape, states[0].shape))
        return rotate(table, *states)

    monkeypatch.setattr(of, name, staticmethod(watched))
    gaf.trace(model, text_for(model), frozen=ATTN_LRP)
    assert len(found) == LAYERS
    for table_needs, state_needs, *shapes in found:
        assert (table_needs, state_needs) == (False, True)
        assert shapes[0] == shapes[1]
