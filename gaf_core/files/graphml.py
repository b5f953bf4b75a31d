"""Explanation -> its flow network as GraphML, for programs that draw and analyse graphs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.files.exports import edge_columns, kept_edges
from gaf_core.reading.rows import scores_are

if TYPE_CHECKING:
    import networkx as nx

GRAPH_LIMIT = 300_000  # edges; GraphML spends some 350 bytes on each, and readers far more
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_graphml(explanation: Explanation, *, carried: float = 1.0) -> bytes:
    """The flow network as GraphML, in the direction of the flow: prediction to input.

    Nodes are "source", "target" and "layer/position", each with its `label`, which programs such
    as Gephi draw, its `flow` and, but for those two, `layer`, `position`, `token` (as written) and
    `name` (as the tokenizer has it); with node capacities also `capacity` and `saturation`. Edges
    have `capacity`, `flow` and `saturation`; those between tokens the `layer` of the model, and
    with residual edges `residual_capacity` and `residual_flow`. Flows and capacities are doubles.
    The graph has the `text`, its `flow_value`, its `status` as in `FlowSolution`, and what the
    `scores` of the explanation are: those of a depth average are not the flows into "target".
    Characters that XML does not allow become U+FFFD.

    Args:
        explanation: what to write.
        carried: share of every layer's flow that the edges between tokens carry.

    Raises:
        SettingsError: more than `GRAPH_LIMIT` edges, or `carried` is no share.
    """
    kept = kept_edges(explanation, carried)
    if kept.sum() > GRAPH_LIMIT:
        raise SettingsError(
            f"GraphML of {int(kept.sum()):,} edges is more than programs for graphs open; the "
            f"limit is {GRAPH_LIMIT:,}. Keep fewer: let the edges carry 90 % or 50 % of the flow."
        )
    import networkx as nx

    graph = nx.DiGraph(
        flow_value=explanation.solution.value,
        status=str(explanation.solution.status),
        scores=scores_are(explanation),
        text=_for_xml(explanation.trace.text),
    )
    _add_nodes(graph, explanation)
    _add_edges(graph, explanation, kept)
    return "\n".join(nx.generate_graphml(graph)).encode("utf-8")


def _add_nodes(graph: nx.DiGraph, explanation: Explanation) -> None:
    network, solution, first = explanation.network, explanation.solution, explanation.layers[0]
    through = np.vstack([solution.node_flow, solution.source_flow])
    prediction = _for_xml(explanation.trace.target.name)
    graph.add_node("source", label=f"prediction: {prediction}", flow=solution.value)
    graph.add_node("target", label="all input tokens", flow=solution.value)
    for k, i in zip(*map(np.ndarray.tolist, np.nonzero(network.live)), strict=True):
        flow = float(through[k, i])
        graph.add_node(
            f"{first + k}/{i}",
            label=_for_xml(explanation.written[i]),
            layer=first + k,
            position=i,
            token=_for_xml(explanation.written[i]),
            name=_for_xml(explanation.tokens[i]),
            flow=flow,
        )
        if network.node_capacity is not None and k < network.layers:
            capacity = float(network.node_capacity[k, i])
            graph.nodes[f"{first + k}/{i}"].update(capacity=capacity, saturation=flow / capacity)


def _add_edges(graph: nx.DiGraph, explanation: Explanation, kept: NDArray[np.bool_]) -> None:
    network, solution, (first, last) = explanation.network, explanation.solution, explanation.layers

    def ends(flows: NDArray[np.float64], live: NDArray[np.bool_]) -> list[tuple[int, dict]]:
        unbound = network.u_inf
        return [
            (i, {"capacity": unbound, "flow": flow, "saturation": flow / unbound})
            for i, flow in enumerate(flows.tolist())
            if live[i]
        ]

    for i, numbers in ends(solution.source_flow, network.live[-1]):
        graph.add_edge("source", f"{last}/{i}", **numbers)
    for j, numbers in ends(solution.scores, network.live[0]):
        graph.add_edge(f"{first}/{j}", "target", **numbers)
    columns = {name: column.tolist() for name, column in edge_columns(explanation, kept).items()}
    for row in zip(*columns.values(), strict=True):
        numbers = dict(zip(columns, row, strict=True))
        layer, query, key = numbers["layer"], numbers.pop("query"), numbers.pop("key")
        numbers["saturation"] = numbers["flow"] / numbers["capacity"]
        graph.add_edge(f"{layer + 1}/{query}", f"{layer}/{key}", **numbers)


def _for_xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
