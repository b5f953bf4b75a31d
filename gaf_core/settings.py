"""What may be asked of an explanation: the settings, their choices, their defaults.

Knows no model and no tensor, so that the command line can say what there is without loading either.
"""

from __future__ import annotations

from dataclasses import dataclass

# What a caller may name: nothing (the prediction), an index, a label, or a contrast of two.
TargetLike = int | str | tuple[int | str, int | str] | None
TextLike = str | tuple[str, str]  # or a pair, for a model that compares two

VARIANTS = ("AF", "GF", "AGF")
AGGREGATES = ("mean", "max", "sum", "net")
RESIDUALS = ("none", "half", "first order")
GRADIENTS = ("exact", "frozen")


@dataclass(frozen=True)
class Settings:
    """What to explain and how; the defaults are the paper's. Hashable, so usable as a cache key.

    Attributes:
        variant: information tensor, "AF", "GF" or "AGF".
        layers: half-open layer range `(a, b)`, or None for all layers.
        target: None for the predicted class; an index, a label, or a pair for a contrast.
        heads: heads to keep in every layer, or None for all (a subset is an extension).
        aggregate: over heads, "mean" (the paper), "max", "sum" or "net".
        residual: "none" (the paper), "half" or "first order" (see `information_tensor`).
        source: "all" output positions (the paper), "classification" for those the model's head
            reads, or one position.
        epsilon: relative suboptimality of the barrier flow, in (0, 0.5].
        truncate: explain the first tokens of a text that is too long instead of refusing it.
        gradients: "exact" (the paper), or "frozen": those of the linearised backward pass
            (`Frozen`), an extension.
        node_capacities: whether a token, as it enters a layer, passes on no more than its
            first-order contribution to the target (an extension; AGF with the aggregate "sum" or
            "net").
        depth_average: whether the scores are the mean over the networks that start at each layer
            of the range (an extension, see `DepthShares`).

    >>> import gaf_core as gaf
    >>> settings = gaf.Settings("GF", layers=(3, 6), target=("positive", "negative"))
    >>> settings.epsilon, settings == gaf.Settings()
    (1e-06, False)
    """

    variant: str = "AGF"
    layers: tuple[int, int] | None = None
    target: TargetLike = None
    heads: tuple[int, ...] | None = None
    aggregate: str = "mean"
    residual: str = "none"
    source: str | int = "all"
    epsilon: float = 1e-6
    truncate: bool = False
    gradients: str = "exact"
    node_capacities: bool = False
    depth_average: bool = False


FAITHFUL = Settings(
    variant="AGF",
    gradients="frozen",
    aggregate="net",
    residual="first order",
    node_capacities=True,
    depth_average=True,
    source="classification",
)
