"""Which orders of the attention edges the benchmark measures, and the sets of edges it cuts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import gaf_core as gaf
from gaf_core.evaluation.edge_masks import edge_order, margin
from gaf_core.flow import cut_edges
from gaf_core.methods.edge_flows import edge_weights, in_layers
from gaf_core.tracing.masks import existing_edges

Entry = tuple[str, str, dict[str, Any]]

FAITHFUL: dict[str, Any] = {
    name: getattr(gaf.FAITHFUL, name)
    for name in ("variant", "gradients", "aggregate", "residual", "node_capacities", "source")
}
FLOW, CAPACITY = "flow, faithful", "capacity, faithful"
PUBLISHED, PUBLISHED_CAPACITY = "flow, AGF as published", "capacity, AGF"
EFFECT, FROZEN_EFFECT = "attention × gradient", "attention × gradient, frozen"
ATTENTION = "attention"

# Those that the shorter runs have come first.
MAIN: tuple[Entry, ...] = (
    (FLOW, "flow", FAITHFUL),
    (CAPACITY, "capacity", FAITHFUL),
    (EFFECT, "attention_x_gradient", {}),
    (ATTENTION, "attention", {}),
    ("random", "random", {}),
    (PUBLISHED, "flow", {}),
    (PUBLISHED_CAPACITY, "capacity", {}),
    ("flow, AF as published", "flow", {"variant": "AF"}),
    (FROZEN_EFFECT, "attention_x_gradient_frozen", {}),
    ("EAP-IG, 5 steps", "eap_ig", {"steps": 5}),
)
SHORT = MAIN[:5]
PAIRS = (
    (FLOW, CAPACITY),
    (FLOW, ATTENTION),
    (FLOW, EFFECT),
    (FLOW, FROZEN_EFFECT),
    (PUBLISHED, PUBLISHED_CAPACITY),
    (PUBLISHED, ATTENTION),
    (PUBLISHED, EFFECT),
)


class Idea(NamedTuple):
    """Something that only a flow can do, and the nearest thing that needs none."""

    name: str
    flow: Entry
    twin: Entry


def _idea(name: str, settings: dict[str, Any], flow: dict[str, Any], twin: dict[str, Any]) -> Idea:
    return Idea(
        name,
        (f"flow, {name}", "flow", settings | flow),
        (f"capacity, {name}", "capacity", settings | twin),
    )


_PATHS = {"taken": "by paths"}
IDEAS = (
    _idea("faithful, by widest paths", FAITHFUL, _PATHS, _PATHS),
    _idea("AGF as published, by widest paths", {}, _PATHS, _PATHS),
    _idea("faithful, epsilon 0.1", FAITHFUL, {"epsilon": 0.1}, {}),
    _idea("faithful, epsilon 0.5", FAITHFUL, {"epsilon": 0.5}, {}),
)

CUT, LARGEST, STRONGEST, CHANCE = (
    "the minimum cut",
    "as many of the largest capacities",
    "as many of the largest attention × gradient",
    "as many at random",
)
_FROZEN = gaf.Settings(gradients="frozen", aggregate="net", source="classification")
# Without residual edges and node capacities: no mask of attention cuts those.
CUTS: dict[str, tuple[gaf.Settings, str]] = {
    f"{name}, nearest the {side}": (settings, f"cut_near_{side}")
    for name, settings in (("AGF as published", gaf.Settings()), ("frozen AGF", _FROZEN))
    for side in ("prediction", "input")
}


def cut_rows(model: gaf.Model, text: str, name: str) -> dict[str, dict[str, Any]]:
    """What is left of the prediction without a minimum cut, and without as many other edges.

    Returns:
        By what is removed: `left`, f of `gaf_core.evaluation.edges`, `share` of all edges, and
        `failure`: why there is none.
    """
    settings, side = CUTS[name]
    traced = gaf.trace_for(model, text, settings)
    explanation = gaf.explain_trace(traced, settings)
    network = explanation.network
    cut = in_layers(explanation, cut_edges(network, getattr(gaf.max_flow(network), side))) > 0
    count = int(cut.sum())
    exact = gaf.trace(model, text)
    orders = {
        LARGEST: in_layers(explanation, edge_weights(explanation, network.capacity)),
        STRONGEST: gaf.EDGE_METHODS["attention_x_gradient"](model, exact),
        CHANCE: gaf.EDGE_METHODS["random"](model, exact),
    }
    removed = {CUT: cut} | {
        label: edge_order(exact, scores) < count for label, scores in orders.items()
    }
    y = _margins(model, exact, [~edges for edges in removed.values()])
    whole, nothing, *others = y
    enough = whole - nothing >= 0.5
    failure = None if enough else "the edges of this text together do too little to be measured"
    share = count / int(existing_edges(exact).sum())
    return {
        label: {"left": (one - nothing) / (whole - nothing), "share": share, "failure": failure}
        if enough
        else {"failure": failure}
        for label, one in zip(removed, others, strict=True)
    }


def _margins(
    model: gaf.Model, traced: gaf.Trace, masks: list[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Of the whole model, of none of its attention edges, and under each of the masks."""
    ones = np.ones_like(masks[0])
    keep = np.array([ones, ~ones, *masks])[:, :, None]
    return margin(gaf.intervene(model, traced, keep), traced.target, traced.output)
