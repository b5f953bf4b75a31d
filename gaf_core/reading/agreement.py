"""Does the model agree? Edges of the picture kept or cut on the model itself.

The flow is that of some layers; attention edges of the others stay as they are. What is kept are
the strongest edges by what attention carries of the flow, by its capacities, or by chance; what is
cut is a part of the flow or its minimum cut. Residual edges pass by the attention: no cut of
attention takes them away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gaf_core.evaluation.edge_masks import edge_counts, edge_order, margin
from gaf_core.evaluation.edges import least_difference
from gaf_core.explanation import Explanation
from gaf_core.flow import FlowPath
from gaf_core.methods.edge_flows import edge_weights, in_layers
from gaf_core.models.model import Model
from gaf_core.reading.bottleneck import Bottleneck
from gaf_core.reading.focus import Edge, Node, Selection, check_paths, within
from gaf_core.tracing.interventions import intervene
from gaf_core.tracing.masks import edge_set, existing_edges
from gaf_core.tracing.trace import Trace

KEPT = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # of the edges, offered to keep
DRAWS = 5  # random sets of edges that one is compared with
Order = Literal["flow", "capacities", "chance"]  # of edges, the strongest first
ORDERS: tuple[Order, ...] = get_args(Order)
FLOW, CAPACITIES, CHANCE = ORDERS

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Agreement:
    """What the model says with the strongest edges of some layers kept, and the others cut.

    Attributes:
        edges: attention edges of the layers of the flow.
        counts: `[k]` how many of them are kept, for each fraction of `KEPT`.
        whole: what is watched (see `watched`), with all edges.
        nothing: with none of those of these layers.
        kept: by order, "flow" and "capacities": `[k]` with the strongest kept.
        chance: `[DRAWS, k]` with as many at random.
        parts: by order `[k]` of what all these edges do to the margin of the prediction, what those
            kept do; None where that is too little to divide by.
    """

    edges: int
    counts: NDArray[np.int64]
    whole: float
    nothing: float
    kept: dict[str, NDArray[np.float64]]
    chance: NDArray[np.float64]
    parts: dict[str, NDArray[np.float64]] | None


@dataclass(frozen=True, eq=False)
class Trial:
    """What the model says with some edges cut, or with no other edge of these layers kept.

    Attributes:
        name: of what was tried, in words.
        cut: whether the edges were cut; else nothing else was kept.
        count: attention edges that is.
        edges: attention edges of the layers of the flow.
        before, after: what is watched (see `watched`).
        chance: `[DRAWS]` the same with as many random edges of these layers instead.
    """

    name: str
    cut: bool
    count: int
    edges: int
    before: float
    after: float
    chance: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Said:
    """What the model was asked: edges kept, and one part of the flow cut or kept.

    Attributes:
        agreement: with the strongest edges kept.
        step: which of the fractions is looked at.
        trial: with a part cut or kept; None where there was none to try.
    """

    agreement: Agreement
    step: int
    trial: Trial | None = None


def watched(trace: Trace, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[n]` the probability of what is explained; of a contrast, or of values, the value."""
    if is_probability(trace):
        return trace.output.probabilities(logits)[:, trace.target.index]
    return margin(logits, trace.target, trace.output)


def is_probability(trace: Trace) -> bool:
    """Whether `watched` is a probability."""
    return trace.target.against is None and trace.output.has_probabilities


def edges_of(
    explanation: Explanation,
    what: Selection | Bottleneck,
    paths: Sequence[FlowPath] | None = None,
) -> NDArray[np.bool_]:
    """`[L, t, t]` the attention edges of a part of the flow, or of a cut.

    Of a node what is read of it as it enters its layer, and of one behind the last layer what it
    reads there; of paths all their edges; of a cut its edges, and of its nodes what is read of
    them.

    Args:
        explanation: whose flow.
        what: a node, an edge, some of the widest paths, or a cut.
        paths: the widest paths, where they are known.

    Raises:
        SettingsError: the flow has no such path.
    """
    trace, (first, last) = explanation.trace, explanation.layers
    match what:
        case Edge(layer, query, key):
            return edge_set(trace, edges=[(first + layer, query, key)])
        case Node(layer, token):
            if first + layer < last:
                return edge_set(trace, nodes=[(first + layer, token)])
            reads = [(last - 1, token, key) for key in range(len(trace.tokens))]
            return edge_set(trace, edges=reads)
        case Bottleneck():
            cut = what.edges | what.nodes[:, None, :]
            return in_layers(explanation, cut.astype(np.float64)) > 0
    listed = check_paths(explanation, what, paths)
    steps = [
        (last - 1 - step, query, key)
        for path in listed
        for step, (query, key) in enumerate(zip(path.nodes, path.nodes[1:], strict=False))
    ]
    return edge_set(trace, edges=steps)


