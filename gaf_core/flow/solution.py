"""FlowSolution: a flow together with the proof that it is the one asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float


class Status(StrEnum):
    """How a solve ended; the values are the words that people read.

    >>> import gaf_core as gaf
    >>> gaf.solve(gaf.FlowNetwork.from_information([[[0.0]]])).status
    <Status.NO_PATH: 'no path'>
    """

    OPTIMAL = "optimal"
    NO_PATH = "no path"
    ITERATION_LIMIT = "iteration limit"
    NUMERICAL_FAILURE = "numerical failure"


MESSAGES: dict[Status, str] = {
    Status.OPTIMAL: (
        "The flow is the unique barrier-regularised maximum flow, within its tolerances."
    ),
    Status.NO_PATH: (
        "No path leads from the prediction to the input: every gradient on the way is zero or "
        "negative. The maximum flow is 0 and so is every score."
    ),
    Status.ITERATION_LIMIT: (
        "The solver used all its iterations without reaching its tolerances. Do not rely on these "
        "scores; try a larger epsilon."
    ),
    Status.NUMERICAL_FAILURE: (
        "The capacities differ by more orders of magnitude than double precision resolves. Do not "
        "rely on these scores; try fewer layers or another tensor."
    ),
}


@dataclass(frozen=True, eq=False)
class FlowSolution:
    """A flow on a network of `l` layers and `t` tokens, in the unit of its capacities.

    Attributes:
        scores: `[t]` flow on `(0, j) -> target`, the attribution of input token `j`.
        edge_flow: `[l, t, t]` flow on `(k+1, i) -> (k, j)`.
        source_flow: `[t]` flow on `source -> (l, i)`.
        potential: `[l + 1, t]` dual variable of each node, 1 at the source and 0 at the target; of
            a node with a capacity, where it is entered.
        value: the flow value `F`, the sum of `scores`.
        status: how the solve ended; `message` says it in words.
        epsilon: relative suboptimality that was asked for.
        mu: barrier weight, `epsilon * F / (2 m)` for `m` edges, in the unit of the capacities.
        duality_gap: certified distance of `value` from the maximum flow, relative to `value`.
        conservation_residual: largest imbalance of a node, relative to `value`.
        centrality: distance from the unique barrier optimum (see `certificate`).
        cut: `[l + 1, t]` True for the nodes on the source's side of a cut; `cut_edges` and
            `cut_nodes` say what it cuts.
        cut_capacity: capacity of that cut: no flow is larger, which proves `duality_gap`.
        iterations: Newton steps taken.
        seconds: wall-clock time of the solve.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> solution = gaf.solve(network)
    >>> solution.status.value, round(solution.value, 4), solution.scores.round(2).tolist()
    ('optimal', 2.0, [1.22, 0.78])
    >>> solution.certified, solution.cut.sum(axis=1).tolist()  # nodes above the cut, by layer
    (True, [0, 1, 2])
    """

    scores: Float[np.ndarray, " t"]
    edge_flow: Float[np.ndarray, "l t t"]
    source_flow: Float[np.ndarray, " t"]
    potential: Float[np.ndarray, "l+1 t"]
    value: float
    status: Status
    epsilon: float
    mu: float
    duality_gap: float
    conservation_residual: float
    centrality: float
    cut: Bool[np.ndarray, "l+1 t"]
    cut_capacity: float
    iterations: int
    seconds: float

    @property
    def node_flow(self) -> Float[np.ndarray, "l t"]:
        """`[l, t]` flow through node `(k, i)`, the token `i` as it enters layer `k`."""
        return self.edge_flow.sum(axis=1)

    @property
    def message(self) -> str:
        """What the status means, for people."""
        return MESSAGES[self.status]

    @property
    def certified(self) -> bool:
        """Whether the answer is proven: optimal within its tolerances, or proven to be zero."""
        return self.status in (Status.OPTIMAL, Status.NO_PATH)
