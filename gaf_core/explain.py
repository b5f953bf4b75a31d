"""Settings + text -> Explanation: the one place where the steps are put together.

text -> Trace -> information tensor -> FlowNetwork -> FlowSolution -> scores
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gaf_core.encoding import TextLike
from gaf_core.errors import SettingsError
from gaf_core.flow import FlowSolution, solve
from gaf_core.heatmap import heatmap_html
from gaf_core.information import check_layers, information_tensor
from gaf_core.models import Model
from gaf_core.network import FlowNetwork
from gaf_core.target import TargetLike
from gaf_core.trace import Trace, trace
from gaf_core.words import word_table, written


@dataclass(frozen=True)
class Settings:
    """What to explain and how; the defaults are the paper's. Hashable, so usable as a cache key.

    Attributes:
        variant: information tensor, "AF", "GF" or "AGF".
        layers: half-open layer range `(a, b)`, or None for all layers.
        target: None for the predicted class; an index, a label, or a pair for a contrast.
        heads: heads to keep in every layer, or None for all (a subset is an extension).
        aggregate: over heads, "mean" (the paper), "max" or "sum".
        residual: "none" (the paper) or "half".
        source: "all" output positions (the paper), "classification" for those the model's head
            reads, or one position.
        epsilon: relative suboptimality of the barrier flow, in (0, 0.5].
        truncate: explain the first tokens of a text that is too long instead of refusing it.
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


@dataclass(frozen=True, eq=False)
class Explanation:
    """One prediction, explained: everything from the trace to the scores.

    Attributes:
        settings: what was asked.
        trace: what the model did; text, tokens, probabilities, attention and gradient.
        layers: the layer range `(a, b)` that the network covers.
        network: the flow network of these layers.
        solution: the flow with its certificate.
    """

    settings: Settings
    trace: Trace
    layers: tuple[int, int]
    network: FlowNetwork
    solution: FlowSolution

    @property
    def tokens(self) -> tuple[str, ...]:
        """The `t` tokens, special tokens included."""
        return self.trace.tokens

    @cached_property
    def written(self) -> tuple[str, ...]:
        """The `t` tokens as people write them."""
        return written(self.trace)

    @property
    def scores(self) -> NDArray[np.float64]:
        """`[t]` score of each token, `>= 0`, summing to the flow value."""
        return self.solution.scores

    @property
    def shares(self) -> NDArray[np.float64]:
        """`[t]` scores as fractions of the flow value; all 0 when nothing flows."""
        value = self.solution.value
        return self.scores / value if value > 0 else np.zeros_like(self.scores)

    def score_table(self) -> pd.DataFrame:
        """One row a token: position, token, special, start, end, score, share."""
        return pd.DataFrame(
            {
                "position": np.arange(len(self.tokens)),
                "token": self.tokens,
                "special": self.trace.special,
                "start": self.trace.offsets[:, 0],
                "end": self.trace.offsets[:, 1],
                "score": self.scores,
                "share": self.shares,
            }
        )

    def word_table(self) -> pd.DataFrame:
        """One row a word: word, start, end, score (summed over its tokens), share, tokens."""
        return word_table(self.trace, self.scores)

    def edge_table(self) -> pd.DataFrame:
        """One row an edge of the network, in the direction of reading (input to prediction).

        Columns: layer (of the model), key and query position and token, capacity, flow, saturation.
        `key` is the token that is read, at the entry of the layer; `query` is the one that reads.
        """
        layer, query, key = self.network.edges
        tokens = np.asarray(self.tokens, dtype=object)
        capacity = self.network.capacity[layer, query, key]
        flow = self.solution.edge_flow[layer, query, key]
        return pd.DataFrame(
            {
                "layer": layer + self.layers[0],
                "key": key,
                "key_token": tokens[key],
                "query": query,
                "query_token": tokens[query],
                "capacity": capacity,
                "flow": flow,
                "saturation": flow / capacity,
            }
        )

    def _repr_html_(self) -> str:
        return heatmap_html(self.trace, self.scores)


def explain(model: Model, text: TextLike, settings: Settings = Settings()) -> Explanation:
    """Explain one prediction: trace the model, build the network, solve the flow.

    Raises:
        GafError: the text, the target or a setting is not usable; the message says why.
    """
    traced = trace(model, text, settings.target, truncate=settings.truncate)
    return explain_trace(traced, settings)


def explain_trace(traced: Trace, settings: Settings = Settings()) -> Explanation:
    """Explain a prediction that was traced before, without running the model again.

    `settings.target` and `settings.truncate` belong to the trace and are not read here.

    Raises:
        SettingsError: a setting that this trace does not allow.
    """
    information = information_tensor(
        traced,
        variant=settings.variant,
        layers=settings.layers,
        heads=settings.heads,
        aggregate=settings.aggregate,
        residual=settings.residual,
    )
    network = FlowNetwork.from_information(information, source=_source(traced, settings.source))
    return Explanation(
        settings=settings,
        trace=traced,
        layers=check_layers(settings.layers, traced.layers),
        network=network,
        solution=solve(network, epsilon=settings.epsilon),
    )


def _source(traced: Trace, source: str | int) -> str | int | list[int]:
    if source == "classification":
        positions = traced.read_positions
        if not positions.size:
            raise SettingsError(
                "The target does not depend on any position of the last layer, so there is no "
                'classification position. Use source "all".'
            )
        return positions.tolist()
    return source
