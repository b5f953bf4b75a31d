"""A flow in paths: the widest first.

A flow without cycles, as any layered flow, is a sum of source-target paths; taking the widest first
(Vatinlen et al. 2008) makes the decomposition deterministic and short.
"""

from __future__ import annotations

from itertools import pairwise
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from gaf_core.errors import SettingsError


class FlowPath(NamedTuple):
    """A path of the flow from the prediction to an input token.

    Attributes:
        nodes: `l + 1` token positions, that of the last layer's output first, the input last.
        flow: what it carries.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> path, *_ = gaf.widest_paths(gaf.max_flow(network).edge_flow)
    >>> path
    FlowPath(nodes=(0, 0, 0), flow=1.0)
    """

    nodes: tuple[int, ...]
    flow: float


def widest_paths(
    edge_flow: Float[np.ndarray, "l t t"], count: int | None = None, share: float = 1.0 - 1e-9
) -> list[FlowPath]:
    """Take the widest path of a flow away, again and again.

    Args:
        edge_flow: `[l, t, t]` flow that is conserved at every node between the ends.
        count: how many paths at most; None for as many as it takes.
        share: stop when the paths carry this share of the flow.

    Returns:
        Paths, widest first, with what each carries. Ties go to the lower token positions, so the
        same flow gives the same paths. Each path empties an edge, which bounds their number.

    Raises:
        SettingsError: no flow, or a count or share that is none.

    >>> import gaf_core as gaf
    >>> lower, upper = [[1.0, 0.0], [0.5, 2.0]], [[3.0, 0.5], [0.0, 0.5]]
    >>> network = gaf.FlowNetwork.from_information([lower, upper])
    >>> for path in gaf.widest_paths(gaf.max_flow(network).edge_flow):
    ...     print(path.nodes, path.flow)
    (0, 0, 0) 1.0
    (0, 1, 0) 0.5
    (1, 1, 1) 0.5
    """
    rest = np.array(edge_flow) if np.ndim(edge_flow) == 3 else np.empty(0)
    if rest.dtype.kind not in "fiu" or rest.shape[1:2] != rest.shape[2:] or not rest.size:
        raise SettingsError(
            "A flow to take paths of has the shape [layers, tokens, tokens], as the edge_flow of a "
            "solution has."
        )
    rest = rest.astype(np.float64)
    if not np.isfinite(rest).all():
        raise SettingsError("A flow to take paths of is finite on every edge, and this one is not.")
    if not (count is None or isinstance(count, Integral)) or not isinstance(share, Real):
        raise SettingsError("How many paths is a whole number, and their share of the flow one.")
    total = float(rest[0].sum())
    left, paths = total, []
    while left > (1.0 - share) * total and (count is None or len(paths) < count):
        path = _widest_path(rest)
        if path.flow <= 0.0:
            break
        for k, (key, query) in enumerate(pairwise(reversed(path.nodes))):
            rest[k, query, key] = max(0.0, rest[k, query, key] - path.flow)
        left -= path.flow
        paths.append(path)
    return paths


def _widest_path(flow: NDArray[np.float64]) -> FlowPath:
    layers, tokens, _ = flow.shape
    width, chosen = np.full(tokens, np.inf), []
    for k in range(layers):  # width[i]: the widest path from (k + 1, i) down to an input
        through = np.minimum(flow[k], width[None, :])
        chosen.append(through.argmax(axis=1))
        width = through.max(axis=1)
    nodes = [int(width.argmax())]
    for choice in reversed(chosen):
        nodes.append(int(choice[nodes[-1]]))
    return FlowPath(tuple(nodes), float(width.max()))
