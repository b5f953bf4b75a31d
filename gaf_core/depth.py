"""Networks that start at every layer of a range -> one score a token: the depth average.

Over many layers tokens mix until their scores are nearly equal, over few the flow ends at states
that have mixed already. The depth average (an extension) chooses none of them: the mean, over the
start layers `a` of a range `[first, last)`, of what each token gets of the flow through
`[a, last)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import FlowSolution, Status


@dataclass(frozen=True, eq=False)
class DepthShares:
    """What each token gets of the flow through each sub-network.

    Attributes:
        shares: `[l, t]` fractions of the flow, row `k` for the network that starts at layer `k` of
            the range; a row is 0 where nothing flows and sums to 1 elsewhere.
        statuses: how each of the `l` solves ended.
    """

    shares: NDArray[np.float64]
    statuses: tuple[Status, ...]

    @classmethod
    def of(cls, solutions: Sequence[FlowSolution]) -> DepthShares:
        """Read the flows through `[first, last)`, `[first + 1, last)` and so on."""
        rows = [
            solution.scores / (solution.value if solution.value > 0 else 1.0)
            for solution in solutions
        ]
        return cls(np.stack(rows), tuple(solution.status for solution in solutions))

    @property
    def scores(self) -> NDArray[np.float64]:
        """`[t]` mean over the sub-networks that carry flow; sums to 1, or is 0 where none does."""
        carrying = self.shares.any(axis=1)
        return self.shares.sum(axis=0) / max(np.count_nonzero(carrying), 1)

    @property
    def certified(self) -> bool:
        """Whether every one of the flows is proven."""
        return all(status in (Status.OPTIMAL, Status.NO_PATH) for status in self.statuses)
