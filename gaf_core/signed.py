"""SignedExplanation: one prediction, two flows, what speaks for the target and what against it.

Relevances on a path (`gaf_core.tracing.path`) have a sign, and capacities have none. So there are
two networks, of what is above 0 and of what is below, and a token's score is the flow that arrives
at it in the first less the flow that arrives at it in the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.flow import Status
from gaf_core.markup import Html
from gaf_core.settings import AGAINST, FOR, Settings
from gaf_core.tables import joined
from gaf_core.text.words import word_table
from gaf_core.tracing.path import PathTrace
from gaf_core.tracing.trace import Trace

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class SignedExplanation:
    """One prediction, explained by two flows, each with its network and its proof.

    Attributes:
        settings: what was asked.
        path: the relevances that the capacities are made of.
        toward: the flow of what speaks for the target.
        against: the flow of what speaks against it.
        depths: `[l, t]` of a depth average, for each layer that the flows end at, the score of
            each token as a part of both flows together; None otherwise.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> explanation = gaf.explain_signed(model, "A lovely film, but too long.")
    >>> explanation.certified, explanation.trace.target.name
    (True, 'negative')
    >>> table = explanation.word_table().sort_values("score")
    >>> table["word"].iloc[[0, -1]].tolist()
    ['lovely', 'too']
    """

    settings: Settings
    path: PathTrace
    toward: Explanation
    against: Explanation
    depths: NDArray[np.float64] | None = None

    @property
    def sides(self) -> dict[str, Explanation]:
        """The two flows by name, "for" and "against"."""
        return {FOR: self.toward, AGAINST: self.against}

    @property
    def trace(self) -> Trace:
        """What the model did with the text."""
        return self.path.trace

    @property
    def layers(self) -> tuple[int, int]:
        """The layer range `(a, b)` that both networks cover."""
        return self.toward.layers

    @property
    def tokens(self) -> tuple[str, ...]:
        """The `t` tokens, special tokens included."""
        return self.trace.tokens

    @property
    def written(self) -> tuple[str, ...]:
        """The `t` tokens as people write them."""
        return self.toward.written

    @property
    def certified(self) -> bool:
        """Whether every flow of both sides is proven."""
        return all(side.certified for side in self.sides.values())

    @property
    def statuses(self) -> tuple[Status, ...]:
        """How each flow ended, those for the target first."""
        return self.toward.statuses + self.against.statuses

    @property
    def message(self) -> str:
        """What the statuses mean, for people."""
        if self.toward.message == self.against.message:
            return f"For and against alike: {self.toward.message}"
        return " ".join(
            f"{name.capitalize()} the target: {side.message}" for name, side in self.sides.items()
        )

    @property
    def share_of(self) -> str:
        """What a share is a share of, as a figure with a number in front says it."""
        return "of both flows" if self.depths is None else "of both flows, on average"

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """`[t]` score of each token, above 0 for the target and below 0 against it, in logits.

        Those of a depth average are without a unit: of each depth, parts of both flows together.
        """
        if self.depths is None:
            return self.toward.solution.scores - self.against.solution.scores
        carrying = self.depths.any(axis=1)
        return self.depths.sum(axis=0) / max(np.count_nonzero(carrying), 1)

    @property
    def whole(self) -> float:
        """What shares are parts of: both flows together, in the unit of the scores."""
        if self.depths is not None:
            return 1.0
        return self.toward.solution.value + self.against.solution.value

    @property
    def shares(self) -> NDArray[np.float64]:
        """`[t]` scores as parts of both flows together, with their sign; 0 when nothing flows."""
        return self.scores / self.whole if self.whole > 0 else np.zeros_like(self.scores)

    def score_table(self) -> pd.DataFrame:
        """One row a token: as of an `Explanation`, and what each of the two flows brings it.

        Columns: position, token, special, start, end, score, share, for, against. The last two are
        what arrives at the token in the two networks through all layers, in logits.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> list(gaf.explain_signed(model, "A lovely film.").score_table())[-4:]
        ['score', 'share', 'for', 'against']
        """
        own = self.toward.score_table()
        return own.assign(
            score=self.scores,
            share=self.shares,
            **{name: side.solution.scores for name, side in self.sides.items()},
        )

    def word_table(self) -> pd.DataFrame:
        """One row a word: word, start, end, score (summed over its tokens), share, tokens.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> gaf.explain_signed(model, "A lovely film.").word_table()["word"].tolist()
        ['[CLS]', 'A', 'lovely', 'film', '.', '[SEP]']
        """
        return word_table(self.trace, self.scores, self.whole)

    def edge_table(self) -> pd.DataFrame:
        """The rows of `Explanation.edge_table` of both networks, and a column `side` first.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> edges = gaf.explain_signed(model, "A lovely film, but too long.").edge_table()
        >>> sorted(edges["side"].unique()), list(edges)[:2]
        (['against', 'for'], ['side', 'layer'])
        """
        return joined({name: side.edge_table() for name, side in self.sides.items()}, "side")

    def node_table(self) -> pd.DataFrame:
        """The rows of `Explanation.node_table` of both networks, and a column `side` first.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> list(gaf.explain_signed(model, "A lovely film.").node_table())[:4]
        ['side', 'layer', 'position', 'token']
        """
        return joined({name: side.node_table() for name, side in self.sides.items()}, "side")

    def _repr_html_(self) -> str:
        heatmap = str(self.heatmap())
        if self.certified and self.scores.any():
            return heatmap
        return f"<p>{escape(self.message)}</p>{heatmap}"

    def heatmap(self, **options: Any) -> Html:
        """The sentence, each token or word in the colour of its side; a notebook shows it.

        Args:
            options: those of `gaf_core.picture.heatmap.heatmap_html`, such as `by_words=True`.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> str(gaf.explain_signed(model, "A lovely film.").heatmap(by_words=True))[:25]
        '<div class="gaf-heatmap">'
        """
        from gaf_core.picture.heatmap import heatmap_html

        usual = {"of": self.share_of, "whole": self.whole}
        return Html(heatmap_html(self.trace, self.scores, **{**usual, **options}))
