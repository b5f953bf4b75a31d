"""Path GAF as one network: what speaks against the target is an edge turned round.

Path GAF is two layered networks, of the relevances above 0 and of those below. Here is one. An edge
of a layer, and what a token may pass on as it enters one, has the absolute value of its relevance
for a capacity; where the relevance is negative the edge points the other way, so the flow may go
through it against the layers, up again, and come down elsewhere.

The source feeds the positions that the prediction is read from, and every input of negative
relevance, which sends up to that much of counter-flow. The target takes what arrives at inputs of
positive relevance. A token's score is what ends in it, or less than 0 by what it sends. Were the
counter-flow fed by the target instead, it would be a cycle that adds nothing to the value, and the
barrier alone would say how much of it there is.

The flow is that of `gaf_core.flow.barrier`, of a graph that may have cycles:

    minimise  -F - mu sum_e [ log f_e + log(u_e - f_e) ],   mu = epsilon F / (2 m)

over all edges on a cycle with the return edge, by primal-dual Newton steps on dense matrices. So it
is for short texts, and for a question: is one signed network better than two?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from gaf_core.tracing.path import PathTrace

Array = NDArray[np.float64]

STEPS = 300
TOLERANCE = 1e-6  # of centring; and of conservation, by the value


class NotSolvedError(Exception):
    """The general solver stopped short of its tolerance."""


@dataclass(frozen=True, eq=False)
class SignedNetwork:
    """A directed graph of `n` nodes and `m` edges, none of which is on no path.

    Attributes:
        tail, head: `[m]` nodes of each edge.
        capacity: `[m]`.
        source, target: the nodes that the flow begins and ends at.
        token: `[m]` the token that an edge ends in, or begins at: position + 1, or -(position + 1),
            and 0 for any other edge.
        tokens: number of tokens.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    capacity: Array
    source: int
    target: int
    token: NDArray[np.int64]
    tokens: int

    @classmethod
    def of(cls, terms: Array, relevance: Array, read: NDArray[np.int64]) -> SignedNetwork:
        """The network of relevances that have a sign.

        Args:
            terms: `[l, t, t]` of the edges, `[layer, query, key]`, residual edges on the diagonal.
            relevance: `[l, t]` of each token as it enters a layer.
            read: positions of the outputs that the source feeds.
        """
        layers, tokens = relevance.shape
        entry = np.arange(layers * tokens).reshape(layers, tokens)  # (k, i) is entered here
        exits = entry + layers * tokens  # and left here; above them are the outputs
        above = np.concatenate([exits[1:], [2 * layers * tokens + np.arange(tokens)]])
        source = (2 * layers + 1) * tokens
        target = source + 1
        layer, query, key = np.nonzero(terms)
        k, i = np.nonzero(relevance)
        sending, taking = np.flatnonzero(relevance[0] < 0), np.flatnonzero(relevance[0] > 0)
        endless = tokens * np.abs(terms).sum(axis=-1).max(initial=0.0)
        none = np.zeros(len(layer) + len(k) + len(read), dtype=np.int64)
        parts = [
            (above[layer, query], entry[layer, key], terms[layer, query, key]),
            (entry[k, i], exits[k, i], relevance[k, i]),
            (np.full(len(read), source), above[-1, read], np.full(len(read), endless)),
            (np.full(len(sending), source), exits[0, sending], np.full(len(sending), endless)),
            (exits[0, taking], np.full(len(taking), target), np.full(len(taking), endless)),
        ]
        tail, head, signed = (np.concatenate(one) for one in zip(*parts, strict=True))
        tail, head = np.where(signed < 0, head, tail), np.where(signed < 0, tail, head)
        token = np.concatenate([none, -(sending + 1), taking + 1])
        kept = _on_a_cycle(tail, head, source, target)
        return cls(
            tail[kept], head[kept], np.abs(signed)[kept], source, target, token[kept], tokens
        )

    @classmethod
    def of_path(cls, path: PathTrace) -> SignedNetwork:
        """The network of a path: the net of all heads, and what passes by them, is an edge."""
        terms = path.terms.sum(axis=1, dtype=np.float64)
        diagonal = np.arange(terms.shape[-1])
        terms[:, diagonal, diagonal] += path.residual
        return cls.of(terms, path.relevance.astype(np.float64), path.trace.read_positions)

    def scores(self, flow: Array) -> Array:
        """`[t]` what ends in each token less what it sends."""
        ends = self.token != 0
        found = np.zeros(self.tokens)
        np.add.at(found, np.abs(self.token[ends]) - 1, np.sign(self.token[ends]) * flow[ends])
        return found

    @property
    def conservation(self) -> csr_array:
        """`[n - 2, m]` what leaves each inner node less what arrives."""
        edges = np.arange(len(self.tail))
        used, ends = np.unique([self.tail, self.head], return_inverse=True)
        ones = np.ones(len(edges))
        matrix = coo_array(
            (np.concatenate([ones, -ones]), (ends.ravel(), np.tile(edges, 2))),
            shape=(len(used), len(edges)),
        )
        return matrix.tocsr()[(used != self.source) & (used != self.target)]

    @property
    def leaving(self) -> Array:
        """`[m]` 1 for the edges of the source, 0 for others: their flow is the value."""
        return (self.tail == self.source).astype(float)


