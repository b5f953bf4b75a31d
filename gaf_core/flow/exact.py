"""Exact companions of the barrier flow: maximum flow, minimum cuts, ambiguity.

The combinatorial work is Dinic's algorithm (`augment`) on 64-bit integers, which here is more
exact than floating point, not less: capacities are counted in units of 2^-58 of an upper bound of
the flow (and cut at twice the bound, which changes no minimum cut). A capacity of 1e-12 of the flow
still has five digits.

    maximum flow     one of many, in general: `edge_flow` is the one the algorithm finds.
    minimum cuts     of all cuts of that capacity, the one nearest the prediction and the one
                     nearest the input (Picard & Queyranne 1980).
    ambiguity        for token j the least and the most that it gets in any maximum flow. What the
                     input tokens can get together are the bases of a polymatroid with rank function
                     g(S) = maximum flow into the tokens S (Megiddo 1974), so that

                         most_j = g({j}),        least_j = g(all) - g(all but j),

                     and so for the sum over a set of tokens in place of j. Both are found from one
                     maximum flow: in its residual network, how much can be rerouted from the other
                     tokens to j, or from j to the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from gaf_core.cores import cores
from gaf_core.errors import SettingsError, check_kind
from gaf_core.flow.augment import augment, shift
from gaf_core.flow.layout import (
    Layout,
    layout_of,
    live_blocks,
    refuse_node_capacities,
    throughput,
)
from gaf_core.flow.pools import pool
from gaf_core.network import FlowNetwork

_RESOLUTION = 2.0**58


@dataclass(frozen=True, eq=False)
class ExactFlow:
    """A maximum flow and the two extreme minimum cuts, in the unit of the capacities.

    Attributes:
        value: the maximum flow.
        scores: `[t]` flow on `(0, j) -> target`; one of many in general (see `ambiguity`).
        edge_flow: `[l, t, t]` flow on `(k+1, i) -> (k, j)`.
        cut_near_prediction: `[l + 1, t]` True on the source's side of the minimum cut that has the
            fewest nodes there.
        cut_near_input: `[l + 1, t]` the same for the minimum cut with the most nodes there.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> exact = gaf.max_flow(network)
    >>> exact.node_flow.sum(axis=1).tolist()  # every layer carries the whole flow
    [2.0, 2.0]
    >>> exact.cut_near_prediction.tolist()
    [[False, False], [True, False], [True, True]]
    """

    value: float
    scores: Float[np.ndarray, " t"]
    edge_flow: Float[np.ndarray, "l t t"]
    cut_near_prediction: Bool[np.ndarray, "l+1 t"]
    cut_near_input: Bool[np.ndarray, "l+1 t"]

    @property
    def node_flow(self) -> Float[np.ndarray, "l t"]:
        """`[l, t]` flow through node `(k, i)`, the token `i` as it enters layer `k`."""
        return self.edge_flow.sum(axis=1)


class _Counted(NamedTuple):
    """The live network in integers; the super-target is the first node, the super-source the last.

    Attributes:
        layout: positions of the blocks (`layout`).
        capacity: flat int64, counts of `unit`.
        live: for each of the `l + 1` token layers, the token positions kept.
        unit: capacity of one count.
    """

    layout: Layout
    capacity: NDArray[np.int64]
    live: list[NDArray[np.int64]]
    unit: float

    @property
    def where(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What the compiled code asks for first."""
        return self.layout.edge_start, self.layout.node_start

    @property
    def source(self) -> int:
        """Node number of the super-source."""
        return int(self.layout.node_start[-1]) - 1


def max_flow(network: FlowNetwork) -> ExactFlow:
    """The exact maximum flow of a network, with its extreme minimum cuts.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> gaf.max_flow(network).value
    2.0
    """
    if not network.live.any():
        nothing, cut = np.zeros(network.tokens), np.zeros(network.live.shape, dtype=bool)
        return ExactFlow(0.0, nothing, np.zeros_like(network.capacity), cut, cut)
    counted = _count(network)
    return _report(network, counted, _maximum(counted))


