"""Shapley values along a tree of the text, as the partition explainer of the library shap has them.

The tokens of a text are halved again and again: texts of a pair, words, tokens of a word. Where a
part S is split into L and R, beside a context C that holds some parts and not others,

    share of L = ( y(C+L) - y(C) + y(C+L+R) - y(C+R) ) / 2,     that of R alike

and each of the four differences is shared further inside L or R. What comes out is what a token
adds on average over the orders that keep the parts of the tree together: an Owen value (Owen 1977)
of every level. It is the Shapley value of a text of two tokens, or wherever parts do not interact
in a way that the tree hides.

All differences of `k` tokens in a balanced tree take about `2 k^2 / 3` passes. With fewer, the
largest ones are split first, and what was not split goes to the tokens of a part in equal shares.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.methods.perturbing import Presence
from gaf_core.models.model import Model
from gaf_core.text.words import group_words
from gaf_core.tracing.trace import Trace

_AT_ONCE = 16  # parts split together: a number of its own, so that memory does not decide the order

# `[n, k]` True for the tokens that are there -> `[n]` logits
Worth = Callable[[NDArray[np.bool_]], NDArray[np.float64]]


@dataclass(frozen=True)
class Part:
    """A part of a text: numbers of its tokens, and the two parts it is split into, if it is."""

    tokens: tuple[int, ...]
    halves: tuple[Part, ...] = ()


def halved(groups: Sequence[Part]) -> Part:
    """One part of several, which are halved in order until they stand alone."""
    if len(groups) == 1:
        return groups[0]
    middle = (len(groups) + 1) // 2
    halves = halved(groups[:middle]), halved(groups[middle:])
    return Part(halves[0].tokens + halves[1].tokens, halves)


def text_tree(trace: Trace) -> Part:
    """The removable tokens of a text, numbered from 0, by text of a pair, word and token."""
    positions = np.flatnonzero(trace.removable).tolist()
    word_of = group_words(trace).token_word
    texts: dict[int, dict[int, list[Part]]] = {}
    for number, position in enumerate(positions):
        segment = 0 if trace.segments is None else int(trace.segments[position])
        words = texts.setdefault(segment, {})
        words.setdefault(int(word_of[position]), []).append(Part((number,)))
    return halved([halved([halved(word) for word in words.values()]) for words in texts.values()])


@dataclass(frozen=True, order=True)
class _Difference:
    """What a part adds to a context: ordered by how much there is to share, the largest first."""

    rank: tuple[float, int]
    part: Part
    context: NDArray[np.bool_]
    without: float
    having: float
    weight: float

    @property
    def value(self) -> float:
        return self.weight * (self.having - self.without)


def owen_values(tree: Part, worth: Worth, passes: int) -> tuple[NDArray[np.float64], int]:
    """Share what a text adds among its `k` tokens, along a tree.

    Args:
        tree: of the numbers from 0 to `k - 1`.
        worth: of texts with some tokens removed.
        passes: texts that `worth` is asked for at most, but two at least.

    Returns:
        `[k]` values, which sum to what the whole text is worth more than none of it; and how many
        differences were shared equally because there were no passes left.
    """
    values, waiting = np.zeros(len(tree.tokens)), _Waiting()
    none = np.zeros(len(tree.tokens), dtype=bool)
    empty, whole = worth(np.stack([none, ~none]))
    waiting.add(tree, none, empty, whole, 1.0)
    left = passes - 2
    while waiting.heap:
        some = waiting.take(min(_AT_ONCE, left // 2))
        split = [one for one in some if one.part.halves]
        for one in some:
            if not one.part.halves:
                values[list(one.part.tokens)] += one.value / len(one.part.tokens)
        if not split and left < 2:
            break
        if split:
            _split(split, worth, waiting)
            left -= 2 * len(split)
    for one in waiting.heap:
        values[list(one.part.tokens)] += one.value / len(one.part.tokens)
    return values, sum(bool(one.part.halves) for one in waiting.heap)


class _Waiting:
    """Differences to be shared, the largest first; equal ones in the order in which they came."""

    def __init__(self) -> None:
        self.heap: list[_Difference] = []
        self._count = 0

    def add(
        self, part: Part, context: NDArray[np.bool_], without: float, having: float, weight: float
    ) -> None:
        rank = -abs(having - without) * weight, self._count
        self._count += 1
        heapq.heappush(self.heap, _Difference(rank, part, context, without, having, weight))

    def take(self, splits: int) -> list[_Difference]:
        """The next ones, so many of them with a part that can be split."""
        found: list[_Difference] = []
        while self.heap and splits >= bool(self.heap[0].part.halves):
            found.append(heapq.heappop(self.heap))
            splits -= bool(found[-1].part.halves)
        return found


def _split(some: Sequence[_Difference], worth: Worth, waiting: _Waiting) -> None:
    """Share each difference between the two halves of its part, with and without the other."""
    contexts = [one.context.copy() for one in some for _ in one.part.halves]
    for context, half in zip(contexts, _halves(some), strict=True):
        context[list(half.tokens)] = True
    found = worth(np.stack(contexts)).tolist()
    for number, one in enumerate(some):
        (left, right), weight = one.part.halves, one.weight / 2
        with_left, with_right = contexts[2 * number], contexts[2 * number + 1]
        value_left, value_right = found[2 * number], found[2 * number + 1]
        waiting.add(left, one.context, one.without, value_left, weight)
        waiting.add(right, one.context, one.without, value_right, weight)
        waiting.add(left, with_right, value_right, one.having, weight)
        waiting.add(right, with_left, value_left, one.having, weight)


def _halves(some: Sequence[_Difference]) -> Iterator[Part]:
    return (half for one in some for half in one.part.halves)


def all_passes(part: Part, contexts: int = 1) -> int:
    """Texts that it takes to split a tree to its last token, beside the whole and the empty one."""
    if not part.halves:
        return 0
    return 2 * contexts + sum(all_passes(half, 2 * contexts) for half in part.halves)


def _partition_shap(model: Model, trace: Trace, progress: Progress, passes: int) -> Scored:
    present = Presence(model, trace, progress)
    tree = text_tree(trace)
    present.passes = min(passes, 2 + all_passes(tree))

    def worth(there: NDArray[np.bool_]) -> NDArray[np.float64]:
        rows = torch.from_numpy(there)
        found = [present(rows[k : k + present.batch]) for k in range(0, len(rows), present.batch)]
        return torch.cat(found).numpy()

    values, unsplit = owen_values(tree, worth, passes)
    scores = present.text.on_tokens(torch.from_numpy(values))
    return Scored(scores, {"differences shared equally": unsplit})


PARTITION_SHAP = Method(
    "partition_shap",
    "Partition SHAP",
    "Lundberg and Lee, NeurIPS 2017, with the partition explainer of the library shap; Owen 1977",
    "perturbation",
    "What a token adds to the logit, on average over the orders that put the text together half by "
    "half, word by word. The scores sum to the difference of the two logits; exact where there are "
    "as many passes as differences, which 500 are up to about 25 tokens.",
    _partition_shap,
    (Option("passes", 500, "Texts with tokens removed, at most.", least=2, most=100_000),),
    slow=True,
)