def _on_a_cycle(
    tail: NDArray[np.int64], head: NDArray[np.int64], source: int, target: int
) -> NDArray[np.bool_]:
    """`[m]` whether an edge is on a cycle through what the return edge is on."""
    tails, heads = np.append(tail, target), np.append(head, source)
    graph = coo_array((np.ones(len(tails)), (tails, heads)), shape=(target + 1, target + 1))
    _, part = connected_components(graph, directed=True, connection="strong")
    return (part[tail] == part[source]) & (part[head] == part[target])


def maximum_flow(network: SignedNetwork) -> float:
    """The value of a maximum flow, by HiGHS."""
    unit = float(network.capacity[network.leaving == 0].max())
    inner = network.conservation
    found = linprog(
        -network.leaving,
        A_eq=inner,
        b_eq=np.zeros(inner.shape[0]),
        bounds=np.stack([np.zeros(inner.shape[1]), network.capacity / unit], axis=1),
        method="highs",
    )
    if found.status != 0:
        raise NotSolvedError(found.message)
    return -found.fun * unit


def barrier_flow(network: SignedNetwork, epsilon: float = 1e-6) -> Array:
    """`[m]` the barrier flow, whose value is within `epsilon` of the largest, relatively.

    Raises:
        NotSolvedError: the tolerance is out of reach.
    """
    if not len(network.tail):
        return np.zeros(0)
    unit = maximum_flow(network)
    matrix, gain = network.conservation, network.leaving
    capacity = network.capacity / unit
    goal = epsilon / (2 * len(capacity))
    flow = 0.5 * np.minimum(capacity, 1.0)
    mu = float(np.mean(flow))
    low, high = mu / flow, mu / (capacity - flow)  # duals of both bounds
    for _ in range(STEPS):
        change, low_change, high_change = _newton(matrix, gain, capacity, flow, low, high, mu)
        most = min(
            _within(flow, change),
            _within(capacity - flow, -change),
            _within(low, low_change),
            _within(high, high_change),
        )
        flow = flow + most * change
        low, high = low + most * low_change, high + most * high_change
        centred = max(
            np.abs(flow * low / mu - 1).max(), np.abs((capacity - flow) * high / mu - 1).max()
        )
        if mu == goal and centred < TOLERANCE and np.abs(matrix @ flow).max() < TOLERANCE:
            return flow * unit
        if centred < 0.9:
            mu = max(goal, 0.2 * mu)
    raise NotSolvedError(f"not centred after {STEPS} steps: {centred:.1e}")


def _newton(
    matrix: csr_array, gain: Array, capacity: Array, flow: Array, low: Array, high: Array, mu: float
) -> tuple[Array, Array, Array]:
    """A step on conservation, `low - high = potential drop`, and both products equal to mu."""
    slack = capacity - flow
    conductance = 1 / (low / flow + high / slack)
    push = gain + mu / flow - mu / slack
    laplacian = ((matrix * conductance) @ matrix.T).toarray()
    scale = 1 / np.sqrt(laplacian.diagonal())  # what a node carries spans many orders
    factor = cho_factor(scale[:, None] * laplacian * scale)
    right = matrix @ (flow + conductance * push)
    potential = scale * cho_solve(factor, scale * right)
    change = conductance * (push - matrix.T @ potential)
    return (
        change,
        mu / flow - low - low / flow * change,
        mu / slack - high + high / slack * change,
    )


def _within(value: Array, change: Array) -> float:
    """The longest step, at most 1, that leaves a part of every value."""
    falls = change < 0
    return min(1.0, 0.95 * float((-value[falls] / change[falls]).min(initial=np.inf)))
