"""A toy -> its flows: the one in the middle, one of the largest, the cut, the intervals.

Everything is computed by the solvers of the library, anew for every change, in some milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import ExactFlow, FlowPath, FlowSolution, ambiguity, max_flow, solve
from gaf_core.flow import widest_paths as paths_of
from gaf_core.lesson.toy import Toy
from gaf_core.network import FlowNetwork
from gaf_core.reading.bottleneck import Bottleneck, bottleneck
from gaf_core.reading.focus import Edge

_KEPT = 256  # toys whose flows are kept


@dataclass(frozen=True, eq=False)
class Solved:
    """A toy of `l` layers and `t` tokens with its flows.

    Attributes:
        toy: what was solved.
        network: what the solvers got.
        solution: the flow in the middle, with its certificate.
        exact: one of the largest flows.
        bounds: `[t, 2]` least and most of each token over all largest flows.
        limit: the minimum cut.
        pushes: the paths of `exact`, widest first.
    """

    toy: Toy
    network: FlowNetwork
    solution: FlowSolution
    exact: ExactFlow
    bounds: NDArray[np.float64]
    limit: Bottleneck
    pushes: tuple[FlowPath, ...]

    @property
    def value(self) -> float:
        """The largest flow."""
        return self.exact.value

    @property
    def flows(self) -> bool:
        """Whether anything flows."""
        return self.value > 0

    @property
    def dead(self) -> list[Edge]:
        """Pipes on no way from the prediction to a word."""
        places = np.argwhere((self.toy.tensor > 0) & (self.network.capacity == 0))
        return [Edge(*map(int, place)) for place in places]

    @property
    def cut(self) -> list[Edge]:
        """The pipes of the minimum cut."""
        return [Edge(*map(int, place)) for place in np.argwhere(self.limit.edges)]

    @property
    def ambiguous(self) -> list[int]:
        """Tokens whose part differs between largest flows, the widest interval first."""
        widths = self.bounds[:, 1] - self.bounds[:, 0]
        order = np.argsort(-widths, kind="stable").tolist()
        return [token for token in order if widths[token] > 1e-9 * max(self.value, 1.0)]

    def pushed(self, count: int) -> NDArray[np.float64]:
        """`[l, t, t]` the flow once so many ways are filled."""
        part = np.zeros_like(self.network.capacity)
        for path in self.pushes[:count]:
            for k, (key, query) in enumerate(pairwise(reversed(path.nodes))):
                part[k, query, key] += path.flow
        return part


@lru_cache(maxsize=_KEPT)
def solve_toy(toy: Toy) -> Solved:
    """All flows of a toy; kept, since a page asks for them again and again.

    >>> solved = solve_toy(Toy.of(["a", "b"], [[[1, 2], [0, 0]], [[4, 0], [0, 0]]]))
    >>> solved.value, solved.solution.certified, len(solved.pushes)
    (3.0, True, 2)
    """
    network = toy.network()
    exact = max_flow(network)
    return Solved(
        toy=toy,
        network=network,
        solution=solve(network),
        exact=exact,
        bounds=ambiguity(network),
        limit=bottleneck(network, exact),
        pushes=tuple(paths_of(exact.edge_flow)),
    )
