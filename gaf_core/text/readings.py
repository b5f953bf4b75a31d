"""One text as two models read it -> the words that both have, whatever their tokenizers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaf_core.text.words import Stretch, Words, group_words, joined
from gaf_core.tracing.trace import Trace

Home = tuple[Stretch, str]  # where a word stands; its name, for one that stands nowhere


def common_words(first: Trace, second: Trace) -> tuple[Words, Words]:
    """The words of two traces of one text, so that a word of one is no part of two of the other.

    Where a token of one joins what the other keeps apart, both have the longer word. A word that
    only one model reads, because the other's text was cut off, is a word of that one alone.

    Args:
        first, second: traces of the same text by two models.
    """
    divisions = group_words(first), group_words(second)
    stretches = joined(
        (start, end)
        for words in divisions
        for start, end in zip(words.start.tolist(), words.end.tolist(), strict=True)
        if start < end
    )
    made = [
        _regrouped(trace, words, stretches)
        for trace, words in zip((first, second), divisions, strict=True)
    ]
    return made[0], made[1]


def homes(words: Words) -> list[Home]:
    """What makes a word the same in two readings: where it stands, or else what it is called."""
    return [
        ((start, end), "" if start < end else text)
        for start, end, text in zip(
            words.start.tolist(), words.end.tolist(), words.text, strict=True
        )
    ]


def _regrouped(trace: Trace, words: Words, stretches: Sequence[Stretch]) -> Words:
    """The words joined to these stretches of text; those that stand nowhere stay as they are."""
    starts = np.array([start for start, _ in stretches], dtype=np.int64)
    within = np.searchsorted(starts, words.start, side="right") - 1
    nowhere = words.start == words.end
    keys = [
        ("own", word) if nowhere[word] else ("text", int(within[word]))
        for word in range(len(words.text))
    ]
    order = {key: index for index, key in enumerate(dict.fromkeys(keys))}
    places = [
        (int(words.start[at]), int(words.end[at])) if kind == "own" else stretches[at]
        for kind, at in order
    ]
    texts = [
        words.text[at] if kind == "own" else trace.text[slice(*stretches[at])] for kind, at in order
    ]
    return Words(
        text=tuple(texts),
        start=np.array([start for start, _ in places], dtype=np.int64),
        end=np.array([end for _, end in places], dtype=np.int64),
        special=np.array([kind == "own" and words.special[at] for kind, at in order], dtype=bool),
        token_word=np.array([order[keys[word]] for word in words.token_word.tolist()]),
    )
