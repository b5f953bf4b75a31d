"""Trace -> information tensor: how much each query of each layer takes from each key, `>= 0`.

    AF    attention flow            aggregate_h  A
    GF    gradient flow             aggregate_h  max(G, 0)
    AGF   attention-gradient flow   aggregate_h  max(A * G, 0)

The aggregate over heads is the mean in the paper (Azarkhalili & Libbrecht, ACL 2025). Extensions
are the maximum, the sum and the net sum `max(sum_h .., 0)`, in which heads that argue against each
other cancel; a subset of heads; a range of layers; residual edges and node capacities.

First order: the relevance `h . dy/dh` of a hidden state is what the target would lose if the state
were scaled away, to first order. What of it passes by a layer's attention is the residual edge,
what there is of it at all the node's capacity. AGF summed over heads is in the same unit, that of
the logit, so that all capacities of such a network compare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gaf_core.errors import SettingsError, brief, check_kind
from gaf_core.settings import (
    AGGREGATES,
    RESIDUALS,
    SETTINGS,
    VARIANTS,
    Aggregate,
    Residual,
    Variant,
)
from gaf_core.tracing.trace import Trace

# what one head says of an edge: with its sign for the net sum, at least 0 for the others
_SAYS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "AF": lambda attention, _: attention,
    "GF": lambda _, gradient: gradient,
    "AGF": lambda attention, gradient: attention * gradient,
}
_IN_LOGITS = ("sum", "net")


class Information(NamedTuple):
    """What a trace says about `l` layers and `t` tokens.

    Attributes:
        attention: `[l, t, t]` what passes through attention, `[layer, query, key]`.
        residual: `[l, t]` what passes by it from a token to itself; None without residual edges.
    """

    attention: Float[np.ndarray, "l t t"]
    residual: Float[np.ndarray, "l t"] | None

    @property
    def tensor(self) -> Float[np.ndarray, "l t t"]:
        """`[l, t, t]` both together: the information tensor."""
        if self.residual is None:
            return self.attention
        return self.attention + self.residual[:, :, None] * np.eye(self.residual.shape[1])


def information_tensor(
    trace: Trace,
    variant: Variant = "AGF",
    layers: tuple[int, int] | None = None,
    heads: Sequence[int] | None = None,
    aggregate: Aggregate = "mean",
    residual: Residual = "none",
) -> Float[np.ndarray, "l t t"]:
    """The information tensor of layers `[a, b)`, with residual edges on its diagonal.

    Args:
        trace: attention and gradient of one prediction.
        variant: "AF", "GF" or "AGF".
        layers: half-open range `(a, b)` with `0 <= a < b <= L`; None for all.
        heads: indices of the heads to keep in every layer; None for all.
        aggregate: over heads, "mean" (the paper), "max", "sum" or "net" (see above).
        residual: "none" (the paper); "half": `I + 1` with rows normalised, the residual connection
            of attention rollout (Abnar & Zuidema, ACL 2020); or "first order": `max(r, 0)` with `r`
            the first-order contribution of what passes by the attention (`Trace.residual`), for AGF
            with the aggregate "sum" or "net".

    Returns:
        `[b - a, t, t]` float64, `[layer, query, key]`. AF has no unit; GF and AGF are in logits.

    Raises:
        SettingsError: an unknown name, an empty or impossible layer range, no such head, or a
            residual that does not go with the variant, the aggregate or the trace.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> gaf.information_tensor(trace, "AF").shape
    (6, 6, 6)
    >>> gaf.information_tensor(trace, "AGF", layers=(5, 6)).any(axis=-1).nonzero()[1].tolist()
    [0]
    """
    return information(trace, variant, layers, heads, aggregate, residual).tensor


def information(
    trace: Trace,
    variant: Variant = "AGF",
    layers: tuple[int, int] | None = None,
    heads: Sequence[int] | None = None,
    aggregate: Aggregate = "mean",
    residual: Residual = "none",
) -> Information:
    """The information tensor with its residual edges apart; see `information_tensor`."""
    check_kind(trace, Trace, "gaf_core.trace returns one.")
    _check_name("residual", residual, RESIDUALS)
    first, last = check_layers(layers, trace.layers)
    tensor = np.stack(
        [
            head_terms(trace, layer, variant, heads, aggregate, residual).sum(axis=0)
            for layer in range(first, last)
        ]
    )
    if residual == "half":  # what attention leaves of a row
        return Information(tensor, 1.0 - tensor.sum(axis=-1))
    if residual == "first order":
        check_unit(variant, aggregate, "First-order residual edges")
        if trace.residual is None:
            raise SettingsError(
                "This trace has no first-order residuals. Trace the text with residual=True, or "
                'use the residual "none" or "half".'
            )
        return Information(tensor, np.maximum(trace.residual[first:last].astype(np.float64), 0.0))
    return Information(tensor, None)


def head_terms(
    trace: Trace,
    layer: int,
    variant: Variant = "AGF",
    heads: Sequence[int] | None = None,
    aggregate: Aggregate = "mean",
    residual: Residual = "none",
) -> Float[np.ndarray, "h t t"]:
    """What each head adds to the information tensor of a layer, which is the sum over them.

    The maximum is the term of the (first) head that attains it. In a net sum that is not above 0 no
    head adds anything; in another, heads that argue against it add less than 0.

    Args:
        trace: attention and gradient of one prediction.
        layer: of the model, from 0.
        variant, heads, aggregate, residual: as for `information_tensor`.

    Returns:
        `[h, t, t]` float64 for the `h` heads kept, `[head, query, key]`, in the tensor's unit.

    Raises:
        SettingsError: an unknown name, or no such head.
    """
    _check_name("tensor variant", variant, VARIANTS)
    _check_name("head aggregate", aggregate, AGGREGATES)
    chosen = check_heads(heads, trace.attention.shape[1])
    attention = trace.attention[layer, chosen].astype(np.float64)
    gradient = trace.gradient[layer, chosen].astype(np.float64)
    if variant == "AGF" and trace.terms is not None:
        terms = trace.terms[layer, chosen].astype(np.float64)
    else:
        terms = _SAYS[variant](attention, gradient)
    if aggregate == "net":
        terms = np.where(terms.sum(axis=0) > 0, terms, 0.0)
    else:
        terms = np.maximum(terms, 0.0)
    if aggregate == "max":
        attains = np.arange(len(chosen))[:, None, None] == terms.argmax(axis=0)
        terms = np.where(attains, terms, 0.0)
    elif aggregate == "mean":
        terms = terms / len(chosen)
    if residual == "half":  # rows of the aggregate and 1 on the diagonal are normalised
        terms = terms / (terms.sum(axis=(0, 2)) + 1.0)[:, None]
    return terms


def node_capacities(
    trace: Trace, layers: tuple[int, int] | None = None
) -> Float[np.ndarray, "l t"]:
    """`[b - a, t]` what a token is worth as it enters a layer: `max(h . dy/dh, 0)`, in logits.

    Raises:
        SettingsError: an impossible layer range, or a trace without relevances.
    """
    first, last = check_layers(layers, trace.layers)
    if trace.relevance is None:
        raise SettingsError(
            "This trace has no relevances, which node capacities are made of. Trace the text with "
            "a model whose hidden states can be read, or explain it without node capacities."
        )
    return np.maximum(trace.relevance[first:last].astype(np.float64), 0.0)


def check_unit(variant: str, aggregate: str, what: str) -> None:
    """A `SettingsError` where capacities are in another unit than first-order contributions."""
    if variant != "AGF" or aggregate not in _IN_LOGITS:
        raise SettingsError(
            f"{what} are in units of the logit, and the {aggregate} over heads of {variant} is "
            'not. Use the variant "AGF" with the aggregate "sum" or "net".'
        )


def check_layers(layers: tuple[int, int] | None, depth: int) -> tuple[int, int]:
    """The layer range, or a `SettingsError` that says what a range is."""
    asked: Any = tuple(layers) if isinstance(layers, list) else layers
    SETTINGS["layers"].check(asked)
    first, last = (0, depth) if asked is None else asked
    if not 0 <= first < last <= depth:
        raise SettingsError(
            f"The layer range [{brief(first)}, {brief(last)}) holds no layer of this model. Choose "
            f"a start and an end with 0 <= start < end <= {depth}."
        )
    return first, last


def check_heads(heads: Sequence[int] | None, count: int) -> list[int]:
    """The heads kept, in order, or a `SettingsError` that says which exist."""
    asked = heads.tolist() if isinstance(heads, np.ndarray) else heads
    asked = tuple(asked) if isinstance(asked, list | range) else asked
    SETTINGS["heads"].check(asked)
    chosen = list(range(count)) if asked is None else sorted(set(asked))
    if not chosen or chosen[0] < 0 or chosen[-1] >= count:
        raise SettingsError(
            f"{brief(list(asked or []))} is not a selection of heads of this model. "
            f"Choose at least one of 0 to {count - 1}."
        )
    return chosen


def _check_name(what: str, name: str, known) -> None:
    if not isinstance(name, str) or name not in known:
        raise SettingsError(f"'{name}' is not a {what}. Choose one of: {', '.join(known)}.")
