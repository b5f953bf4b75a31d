"""The heads behind a link: what each adds to its capacity.

A capacity is a sum of one term a head (`information.head_terms`). What no head adds comes from the
residual connection, where the network has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.information import check_heads, head_terms
from gaf_core.picture.reduced import Heads, ReducedFlow, ReducedNode

_NAMED = 3  # heads
_SEEN = 0.005  # of a capacity: a share below it is not named


def with_heads(explanation: Explanation, reduced: ReducedFlow) -> ReducedFlow:
    """The same flow, whose links within one layer of the model know their strongest heads."""
    found: dict[tuple[int, int, int], Heads] = {}
    boundaries = reduced.boundaries
    for column in {link.layer for link in reduced.links if link.capacity is not None}:
        lower, upper = (_membership(reduced, column + end) for end in (0, 1))
        capacity = explanation.network.capacity[boundaries[column]]
        terms = terms_of(explanation, boundaries[column])
        shares = _ratio(upper @ terms @ lower.T, upper @ capacity @ lower.T)
        for (high, low), heads in _strongest(explanation, shares).items():
            found[column, low, high] = heads
    links = (
        replace(link, heads=found.get((link.layer, link.lower, link.upper)))
        for link in reduced.links
    )
    return replace(reduced, links=tuple(links))


def terms_of(explanation: Explanation, layer: int) -> NDArray[np.float64]:
    """`[h, t, t]` what each of the chosen heads adds to the capacities of a layer of the network.

    The terms of an edge sum to its capacity, or to less where a residual connection adds the rest.
    """
    settings = explanation.settings
    terms = head_terms(
        explanation.trace,
        explanation.layers[0] + layer,
        settings.variant,
        settings.heads,
        settings.aggregate,
        settings.residual,
    )
    return terms * (explanation.network.capacity[layer] > 0)


def chosen_heads(explanation: Explanation) -> list[int]:
    """The heads that the capacities are made of, from 0."""
    return check_heads(explanation.settings.heads, explanation.trace.attention.shape[1])


def _strongest(
    explanation: Explanation, shares: NDArray[np.float64]
) -> dict[tuple[int, int], Heads]:
    """The largest shares `[h, upper, lower]` of every link, with the numbers that people see."""
    numbers = np.array(chosen_heads(explanation)) + 1
    order = np.argsort(-shares, axis=0, kind="stable")[:_NAMED]
    largest = np.take_along_axis(shares, order, axis=0)
    rest = 1 - shares.sum(axis=0)
    return {
        place: Heads(
            tuple(
                (int(numbers[order[(rank, *place)]]), float(largest[(rank, *place)]))
                for rank in range(len(order))
                if largest[(rank, *place)] >= _SEEN
            ),
            float(rest[place]) if rest[place] >= _SEEN else 0.0,
        )
        for place in np.ndindex(*rest.shape)
    }


def _membership(reduced: ReducedFlow, column: int) -> NDArray[np.float64]:
    """`[nodes, t]` 1 where a token belongs to a node of a column."""
    nodes: Sequence[ReducedNode] = reduced.nodes[column]
    member = np.zeros((len(nodes), reduced.tokens))
    for index, node in enumerate(nodes):
        member[index, list(node.tokens)] = 1
    return member


def _ratio(terms: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(terms, whole, out=np.zeros_like(terms), where=whole > 0)
