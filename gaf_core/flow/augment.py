"""Dinic's algorithm on the layered network, compiled: exact, from any flow to a maximum one.

An edge with flow `f` of capacity `u` lets `u - f` more pass and gives `f` back; together these are
the residual network. As long as a path leads through it from source to sink: label every node with
its distance to the sink, then send flow along paths on which the distance falls by one, until none
is left (Dinic 1970). Capacities and flows are integers, so every comparison is exact.

A library would do, and none fits: SciPy's maximum flow takes 32-bit capacities and cannot start
from a flow; igraph is under the GPL; the shared HiGHS of OR-tools clashes with that of CVXPY in one
process. Starting from a flow is what makes `exact.ambiguity` fast.
"""

from __future__ import annotations

import numpy as np

from gaf_core.flow.compiled import njit

_compiled = njit()


@_compiled
def augment(edge_start, node_start, capacity, flow, source, sink):
    """Send as much as possible from node `source` to node `sink`; changes `flow`.

    Args:
        edge_start, node_start: the `Layout` of the blocks and node layers.
        capacity, flow: flat int64, one entry an edge.
        source, sink: node numbers.

    Returns:
        What was sent, and `[nodes]` bool, the nodes from which the sink can still be reached.
    """
    nodes = node_start[-1]
    layer = np.empty(nodes, dtype=np.int64)
    for k in range(node_start.size - 1):
        layer[node_start[k] : node_start[k + 1]] = k
    distance = np.empty(nodes, dtype=np.int64)
    arc = np.empty(nodes, dtype=np.int64)
    queue = np.empty(nodes, dtype=np.int64)
    path = np.empty(nodes, dtype=np.int64)
    sent = 0
    while _label(edge_start, node_start, layer, capacity, flow, source, sink, distance, queue):
        arc[:] = 0
        sent += _block(
            edge_start, node_start, layer, capacity, flow, source, sink, distance, arc, path
        )
    return sent, distance >= 0


@_compiled
def shift(edge_start, node_start, capacity, flow, edges, group_start, most):
    """Change a maximum flow so that a group of edges to the sink together gets the most, or least.

    Then another, for as many as there are. The edges must lead to the sink, node 0, from nodes
    `1 + edge`. Without an edge, send as much as possible in the residual network from its node on
    to the sink through others, or back from the sink to it; the edge takes up the difference. One
    edge after the other is enough: once nothing more reaches a node, no later path leads through
    what reaches it, so none opens a way to it again.

    Args:
        edge_start, node_start, capacity: as in `augment`.
        flow: a maximum flow, which is changed into others, the last for the last group.
        edges: the edges of all groups, different ones in each.
        group_start: `[g + 1]` where each group begins among them.
        most: `[g]` bool, whether it is to get the most.

    Returns:
        `[g]` int64, what each gets.
    """
    got = np.zeros(most.size, dtype=np.int64)
    limit, own = np.empty_like(edges), np.empty_like(edges)
    for g in range(most.size):
        first, last = group_start[g], group_start[g + 1]
        for i in range(first, last):
            limit[i], own[i] = capacity[edges[i]], flow[edges[i]]
            capacity[edges[i]] = flow[edges[i]] = 0
        for i in range(first, last):
            node = 1 + edges[i]
            source, sink = (0, node) if most[g] else (node, 0)
            moved, _ = augment(edge_start, node_start, capacity, flow, source, sink)
            own[i] += moved if most[g] else -moved
        for i in range(first, last):
            capacity[edges[i]], flow[edges[i]] = limit[i], own[i]
            got[g] += own[i]
    return got


@_compiled
def _label(edge_start, node_start, layer, capacity, flow, source, sink, distance, queue):
    """Distances to the sink, -1 where none or not shorter than the source's; whether it has one.

    A layer whose nodes are all labelled is not looked at again, so that in a dense network the time
    goes with its nodes rather than its edges.
    """
    distance[:] = -1
    distance[sink] = 0
    unseen = np.empty(node_start.size - 1, dtype=np.int64)
    for k in range(unseen.size):
        unseen[k] = node_start[k + 1] - node_start[k]
    unseen[layer[sink]] -= 1
    queue[0] = sink
    first, last = 0, 1
    while first < last and distance[source] < 0:
        v = queue[first]
        first += 1
        k = layer[v]
        column = v - node_start[k]
        if k > 0 and unseen[k - 1] > 0:
            head = node_start[k - 1]
            e = edge_start[k - 1] + column * (node_start[k] - head)
            for other in range(head, node_start[k]):
                if distance[other] < 0 and flow[e] > 0:
                    distance[other] = distance[v] + 1
                    unseen[k - 1] -= 1
                    queue[last] = other
                    last += 1
                e += 1
        if k + 2 < node_start.size and unseen[k + 1] > 0:
            width = node_start[k + 1] - node_start[k]
            e = edge_start[k] + column
            for other in range(node_start[k + 1], node_start[k + 2]):
                if distance[other] < 0 and capacity[e] > flow[e]:
                    distance[other] = distance[v] + 1
                    unseen[k + 1] -= 1
                    queue[last] = other
                    last += 1
                e += width
    return distance[source] >= 0


@_compiled
def _block(edge_start, node_start, layer, capacity, flow, source, sink, distance, arc, path):
    """Send flow along shortest paths until they are blocked; returns what was sent.

    `arc[v]` counts the neighbours of `v` that are done with: first those below, then those above.
    """
    sent = 0
    path[0] = source
    depth = 0
    while True:
        v = path[depth]
        if v == sink:
            amount, blocked = _bottleneck(
                edge_start, node_start, layer, capacity, flow, path, depth
            )
            for d in range(depth):
                e, down = _edge(edge_start, node_start, layer, path[d], path[d + 1])
                flow[e] += amount if down else -amount
            sent += amount
            depth = blocked
            continue
        k = layer[v]
        below = node_start[k] - node_start[k - 1] if k > 0 else 0
        above = node_start[k + 2] - node_start[k + 1] if k + 2 < node_start.size else 0
        advanced = False
        while arc[v] < below + above:
            if arc[v] < below:
                other = node_start[k - 1] + arc[v]
            else:
                other = node_start[k + 1] + arc[v] - below
            if distance[other] == distance[v] - 1:
                e, down = _edge(edge_start, node_start, layer, v, other)
                if (capacity[e] - flow[e] if down else flow[e]) > 0:
                    depth += 1
                    path[depth] = other
                    advanced = True
                    break
            arc[v] += 1
        if not advanced:
            if depth == 0:
                return sent
            depth -= 1
            arc[path[depth]] += 1


@njit(inline="always")
def _bottleneck(edge_start, node_start, layer, capacity, flow, path, depth):
    """What a path can take, and the depth of the first edge that it fills."""
    amount, blocked = np.int64(2**62), 0
    for d in range(depth):
        e, down = _edge(edge_start, node_start, layer, path[d], path[d + 1])
        room = capacity[e] - flow[e] if down else flow[e]
        if room < amount:
            amount, blocked = room, d
    return amount, blocked


@_compiled
def _edge(edge_start, node_start, layer, v, other):
    """The edge between two neighbours, and whether it leads from `v` to `other`."""
    k = layer[v]
    if layer[other] < k:
        width = node_start[k] - node_start[k - 1]
        e = edge_start[k - 1] + (v - node_start[k]) * width + other - node_start[k - 1]
        return e, True
    width = node_start[k + 1] - node_start[k]
    return edge_start[k] + (other - node_start[k + 1]) * width + v - node_start[k], False
