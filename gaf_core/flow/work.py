"""The memory of one solve: what the passes over the edges read and write (`kernels`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow.layout import Layout
from gaf_core.flow.team import PARTS

Array = NDArray[np.float64]


@dataclass
class State:
    """The iterate, flat over edges and nodes, in units of the problem's scale."""

    flow: Array
    slack: Array
    below: Array  # z, dual of flow >= 0
    above: Array  # w, dual of flow <= capacity
    potential: Array


class Work(NamedTuple):
    """Everything that the passes of one solve read and write.

    Attributes:
        edge_start, node_start: where blocks and node layers stand (`layout`).
        part_start: `[PARTS + 1]` first block of each part.
        widest: nodes of the widest layer.
        flow, slack, below, above: `[edges]` the state `f, s, z, w`.
        potential: `[nodes]` the potentials `p`.
        theta: `[edges]` conductances.
        change: `[nodes]` right-hand side and then solution `dp` of a Newton system.
        aim: `[nodes]` `p + dp` of the predictor, whose flow step is
            `d = theta (aim_tail - aim_head)`; 0 where there was none.
        moved_potential: `[nodes]` the potentials after the step.
        rough: `[nodes]` the same while it is solved in single precision.
        degree: `[PARTS, nodes]` sums of `theta` over the edges into and out of each node.
        total: `[nodes]` sum of `theta` over all edges of each node.
        balance: `[PARTS, nodes]` sums of the flow over the edges into and out of each node.
        through: `[PARTS, nodes]` the same of the flow that the next right-hand side stands for.
        barrier: `[PARTS, nodes]` the same of what mu adds to it.
        mu: `[1]` what the corrector aims at.
        length: `[2]` how far the step goes, for the flow and for the duals.
        predicted, shrinks, moved: `[PARTS, ..]` what `predict`, `lengths` and `advance` found in
            each part.
    """

    edge_start: NDArray[np.int64]
    node_start: NDArray[np.int64]
    part_start: NDArray[np.int64]
    widest: int
    flow: Array
    slack: Array
    below: Array
    above: Array
    potential: Array
    theta: Array
    change: Array
    aim: Array
    moved_potential: Array
    rough: NDArray[np.float32]
    degree: Array
    total: Array
    balance: Array
    through: Array
    barrier: Array
    mu: Array
    length: Array
    predicted: Array
    shrinks: Array
    moved: Array


def work_on(layout: Layout, state: State) -> Work:
    """Allocate what a solve needs, once: fresh memory would cost as much as filling it."""
    edge_start, node_start, flow = layout.edge_start, layout.node_start, state.flow
    potential = state.potential
    half = int(np.searchsorted(edge_start, edge_start[-1] // 2))
    half = min(max(half, 1), layout.blocks - 1)
    return Work(
        edge_start=edge_start,
        node_start=node_start,
        part_start=np.array([0, half, layout.blocks]),
        widest=int(np.diff(node_start).max()),
        flow=flow,
        slack=state.slack,
        below=state.below,
        above=state.above,
        potential=potential,
        theta=np.zeros_like(flow),
        change=np.zeros_like(potential),
        aim=np.zeros_like(potential),
        moved_potential=potential.copy(),
        rough=np.zeros(potential.size, dtype=np.float32),
        degree=np.zeros((PARTS, potential.size)),
        total=np.zeros_like(potential),
        balance=np.zeros((PARTS, potential.size)),
        through=np.zeros((PARTS, potential.size)),
        barrier=np.zeros((PARTS, potential.size)),
        mu=np.ones(1),
        length=np.zeros(2),
        predicted=np.zeros((PARTS, 4)),
        shrinks=np.zeros((PARTS, 2)),
        moved=np.zeros((PARTS, 2)),
    )
