"""Layers left out of a picture: the flow across them, composed.

A flow says what enters and what leaves a node, not which of the one becomes which of the other.
Across layers that are left out it is taken to mix at every node, as a Markov chain does: what
arrives leaves in the proportions in which all leaves. For the boundary `k + 1` left out,

    f(k+2, i -> k, j) = sum over m of f(k+2, i -> k+1, m) * f(k+1, m -> k, j) / through(k+1, m)

so the sums over `i` and over `j` are those of the flow itself, and every kept node keeps its width.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError, check_kind


def compose(edge_flow: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[t, t]` flow from the top of a stack of layers `[n, t, t]` to its bottom, mixed at nodes.

    >>> lower, upper = [[3.0, 1.0], [0.0, 2.0]], [[4.0, 0.0], [0.0, 2.0]]
    >>> compose(np.array([lower, upper])).tolist()
    [[3.0, 1.0], [0.0, 2.0]]
    """
    flow = edge_flow[-1]
    for below in edge_flow[-2::-1]:
        leaving = below.sum(axis=1, keepdims=True)
        flow = flow @ np.divide(below, leaving, out=np.zeros_like(below), where=leaving > 0)
    return flow


def kept_boundaries(layers: int, folded: Iterable[int]) -> tuple[int, ...]:
    """The layers of nodes `0..l` that stay when those in `folded` are left out.

    Raises:
        SettingsError: the input, the last layer, or a layer that does not exist is to be left out.
    """
    check_kind(folded, Iterable, "Name the layers of nodes to leave out.")
    left_out = frozenset(folded)
    wrong = sorted(left_out - frozenset(range(1, layers)))
    if wrong:
        allowed = f"Choose from 1 to {layers - 1}" if layers > 1 else "One layer cannot be folded"
        raise SettingsError(f"Layer {wrong[0]} of the nodes cannot be folded away. {allowed}.")
    return tuple(k for k in range(layers + 1) if k not in left_out)


def usual_folds(layers: int, at_most: int = 8) -> frozenset[int]:
    """What to fold so that about `at_most` steps are left, all of about the same depth.

    >>> sorted(usual_folds(12, at_most=4))
    [1, 2, 4, 5, 7, 8, 10, 11]

    Raises:
        SettingsError: `at_most` is below 1.
    """
    if at_most < 1:
        raise SettingsError(f"{at_most} layers show nothing. Use 1 or more.")
    kept = np.linspace(0, layers, min(at_most, layers) + 1).round().astype(int)
    return frozenset(range(layers + 1)) - frozenset(kept.tolist())
