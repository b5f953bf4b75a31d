"""Some points of a path through the network: forward, back, and what each adds to the sums.

No layout is known. What a layer passes by its attention is found by computing the network's own
product of attention and values once more, with other values (`gaf_core.tracing.path`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from gaf_core.models.model import Model
from gaf_core.tracing.attention import Maps, gradients, read_attention, read_hidden
from gaf_core.tracing.embeddings import substituted
from gaf_core.tracing.frozen import Frozen, frozen_backward
from gaf_core.tracing.prediction import forward, read_logits
from gaf_core.tracing.residual import Product, ValueProducts, past_attention, unseen
from gaf_core.tracing.trace import Trace


class Sums(NamedTuple):
    """Sums over some points, a tensor a layer, and the value at each of them."""

    terms: list[torch.Tensor]
    relevance: list[torch.Tensor]
    residual: list[torch.Tensor]
    values: torch.Tensor


class _Pass(NamedTuple):
    """What a forward pass over `n` points leaves behind."""

    values: torch.Tensor
    maps: Maps
    states: Maps
    products: tuple[Product, ...]


def _forward(model: Model, trace: Trace, way: torch.Tensor, frozen: Frozen | None) -> _Pass:
    """Some of the points through the network."""
    given, target, tokens = trace.encoding.inputs, trace.target, len(trace.tokens)
    inputs = {name: tensor.repeat(len(way), 1) for name, tensor in given.items()}
    watched = ValueProducts(tokens)
    with frozen_backward(model.module, frozen), watched, substituted(model, given, way):
        output = forward(model, inputs, output_attentions=True, output_hidden_states=True)
    logits = read_logits(model, output, inputs, target.place)
    values = logits[:, target.index]
    if target.against is not None:
        values = values - logits[:, target.against]
    maps = read_attention(model, output, tokens, len(way))
    states = read_hidden(model, output, tokens)
    if not states:
        raise unseen(model)
    return _Pass(values, maps, states, watched.seen(maps))


@torch.no_grad()
def states_on(model: Model, trace: Trace, way: torch.Tensor) -> list[torch.Tensor]:
    """The hidden state that enters each layer, `[n, t, d]`, at some of the points."""
    return list(_forward(model, trace, way, None).states)


def steps_between(batches: list[list[torch.Tensor]]) -> list[list[torch.Tensor]]:
    """The step at each point, for each batch of them and in it for each layer."""
    sizes = [len(states[0]) for states in batches]
    of_layers = [_step(torch.cat(states)).split(sizes) for states in zip(*batches, strict=True)]
    return [list(one) for one in zip(*of_layers, strict=True)]


def _step(states: torch.Tensor) -> torch.Tensor:
    """`[n, t, d]` half of the way from the point before to the point after, of all points."""
    before = torch.cat([states[:1], states[:-1]])
    after = torch.cat([states[1:], states[-1:]])
    return (after - before) / 2


@torch.enable_grad()
def relevances_on(
    model: Model,
    trace: Trace,
    way: torch.Tensor,
    frozen: Frozen | None,
    steps: list[torch.Tensor] | None,
) -> Sums:
    """The sums over some of the points; their steps are known, or these are all points."""
    # a network may change them in place, which autograd forbids for a leaf, not for its copy
    ran = _forward(model, trace, way.requires_grad_().clone(), frozen)
    results = tuple(product.result for product in ran.products)
    by_state, by_result = gradients(ran.values.sum(), ran.states, results, keep_graph=True)
    if len(results) < model.layers or any(one is None for one in (*by_state, *by_result)):
        raise unseen(model)
    steps = steps or [_step(state.detach()) for state in ran.states]
    moved = [
        _along(product.values, state, step)
        for product, state, step in zip(ran.products, ran.states, steps, strict=True)
    ]
    terms = [
        _terms(product, attention, by, values)
        for product, attention, by, values in zip(
            ran.products, ran.maps, by_result, moved, strict=True
        )
    ]
    rest = past_attention(model, ran.states, by_state, results, by_result)
    return Sums(
        terms,
        [_dot(one, step) for one, step in zip(by_state, steps, strict=True)],
        [_dot(one, step) for one, step in zip(rest, steps, strict=True)],
        ran.values.detach(),
    )


def _terms(
    product: Product,
    attention: torch.Tensor,
    by_result: torch.Tensor | None,
    values: torch.Tensor,
) -> torch.Tensor:
    """`[H, t, t]` what passes by the attention of a layer, summed over points.

    By how much each probability would move the target with these values, in whatever layout the
    network has them.
    """
    with torch.enable_grad():
        shifted = product.of_values(values)
    (by_attention,) = torch.autograd.grad(shifted, attention, by_result, retain_graph=True)
    return (attention.detach() * by_attention).sum(dim=0)


def _along(values: torch.Tensor, state: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """How the values move with the state: the product of their Jacobian and the step.

    The gradient `J' u` is linear in `u`, and its gradient by `u` along the step is `J step`.
    """
    free = torch.zeros_like(values, requires_grad=True)
    (back,) = torch.autograd.grad(values, state, free, create_graph=True)
    (moved,) = torch.autograd.grad(back, free, step)
    return moved


def _dot(gradient: torch.Tensor | None, step: torch.Tensor) -> torch.Tensor:
    """`[t]` of a layer, summed over points."""
    assert gradient is not None
    return (gradient * step).sum(dim=(0, 2))
