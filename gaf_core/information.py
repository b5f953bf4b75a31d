"""Trace -> information tensor: how much each query of each layer takes from each key, `>= 0`.

    AF    attention flow            aggregate_h  A
    GF    gradient flow             aggregate_h  max(G, 0)
    AGF   attention-gradient flow   aggregate_h  max(A * G, 0)

The aggregate over heads is the mean in the paper (Azarkhalili & Libbrecht, ACL 2025); the maximum
and the sum, a subset of heads, a range of layers and residual connections are extensions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.trace import Trace

Tensor = NDArray[np.float64]

VARIANTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "AF": lambda attention, _: attention,
    "GF": lambda _, gradient: np.maximum(gradient, 0.0),
    "AGF": lambda attention, gradient: np.maximum(attention * gradient, 0.0),
}
AGGREGATES: dict[str, Callable[..., Tensor]] = {"mean": np.mean, "max": np.max, "sum": np.sum}
RESIDUALS = ("none", "half")


def information_tensor(
    trace: Trace,
    variant: str = "AGF",
    layers: tuple[int, int] | None = None,
    heads: Sequence[int] | None = None,
    aggregate: str = "mean",
    residual: str = "none",
) -> Tensor:
    """The information tensor of layers `[a, b)`.

    Args:
        trace: attention and gradient of one prediction.
        variant: "AF", "GF" or "AGF".
        layers: half-open range `(a, b)` with `0 <= a < b <= L`; None for all.
        heads: indices of the heads to keep in every layer; None for all.
        aggregate: "mean" (the paper), "max" or "sum" over heads.
        residual: "none" (the paper), or "half": `I + 1` with rows normalised, the residual
            connection of attention rollout (Abnar & Zuidema, ACL 2020).

    Returns:
        `[b - a, t, t]` float64, `[layer, query, key]`. AF has no unit; GF and AGF are in logits.

    Raises:
        SettingsError: an unknown name, an empty or impossible layer range, or no such head.
    """
    _check_name("tensor variant", variant, VARIANTS)
    _check_name("head aggregate", aggregate, AGGREGATES)
    _check_name("residual", residual, RESIDUALS)
    first, last = check_layers(layers, trace.layers)
    chosen = check_heads(heads, trace.attention.shape[1])
    attention = trace.attention[first:last, chosen].astype(np.float64)
    gradient = trace.gradient[first:last, chosen].astype(np.float64)
    tensor = AGGREGATES[aggregate](VARIANTS[variant](attention, gradient), axis=1)
    if residual == "half":
        tensor = tensor + np.eye(tensor.shape[-1])
        tensor /= tensor.sum(axis=-1, keepdims=True)
    return tensor


def check_layers(layers: tuple[int, int] | None, depth: int) -> tuple[int, int]:
    """The layer range, or a `SettingsError` that says what a range is."""
    first, last = (0, depth) if layers is None else layers
    if not 0 <= first < last <= depth:
        raise SettingsError(
            f"The layer range [{first}, {last}) holds no layer of this model. Choose a start and "
            f"an end with 0 <= start < end <= {depth}."
        )
    return first, last


def check_heads(heads: Sequence[int] | None, count: int) -> list[int]:
    """The heads kept, in order, or a `SettingsError` that says which exist."""
    chosen = list(range(count)) if heads is None else sorted(set(heads))
    if not chosen or chosen[0] < 0 or chosen[-1] >= count:
        raise SettingsError(
            f"{list(heads or [])} is not a selection of heads of this model. "
            f"Choose at least one of 0 to {count - 1}."
        )
    return chosen


def _check_name(what: str, name: str, known) -> None:
    if name not in known:
        raise SettingsError(f"'{name}' is not a {what}. Choose one of: {', '.join(known)}.")
