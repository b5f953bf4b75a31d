"""The rows of a method + a trace -> a score of each of its tokens.

Three ways, the first that fits:

    tokens       the names are those of the trace's tokens, with or without the special ones
    characters   the rows say where they start and end in the text
    text         each name is found in the text where the one before it ended: words, or the tokens
                 of another tokenizer

A row that stands on several tokens is spread over them in equal parts, so that their sum is its
score, as a word's is the sum of its tokens (`gaf_core.text.words.word_scores`). Case, accents and
the marks of tokenizers ("##", "Ġ", "▁") make no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.elsewhere.names import Folded, fold, forms, looks_special, same, stands_for_bytes
from gaf_core.elsewhere.sheets import Row, Sheet
from gaf_core.errors import TextError
from gaf_core.text.signs import seen
from gaf_core.text.words import group_pieces, written
from gaf_core.tracing.trace import Trace

Stretch = tuple[int, int]
_BYTES = 4  # of a character at most, each of which may be a token of another tokenizer


@dataclass(frozen=True, eq=False)
class Matched:
    """Scores of the tokens of a trace, and how they were found.

    Attributes:
        scores: `[t]`; 0 for tokens on which no row stands.
        way: "tokens", "characters" or "text".
        spread: rows that stand on several tokens.
        left_out: sum of the absolute scores of rows that stand on none, such as the special tokens
            of another model.
    """

    scores: NDArray[np.float64]
    way: str
    spread: int = 0
    left_out: float = 0.0


def match(sheet: Sheet, trace: Trace) -> Matched:
    """Find the tokens that the rows of a method are of.

    Raises:
        TextError: they do not fit; the message says which row, and what the text has there.
    """
    if sheet.text is not None and not _same_text(sheet.text, trace):
        raise TextError(
            f"The file says that “{sheet.name}” is of another text: “{_cut(sheet.text)}”. Explain "
            "that one, or give the scores of this one."
        )
    if len(sheet.rows) > _BYTES * len(trace.text) + len(trace.tokens):
        raise TextError(
            f"“{sheet.name}” has {len(sheet.rows):,} rows, and the text {len(trace.tokens):,} "
            "tokens. Give each word or token one row."
        )
    if (found := _by_tokens(sheet.rows, trace)) is not None:
        return found
    if all(row.start is not None and row.end is not None for row in sheet.rows):
        return _placed(sheet, _stretches(sheet, trace), trace, "characters")
    if any(row.name is None for row in sheet.rows):
        raise TextError(
            f"“{sheet.name}” has rows without a token or word. Give every row the one it is of."
        )
    misfits = []
    for accents in (True, False):
        try:
            return _placed(sheet, _found(sheet, trace, accents), trace, "text")
        except _MisfitError as misfit:
            misfits.append(misfit)
    raise TextError(str(max(misfits, key=lambda one: one.row)))


class _MisfitError(Exception):
    """Names that are not those of the text, from a row on."""

    def __init__(self, row: int, message: str):
        self.row = row
        super().__init__(message)


def _same_text(said: str, trace: Trace) -> bool:
    one, other = fold(said, accents=False).text, fold(trace.text, accents=False).text
    return one == other or (trace.truncated > 0 and one.startswith(other))


def _by_tokens(rows: Sequence[Row], trace: Trace) -> Matched | None:
    """The scores as they are, if there is a row for every token, or for every ordinary one."""
    pieces = written(trace)
    for kept in (np.arange(len(trace.tokens)), np.flatnonzero(~trace.special)):
        if len(rows) == len(kept) and all(
            row.name is not None and same(row.name, trace.tokens[token], pieces[token])
            for row, token in zip(rows, kept.tolist(), strict=True)
        ):
            scores = np.zeros(len(trace.tokens))
            scores[kept] = [row.score for row in rows]
            return Matched(scores, "tokens")
    return None


def _stretches(sheet: Sheet, trace: Trace) -> Iterator[Stretch | None]:
    """Where each row says that it stands; None for one that stands nowhere."""
    length = len(trace.text)
    for number, row in enumerate(sheet.rows, start=1):
        start, end = row.start or 0, row.end or 0
        if trace.truncated and end > length:
            yield None
            continue
        if not 0 <= start <= end <= length:
            raise TextError(
                f"Row {number:,} of “{sheet.name}” stands at characters {start:,} to {end:,}, and "
                f"the text has {length:,}, counted from 0. The scores are of another text, or "
                "count bytes instead of characters."
            )
        piece = trace.text[start:end]
        if start < end and not _is_called(row.name, piece):
            raise TextError(
                f"Row {number:,} of “{sheet.name}” is “{_cut(row.name or '')}” at characters "
                f"{start:,} to {end:,}, where the text has “{_cut(piece)}”. The scores are of "
                "another text, or count bytes instead of characters."
            )
        yield (start, end) if start < end else None


def _is_called(name: str | None, piece: str) -> bool:
    """Whether a row that stands on a piece of the text may have this name."""
    if name is None or looks_special(name) or stands_for_bytes(name):
        return True  # nothing to compare: no name, an unknown token, a part of a character
    return same(name, seen(piece), piece)


def _found(sheet: Sheet, trace: Trace, accents: bool) -> Iterator[Stretch | None]:
    """Where each name stands, each after the one before it; punctuation may be left out."""
    stream, place = fold(trace.text, accents), 0
    for number, row in enumerate(sheet.rows, start=1):
        name = row.name or ""
        at, length = _next(stream, name, place, accents)
        if length:
            place = at + length
            yield stream.places[at][0], stream.places[place - 1][1]
        elif not all(fold(form, accents).text for form in forms(name)) or looks_special(name):
            yield None  # of spaces, or what another tokenizer added
        elif trace.truncated and not _has_letters(stream.text[place:]):
            yield None  # of what was cut off
        else:
            raise _misfit(sheet, trace, stream, place, number)
    if _has_letters(stream.text[place:]):
        raise _misfit(sheet, trace, stream, place, len(sheet.rows) + 1)


def _next(stream: Folded, name: str, place: int, accents: bool) -> tuple[int, int]:
    """Where a name comes next, and how many folded characters it takes; 0 where it does not."""
    pieces = [piece for form in forms(name) if (piece := fold(form, accents).text)]
    at = place
    while at <= len(stream.text):
        for piece in pieces:
            if stream.text.startswith(piece, at):
                return at, len(piece)
        if at == len(stream.text) or stream.text[at].isalnum() or looks_special(name):
            break
        at += 1
    return place, 0


def _misfit(sheet: Sheet, trace: Trace, stream: Folded, place: int, number: int) -> _MisfitError:
    at = stream.places[place][0] if place < len(stream.places) else len(trace.text)
    rest = trace.text[at:]
    there = f"has “{_cut(rest)}” there (character {at:,})" if rest.strip() else "has ended"
    if number > len(sheet.rows):
        told = f"“{sheet.name}” ends after {len(sheet.rows):,} rows, and the text goes on with "
        told += f"“{_cut(rest)}” (character {at:,})."
    else:
        name = _cut(sheet.rows[number - 1].name or "")
        told = f"Row {number:,} of “{sheet.name}” is “{name}”, and the text {there}."
    advice = "Scores are of all words or tokens of this text, in reading order."
    return _MisfitError(number, f"{told} {advice}")


def _placed(sheet: Sheet, stretches: Iterator[Stretch | None], trace: Trace, way: str) -> Matched:
    """Scores of the rows on the tokens that their stretches of text touch."""
    pieces = group_pieces(trace)
    ordinary = np.flatnonzero(pieces.start < pieces.end)
    starts, ends = pieces.start[ordinary], pieces.end[ordinary]
    members, scores = pieces.members, np.zeros(len(trace.tokens))
    free = [token for token, special in enumerate(trace.special.tolist()) if special]
    spread, left_out = 0, 0.0
    for row, stretch in zip(sheet.rows, stretches, strict=True):
        if stretch is None:
            tokens = _take(free, row, trace)
        else:
            first = int(np.searchsorted(ends, stretch[0], side="right"))
            last = int(np.searchsorted(starts, stretch[1], side="left"))
            tokens = [one for piece in ordinary[first:last] for one in members[piece]]
            tokens = tokens or _take(free, row, trace)  # a mask that was written into the text
        if tokens:
            scores[tokens] += row.score / len(tokens)
        else:
            left_out += abs(row.score)
        spread += len(tokens) > 1
    return Matched(scores, way, spread, left_out)


def _take(free: list[int], row: Row, trace: Trace) -> list[int]:
    """The next special token of the name of a row, which is then no longer free."""
    name = (row.name or "").casefold()
    token = next((one for one in free if trace.tokens[one].casefold() == name), None)
    if token is None:
        return []
    free.remove(token)
    return [token]


def _has_letters(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


def _cut(text: str) -> str:
    shown = " ".join(text.encode("utf-8", errors="replace").decode("utf-8").split())
    return shown if len(shown) <= 30 else f"{shown[:30]}…"
