"""Two texts, or two readings of one -> which words belong together, and how their scores differ."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gaf_core.text.readings import common_words, homes
from gaf_core.text.words import Words, group_words, word_scores
from gaf_core.tracing.trace import Trace

Change = Literal["same", "changed", "deleted", "inserted"]
CHANGES: tuple[Change, ...] = get_args(Change)
SAME, CHANGED, DELETED, INSERTED = CHANGES


@dataclass(frozen=True)
class Pairing:
    """A word of the original and the word of the edited text in its place.

    Attributes:
        kind: `SAME`, `CHANGED`, `DELETED` or `INSERTED`.
        before, after: index of the word; None where there is no such word.
    """

    kind: Change
    before: int | None
    after: int | None


def align(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Pairing]:
    """Pair the words of two texts, every word once, both in their order.

    Equal words are matched by the Ratcliff-Obershelp rule (the longest run first, then what is left
    of it and right of it). Where words were replaced, the first stands for the first and so on, and
    those left over were deleted or inserted.

    >>> for one in align("not a very good film".split(), "a rather good film !".split()):
    ...     print(one.kind, one.before, one.after)
    deleted 0 None
    same 1 0
    changed 2 1
    same 3 2
    same 4 3
    inserted None 4
    """
    pairings: list[Pairing] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        paired = min(last - first, end - start)
        kind = SAME if tag == "equal" else CHANGED
        pairings += [Pairing(kind, first + i, start + i) for i in range(paired)]
        pairings += [Pairing(DELETED, index, None) for index in range(first + paired, last)]
        pairings += [Pairing(INSERTED, None, index) for index in range(start + paired, end)]
    return pairings


@dataclass(frozen=True, eq=False)
class Edit:
    """How the scores of the words differ between a text and an edited copy, or between two models.

    Attributes:
        pairings: the words of both, aligned, in reading order.
        words: those of the first and of the second.
        scores: `[w]` of the words of each.
        shares: `[w]` the same as fractions of the sum of their absolute values.
        names: what the two are called.
    """

    pairings: list[Pairing]
    words: tuple[Words, Words]
    scores: tuple[NDArray[np.float64], NDArray[np.float64]]
    shares: tuple[NDArray[np.float64], NDArray[np.float64]]
    names: tuple[str, str] = ("original", "edited")

    @property
    def touched(self) -> tuple[list[int], list[int]]:
        """Words of the original, and of the edited text, that are not the same in the other."""
        moved = [pairing for pairing in self.pairings if pairing.kind != SAME]
        return (
            [pairing.before for pairing in moved if pairing.before is not None],
            [pairing.after for pairing in moved if pairing.after is not None],
        )

    def table(self) -> pd.DataFrame:
        """One row a pairing: kind, word, score and share before and after, change of the share.

        A word that is not there is "" and its numbers are NaN; a change counts them as 0.
        """
        rows = []
        for pairing in self.pairings:
            row: dict[str, object] = {"kind": pairing.kind}
            at = dict(zip(("before", "after"), (pairing.before, pairing.after), strict=True))
            for side, (when, index) in enumerate(at.items()):
                there = index is not None
                row[f"word_{when}"] = self.words[side].text[index] if there else ""
                row[f"score_{when}"] = self.scores[side][index] if there else np.nan
                row[f"share_{when}"] = self.shares[side][index] if there else np.nan
            rows.append(row)
        table = pd.DataFrame(rows)
        table["change"] = table["share_after"].fillna(0.0) - table["share_before"].fillna(0.0)
        return table


def compare_edit(
    before: tuple[Trace, NDArray[np.float64]], after: tuple[Trace, NDArray[np.float64]]
) -> Edit:
    """Align two texts word by word and put the scores of their words side by side.

    Args:
        before, after: trace of the original and of the edited text, each with the scores `[t]` of
            its tokens. They should explain the same target, or the scores mean different things.
    """
    words = group_words(before[0]), group_words(after[0])
    pairings = align(words[0].text, words[1].text)
    return _edit(pairings, words, (before[1], after[1]), ("original", "edited"))


def compare_models(
    first: tuple[Trace, NDArray[np.float64]],
    second: tuple[Trace, NDArray[np.float64]],
    names: tuple[str, str],
) -> Edit:
    """Put the scores that two models give the words of one text side by side.

    Args:
        first, second: trace of the text by each model, with the scores `[t]` of its tokens.
        names: of the models.
    """
    texts = sorted((first[0].text, second[0].text), key=len)
    if not texts[1].startswith(texts[0]):  # each model has a mask of its own
        edit = compare_edit(first, second)
        return replace(edit, names=names)
    words = common_words(first[0], second[0])
    pairings = [
        part
        for pairing in align(homes(words[0]), homes(words[1]))
        for part in _of_a_kind(pairing, words)
    ]
    return _edit(pairings, words, (first[1], second[1]), names)


def _of_a_kind(pairing: Pairing, words: tuple[Words, Words]) -> list[Pairing]:
    """A special token of one model stands for one of the other's, never for a word."""
    if pairing.before is None or pairing.after is None:
        return [pairing]
    if words[0].special[pairing.before] == words[1].special[pairing.after]:
        return [pairing]
    return [Pairing(DELETED, pairing.before, None), Pairing(INSERTED, None, pairing.after)]


def _edit(
    pairings: list[Pairing],
    words: tuple[Words, Words],
    scores: tuple[NDArray[np.float64], NDArray[np.float64]],
    names: tuple[str, str],
) -> Edit:
    first, second = (word_scores(*one) for one in zip(words, scores, strict=True))
    shares = _shares(first), _shares(second)
    return Edit(pairings, words, (first, second), shares, names)


def _shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    total = float(np.abs(scores).sum())
    return scores / total if total > 0 else np.zeros_like(scores)
