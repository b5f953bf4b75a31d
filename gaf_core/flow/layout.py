"""FlowNetwork -> LayeredProblem: the live part of the network, compact and in the unit of its flow.

The super-target, the token layers and the super-source are treated alike, as node layers
`0, 1, .., l + 2` of which the first and last hold one node each. Between node layers `k` and
`k + 1` lies block `k`, a dense matrix `[tails in layer k + 1, heads in layer k]`; all blocks stand
one after the other in flat arrays, so that a kernel walks through all edges in one call. An absent
edge has capacity 0.

Units. Dividing by the largest capacity would leave a rounding floor above the tolerances when the
flow is much smaller than it, so capacities are divided by an upper bound of the flow value instead:
sweep the layers from the target, letting through each edge no more than its head can pass on, then
from the source likewise; the narrowest layer bounds the flow. In this unit

    - capacities below 1e-13 are dropped: they could move no score by more than that, and a barrier
      on them would need more digits than there are;
    - capacities above 1e6 are cut there: their barrier is flat where the flow can be, to one part
      in a million of the force that the barrier at 0 exerts.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gaf_core.network import FlowNetwork, live_nodes, reached_nodes

Scalar = TypeVar("Scalar", bound=np.generic)

NEGLIGIBLE = 1e-13
UNBOUNDED = 1e6


class Layout(NamedTuple):
    """Where the blocks and node layers stand in the flat arrays.

    Attributes:
        edge_start: `[blocks + 1]` first edge of each block.
        node_start: `[blocks + 2]` first node of each node layer.
    """

    edge_start: NDArray[np.int64]
    node_start: NDArray[np.int64]

    @property
    def blocks(self) -> int:
        """Number of blocks, `l + 2`."""
        return len(self.edge_start) - 1

    def width(self, layer: int) -> int:
        """Number of nodes of a node layer."""
        return int(self.node_start[layer + 1] - self.node_start[layer])

    def block(self, flat: NDArray[Scalar], k: int) -> NDArray[Scalar]:
        """View of block `k`, `[tails, heads]`."""
        edges = flat[self.edge_start[k] : self.edge_start[k + 1]]
        return edges.reshape(self.width(k + 1), self.width(k))

    def nodes(self, flat: NDArray[Scalar], layer: int) -> NDArray[Scalar]:
        """View of the values of one node layer."""
        return flat[self.node_start[layer] : self.node_start[layer + 1]]


class LayeredProblem(NamedTuple):
    """Capacities in units of `scale`, with the way back to tokens.

    Attributes:
        layout: positions in the flat arrays.
        capacity: flat, 0 where there is no edge.
        through: flat, what can pass each edge at most given all others (`<= capacity`).
        live: for each of the `l + 1` token layers, the token positions kept, in order.
        scale: upper bound of the flow value, in the unit of the network.
        edges: `m`, the number of edges with a capacity.
    """

    layout: Layout
    capacity: NDArray[np.float64]
    through: NDArray[np.float64]
    live: list[NDArray[np.int64]]
    scale: float
    edges: int


def compile_problem(network: FlowNetwork) -> LayeredProblem:
    """Scale, drop what is negligible, and lay the live blocks out.

    The network must have a path; a `FlowNetwork` is pruned, so any live node shows that it does.
    """
    refuse_node_capacities(network)
    live = network.live
    blocks = live_blocks(network.capacity, live, network.u_inf)
    layout = layout_of(blocks)
    through, scale = throughput(blocks, layout)
    if any(((block > 0) & (block <= NEGLIGIBLE * scale)).any() for block in blocks):
        edge = network.capacity > NEGLIGIBLE * scale
        live = live_nodes(edge, network.live[-1])
        blocks = live_blocks(np.where(edge, network.capacity, 0.0), live, network.u_inf)
        layout = layout_of(blocks)
        through, _ = throughput(blocks, layout)
    capacity = _scaled(blocks, layout, scale)
    return LayeredProblem(
        layout=layout,
        capacity=capacity,
        through=np.divide(through, scale, out=through),
        live=[np.flatnonzero(layer) for layer in live],
        scale=scale,
        edges=int(np.count_nonzero(capacity > 0.0)),
    )


def _scaled(blocks: list[NDArray[np.float64]], layout: Layout, scale: float) -> NDArray[np.float64]:
    """Blocks one after the other in units of `scale`, none of them above `UNBOUNDED`."""
    flat = np.empty(layout.edge_start[-1])
    with np.errstate(over="ignore"):  # what overflows is cut
        for k, block in enumerate(blocks):
            scaled = layout.block(flat, k)
            np.divide(block, scale, out=scaled)
            np.minimum(scaled, UNBOUNDED, out=scaled)
    return flat


def refuse_node_capacities(network: FlowNetwork) -> None:
    """Behind the door of this folder no network has them; to ignore them would be a wrong answer.

    Raises:
        ValueError: it has.
    """
    if network.node_capacity is not None:
        raise ValueError("Solve networks with node capacities by the functions of gaf_core.flow.")


class NetworkFlow(NamedTuple):
    """A flow in the shape and unit of its network, with node potentials.

    Attributes:
        edges: `[l, t, t]` flow on `(k+1, i) -> (k, j)`.
        source: `[t]` flow on `source -> (l, i)`.
        target: `[t]` flow on `(0, j) -> target`.
        potential: `[l + 1, t]`, where the target has 0 and the source 1.
    """

    edges: NDArray[np.float64]
    source: NDArray[np.float64]
    target: NDArray[np.float64]
    potential: NDArray[np.float64]


def zero_flow(network: FlowNetwork) -> NetworkFlow:
    """The flow of a network without a path."""
    shape = network.live.shape
    nothing = np.zeros(network.tokens)
    return NetworkFlow(np.zeros_like(network.capacity), nothing, nothing, np.zeros(shape))


def unpack(
    problem: LayeredProblem,
    flow: NDArray[np.float64],
    potential: NDArray[np.float64],
    network: FlowNetwork,
) -> NetworkFlow:
    """Bring flat values back to tokens and to the unit of the network.

    A node that was dropped takes the potential of the side that it still hangs on, so that only
    dropped edges lead down from it.
    """
    layout, live = problem.layout, problem.live
    edges = np.zeros_like(network.capacity)
    source, target = np.zeros(network.tokens), np.zeros(network.tokens)
    for k in range(network.layers):
        inner = layout.block(flow, k + 1)
        if inner.shape == edges[k].shape:  # all are live: numpy need not look up where each stands
            np.multiply(inner, problem.scale, out=edges[k])
        else:
            edges[k][np.ix_(live[k + 1], live[k])] = inner * problem.scale
    source[live[-1]] = layout.block(flow, layout.blocks - 1)[0] * problem.scale
    target[live[0]] = layout.block(flow, 0)[:, 0] * problem.scale
    potentials = reached_nodes(
        network.capacity > NEGLIGIBLE * problem.scale, network.live[-1]
    ).astype(np.float64)
    for k, positions in enumerate(live):
        potentials[k, positions] = layout.nodes(potential, k + 1)
    return NetworkFlow(edges, source, target, potentials)


def live_blocks(capacity, live, u_inf: float) -> list[NDArray[np.float64]]:
    """Target block, one block a layer, source block; rows are tails, columns are heads.

    A layer of which all is live is not copied.
    """
    whole = live.all(axis=1)
    inner = [
        layer if whole[k] and whole[k + 1] else layer[np.ix_(live[k + 1], live[k])]
        for k, layer in enumerate(capacity)
    ]
    to_target = np.full((int(live[0].sum()), 1), u_inf)
    from_source = np.full((1, int(live[-1].sum())), u_inf)
    return [to_target, *inner, from_source]


def throughput(
    blocks: list[NDArray[np.float64]], layout: Layout
) -> tuple[NDArray[np.float64], float]:
    """What can pass each edge, flat, and through the narrowest block, by one sweep each way."""
    flat = np.empty(layout.edge_start[-1])
    through = [layout.block(flat, k) for k in range(layout.blocks)]
    passes = np.array([np.inf])
    for k, block in enumerate(blocks):
        np.minimum(block, passes[None, :], out=through[k])
        passes = through[k].sum(axis=1)
    passes = np.array([np.inf])
    for k in reversed(range(len(blocks))):
        np.minimum(through[k], passes[:, None], out=through[k])
        passes = through[k].sum(axis=0)
    return flat, float(min(block.sum() for block in through))


def layout_of(blocks: list[NDArray[np.float64]]) -> Layout:
    widths = [block.shape[1] for block in blocks] + [1]
    return Layout(
        edge_start=np.cumsum([0] + [block.size for block in blocks]),
        node_start=np.cumsum([0, *widths]),
    )
