"""Explanation -> the numbers of one row of attention, and of one edge of the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.information import head_terms

_COLUMNS = 6  # tokens with a column of their own; the others share one


@dataclass(frozen=True, eq=False)
class Cell:
    """One edge of a network: token `query` reads token `key` in a layer, in one head and in all.

    Attributes:
        layer: of the model, from 0.
        head: from 0, the one that adds most to the edge.
        query, key: token positions.
        names: of the `t` tokens, as written.
        attention, gradient: `[t, t]` A and G of the head, `[reading, read]`.
        terms: `[H, t]` what each head adds to the edges of the row, `max(A G, 0)`.
        columns: positions of the tokens that are shown one by one, in reading order.
    """

    layer: int
    head: int
    query: int
    key: int
    names: tuple[str, ...]
    attention: NDArray[np.float64]
    gradient: NDArray[np.float64]
    terms: NDArray[np.float64]
    columns: tuple[int, ...]

    @property
    def others(self) -> list[int]:
        """Positions of the tokens that share the last column."""
        return [token for token in range(len(self.names)) if token not in self.columns]

    @property
    def product(self) -> NDArray[np.float64]:
        """`[t]` A times G of the row, with its sign."""
        return (self.attention * self.gradient)[self.query]

    @property
    def capacity(self) -> float:
        """The mean over heads of the positive products: what the edge can carry."""
        return float(self.terms[:, self.key].mean())


def cell_of(explanation: Explanation) -> Cell:
    """The edge that says most: in the last layer, from where the flow begins, to an ordinary token.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> cell = cell_of(gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6))))
    >>> cell.names[cell.query], round(float(cell.attention[cell.query].sum()), 4)
    ('[CLS]', 1.0)
    """
    trace, layer = explanation.trace, explanation.layers[1] - 1
    terms = len(trace.attention[layer]) * head_terms(trace, layer)  # the mean undone: [H, t, t]
    query = int(terms.sum(axis=(0, 2)).argmax())
    row = terms[:, query]
    ordinary = np.where(trace.special, -1.0, row.sum(axis=0))
    key = int(ordinary.argmax())
    head = int(row[:, key].argmax())
    attention = trace.attention[layer, head].astype(np.float64)
    return Cell(
        layer=layer,
        head=head,
        query=query,
        key=key,
        names=explanation.written,
        attention=attention,
        gradient=trace.gradient[layer, head].astype(np.float64),
        terms=row,
        columns=_columns(attention[query], row.sum(axis=0), {query, key}),
    )


def _columns(
    attention: NDArray[np.float64], worth: NDArray[np.float64], wanted: set[int]
) -> tuple[int, ...]:
    """The row's own tokens, and those with most attention and worth."""
    chosen = set(wanted)
    for one, other in zip(
        np.argsort(-worth, kind="stable").tolist(),
        np.argsort(-attention, kind="stable").tolist(),
        strict=True,
    ):
        for token in (one, other):
            if len(chosen) < _COLUMNS:
                chosen.add(token)
    return tuple(sorted(chosen))
