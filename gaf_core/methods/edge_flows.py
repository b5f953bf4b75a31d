"""The flow, and the capacities of its network, as scores of attention edges.

Taken one by one, an edge has the flow on it. Taken by paths, it has that of the narrowest edge on
the widest path through it, so that edges of one way from the input to the prediction come together:

    score(e) = max over paths through e of the least weight on the path

which one sweep down the layers and one up find (a widest path, Pollack 1960). With capacities as
weights that needs no flow at all.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.methods.faithful import second_trace
from gaf_core.methods.flows import EPSILON, FIRST_LAYER, layers_from, option_of, proven
from gaf_core.methods.method import Option, Progress
from gaf_core.models.model import Model
from gaf_core.settings import INGREDIENTS, SETTINGS, Gradients
from gaf_core.tracing.trace import Trace

Taken = Literal["one by one", "by paths"]
TAKEN = Option("taken", "one by one", "Which edges come together.", choices=get_args(Taken))
# the mean over depths is one of scores of tokens
FLOW_OPTIONS = (
    *(
        option_of(one, SETTINGS[one.name].default, without=("path",))
        for one in INGREDIENTS
        if one.name != "depth_average"
    ),
    FIRST_LAYER,
    EPSILON,
    TAKEN,
)


def flow_scores(
    model: Model, trace: Trace, _progress: Progress, *, taken: Taken, **settings: Any
) -> NDArray[np.float64]:
    """`[L, t, t]` flow on each attention edge, 0 in layers that it does not run through."""
    explanation = _explained(model, trace, **settings)
    return in_layers(explanation, edge_weights(explanation, explanation.solution.edge_flow, taken))


def capacity_scores(
    model: Model, trace: Trace, _progress: Progress, *, taken: Taken, **settings: Any
) -> NDArray[np.float64]:
    """`[L, t, t]` capacity of each attention edge of the network of a flow."""
    explanation = _explained(model, trace, **settings)
    return in_layers(explanation, edge_weights(explanation, explanation.network.capacity, taken))


def edge_weights(
    explanation: Explanation, weight: NDArray[np.float64], taken: Taken = "one by one"
) -> NDArray[np.float64]:
    """`[l, t, t]` what attention has of a weight of the edges; 0 where it has none.

    Args:
        explanation: of the network, `l` layers.
        weight: `[l, t, t]` flow or capacity, with what passes by the attention.
        taken: "one by one" or "by paths".
    """
    network = explanation.network
    own = np.array(weight, dtype=np.float64)
    if network.residual is not None:
        tokens = np.arange(network.tokens)
        own[:, tokens, tokens] *= 1 - network.residual_share
    if taken == "one by one":
        return own
    if network.node_capacity is not None:  # a path is no wider than the nodes it passes
        limit = network.node_capacity[:, None, :]
        weight, own = np.minimum(weight, limit), np.minimum(own, limit)
    return _along_paths(weight, own, network.source)


def in_layers(explanation: Explanation, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[L, t, t]` for all layers of the model, 0 in those that the flow leaves out."""
    first, last = explanation.layers
    found = np.zeros((explanation.trace.layers, *scores.shape[1:]))
    found[first:last] = scores
    return found


def _along_paths(
    weight: NDArray[np.float64], own: NDArray[np.float64], source: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The width of the widest path through each edge, `own` being the width of the edge itself."""
    layers, tokens, _ = weight.shape
    above = np.empty((layers, tokens))  # widest way from the source to where the edge begins
    reach = np.where(source, np.inf, 0.0)
    for k in reversed(range(layers)):
        above[k] = reach
        reach = np.minimum(reach[:, None], weight[k]).max(axis=0)
    found, below = np.empty_like(own), np.full(tokens, np.inf)
    for k in range(layers):
        found[k] = np.minimum(np.minimum(above[k][:, None], own[k]), below[None, :])
        below = np.minimum(weight[k], below[None, :]).max(axis=1)
    # edges of one path are as wide as its narrowest; among them the wider one comes first
    return found + own * (np.finfo(float).eps * 2**10)


def _explained(
    model: Model, trace: Trace, *, first_layer: int, gradients: Gradients, **settings: Any
) -> Explanation:
    """The flow of these settings, on a second trace where this one has not what they need."""
    layers = layers_from(trace, first_layer)
    frozen = gradients == "frozen"
    residual = settings["residual"] == "first order" and trace.residual is None
    if frozen != (trace.frozen is not None) or residual:
        trace = second_trace(model, trace, frozen=frozen)[0]
    return proven(trace, layers, **settings)
