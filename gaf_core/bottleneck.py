"""A cut -> where a flow is limited, in words.

No flow is larger than the capacity of a cut: of the edges whose tail is on the prediction's side
and whose head is not. The cut of least capacity is as large as the largest flow (Ford & Fulkerson
1956), so its edges are what limits the flow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.explain import Explanation
from gaf_core.flow import ExactFlow
from gaf_core.focus import Edge, token_text
from gaf_core.network import FlowNetwork


@dataclass(frozen=True, eq=False)
class Bottleneck:
    """The edges of one minimum cut.

    Attributes:
        cut: `[l + 1, t]` True for the nodes on the prediction's side.
        edges: `[l, t, t]` True for the edges on the cut.
        layers: `[l]` capacity of the cut in each layer, in the unit of the capacities.
        unique: whether there is no other minimum cut.
    """

    cut: NDArray[np.bool_]
    edges: NDArray[np.bool_]
    layers: NDArray[np.float64]
    unique: bool

    @property
    def capacity(self) -> float:
        """Of the whole cut, which is the value of the largest flow."""
        return float(self.layers.sum())


def cut_edges(network: FlowNetwork, cut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`[l, t, t]` True for the edges that lead from the prediction's side of a cut to the input's.

    Args:
        network: of `l` layers and `t` tokens.
        cut: `[l + 1, t]` True for the nodes on the prediction's side.
    """
    return (network.capacity > 0) & cut[1:, :, None] & ~cut[:-1, None, :]


def bottleneck(network: FlowNetwork, exact: ExactFlow) -> Bottleneck:
    """The minimum cut nearest the input, that with the most nodes on the prediction's side."""
    # A token that every other reads, and nothing else, can fill its edge to the super-target. The
    # edges into it hold no more, so the cut moves there: a limit that means something to people.
    near_input, near_prediction = exact.cut_near_input.copy(), exact.cut_near_prediction.copy()
    near_input[0] = False
    near_prediction[-1] = network.live[-1]
    edges = cut_edges(network, near_input)
    return Bottleneck(
        cut=near_input,
        edges=edges,
        layers=np.where(edges, network.capacity, 0.0).sum(axis=(1, 2)),
        unique=bool(np.array_equal(edges, cut_edges(network, near_prediction))),
    )


def largest_cut_edges(
    network: FlowNetwork, found: Bottleneck, count: int = 5
) -> list[tuple[Edge, float]]:
    """The edges of a cut with the largest capacities, largest first."""
    layer, query, key = np.nonzero(found.edges)
    capacity = network.capacity[layer, query, key]
    order = np.argsort(-capacity, kind="stable")[:count]
    return [
        (Edge(int(layer[one]), int(query[one]), int(key[one])), float(capacity[one]))
        for one in order
    ]


def cut_in_words(explanation: Explanation, found: Bottleneck) -> str:
    """Where the flow is limited, in a sentence or two of plain text."""
    if found.capacity <= 0:
        return "Nothing flows, so nothing limits the flow."
    worst = int(found.layers.argmax())
    number = explanation.layers[0] + worst + 1
    share = float(found.layers[worst] / found.capacity)
    queries, keys = (np.flatnonzero(found.edges[worst].any(axis=axis)) for axis in (1, 0))
    reading, read = _who(explanation, queries), _who(explanation, keys)
    verb = "reads" if len(queries) == 1 else "read"
    text = (
        f"The flow is limited in layer {number}, where {reading} {verb} {read} "
        f"({_percent(share)} of the cut)."
    )
    others = [k for k in np.argsort(-found.layers) if k != worst and found.layers[k] > 0]
    if others:
        shares = (found.layers / found.capacity).tolist()
        named = ", ".join(
            f"{_percent(shares[k])} in layer {explanation.layers[0] + k + 1}" for k in others[:3]
        )
        text += f" The rest: {named}" + (" and less elsewhere." if len(others) > 3 else ".")
    if found.unique:
        return text + " No other cut is as small."
    return text + " Other cuts are as small; this is the one nearest the input."


def _who(explanation: Explanation, tokens: NDArray[np.int64]) -> str:
    if len(tokens) == 1:
        return token_text(explanation, int(tokens[0]))
    return f"{len(tokens)} tokens"


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "less than 1 %"
    return f"{share:.0%}".replace("%", " %")
