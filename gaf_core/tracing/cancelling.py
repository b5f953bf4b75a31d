"""How much of what reaches a token past the attention and through it cancels, in numbers.

A layer adds what attention brings, `o`, to the state `h` that is there already. To first order the
two contribute `h . dy/dz` and `o . dy/dz` to the target, with `z` their sum. A layer norm behind it
does not change when `z` is scaled, so its exact gradient has `z . dy/dz` near 0: large
contributions that take each other away. With the norm held constant they do not (Ali et al., ICML
2022).
"""

from __future__ import annotations

import numpy as np

from gaf_core.errors import SettingsError
from gaf_core.tracing.trace import Trace


def left_after_cancelling(trace: Trace) -> float:
    """What is left of both ways into the tokens, as a fraction of what they hold apart.

    The sum over layers and tokens of `|r + a|` over that of `|r| + |a|`, with `r` the first-order
    contribution of what passes by the attention and `a` of what it brings: the sum over heads and
    keys of attention times gradient.

    Returns:
        From 0, all of it cancels, to 1, nothing does; 0 where both are 0 everywhere.

    Raises:
        SettingsError: the trace has no residuals.
    """
    if trace.residual is None:
        raise SettingsError(
            "This trace has no first-order residuals. Trace the text with residual=True."
        )
    residual = trace.residual.astype(np.float64)
    brought = np.einsum("lhij,lhij->li", trace.attention, trace.gradient, dtype=np.float64)
    apart = float(np.abs(residual).sum() + np.abs(brought).sum())
    return float(np.abs(residual + brought).sum()) / apart if apart > 0 else 0.0