def ranked_edges(explanation: Explanation, order: Order = FLOW, seed: int = 0) -> NDArray[np.int64]:
    """`[L, t, t]` place of each edge in an order, from 0; edges of other layers come last."""
    if order == CHANCE:
        weight = np.random.default_rng(seed).random(explanation.network.capacity.shape)
    else:
        flow, capacity = explanation.solution.edge_flow, explanation.network.capacity
        weight = edge_weights(explanation, flow if order == FLOW else capacity)
    outside = _outside(explanation)
    return edge_order(explanation.trace, np.where(outside, -np.inf, in_layers(explanation, weight)))


def kept_flow(explanation: Explanation, count: int) -> NDArray[np.float64]:
    """`[l, t, t]` the part of the flow whose whole way is along the `count` strongest edges.

    Residual edges are always kept.
    """
    network = explanation.network
    kept = (ranked_edges(explanation)[slice(*explanation.layers)] < count).astype(float)
    if network.residual is not None:
        tokens = np.arange(network.tokens)
        kept[:, tokens, tokens] = np.maximum(kept[:, tokens, tokens], network.residual_share)
    return within(explanation.solution, kept)


def agreement(
    model: Model, explanation: Explanation, progress: Progress | None = None
) -> Agreement:
    """Keep the strongest edges, and as many at random, and ask the model.

    It costs a pass of the text for each fraction and each of seven orders, and three more.

    Raises:
        ModelError: attention that cannot be cut (`gaf_core.intervene`).
        SettingsError: a trace that was made without a model.
    """
    trace, outside = explanation.trace, _outside(explanation)
    edges = count_edges_within(explanation)
    counts = edge_counts(np.array(KEPT), edges)
    places = [ranked_edges(explanation, order) for order in (FLOW, CAPACITIES)]
    places += [ranked_edges(explanation, CHANCE, seed) for seed in range(DRAWS)]
    masks = [outside, *(outside | (place < count) for place in places for count in counts)]
    logits = intervene(model, trace, np.stack(masks)[:, :, None], progress=progress)
    seen, (whole, whole_margin) = watched(trace, logits), _as_it_is(trace)
    curves = seen[1:].reshape(len(places), len(counts))
    margins = margin(logits, trace.target, trace.output)
    apart = whole_margin - margins[0]
    least = least_difference(trace.output, whole_margin)
    parts = ((margins[1:] - margins[0]) / apart).reshape(curves.shape) if apart else curves
    names = (FLOW, CAPACITIES)
    return Agreement(
        edges=edges,
        counts=counts,
        whole=whole,
        nothing=float(seen[0]),
        kept=dict(zip(names, curves, strict=False)),
        chance=curves[2:],
        parts=dict(zip(names, parts, strict=False)) if apart >= least else None,
    )


def trial(
    model: Model, explanation: Explanation, name: str, edges: NDArray[np.bool_], *, cut: bool
) -> Trial:
    """Cut some edges, or keep nothing else of these layers, and ask the model.

    Args:
        model: that was traced.
        explanation: of a trace of it.
        name: of these edges, in words.
        edges: `[L, t, t]` see `edges_of`; those that the model does not have do not count.
        cut: whether they are cut; else all others of the layers of the flow are.

    Raises:
        ModelError: attention that cannot be cut (`gaf_core.intervene`).
        SettingsError: a trace that was made without a model.
    """
    trace, outside = explanation.trace, _outside(explanation)
    edges = edges & existing_edges(trace) & ~outside
    count = int(edges.sum())
    chosen = [edges]
    chosen += [ranked_edges(explanation, CHANCE, seed) < count for seed in range(DRAWS)]
    masks = np.stack([~one if cut else outside | one for one in chosen])
    seen = watched(trace, intervene(model, trace, masks[:, :, None]))
    return Trial(
        name=name,
        cut=cut,
        count=count,
        edges=count_edges_within(explanation),
        before=_as_it_is(trace)[0],
        after=float(seen[0]),
        chance=seen[1:],
    )


def count_edges_within(explanation: Explanation) -> int:
    """How many attention edges the layers of the flow have, hidden ones left out."""
    first, last = explanation.layers
    return int(existing_edges(explanation.trace)[first:last].sum())


def _outside(explanation: Explanation) -> NDArray[np.bool_]:
    """`[L, t, t]` True for the edges of the layers that are not those of the flow."""
    layers, _, tokens, _ = explanation.trace.attention.shape
    outside = np.ones((layers, tokens, tokens), dtype=bool)
    outside[slice(*explanation.layers)] = False
    return outside


def _as_it_is(trace: Trace) -> tuple[float, float]:
    """What is watched, and the margin, of the prediction itself."""
    logits = trace.logits[None].astype(np.float64)
    return float(watched(trace, logits)[0]), float(margin(logits, trace.target, trace.output)[0])
