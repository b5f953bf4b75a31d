"""Information tensor -> FlowNetwork: the layered flow network over tokens and layers.

Nodes `(k, i)`, `k = 0..l`, `i = 0..t-1`: `k = 0` are the inputs, `k = l` the outputs of the last
layer. The super-source joins the outputs, the super-target the inputs, so flow runs from the
prediction back to the tokens:

    source -> (l, i)            capacity u_inf
    (k+1, i) -> (k, j)          capacity[k, i, j] = information[k, i, j]
    (0, j) -> target            capacity u_inf

`u_inf = t * (largest row sum of the information)` never binds and scales with the tensor; for
attention, whose rows sum to 1, it is the paper's `u_inf = t`.

An edge on no source-target path can carry nothing, and a log barrier has no interior there, so such
edges are removed here. With gradients of a model that reads one position this removes nearly all of
the last layer: the common case, not the rare one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import CapacityError, SettingsError


@dataclass(frozen=True, eq=False)
class FlowNetwork:
    """A pruned layered network of `l` layers and `t` tokens.

    Attributes:
        capacity: `[l, t, t]` float64, `capacity[k, i, j]` of the edge `(k+1, i) -> (k, j)`; 0 where
            there is no edge. Every edge lies on a source-target path.
        source: `[t]` True for the outputs that the super-source feeds.
        live: `[l + 1, t]` True for the nodes on a source-target path.
        u_inf: capacity of the edges of the super-source and super-target.
        pruned: number of positive capacities that were removed, being on no path.
    """

    capacity: NDArray[np.float64]
    source: NDArray[np.bool_]
    live: NDArray[np.bool_]
    u_inf: float
    pruned: int

    @classmethod
    def from_information(
        cls, information: NDArray[np.float64], source: str | int | Sequence[int] = "all"
    ) -> FlowNetwork:
        """Read an information tensor as capacities and prune what no path uses.

        Args:
            information: `[l, t, t]`, finite and `>= 0`, `[layer, query, key]`.
            source: "all" output positions (the paper), one position, or several (extensions).

        Raises:
            CapacityError: a shape other than `[l, t, t]`, or a NaN, infinite or negative capacity.
            SettingsError: a source position that does not exist.
        """
        information = np.asarray(information, dtype=np.float64)
        _check_capacities(information)
        feeding = _source_mask(source, information.shape[-1])
        live = live_nodes(information > 0, feeding)
        on_path = live[1:, :, None] & live[:-1, None, :]
        capacity = np.where(on_path, information, 0.0)
        capacity.flags.writeable = False
        return cls(
            capacity=capacity,
            source=feeding,
            live=live,
            u_inf=information.shape[-1] * float(information.sum(axis=-1).max()),
            pruned=int(np.count_nonzero(information) - np.count_nonzero(capacity)),
        )

    @property
    def layers(self) -> int:
        """Number of layers `l`."""
        return self.capacity.shape[0]

    @property
    def tokens(self) -> int:
        """Number of tokens `t`."""
        return self.capacity.shape[1]

    @property
    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Layer, query and key index of every edge between tokens, in that order."""
        layer, query, key = np.nonzero(self.capacity)
        return layer, query, key

    @property
    def edge_count(self) -> int:
        """`m`: edges with a capacity, those of the super-source and super-target included."""
        inner = np.count_nonzero(self.capacity)
        return int(inner + self.live[0].sum() + self.live[-1].sum())

    def to_networkx(self) -> nx.DiGraph:
        """The network with nodes "source", "target" and `(k, i)`, edges with `capacity`."""
        graph = nx.DiGraph()
        graph.add_nodes_from(["source", "target"])
        graph.add_nodes_from(zip(*map(np.ndarray.tolist, np.nonzero(self.live)), strict=True))
        for i in np.flatnonzero(self.live[-1]).tolist():
            graph.add_edge("source", (self.layers, i), capacity=self.u_inf)
        for j in np.flatnonzero(self.live[0]).tolist():
            graph.add_edge((0, j), "target", capacity=self.u_inf)
        for k, i, j in zip(*map(np.ndarray.tolist, self.edges), strict=True):
            graph.add_edge((k + 1, i), (k, j), capacity=float(self.capacity[k, i, j]))
        return graph


def _check_capacities(information: NDArray[np.float64]) -> None:
    if (
        information.ndim != 3
        or information.shape[1] != information.shape[2]
        or not information.size
    ):
        raise CapacityError(
            f"An information tensor has the shape [layers, tokens, tokens]; this one has "
            f"{list(information.shape)}."
        )
    problems = (
        ("NaN", np.isnan(information)),
        ("infinite", np.isinf(information)),
        ("negative", information < 0),
    )
    for name, where in problems:
        if where.any():
            layer, query, key = np.argwhere(where)[0].tolist()
            raise CapacityError(
                f"The capacity at [layer {layer}, query {query}, key {key}] is {name}, one of "
                f"{int(where.sum())}. Capacities are finite and not negative."
            )


def _source_mask(source: str | int | Sequence[int], tokens: int) -> NDArray[np.bool_]:
    mask = np.zeros(tokens, dtype=bool)
    if isinstance(source, str):
        if source != "all":
            raise SettingsError(f"'{source}' is not a source. Use \"all\" or token positions.")
        mask[:] = True
        return mask
    positions = np.atleast_1d(np.asarray(source, dtype=np.int64))
    if not positions.size or positions.min() < 0 or positions.max() >= tokens:
        raise SettingsError(
            f"The source {positions.tolist()} is not a position of this text. "
            f"Choose from 0 to {tokens - 1}."
        )
    mask[positions] = True
    return mask


def reached_nodes(edge: NDArray[np.bool_], source: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`[l + 1, t]`: nodes that a path from the fed outputs `source` reaches."""
    reached = np.zeros((edge.shape[0] + 1, edge.shape[1]), dtype=bool)
    reached[-1] = source
    for k in reversed(range(edge.shape[0])):
        reached[k] = edge[k][reached[k + 1]].any(axis=0)
    return reached


def live_nodes(edge: NDArray[np.bool_], source: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`[l + 1, t]`: nodes on a path from the fed outputs `source` to an input."""
    reaching = np.ones((edge.shape[0] + 1, edge.shape[1]), dtype=bool)
    for k in range(edge.shape[0]):
        reaching[k + 1] = edge[k][:, reaching[k]].any(axis=1)
    return reached_nodes(edge, source) & reaching
