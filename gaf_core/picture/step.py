"""One step of the flow: by which ways it reaches one token at the entry of one layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaf_core.explanation import Explanation


@dataclass(frozen=True)
class Way:
    """Flow into a token from the layer above it.

    Attributes:
        text: the token that the flow comes from, or how many others.
        share: of all flow.
        residual: whether it came by the residual edge; otherwise by attention.
    """

    text: str
    share: float
    residual: bool = False


def ways_in(explanation: Explanation, layer: int, token: int, most: int = 3) -> list[Way]:
    """The ways of the flow into a token as it enters a layer of the model, counted from 0.

    The residual edge comes first where the network has one, then what the token reads of itself,
    then the `most` other tokens that bring most, and the rest together. They sum to the flow
    through the node, as a fraction of all flow; there is none where nothing flows.
    """
    network, solution = explanation.network, explanation.solution
    if solution.value <= 0:
        return []
    step = layer - explanation.layers[0]
    flow = solution.edge_flow[step, :, token] / solution.value
    past = float(flow[token] * network.residual_share[step, token])
    others = [one for one in np.argsort(-flow, kind="stable").tolist() if one != token]
    others = [one for one in others if flow[one] > 0]
    name = explanation.written[token]
    ways = [] if network.residual is None else [Way(name, past, residual=True)]
    ways.append(Way(name, float(flow[token]) - past))
    ways += [Way(explanation.written[one], float(flow[one])) for one in others[:most]]
    if rest := others[most:]:
        noun = "other" if len(rest) == 1 else "others"
        ways.append(Way(f"{len(rest)} {noun}", float(flow[rest].sum())))
    return ways


def widest_residual(explanation: Explanation, token: int) -> int:
    """The layer of the model, from 0, at which the token's residual edge carries most."""
    own = np.diagonal(explanation.solution.edge_flow, axis1=1, axis2=2)[:, token]
    share = explanation.network.residual_share[:, token]
    return explanation.layers[0] + int(np.argmax(own * share))
