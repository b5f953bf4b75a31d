"""An order of the attention edges -> masks of the first of them; and what is read of the logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike, NDArray

from gaf_core.errors import SettingsError
from gaf_core.evaluation.bootstrap import check_seed
from gaf_core.methods import EdgeScores
from gaf_core.models.outputs import Output
from gaf_core.tracing.masks import existing_edges
from gaf_core.tracing.target import Target
from gaf_core.tracing.trace import Trace


def margin(
    logits: Float[np.ndarray, "n C"], target: Target, output: Output
) -> Float[np.ndarray, " n"]:
    """`[n]` what a target is ahead by: the difference of a contrast, or else by what logits mean.

    Of classes that exclude each other, its logit minus the largest other one; of labels that do
    not, its logit; of values, the value.
    """
    own = logits[:, target.index]
    if target.against is not None:
        return own - logits[:, target.against]
    if output is not Output.SOFTMAX or logits.shape[1] == 1:
        return own
    return own - np.delete(logits, target.index, axis=1).max(axis=1)


def edge_counts(fractions: NDArray[np.float64], edges: int) -> NDArray[np.int64]:
    """How many of the edges each fraction is: rounded, and one at least."""
    return np.maximum(1, np.round(fractions * edges)).astype(np.int64)


def edge_order(
    trace: Trace, scores: ArrayLike | EdgeScores, seed: int = 0
) -> Int[np.ndarray, "L t t"]:
    """`[L, t, t]` place of each edge, the highest score first, from 0; equal ones by chance.

    Edges that the model does not have come last.

    Raises:
        SettingsError: scores of another shape, or that are not numbers.
    """
    exist = existing_edges(trace)
    try:
        values = np.asarray(getattr(scores, "scores", scores), dtype=np.float64)
    except (TypeError, ValueError):  # text, or rows of several lengths
        values = np.empty(0)
    if values.shape != exist.shape:
        raise SettingsError(
            f"Scores of shape {list(values.shape)} do not fit the {list(exist.shape)} attention "
            "edges of this text. Give one for each layer of the model, query and key."
        )
    if np.isnan(values).any():
        raise SettingsError("Some scores are not numbers (NaN), so they rank nothing.")
    check_seed(seed)
    chance = np.random.default_rng(seed).random(values.size)
    order = np.lexsort((chance, -values.ravel(), ~exist.ravel()))
    place = np.empty(values.size, dtype=np.int64)
    place[order] = np.arange(values.size)
    return place.reshape(values.shape)


class KeptAndRemoved(Sequence[NDArray[np.bool_]]):
    """Masks `[L, 1, t, t]` made when they are read: none, then for each order kept and removed."""

    def __init__(self, exist: NDArray, places: Sequence[NDArray], counts: NDArray):
        self._exist, self._places, self._counts = exist, places, counts

    def __len__(self) -> int:
        return 1 + 2 * len(self._places) * len(self._counts)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return list(self._some(range(*index.indices(len(self)))))
        return self._one(range(len(self))[index])

    def _some(self, numbers: Sequence[int]) -> Iterator[NDArray[np.bool_]]:
        return (self._one(number) for number in numbers)

    def _one(self, number: int) -> NDArray[np.bool_]:
        if number == 0:
            return np.zeros_like(self._exist)[:, None]
        which, count = divmod(number - 1, len(self._counts))
        first = self._places[which // 2] < self._counts[count]
        return (~first if which % 2 else first)[:, None]
