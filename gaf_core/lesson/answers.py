"""Network -> several of its largest flows, and the path to the one in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import ambiguity, central_path, extreme_flows
from gaf_core.network import FlowNetwork

STEPS = 25  # of a path
_FIRST, _LAST = 0.5, 1e-6  # epsilon at its two ends
_LARGE = 100_000  # edges, beyond which a path has fewer steps
_FEW = 9


@dataclass(frozen=True, eq=False)
class Between:
    """Two largest flows of one network, as far apart as one token allows, and all between them.

    A mixture of two largest flows is one: it keeps every capacity and carries as much.

    Attributes:
        token: whose part is least in the one and most in the other.
        least, most: `[l, t, t]` the flows.
    """

    token: int
    least: NDArray[np.float64]
    most: NDArray[np.float64]

    def at(self, part: float) -> NDArray[np.float64]:
        """`[l, t, t]` the flow a part of the way, 0 to 1, from the least to the most."""
        return (1.0 - part) * self.least + part * self.most

    def scores(self, part: float) -> NDArray[np.float64]:
        """`[t]` what each token gets there."""
        return self.at(part)[0].sum(axis=0)


def between(network: FlowNetwork, token: int) -> Between:
    """The two largest flows that disagree most about a token.

    Raises:
        SettingsError: no path reaches it.

    >>> import gaf_core as gaf
    >>> network = gaf.FlowNetwork.from_information([[[2.0, 2.0]] * 2, [[2.0, 0.0], [0.0, 0.0]]])
    >>> [between(network, 0).scores(part).tolist() for part in (0.0, 0.5, 1.0)]
    [[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]]
    """
    least, most = extreme_flows(network, token)
    return Between(token, least.edge_flow, most.edge_flow)


@dataclass(frozen=True, eq=False)
class Path:
    """The central path: one flow for each weight of the barrier.

    Attributes:
        epsilons: `[s]` falling: how far a flow may stay below the largest, relatively.
        mus: `[s]` weights of the barrier, in the unit of the flow.
        flows: `[s, l, t, t]`; None where only the scores were wanted.
        scores: `[s, t]`.
        bounds: `[t, 2]` intervals over all largest flows.
        certified: whether every one of them is proven.
    """

    epsilons: NDArray[np.float64]
    mus: NDArray[np.float64]
    flows: NDArray[np.float64] | None
    scores: NDArray[np.float64]
    bounds: NDArray[np.float64]
    certified: bool

    @property
    def values(self) -> NDArray[np.float64]:
        """`[s]` the flow values, which grow to the largest."""
        return self.scores.sum(axis=1)


def path_of(network: FlowNetwork, *, flows: bool = True) -> Path:
    """The central path from a wide barrier to the answer at epsilon 1e-6.

    Args:
        network: what flows.
        flows: whether the flows are kept, and not their scores alone.

    >>> import gaf_core as gaf
    >>> network = gaf.FlowNetwork.from_information([[[2.0, 2.0]] * 2, [[2.0, 0.0], [0.0, 0.0]]])
    >>> path = path_of(network)
    >>> path.certified, path.scores[-1].round(3).tolist()
    (True, [1.0, 1.0])
    """
    steps = STEPS if network.edge_count <= _LARGE else _FEW
    epsilons = np.geomspace(_FIRST, _LAST, steps)
    epsilons[0] = _FIRST
    solutions = central_path(network, epsilons.tolist())
    return Path(
        epsilons=epsilons,
        mus=np.array([one.mu for one in solutions]),
        flows=np.stack([one.edge_flow for one in solutions]) if flows else None,
        scores=np.stack([one.scores for one in solutions]),
        bounds=ambiguity(network),
        certified=all(one.certified for one in solutions),
    )


def strongest(path: Path, count: int, without: Sequence[int] = ()) -> list[int]:
    """The tokens with the largest scores at the end of a path, largest first."""
    order = np.argsort(-path.scores[-1], kind="stable").tolist()
    return [token for token in order if token not in without][:count]
