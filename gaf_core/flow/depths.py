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
from jaxtyping import Float

from gaf_core.flow import FlowSolution, Status
from gaf_core.flow.solution import MESSAGES


@dataclass(frozen=True, eq=False)
class DepthShares:
    """What each token gets of the flow through each sub-network.

    Attributes:
        shares: `[l, t]` fractions of the flow, row `k` for the network that starts at layer `k` of
            the range; a row is 0 where nothing flows and sums to 1 elsewhere.
        statuses: how each of the `l` solves ended.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> whole, top = gaf.solve(network), gaf.solve(gaf.FlowNetwork.from_information([upper]))
    >>> depths = gaf.DepthShares.of([whole, top])
    >>> depths.shares.round(2).tolist(), depths.scores.round(2).tolist()
    ([[0.61, 0.39], [0.75, 0.25]], [0.68, 0.32])
    """

    shares: Float[np.ndarray, "l t"]
    statuses: tuple[Status, ...]

    @classmethod
    def of(cls, solutions: Sequence[FlowSolution]) -> DepthShares:
        """Read the flows through `[first, last)`, `[first + 1, last)` and so on.

        >>> import gaf_core as gaf
        >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
        >>> network = gaf.FlowNetwork.from_information([lower, upper])
        >>> gaf.DepthShares.of([gaf.solve(network)]).statuses
        (<Status.OPTIMAL: 'optimal'>,)
        """
        rows = [
            solution.scores / (solution.value if solution.value > 0 else 1.0)
            for solution in solutions
        ]
        return cls(np.stack(rows), tuple(solution.status for solution in solutions))

    @property
    def scores(self) -> Float[np.ndarray, " t"]:
        """`[t]` mean over the sub-networks that carry flow; sums to 1, or is 0 where none does."""
        carrying = self.shares.any(axis=1)
        return self.shares.sum(axis=0) / max(np.count_nonzero(carrying), 1)

    @property
    def certified(self) -> bool:
        """Whether every one of the flows is proven."""
        return all(status in (Status.OPTIMAL, Status.NO_PATH) for status in self.statuses)

    def message(self, layers: tuple[int, int]) -> str:
        """How the flows ended, for people: which of them are not proven, and which have no path.

        Args:
            layers: the layer range `(a, b)` of the model, counted from 0, that they are over.

        >>> import gaf_core as gaf
        >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
        >>> network = gaf.FlowNetwork.from_information([lower, upper])
        >>> gaf.DepthShares.of([gaf.solve(network)]).message((0, 2))
        'The flow is the unique barrier-regularised maximum flow, within its tolerances.'
        """
        count, kinds = len(self.statuses), set(self.statuses)
        if count == 1 or kinds == {Status.NO_PATH}:
            return MESSAGES[self.statuses[0]]
        said = [
            f"{len(failed)} of the {count} flows that the scores are the mean of "
            f"{'is' if len(failed) == 1 else 'are'} not proven: through {_named(failed, layers)}. "
            f"{MESSAGES[status]}"
            for status in Status
            if status not in (Status.OPTIMAL, Status.NO_PATH) and (failed := self._ended(status))
        ]
        if closed := self._ended(Status.NO_PATH):
            said.append(
                f"No path leads from the prediction to the input through {_named(closed, layers)}; "
                f"the scores are the mean over the other {count - len(closed)} of {count} flows."
            )
        return " ".join(said) or f"For each of {count} flows: {MESSAGES[Status.OPTIMAL]}"

    def _ended(self, status: Status) -> list[int]:
        """Which of the flows ended so."""
        return [start for start, ended in enumerate(self.statuses) if ended is status]


def _named(starts: Sequence[int], layers: tuple[int, int]) -> str:
    """The ranges of layers that some of the flows run through, counted from 1."""
    first, last = layers
    ranges = [
        f"layers {first + start + 1} to {last}" if first + start + 1 < last else f"layer {last}"
        for start in starts
    ]
    return " and ".join(filter(None, [", ".join(ranges[:-1]), ranges[-1]]))
