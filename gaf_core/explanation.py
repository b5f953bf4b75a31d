"""Explanation: one prediction, its flow network, the flow through it, and the scores of its tokens.

It draws itself in a notebook. What draws is made of explanations, so its methods import it when
they are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from inspect import signature
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import MissingPackageError, check_names
from gaf_core.flow import FlowSolution, Status
from gaf_core.flow.depths import DepthShares
from gaf_core.markup import Html
from gaf_core.network import FlowNetwork
from gaf_core.settings import Settings
from gaf_core.tables import table
from gaf_core.text.words import word_table, written
from gaf_core.tracing.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

    from gaf_core.figures.embed import Figure


@dataclass(frozen=True, eq=False)
class Explanation:
    """One prediction, explained: everything from the trace to the scores.

    Attributes:
        settings: what was asked.
        trace: what the model did; text, tokens, probabilities, attention and gradient.
        layers: the layer range `(a, b)` that the network covers.
        network: the flow network of these layers.
        solution: the flow through all of these layers, with its certificate.
        depths: what the scores are the mean of, for a depth average; None otherwise.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> explanation = gaf.explain(model, "A lovely film.", gaf.FAITHFUL)
    >>> explanation.certified, round(float(explanation.shares.sum()), 6)
    (True, 1.0)
    >>> explanation.word_table().nlargest(1, "share")["word"].item()
    'lovely'
    """

    settings: Settings
    trace: Trace
    layers: tuple[int, int]
    network: FlowNetwork
    solution: FlowSolution
    depths: DepthShares | None = None

    @property
    def certified(self) -> bool:
        """Whether every flow that the scores are made of is proven."""
        return self.solution.certified and (self.depths is None or self.depths.certified)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """How each flow that the scores are made of ended, that of the most layers first."""
        return (self.solution.status,) if self.depths is None else self.depths.statuses

    @property
    def message(self) -> str:
        """What the statuses mean, for people."""
        return self.solution.message if self.depths is None else self.depths.message(self.layers)

    @property
    def share_of(self) -> str:
        """What a share is a share of, as a figure with a number in front says it."""
        return "of the flow" if self.depths is None else "of the flow, on average"

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
        """`[t]` score of each token, `>= 0`: its part of the flow, in the unit of the capacities.

        Those of a depth average are without a unit and sum to 1, since the networks that it is over
        do not carry the same.
        """
        return self.solution.scores if self.depths is None else self.depths.scores

    @property
    def shares(self) -> NDArray[np.float64]:
        """`[t]` scores as fractions of their sum; all 0 when nothing flows."""
        whole = self.solution.value if self.depths is None else 1.0
        return self.scores / whole if whole > 0 else np.zeros_like(self.scores)

    def score_table(self) -> pd.DataFrame:
        """One row a token: position, token, special, start, end, score, share.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
        >>> explanation.score_table().shape, list(explanation.score_table())[-2:]
        ((6, 7), ['score', 'share'])
        """
        return table(
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
        """One row a word: word, start, end, score (summed over its tokens), share, tokens.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
        >>> explanation.word_table()["word"].tolist()
        ['[CLS]', 'A', 'lovely', 'film', '.', '[SEP]']
        """
        return word_table(self.trace, self.scores)

    def edge_table(self) -> pd.DataFrame:
        """One row an edge of the network, in the direction of reading (input to prediction).

        Columns: layer (of the model), key and query position and token, capacity, flow, saturation.
        `key` is the token that is read, at the entry of the layer; `query` is the one that reads.
        With residual edges also residual_capacity and residual_flow: the part of both that passes
        by the attention, from a token to itself. Flow is split in proportion to the capacities.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
        >>> edges = explanation.edge_table()
        >>> edges["layer"].unique().tolist(), bool((edges["flow"] <= edges["capacity"]).all())
        ([3, 4, 5], True)
        """
        layer, query, key = self.network.edges
        tokens = np.asarray(self.tokens, dtype=object)
        capacity = self.network.capacity[layer, query, key]
        flow = self.solution.edge_flow[layer, query, key]
        columns = {
            "layer": layer + self.layers[0],
            "key": key,
            "key_token": tokens[key],
            "query": query,
            "query_token": tokens[query],
            "capacity": capacity,
            "flow": flow,
            "saturation": flow / capacity,
        }
        if self.network.residual is not None:
            own = query == key
            share = np.where(own, self.network.residual_share[layer, key], 0.0)
            residual = np.where(own, self.network.residual[layer, key], 0.0)
            columns |= {"residual_capacity": residual, "residual_flow": flow * share}
        return table(columns)

    def node_table(self) -> pd.DataFrame:
        """One row a token that flow can pass as it enters a layer, layer by layer.

        Columns: layer (of the model, the one entered), position, token, flow; with node capacities
        also capacity and saturation.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
        >>> explanation.node_table().columns.tolist()
        ['layer', 'position', 'token', 'flow']
        """
        layer, position = np.nonzero(self.network.live[:-1])
        flow = self.solution.node_flow[layer, position]
        columns = {
            "layer": layer + self.layers[0],
            "position": position,
            "token": np.asarray(self.tokens, dtype=object)[position],
            "flow": flow,
        }
        if self.network.node_capacity is not None:
            capacity = self.network.node_capacity[layer, position]
            columns |= {"capacity": capacity, "saturation": flow / capacity}
        return table(columns)

    def _repr_html_(self) -> str:
        heatmap = str(self.heatmap())
        if self.certified and self.scores.any():
            return heatmap
        return f"<p>{escape(self.message)}</p>{heatmap}"

    def heatmap(self, **options: Any) -> Html:
        """The sentence, each token or word coloured by its score; a notebook shows it.

        Args:
            options: those of `gaf_core.picture.heatmap.heatmap_html`, such as `by_words=True`.

        Raises:
            SettingsError: an option that there is not.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
        >>> str(explanation.heatmap(by_words=True))[:25]
        '<div class="gaf-heatmap">'
        """
        from gaf_core.picture.heatmap import heatmap_html

        check_names(options, list(signature(heatmap_html).parameters)[2:])
        return Html(heatmap_html(self.trace, self.scores, **{"of": self.share_of, **options}))

    def sankey(self, **options: Any) -> Figure:
        """The flow from the input tokens to the prediction, a column a layer, as the app draws it.

        Args:
            options: those of `gaf_core.picture.view.View`, such as `budget=20` nodes a layer.

        Raises:
            MissingPackageError: plotly is not installed.
            SettingsError: a view that means nothing for this explanation.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
        >>> explanation.sankey(budget=3).data[0].type
        'sankey'
        """
        return _figures().usual_sankey(self, **options)

    def graph(self, **options: Any) -> Figure:
        """The network as a graph, each edge with its flow inside its capacity, as the app draws it.

        Args:
            options: those of `gaf_core.picture.view.View`, such as `budget=20` nodes a layer.

        Raises:
            MissingPackageError: plotly is not installed.
            SettingsError: a view that means nothing for this explanation.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
        >>> figure = explanation.graph()
        >>> sorted({trace.name for trace in figure.data})
        ['capacity', 'edges', 'flow', 'nodes', 'saturated']
        """
        return _figures().usual_graph(self, **options)

    def bars(self, **options: Any) -> Figure:
        """The tokens by falling share of the flow, with how far a maximum flow could move each.

        Args:
            options: those of `gaf_core.figures.token_bars`, such as `by_words=True`.

        Raises:
            MissingPackageError: plotly is not installed.
            SettingsError: a view that means nothing for this explanation.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
        >>> explanation.bars(limit=2).layout.yaxis.ticktext[-1]  # the other tokens, in one row
        'others (4)'
        """
        return _figures().usual_bars(self, **options)


def _figures() -> ModuleType:
    """What draws, imported when it is asked for: who needs no figure loads no plotly."""
    try:
        from gaf_core.figures import usual
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "plotly":
            raise
        raise MissingPackageError("A figure", "plotly") from error
    return usual
