"""Information tensor -> FlowNetwork: the layered flow network over tokens and layers.

Nodes `(k, i)`, `k = 0..l`, `i = 0..t-1`: `k = 0` are the inputs, `k = l` the outputs of the last
layer. The super-source joins the outputs, the super-target the inputs, so flow runs from the
prediction back to the tokens:

    source -> (l, i)            capacity u_inf
    (k+1, i) -> (k, j)          capacity[k, i, j] = information[k, i, j]
    (0, j) -> target            capacity u_inf

Two extensions. Residual edges run beside the diagonal, `(k+1, i) -> (k, i)`, and are kept as one
edge with it, of the sum of both capacities. A node `(k, i)` below the outputs, the token as it
enters layer `k`, may have a capacity of its own, which limits what flows through it.

`u_inf = t * (largest row sum of the information)` never binds and scales with the tensor; for
attention, whose rows sum to 1, it is the paper's `u_inf = t`.

An edge on no source-target path can carry nothing, and a log barrier has no interior there, so such
edges are removed here. With gradients of a model that reads one position this removes nearly all of
the last layer: the common case, not the rare one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike, NDArray

from gaf_core.errors import CapacityError, SettingsError, brief

if TYPE_CHECKING:
    import networkx as nx


# of the largest capacity: its parts of 2^-58 have full precision, and sums of many are finite
_LEAST, _MOST = 1e-280, 1e290


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
        residual: `[l, t]` the part of `capacity[k, i, i]` that is the residual edge; None without
            residual edges.
        node_capacity: `[l, t]` what may flow through node `(k, i)`, infinite for no limit and 0 for
            nodes on no path; None where no node has a limit.

    Two layers over two tokens: of the 3 that could come down to the first token its lower edge
    takes 1, and of the 2 that could leave the second token no more than 0.5 + 0.5 come.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> gaf.max_flow(network).value
    2.0
    >>> solution = gaf.solve(network)
    >>> solution.certified, solution.scores.round(4).tolist()
    (True, [1.0, 1.0])
    """

    capacity: Float[np.ndarray, "l t t"]
    source: Bool[np.ndarray, " t"]
    live: Bool[np.ndarray, "l+1 t"]
    u_inf: float
    pruned: int
    residual: Float[np.ndarray, "l t"] | None = None
    node_capacity: Float[np.ndarray, "l t"] | None = None

    @classmethod
    def from_information(
        cls,
        information: ArrayLike,
        source: str | int | Sequence[int] = "all",
        *,
        residual: ArrayLike | None = None,
        node_capacity: ArrayLike | None = None,
    ) -> FlowNetwork:
        """Read an information tensor as capacities and prune what no path uses.

        Args:
            information: `[l, t, t]`, finite and `>= 0`, `[layer, query, key]`.
            source: "all" output positions (the paper), one position, or several (extensions).
            residual: `[l, t]` capacities of residual edges, finite and `>= 0` (an extension).
            node_capacity: `[l, t]` capacities of the nodes `(k, i)`, `k < l`, `>= 0`; infinite for
                a node without a limit (an extension).

        Raises:
            CapacityError: a shape other than these, or a NaN, infinite or negative capacity.
            SettingsError: a source position that does not exist.

        >>> import gaf_core as gaf
        >>> network = gaf.FlowNetwork.from_information([[[1.0, 2.0], [0.0, 3.0]]], source=0)
        >>> network.capacity.tolist(), network.pruned
        ([[[1.0, 2.0], [0.0, 0.0]]], 1)
        """
        tensor = _numbers(information, "An information tensor")
        _check_capacities(tensor)
        beside = _checked_by_token(residual, tensor, "residual capacity")
        limit = _checked_by_token(node_capacity, tensor, "node capacity", endless=True)
        total = tensor
        if beside is not None:
            total = tensor + beside[:, :, None] * np.eye(beside.shape[1])
        _check_size(total)
        feeding = _source_mask(source, tensor.shape[-1])
        edge = total > 0 if limit is None else (total > 0) & (limit > 0)[:, None, :]
        live = live_nodes(edge, feeding)
        on_path = live[1:, :, None] & live[:-1, None, :]
        capacity = np.where(on_path, total, 0.0)
        capacity.flags.writeable = False
        return cls(
            capacity=capacity,
            source=feeding,
            live=live,
            u_inf=tensor.shape[-1] * float(total.sum(axis=-1).max()),
            pruned=int(np.count_nonzero(total) - np.count_nonzero(capacity)),
            residual=None if beside is None else np.where(live[1:] & live[:-1], beside, 0.0),
            node_capacity=None if limit is None else np.where(live[:-1], limit, 0.0),
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
        """`m`: edges with a capacity, those of super-source, super-target and nodes included."""
        nodes = 0 if self.node_capacity is None else np.count_nonzero(self.node_capacity)
        inner = np.count_nonzero(self.capacity) + nodes
        return int(inner + self.live[0].sum() + self.live[-1].sum())

    @property
    def residual_share(self) -> Float[np.ndarray, "l t"]:
        """`[l, t]` the residual edge's fraction of the diagonal capacity, and so of its flow."""
        diagonal = self.capacity.diagonal(axis1=1, axis2=2)
        share = np.zeros(diagonal.shape)
        if self.residual is not None:
            np.divide(self.residual, diagonal, out=share, where=diagonal > 0)
        return share

    def to_networkx(self) -> nx.DiGraph:
        """The network with nodes "source", "target" and `(k, i)`, edges with `capacity`.

        A node with a capacity of its own is two, `(k, i, "in")` and `(k, i, "out")`, and the edge
        between them has that capacity.

        >>> import gaf_core as gaf
        >>> graph = gaf.FlowNetwork.from_information([[[1.0, 2.0], [0.0, 3.0]]]).to_networkx()
        >>> graph.edges[(1, 0), (0, 1)]
        {'capacity': 2.0}
        """
        import networkx as nx

        limited = np.zeros(self.live.shape, dtype=bool)
        if self.node_capacity is not None:
            limited[:-1] = self.live[:-1] & np.isfinite(self.node_capacity)

        def node(k: int, i: int, side: str) -> tuple:
            return (k, i, side) if limited[k, i] else (k, i)

        graph = nx.DiGraph()
        graph.add_nodes_from(["source", "target"])
        for k, i in np.argwhere(self.live).tolist():
            graph.add_nodes_from([node(k, i, "in"), node(k, i, "out")])
        for i in np.flatnonzero(self.live[-1]).tolist():
            graph.add_edge("source", (self.layers, i), capacity=self.u_inf)
        for j in np.flatnonzero(self.live[0]).tolist():
            graph.add_edge(node(0, j, "out"), "target", capacity=self.u_inf)
        for k, i, j in zip(*map(np.ndarray.tolist, self.edges), strict=True):
            ends = node(k + 1, i, "out"), node(k, j, "in")
            graph.add_edge(*ends, capacity=float(self.capacity[k, i, j]))
        if self.node_capacity is not None:
            for k, i in np.argwhere(limited).tolist():
                ends = (k, i, "in"), (k, i, "out")
                graph.add_edge(*ends, capacity=float(self.node_capacity[k, i]))
        return graph


def _numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:  # text, complex numbers, uneven rows
        raise CapacityError(f"{what} is a regular table of real numbers: {error}.") from error


def _check_capacities(information: NDArray[np.float64]) -> None:
    shape = information.shape
    if len(shape) != 3 or shape[1] != shape[2] or not information.size:
        raise CapacityError(
            f"An information tensor has the shape [layers, tokens, tokens], not {list(shape)}."
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


def _check_size(capacity: NDArray[np.float64]) -> None:
    largest = float(capacity.max())
    if largest > _MOST or 0 < largest < _LEAST:
        raise CapacityError(
            f"The largest capacity is {largest:g}, and sums or parts of such numbers are beyond "
            "what a number can hold. Divide all of them by the largest one."
        )


def _checked_by_token(
    values: ArrayLike | None, information: NDArray[np.float64], what: str, *, endless: bool = False
) -> Float[np.ndarray, "l t"] | None:
    """`[l, t]` capacities of one kind, or a `CapacityError` that says what they are."""
    if values is None:
        return None
    values = _numbers(values, f"A {what}")
    if values.shape != information.shape[:2]:
        raise CapacityError(
            f"A {what} for each layer and token has the shape {list(information.shape[:2])}; this "
            f"one has {list(values.shape)}."
        )
    wrong = np.isnan(values) | (values < 0) | (np.isinf(values) & (not endless))
    if wrong.any():
        layer, token = np.argwhere(wrong)[0].tolist()
        allowed = "not negative" if endless else "finite and not negative"
        raise CapacityError(
            f"The {what} at [layer {layer}, token {token}] is {values[layer, token]:g}, one of "
            f"{int(wrong.sum())} that cannot be. It must be {allowed}."
        )
    return values


def _source_mask(source: str | int | Sequence[int], tokens: int) -> Bool[np.ndarray, " t"]:
    mask = np.zeros(tokens, dtype=bool)
    if isinstance(source, str):
        if source != "all":
            raise SettingsError(f"'{source}' is not a source. Use \"all\" or token positions.")
        mask[:] = True
        return mask
    positions = np.atleast_1d(np.asarray(source))
    whole = positions.dtype.kind in "iu" and positions.ndim == 1
    if not whole or not positions.size or positions.min() < 0 or positions.max() >= tokens:
        raise SettingsError(
            f"The source {brief(positions.tolist())} is not a position of this text. "
            f"Choose from 0 to {tokens - 1}."
        )
    mask[positions] = True
    return mask


def reached_nodes(
    edge: Bool[np.ndarray, "l t t"], source: Bool[np.ndarray, " t"]
) -> Bool[np.ndarray, "l+1 t"]:
    """`[l + 1, t]`: nodes that a path from the fed outputs `source` reaches."""
    reached = np.zeros((edge.shape[0] + 1, edge.shape[1]), dtype=bool)
    reached[-1] = source
    for k in reversed(range(edge.shape[0])):
        reached[k] = (edge[k] & reached[k + 1][:, None]).any(axis=0)
    return reached


def live_nodes(
    edge: Bool[np.ndarray, "l t t"], source: Bool[np.ndarray, " t"]
) -> Bool[np.ndarray, "l+1 t"]:
    """`[l + 1, t]`: nodes on a path from the fed outputs `source` to an input."""
    reaching = np.ones((edge.shape[0] + 1, edge.shape[1]), dtype=bool)
    for k in range(edge.shape[0]):
        reaching[k + 1] = (edge[k] & reaching[k]).any(axis=1)
    return reached_nodes(edge, source) & reaching
