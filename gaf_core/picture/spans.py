"""Tokens joined to what a picture of a long text has room for: words, or spans of words.

A span is a run of words. Starting from the whole text, the longest span is split again and again,
at the end of a sentence where one is near its middle, else of a clause, until there are as many as
asked for; so they come out about equally long. Special tokens are spans of their own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from gaf_core.errors import SettingsError
from gaf_core.text.words import Words, group_words
from gaf_core.tracing.trace import Trace

Partition = tuple[tuple[int, ...], ...]

Unit = Literal["tokens", "words", "spans"]
UNITS: tuple[Unit, ...] = get_args(Unit)
LONG = 40  # tokens up to which spans are words
_SENTENCE, _CLAUSE, _COMMA = 3, 2, 1
_ENDS = {
    **dict.fromkeys(".!?…。！？؟।", _SENTENCE),
    **dict.fromkeys(";:；：—", _CLAUSE),
    **dict.fromkeys(",，、،", _COMMA),
}
_CLOSING = "\"'”’»)]}"


def partition(trace: Trace, by: str, count: int, opened: Iterable[int] = ()) -> Partition:
    """Join the tokens of a trace to units of a kind, in reading order.

    Args:
        trace: whose tokens.
        by: "tokens", "words" or "spans"; in texts of up to 40 tokens spans are words.
        count: about how many spans there should be at most, special tokens included.
        opened: tokens whose word or span is shown token by token.

    Returns:
        Tuples of token positions that hold each of the `t` tokens once.

    Raises:
        SettingsError: a kind or an opened token that does not exist.
    """
    if by not in UNITS:
        raise SettingsError(f"'{by}' is no unit of a picture. Use {', '.join(UNITS)}.")
    opened = frozenset(opened)
    tokens = len(trace.tokens)
    if not opened <= frozenset(range(tokens)):
        wrong = min(opened - frozenset(range(tokens)))
        raise SettingsError(f"Token {wrong} cannot be opened. Choose from 0 to {tokens - 1}.")
    if by == "tokens":
        return tuple((token,) for token in range(tokens))
    units = _spans(trace, count) if by == "spans" and tokens > LONG else _words(trace)
    shown: list[tuple[int, ...]] = []
    for unit in units:
        shown += [(token,) for token in unit] if opened.intersection(unit) else [unit]
    return tuple(sorted(shown))


def usual_unit(trace: Trace) -> Unit:
    """What a picture shows first: tokens, or spans of a text that has too many of them."""
    return "spans" if len(trace.tokens) > LONG else "tokens"


def span_tokens(units: Partition, opened: Iterable[int]) -> list[int]:
    """The tokens that stand alone because their unit was opened; `units` knows nothing opened."""
    opened = frozenset(opened)
    return [token for unit in units if opened.intersection(unit) for token in unit]


def _words(trace: Trace) -> list[tuple[int, ...]]:
    return [tuple(members) for members in group_words(trace).members]


def _spans(trace: Trace, count: int) -> list[tuple[int, ...]]:
    words = group_words(trace)
    sizes = np.array([len(members) for members in words.members])
    ends = _strengths(trace, words)
    runs = _runs(words.special)
    usual = 2 * len(trace.tokens) / max(count, 1)
    # the longest first, by tokens; what cannot be split any more leaves the heap
    heap = [(-int(sizes[first:last].sum()), first, last) for first, last in runs]
    heapq.heapify(heap)
    done: list[tuple[int, int]] = []
    while heap and len(heap) + len(done) < count:
        size, first, last = heapq.heappop(heap)
        split = _best_split(sizes, ends, first, last, anywhere=-size > usual)
        if split is None:
            done.append((first, last))
            continue
        for start, stop in ((first, split), (split, last)):
            heapq.heappush(heap, (-int(sizes[start:stop].sum()), start, stop))
    found = [*done, *((first, last) for _, first, last in heap)]
    members = words.members
    return [
        tuple(sorted(token for word in members[first:last] for token in word))
        for first, last in sorted(found)
    ]


def _runs(special: np.ndarray) -> list[tuple[int, int]]:
    """Half-open runs of words between special tokens, and each special token alone."""
    edges = {0, len(special)}
    for word in np.flatnonzero(special).tolist():
        edges |= {word, word + 1}
    order = sorted(edges)
    return list(pairwise(order))


def _strengths(trace: Trace, words: Words) -> list[int]:
    """For each word what ends behind it: a sentence or line, a clause, a part of one, or nothing.

    Closing quotes and brackets belong to what they close, so the end is behind them.
    """
    found: list[int] = []
    following = [*words.start.tolist()[1:], len(trace.text)]
    for word, (text, end) in enumerate(zip(words.text, words.end.tolist(), strict=True)):
        strength = _ENDS.get(text[-1:], 0)
        if text in _CLOSING and found:
            strength, found[-1] = found[-1], 0
        if "\n" in trace.text[end : max(end, following[word])]:
            strength = _SENTENCE
        found.append(strength)
    return found


def _best_split(
    sizes: np.ndarray, ends: list[int], first: int, last: int, *, anywhere: bool
) -> int | None:
    """Where to split a run of words: at the strongest end near the middle, else the nearest one.

    Only a run that is far too long is split between any two words.
    """
    before = np.cumsum(sizes[first:last])[:-1]
    middle = sizes[first:last].sum() / 2
    splits = [
        (ends[first + index], abs(float(before[index]) - middle), first + index + 1)
        for index in range(last - first - 1)
        if anywhere or ends[first + index]
    ]
    central = [split for split in splits if split[1] <= middle / 2]
    if central:
        return min(central, key=lambda split: (-split[0], split[1]))[2]
    return min(splits, key=lambda split: split[1])[2] if splits else None
