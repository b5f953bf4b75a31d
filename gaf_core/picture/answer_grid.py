"""A map of an answer as plain data to draw: rows, columns, and what each cell holds.

Rows are the words or tokens of the prompt and of the answer, in reading order; of a long prompt the
strongest stay on their own, and the others are one row, so that every column stays whole.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.picture.labels import abridged
from gaf_core.reading.answer_map import AnswerMap
from gaf_core.text.words import Words, group_pieces, group_words

_NAME = 16  # characters of a label
ROWS = 60  # that stay on their own


@dataclass(frozen=True, eq=False)
class AnswerGrid:
    """`r` rows and `c` columns.

    Attributes:
        rows, columns: their names, abridged.
        texts, names: `[r]` and `[c]`, the same in full.
        parts: `[c]` which tokens of the answer a column stands for, `(start, stop)` from its first
            token.
        shares: `[r, c]` NaN where a row does not stand before its column.
        prompt: how many of the rows are of the prompt.
        prompt_shares, answer_shares: `[c]` what of a column falls on either.
        probabilities: `[c]` of the tokens of a column together.
        signed: whether shares may be negative.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    names: tuple[str, ...]
    parts: tuple[tuple[int, int], ...]
    shares: NDArray[np.float64]
    prompt: int
    prompt_shares: NDArray[np.float64]
    answer_shares: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    signed: bool


def answer_grid(
    found: AnswerMap, *, by_words: bool = True, show_special: bool = True, limit: int = ROWS
) -> AnswerGrid:
    """Lay out a map.

    Args:
        found: the map.
        by_words: rows and columns are words; a row is the sum over its tokens, a column the mean.
        show_special: whether tokens that the tokenizer added have rows of their own.
        limit: rows that stay on their own; the others of the prompt are one row, and so are those
            of the answer.
    """
    units = group_words(found.encoding) if by_words else group_pieces(found.encoding)
    columns = _columns(units, found.columns)
    starts = np.array([found.columns[first] for first, _ in columns])
    firsts = np.array([min(members) for members in units.members])
    summed = np.zeros((len(firsts), len(found.columns)))
    np.add.at(summed, units.token_word, found.shares)
    shares = np.stack([summed[:, slice(*one)].mean(axis=1) for one in columns], axis=1)
    shares = np.where(firsts[:, None] < starts, shares, np.nan)
    rows = _rows(units, shares, firsts, found.prompt, show_special, limit)
    parts = [(found.columns[[a, b - 1]] + (0, 1) - found.prompt).tolist() for a, b in columns]
    names = tuple(units.text[units.token_word[found.columns[a]]] for a, _ in columns)
    return AnswerGrid(
        rows=tuple(abridged(row.text, _NAME) for row in rows),
        columns=tuple(abridged(name, _NAME) for name in names),
        texts=tuple(row.text for row in rows),
        names=names,
        parts=tuple((start, stop) for start, stop in parts),
        shares=np.stack([_summed(shares, row.units) for row in rows]),
        prompt=sum(row.prompt for row in rows),
        prompt_shares=np.array([found.prompt_shares[slice(*one)].mean() for one in columns]),
        answer_shares=np.array([found.answer_shares[slice(*one)].mean() for one in columns]),
        probabilities=np.array(
            [math.exp(found.log_probabilities[slice(*one)].sum()) for one in columns]
        ),
        signed=bool((found.scores < 0).any()),
    )


class _Row(NamedTuple):
    text: str
    units: tuple[int, ...]
    prompt: bool


def _columns(units: Words, places: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Runs of explained tokens that belong to one unit."""
    homes = units.token_word[places]
    turns = np.flatnonzero(np.diff(homes)) + 1
    return list(itertools.pairwise([0, *turns.tolist(), len(places)]))


def _rows(
    units: Words,
    shares: NDArray[np.float64],
    firsts: NDArray[np.int64],
    prompt: int,
    show_special: bool,
    limit: int,
) -> list[_Row]:
    """Units that stand before some column: the strongest on their own, the others together."""
    live = np.isfinite(shares).any(axis=1)
    strength = np.where(live, np.nan_to_num(np.abs(shares)).max(axis=1), -1.0)
    hidden = live & units.special & (not show_special)
    strength[hidden] = -1.0
    own = np.zeros(len(firsts), dtype=bool)
    own[np.argsort(-strength, kind="stable")[:limit]] = True
    own &= live & ~hidden
    rows = [
        _Row(units.text[row], (row,), bool(firsts[row] < prompt))
        for row in np.flatnonzero(own).tolist()
    ]
    lumps = ((hidden, "special"), (live & ~own & ~hidden, "others"))
    for before in (True, False):
        end = sum(row.prompt for row in rows) if before else len(rows)
        for which, name in lumps:
            members = np.flatnonzero(which & ((firsts < prompt) == before))
            if members.size:
                text = f"{name} ({members.size:,})"
                rows.insert(end, _Row(text, tuple(members.tolist()), before))
    return rows


def _summed(shares: NDArray[np.float64], members: Sequence[int]) -> NDArray[np.float64]:
    """`[c]` the sum of rows; blank where none of them stands before the column."""
    some = shares[list(members)]
    return np.where(np.isfinite(some).any(axis=0), np.nansum(some, axis=0), np.nan)
