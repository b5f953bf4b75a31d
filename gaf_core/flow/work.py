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
        step: `[edges]` flow step `d` of the predictor, 0 where there was none.
        change: `[nodes]` right-hand side and then solution `dp` of a Newton system.
        rough: `[nodes]` the same while it is solved in single precision.
        degree: `[PARTS, nodes]` sums of `theta` over the edges into and out of each node.
        total: `[nodes]` sum of `theta` over all edges of each node.
        through: `[PARTS, nodes]` sums of a flow over the edges into and out of each node.
        mu: `[1]` what the corrector aims at.
        length: `[2]` how far the step goes, for the flow and for the duals.
        predicted, shrinks, moved: `[PARTS, ..]` what `predictor_step`, `corrector_lengths` and
            `update` found in each part.
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
    step: Array
    change: Array
    rough: NDArray[np.float32]
    degree: Array
    total: Array
    through: Array
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
        step=np.zeros_like(flow),
        change=np.zeros_like(potential),
        rough=np.zeros(potential.size, dtype=np.float32),
        degree=np.zeros((PARTS, potential.size)),
        total=np.zeros_like(potential),
        through=np.zeros((PARTS, potential.size)),
        mu=np.zeros(1),
        length=np.zeros(2),
        predicted=np.zeros((PARTS, 4)),
        shrinks=np.zeros((PARTS, 2)),
        moved=np.zeros((PARTS, 2)),
    )
