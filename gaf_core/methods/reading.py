"""Where a prediction is read: the classification row of the papers, found rather than assumed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import GafError
from gaf_core.tracing.trace import Trace


def read_positions(trace: Trace) -> NDArray[np.int64]:
    """Positions of the last layer that the target depends on, at least one.

    The first token of a BERT, the last of a causal language model, every token of a model that
    pools them and of an encoder that a decoder looks back at.

    Raises:
        GafError: the target depends on none.
    """
    positions = trace.read_positions
    if not positions.size:
        raise GafError(
            "The target does not depend on any position of the last layer: the gradient of its "
            "logit is zero there, so there is no classification position to explain. Choose "
            "another target or text."
        )
    return positions


def read_row(trace: Trace, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[t]` the row of a `[t, t]` matrix at the classification position; the mean over several.

    Raises:
        GafError: the target depends on no position of the last layer.
    """
    return matrix[read_positions(trace)].mean(axis=0)
