"""Which words carry a class over many texts.

A token has the share of the sum of the absolute scores of its text that its score is, so that every
text counts alike whatever the unit of a method; a word has the shares of its tokens, and of several
occurrences in a text their sum. Of the n texts of a class let s_i be the share of a word, 0 where
it does not occur, and c the number of texts in which it does:

    mean share          sum_i s_i / n     what the word does for the class as a whole
    share when present  sum_i s_i / c     what it does where it stands

Intervals are the percentile bootstrap over the texts of the class (Efron 1979), which are drawn as
a whole, with all of their words: 95 % of the resamples lie within. A word that a resample does not
have says nothing about its share when present there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gaf_core.corpus.results import Scored
from gaf_core.tables import table

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 1_000
_HELD = 4_000_000  # numbers of resamples at a time
_ENDS = (2.5, 97.5)
COLUMNS = (
    "class", "word", "texts", "of", "occurrences", "mean_share", "mean_share_low",
    "mean_share_high", "when_present", "when_present_low", "when_present_high",
)  # fmt: skip


@dataclass
class _Group:
    """The texts of one class: a cell for each word of each."""

    texts: int = 0
    row: list[int] = field(default_factory=list)
    word: list[int] = field(default_factory=list)
    share: list[float] = field(default_factory=list)
    count: list[int] = field(default_factory=list)


def word_importance(
    scored: Iterable[Scored],
    *,
    fold: bool = True,
    least: int = 5,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Words by class, those with the largest mean share first.

    Args:
        scored: texts with the scores of one method (`Results.scored`).
        fold: take "Good" and "good" for one word.
        least: texts of a class that a word must occur in.
        resamples: of the bootstrap; 0 for no intervals.
        seed: of them.

    Returns:
        One row a class and word: `class`, `word`, `texts` (of the class that have it), `of` (texts
        of the class), `occurrences`, and `mean_share` and `when_present` with the ends of their
        intervals as `mean_share_low` and the like; NaN without intervals. Classes with most texts
        come first. No word is left out for being common.
    """
    groups: dict[str, _Group] = {}
    known: dict[str, int] = {}
    for one in scored:
        group = groups.setdefault(one.group, _Group())
        for word, share, count in shares(one, fold=fold):
            group.row.append(group.texts)
            group.word.append(known.setdefault(word, len(known)))
            group.share.append(share)
            group.count.append(count)
        group.texts += 1
    names = np.array(list(known), dtype=object)
    order = sorted(groups, key=lambda name: (-groups[name].texts, name))
    parts = [_of_class(groups[name], least, resamples, seed) for name in order]
    sizes = [len(part["word"]) for part in parts]
    columns = {
        "class": np.repeat(np.array(order, dtype=object), sizes) if order else [],
        "of": np.repeat([groups[name].texts for name in order], sizes) if order else [],
    }
    for name in parts[0] if parts else ():
        values = np.concatenate([part[name] for part in parts])
        columns[name] = names[values] if name == "word" else values
    return table({name: columns.get(name, []) for name in COLUMNS})


def shares(one: Scored, *, fold: bool) -> Iterator[tuple[str, float, int]]:
    """Each different word of a text with its share and how often it occurs; no special tokens."""
    total = float(np.abs(one.scores).sum()) or 1.0
    ordinary = ~one.special
    summed = np.bincount(one.word_of[ordinary], one.scores[ordinary], minlength=len(one.words))
    there = np.bincount(one.word_of[ordinary], minlength=len(one.words)) > 0
    found: dict[str, tuple[float, int]] = {}
    for word, score, ordinary_word in zip(one.words, summed.tolist(), there.tolist(), strict=True):
        if ordinary_word:
            name = word.casefold() if fold else word
            before, count = found.get(name, (0.0, 0))
            found[name] = before + score / total, count + 1
    return ((word, share, count) for word, (share, count) in found.items())


def _of_class(group: _Group, least: int, resamples: int, seed: int) -> dict[str, NDArray]:
    words = np.array(group.word, dtype=np.int64)
    texts = np.bincount(words)  # a text has a word once: its occurrences were summed
    kept = np.flatnonzero(texts >= max(1, least))
    shares, there, counts = (
        _matrix(group, words, values, kept)
        for values in (group.share, np.ones(len(words)), group.count)
    )
    present, total = np.asarray(there.sum(axis=0)), np.asarray(shares.sum(axis=0))
    found = {
        "word": kept,
        "texts": present.astype(np.int64),
        "occurrences": np.asarray(counts.sum(axis=0)).astype(np.int64),
        "mean_share": total / max(1, group.texts),
        "when_present": total / np.maximum(present, 1),
    }
    lines = _intervals(shares, there, resamples, seed)
    for name, ends in zip(("mean_share", "when_present"), lines, strict=True):
        found[f"{name}_low"], found[f"{name}_high"] = ends
    order = np.argsort(-found["mean_share"], kind="stable")
    return {name: values[order] for name, values in found.items()}


def _matrix(
    group: _Group, words: NDArray[np.int64], values: Iterable[float], kept: NDArray[np.int64]
) -> csr_array:
    """`[texts, words kept]` of values by text and word."""
    place = np.full(int(words.max(initial=-1)) + 1, -1)
    place[kept] = np.arange(len(kept))
    column = place[words]
    chosen = column >= 0
    cells = np.asarray(values, dtype=np.float64)[chosen]
    at = np.array(group.row, dtype=np.int64)[chosen], column[chosen]
    return csr_array((cells, at), shape=(group.texts, len(kept)))


def _intervals(
    shares: csr_array, there: csr_array, resamples: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`[2, words]` ends of the mean share and of the share when present."""
    texts, words = map(int, shares.shape or (0, 0))
    if not resamples or texts < 2 or not words:
        nothing = np.full((2, words), np.nan)
        return nothing, nothing
    draw = np.random.default_rng(seed)
    means, present = (np.empty((resamples, words)) for _ in range(2))
    size = max(1, _HELD // texts)
    for start in range(0, resamples, size):
        stop = min(resamples, start + size)
        drawn = draw.integers(texts, size=(stop - start, texts))
        drawn += np.arange(stop - start)[:, None] * texts  # each resample counts for itself
        times = np.bincount(drawn.ravel(), minlength=(stop - start) * texts)
        times = times.reshape(stop - start, texts).astype(np.float64)
        total, count = (shares.T @ times.T).T, (there.T @ times.T).T
        means[start:stop] = total / texts
        with np.errstate(invalid="ignore"):  # 0 of 0 texts
            present[start:stop] = total / count
    return np.percentile(means, _ENDS, axis=0), np.nanpercentile(present, _ENDS, axis=0)
