"""Traces and flows made by hand: pictures are tested without a model and without the solver."""

from __future__ import annotations

import re

import numpy as np

import gaf_core as gaf
from gaf_core.flow.solution import FlowSolution, Status
from gaf_core.tracing.encoding import Encoding


def trace_of(
    text: str,
    spans: list[tuple[int, int]] | None = None,
    tokens: list[str] | None = None,
    layers: int = 3,
    labels: tuple[str, ...] = ("negative", "positive"),
    seed: int = 0,
) -> gaf.Trace:
    """A trace of `text` with [CLS] and [SEP] around its words, or around the given spans."""
    spans = spans or [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]
    tokens = tokens or [text[start:end].lower() for start, end in spans]
    random = np.random.default_rng(seed)
    count = len(spans) + 2
    attention = random.dirichlet(np.ones(count), (layers, 2, count)).astype(np.float32)
    gradient = random.normal(size=attention.shape).astype(np.float32)
    gradient[-1, :, 1:] = 0.0
    logits = random.normal(size=len(labels)).astype(np.float32)
    chosen = int(logits.argmax())
    return gaf.Trace(
        encoding=Encoding(
            text=text,
            tokens=("[CLS]", *tokens, "[SEP]"),
            offsets=np.array([(0, 0), *spans, (0, 0)]),
            special=np.array([True, *[False] * len(spans), True]),
        ),
        attention=attention,
        gradient=gradient,
        logits=logits,
        labels=labels,
        target=gaf.Target(chosen, None, labels[chosen]),
    )


def explanation_of(text: str, settings: gaf.Settings = gaf.Settings(), **trace) -> gaf.Explanation:
    """A handmade trace with a proportional flow through its network."""
    traced = trace_of(text, **trace)
    information = gaf.information_tensor(traced, settings.variant, settings.layers)
    network = gaf.FlowNetwork.from_information(information)
    return gaf.Explanation(
        settings=settings,
        trace=traced,
        layers=settings.layers or (0, traced.layers),
        network=network,
        solution=proportional_flow(network),
    )


def proportional_flow(network: gaf.FlowNetwork) -> FlowSolution:
    """A flow that splits at every node in proportion to the capacities, as large as they allow.

    Feasible and conserving, by no means the largest: what pictures show must not depend on that.
    """
    capacity, alive = network.capacity, network.live[-1]
    node = alive / max(alive.sum(), 1)
    flow = np.zeros_like(capacity)
    for k in reversed(range(network.layers)):
        outgoing = capacity[k].sum(axis=1, keepdims=True)
        flow[k] = node[:, None] * np.divide(
            capacity[k], outgoing, out=np.zeros_like(capacity[k]), where=outgoing > 0
        )
        node = flow[k].sum(axis=0)
    used = np.divide(flow, capacity, out=np.zeros_like(flow), where=capacity > 0).max()
    scale = 1 / used if used > 0 else 0.0
    source = alive / max(alive.sum(), 1) * scale
    return FlowSolution(
        scores=node * scale,
        edge_flow=flow * scale,
        source_flow=source,
        potential=np.zeros_like(network.live, dtype=float),
        value=float(source.sum()),
        status=Status.OPTIMAL if scale else Status.NO_PATH,
        epsilon=1e-6,
        mu=0.0,
        duality_gap=1e-9,
        conservation_residual=0.0,
        centrality=0.0,
        cut=network.live,
        cut_capacity=float(source.sum()),
        iterations=1,
        seconds=0.0,
    )
