"""What a cut cuts: edges, nodes, and how much they hold.

A cut is given by the side that each node's flow arrives on. A node with a capacity of its own can
be cut through: what arrives is then on the source's side and what leaves is not. Of the two ways to
keep what has arrived at a node from the other side, through the node or through its edges to that
side, the cut takes the cheaper one, so that the sides alone say what is cut.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from gaf_core.errors import SettingsError
from gaf_core.network import FlowNetwork


def cut_nodes(network: FlowNetwork, cut: Bool[np.ndarray, "nodes t"]) -> Bool[np.ndarray, "l t"]:
    """`[l, t]` True for the nodes `(k, i)` that a cut runs through.

    Args:
        network: of `l` layers and `t` tokens.
        cut: `[l + 1, t]` True for the nodes on the source's side.

    Raises:
        SettingsError: a cut of another network.
    """
    _check(network, cut)
    if network.node_capacity is None:
        return np.zeros(cut[:-1].shape, dtype=bool)
    onward = np.empty(cut[:-1].shape)  # capacity of the edges of each node to the other side
    onward[0] = network.u_inf
    for k in range(1, network.layers):
        onward[k] = network.capacity[k - 1][:, ~cut[k - 1]].sum(axis=1)
    return cut[:-1] & network.live[:-1] & (network.node_capacity < onward)


def cut_edges(network: FlowNetwork, cut: Bool[np.ndarray, "nodes t"]) -> Bool[np.ndarray, "l t t"]:
    """`[l, t, t]` True for the edges that lead from the source's side of a cut to the target's.

    Args:
        network: of `l` layers and `t` tokens.
        cut: `[l + 1, t]` True for the nodes on the source's side.

    Raises:
        SettingsError: a cut of another network.
    """
    _check(network, cut)
    leaves = cut.copy()
    leaves[:-1] &= ~cut_nodes(network, cut)
    return (network.capacity > 0) & leaves[1:, :, None] & ~cut[:-1, None, :]


def cut_capacity(network: FlowNetwork, cut: Bool[np.ndarray, "nodes t"]) -> float:
    """Capacity of all that leads from the nodes of `cut` `[l + 1, t]` to the others.

    Raises:
        SettingsError: a cut of another network.
    """
    _check(network, cut)
    leaves, through = cut.copy(), 0.0
    if network.node_capacity is not None:
        nodes = cut_nodes(network, cut)
        leaves[:-1] &= ~nodes
        through = float(network.node_capacity[nodes].sum())
    inner = sum(
        float(layer[leaves[k + 1]][:, ~cut[k]].sum()) for k, layer in enumerate(network.capacity)
    )
    outer = np.count_nonzero(network.live[-1] & ~cut[-1])
    outer += np.count_nonzero(network.live[0] & leaves[0])
    return through + inner + outer * network.u_inf


def _check(network: FlowNetwork, cut: Bool[np.ndarray, "nodes t"]) -> None:
    if np.shape(cut) != network.live.shape or np.asarray(cut).dtype != np.bool_:
        raise SettingsError(
            f"A cut of this network says True or False in the shape {list(network.live.shape)}; "
            f"this one has {list(np.shape(cut))}."
        )
