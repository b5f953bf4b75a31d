"""Explanation -> how its scores dissolve with depth: the flow that ends at each layer.

Row `a` is the flow from the prediction through the layers `[a, b)`, with the settings of the
explanation and `b` its last layer: over many layers tokens mix, and their shares grow alike.

    effective number of tokens   exp(- sum_j s_j ln s_j) of shares s: n for n equal shares, 1 where
                                 one token has all (Hill 1973, the number of order 1)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gaf_core.composer import explain_trace
from gaf_core.evaluation import Evaluation, Perturbation, evaluate_all
from gaf_core.explanation import Explanation
from gaf_core.flow import max_flow
from gaf_core.flow.depths import DepthShares
from gaf_core.models.model import Model
from gaf_core.reading.bottleneck import bottleneck

AVERAGE = "average"  # of all depths, among the rankings that are measured

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Depth:
    """The flows of `d` depths of a text of `t` tokens.

    Attributes:
        last: the layer of the model at which all flows begin, counted from 1.
        shares: `[d, t]` of each flow, row `a` for that which ends at the entry of layer `a`,
            counted from 0; 0 where nothing flows.
        values: `[d]` flow values, in the unit of the capacities.
        effective: `[d]` effective number of tokens; 0 where nothing flows.
        cut: `[d, d]` part of the minimum cut in each layer, nodes at its entry included; 0 above
            the diagonal's left: a flow has no layer below its first.
        certified: `[d]` whether each flow is proven.
        average: `[t]` mean of the shares over the depths that carry flow (see `DepthShares`).
    """

    last: int
    shares: NDArray[np.float64]
    values: NDArray[np.float64]
    effective: NDArray[np.float64]
    cut: NDArray[np.float64]
    certified: NDArray[np.bool_]
    average: NDArray[np.float64]

    @property
    def count(self) -> int:
        """Number of depths."""
        return len(self.values)

    def layers(self, start: int) -> tuple[int, int]:
        """The range of one depth as people count, both ends included."""
        return start + 1, self.last


def depth_of(explanation: Explanation, progress: Progress | None = None) -> Depth:
    """Solve the flow that ends at each layer from the first on; the model is not run again.

    Args:
        explanation: whose trace and settings; its first layer and its mean over depths do not
            count.
        progress: called with (flows done, flows in all).

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> depth = depth_of(gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6))))
    >>> depth.shares.shape, bool(depth.certified.all())
    ((6, 6), True)
    >>> bool(depth.effective[0] > depth.effective[-1])  # over all layers the shares are more alike
    True
    """
    last = explanation.layers[1]
    solutions, cuts = [], np.zeros((last, last))
    for start in range(last):
        settings = replace(explanation.settings, layers=(start, last), depth_average=False)
        found = explain_trace(explanation.trace, settings)
        solutions.append(found.solution)
        if found.solution.value > 0:
            limit = bottleneck(found.network, max_flow(found.network))
            cuts[start, start:] = (limit.layers + limit.entries) / limit.capacity
        if progress is not None:
            progress(start + 1, last)
    depths = DepthShares.of(solutions)
    return Depth(
        last=last,
        shares=depths.shares,
        values=np.array([one.value for one in solutions]),
        effective=np.array([effective_number(row) for row in depths.shares]),
        cut=cuts,
        certified=np.array([one.certified for one in solutions]),
        average=depths.scores,
    )


def effective_number(shares: NDArray[np.float64]) -> float:
    """How many tokens with equal shares would be as evenly spread; 0 where there is nothing.

    >>> effective_number(np.array([0.25, 0.25, 0.25, 0.25])), effective_number(np.zeros(3))
    (4.0, 0.0)
    """
    some = shares[shares > 0]
    return float(np.exp(-(some * np.log(some)).sum())) if some.size else 0.0


def measure_depths(
    model: Model,
    explanation: Explanation,
    depth: Depth,
    perturbation: Perturbation = Perturbation(target="explained"),
    progress: Progress | None = None,
) -> dict[int | str, Evaluation]:
    """How far the prediction depends on the first tokens of each depth, and of their average.

    Args:
        model: that was traced.
        explanation: of a trace of it.
        depth: its flows.
        perturbation: how tokens are removed and what is watched.
        progress: called with (batches done, batches in all).

    Returns:
        By the start layer from 0, and for `AVERAGE`. A depth without flow ranks nothing and is left
        out.

    Raises:
        GafError: as `evaluate` does.
    """
    rankings: dict[int | str, NDArray[np.float64]] = {
        start: row for start, row in enumerate(depth.shares) if row.any()
    }
    if not rankings:
        return {}
    rankings[AVERAGE] = depth.average
    named = {str(name): scores for name, scores in rankings.items()}
    found = evaluate_all(
        model, explanation.trace, named, perturbation, progress, insertion_curve=False
    )
    return {name: found[str(name)] for name in rankings}


def depth_in_words(depth: Depth) -> str:
    """How evenly the scores are spread over all layers, and where they tell most.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> depth = depth_of(gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6))))
    >>> print(depth_in_words(depth).split(", like")[0])
    Through layers 1 to 6 the scores are spread over the 6 tokens
    """
    carrying = np.flatnonzero(depth.values)
    if not carrying.size:
        return "Nothing flows at any depth."
    first = int(carrying[0])
    best = int(carrying[depth.effective[carrying].argmin()])
    told = (
        f"Through {_named(depth, first)} the scores are spread over the {depth.shares.shape[1]} "
        f"tokens, like those of {depth.effective[first]:.1f} with equal shares."
    )
    if best == first:
        return f"{told} No later first layer has them less even."
    return (
        f"{told} They are least even through {_named(depth, best)}: like those of "
        f"{depth.effective[best]:.1f}."
    )


def _named(depth: Depth, start: int) -> str:
    first, last = depth.layers(start)
    return f"layer {last} alone" if first == last else f"layers {first} to {last}"