def ambiguity(
    network: FlowNetwork, groups: Sequence[Sequence[int]] | None = None
) -> Float[np.ndarray, "groups 2"]:
    """The least and the most that each token, or group of tokens, gets over all maximum flows.

    Args:
        network: of `t` tokens.
        groups: lists of token positions, such as the tokens of each word; a group gets the sum.
            None for every token alone.

    Returns:
        `[t, 2]`, or `[groups, 2]`, in the unit of the capacities; (0, 0) for a token that no path
        reaches. The barrier score lies inside, up to its epsilon. The bounds of a group are in
        general not the sums of those of its tokens, which cannot all be reached at once.

    Raises:
        SettingsError: a group has a token that does not exist.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> gaf.ambiguity(network).tolist()
    [[1.0, 1.5], [0.5, 1.0]]
    >>> gaf.ambiguity(network, groups=[[0, 1]]).tolist()
    [[2.0, 2.0]]
    """
    if groups is None:
        groups = [[token] for token in range(network.tokens)]
    check_kind(groups, Iterable, "Give lists of token positions.")
    places = [_places(network, group) for group in groups]
    wanted = [index for index, place in enumerate(places) if place.size]
    bounds = np.zeros((len(groups), 2))
    if not wanted:
        return bounds
    counted = _count(network)
    flow = _maximum(counted)

    def bounds_of(share: list[int]) -> NDArray[np.int64]:
        twice = [places[index] for index in share for _ in range(2)]
        most = np.tile([False, True], len(share))
        return _shift(counted, counted.capacity.copy(), flow.copy(), twice, most).reshape(-1, 2)

    # the bounds are unique, so they do not depend on who computes which of them
    step = -(-len(wanted) // cores())
    shares = [wanted[first : first + step] for first in range(0, len(wanted), step)]
    found = list(pool("exact").map(bounds_of, shares))
    bounds[wanted] = np.concatenate(found) * counted.unit
    return bounds


def _places(network: FlowNetwork, group: Sequence[int]) -> NDArray[np.int64]:
    """Where the tokens of a group stand among the live input tokens, each once."""
    check_kind(group, Iterable, "A group is a list of token positions.")
    for token in (group := list(group)):
        _check_token(network, token)
    chosen = np.zeros(network.tokens, dtype=bool)
    chosen[group] = True
    return np.flatnonzero(chosen[network.live[0]])


def _check_token(network: FlowNetwork, token: int) -> None:
    if not isinstance(token, Integral) or not 0 <= token < network.tokens:
        raise SettingsError(
            f"There is no token {token!r} in this network. Choose from 0 to {network.tokens - 1}."
        )


def extreme_flows(network: FlowNetwork, token: int) -> tuple[ExactFlow, ExactFlow]:
    """Two maximum flows: one that gives a token the least possible, one that gives it the most.

    Raises:
        SettingsError: there is no such token, or no path reaches it.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> least, most = gaf.extreme_flows(network, token=0)
    >>> least.scores.tolist(), most.scores.tolist()
    ([1.0, 1.0], [1.5, 0.5])
    """
    _check_token(network, token)
    if not network.live[0, token]:
        raise SettingsError(f"No path reaches token {token}, so it gets 0 in every flow.")
    counted = _count(network)
    flow = _maximum(counted)
    flows = flow.copy(), flow
    for most, extreme in enumerate(flows):
        group = [_places(network, [token])]
        _shift(counted, counted.capacity, extreme, group, np.array([bool(most)]))
    least, most = (_report(network, counted, extreme) for extreme in flows)
    return least, most


def _count(network: FlowNetwork) -> _Counted:
    refuse_node_capacities(network)
    blocks = live_blocks(network.capacity, network.live, network.u_inf)
    layout = layout_of(blocks)
    _, bound = throughput(blocks, layout)
    unit = bound / _RESOLUTION
    return _Counted(
        layout=layout,
        capacity=np.concatenate(
            [(np.minimum(block, 2 * bound) / unit).astype(np.int64).ravel() for block in blocks]
        ),
        live=[np.flatnonzero(layer) for layer in network.live],
        unit=unit,
    )


def _maximum(counted: _Counted) -> NDArray[np.int64]:
    """A maximum flow in counts; the first entries are the flow into each live input."""
    flow = np.zeros_like(counted.capacity)
    augment(*counted.where, counted.capacity, flow, counted.source, 0)
    return flow


def _shift(
    counted: _Counted,
    capacity: NDArray[np.int64],
    flow: NDArray[np.int64],
    groups: list[NDArray[np.int64]],
    most: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """What each group gets once it was given the most or the least (`augment.shift`)."""
    start = np.cumsum([0, *(group.size for group in groups)])
    return shift(*counted.where, capacity, flow, np.concatenate(groups), start, most)


def _report(network: FlowNetwork, counted: _Counted, flow: NDArray[np.int64]) -> ExactFlow:
    """Counts back to the shape and unit of the network, with the two extreme cuts."""
    layout, live = counted.layout, counted.live
    edge_flow, scores = np.zeros_like(network.capacity), np.zeros(network.tokens)
    for k in range(network.layers):
        edge_flow[k][np.ix_(live[k + 1], live[k])] = layout.block(flow, k + 1) * counted.unit
    scores[live[0]] = flow[: len(live[0])] * counted.unit
    # nothing can be sent any more: what still reaches the target, and what the source reaches.
    # Turning every edge around (flow becomes room and room flow) makes the second a first.
    _, to_target = augment(*counted.where, counted.capacity, flow.copy(), counted.source, 0)
    room = counted.capacity - flow
    _, from_source = augment(*counted.where, counted.capacity, room, 0, counted.source)
    near_prediction, near_input = (np.zeros(network.live.shape, dtype=bool) for _ in range(2))
    for k, positions in enumerate(live):
        near_prediction[k, positions] = layout.nodes(from_source, k + 1)
        near_input[k, positions] = ~layout.nodes(to_target, k + 1)
    return ExactFlow(
        value=float(flow[: len(live[0])].sum() * counted.unit),
        scores=scores,
        edge_flow=edge_flow,
        cut_near_prediction=near_prediction,
        cut_near_input=near_input,
    )
