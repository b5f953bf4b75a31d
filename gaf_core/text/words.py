"""Tokens as people write them, and the words that they make up.

Tokenizers name their pieces for themselves: "##ing", "Ġgood", three bytes for one emoji. What a
reader sees is taken from the text instead, at the place where each token stands. Words are found in
the text too, since many tokenizers have no notion of a word.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import regex
from numpy.typing import NDArray

from gaf_core.errors import SettingsError, check_kind
from gaf_core.tables import table
from gaf_core.text.signs import BREAKS, SPACE, readable, seen
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

Stretch = tuple[int, int]
_TRACED = "gaf_core.trace returns one."
Tokenized = Trace | Encoding  # text, tokens, offsets and special tokens are all that is read

# Scripts that put no spaces between words: each character is a word until a token joins several.
_UNSPACED = "".join(
    rf"\p{{scx={script}}}"
    for script in ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
)
# A letter or digit with its accents; joiners and soft hyphens stand inside words and are not seen.
_LETTER = rf"(?:(?![{_UNSPACED}])[\p{{L}}\p{{N}}][\p{{M}}\u200c\u200d\u00ad]*)"
_WORD = regex.compile(
    rf"(?:{_LETTER}(?:['’‐‑-](?={_LETTER})|(?<=\p{{N}})[.,](?=\p{{N}}))?)+"
    r"|(?!\s)\X"  # anything else that is seen: one punctuation mark, one emoji with all its parts
)


@dataclass(frozen=True, eq=False)
class Words:
    """A division of the `t` tokens of a trace into `w` words, in reading order.

    Attributes:
        text: the words as written; a special token is a word of its own, called by its name.
        start, end: `[w]` where each word stands in the text; equal where it stands nowhere.
        special: `[w]` True for tokens that the tokenizer added.
        token_word: `[t]` the word that each token belongs to.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> words = gaf.group_words(gaf.trace(model, "Unwatchable!"))
    >>> words.text
    ('[CLS]', 'Unwatchable', '!', '[SEP]')
    >>> words.members
    [[0], [1, 2, 3], [4], [5]]
    """

    text: tuple[str, ...]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    special: NDArray[np.bool_]
    token_word: NDArray[np.int64]

    @property
    def members(self) -> list[list[int]]:
        """The tokens of each word."""
        members: list[list[int]] = [[] for _ in self.text]
        for token, word in enumerate(self.token_word.tolist()):
            members[word].append(token)
        return members


def written(trace: Tokenized) -> tuple[str, ...]:
    """`t` texts: each token as people write it.

    The stretch of text that a token stands for, without the spaces around it. Tokens of spaces or
    line breaks are visible signs, those of hidden characters their code points. Special tokens keep
    their name, and so do tokens that stand nowhere in the text, without the marks of their
    tokenizer. Tokens that share characters, like the bytes of an emoji, are numbered: "🙂 1/3".

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "Unwatchable!")
    >>> trace.tokens
    ('[CLS]', 'un', '##watch', '##able', '!', '[SEP]')
    >>> gaf.written(trace)
    ('[CLS]', 'Un', 'watch', 'able', '!', '[SEP]')
    """
    stretches = _stretches(trace)
    pieces = _pieces(trace, stretches)
    for run in _sharing(stretches):
        for number, token in enumerate(run, start=1):
            pieces[token] += f" {number}/{len(run)}"
    return tuple(pieces)


def group_words(trace: Tokenized) -> Words:
    """Divide the tokens into words.

    A word is a run of letters and digits, with apostrophes and hyphens inside it; every other
    visible character is one of its own. In scripts without spaces, such as Chinese and Thai, a word
    is what a token stands for. A token that spans several words joins them, but never across a line
    break. A token of spaces goes with the word that it stands before, as in " the".

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> gaf.group_words(gaf.trace(model, "Unwatchable!")).token_word.tolist()
    [0, 1, 1, 1, 2, 3]
    """
    check_kind(trace, (Trace, Encoding), _TRACED)
    return _divide(trace, [match.span() for match in _WORD.finditer(trace.text)])


def group_pieces(trace: Tokenized) -> Words:
    """Divide the tokens into stretches of text: one a token, but one for all that share characters.

    Special tokens and tokens that stand nowhere in the text are pieces of their own.
    """
    return _divide(trace, [])


def word_scores(words: Words, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[w]` sums of the scores `[t]` over the tokens of each word; the total stays the same.

    Raises:
        SettingsError: another number of scores.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> import numpy as np
    >>> words = gaf.group_words(gaf.trace(model, "Unwatchable!"))
    >>> gaf.word_scores(words, np.arange(6.0)).tolist()
    [0.0, 6.0, 4.0, 5.0]
    """
    if np.shape(scores) != words.token_word.shape:
        raise SettingsError(
            f"Scores of shape {list(np.shape(scores))} do not fit the {len(words.token_word)} "
            "tokens of these words. Give one score a token."
        )
    summed = np.bincount(words.token_word, weights=scores, minlength=len(words.text))
    return summed.astype(np.float64)


def word_table(
    trace: Tokenized, scores: NDArray[np.float64], whole: float | None = None
) -> pd.DataFrame:
    """One row a word: word, start, end, score, share, tokens (as the tokenizer names them).

    A share is a part of `whole`; of all scores for None.
    """
    words = group_words(trace)
    summed = word_scores(words, scores)
    total = float(summed.sum()) if whole is None else whole
    return table(
        {
            "word": words.text,
            "start": words.start,
            "end": words.end,
            "score": summed,
            "share": summed / total if total > 0 else np.zeros_like(summed),
            "tokens": [" ".join(trace.tokens[i] for i in members) for members in words.members],
        }
    )


def _divide(trace: Tokenized, found: Sequence[Stretch]) -> Words:
    """Words are what is left of `found` and the tokens' stretches when overlaps are merged."""
    stretches = _stretches(trace)
    merged = joined([*found, *(stretch for stretch in stretches if stretch[0] < stretch[1])])
    starts = [start for start, _ in merged]
    # A token is at home in a word, or where it stands nowhere, with itself alone.
    homes: list[tuple[int, int, int | None]] = [
        (*merged[bisect_right(starts, start) - 1], None) if start < end else (start, end, token)
        for token, (start, end) in enumerate(stretches)
    ]
    if found:
        for token in _spaces_before_words(trace, stretches):
            homes[token] = homes[token + 1]
    order = {home: index for index, home in enumerate(dict.fromkeys(homes))}
    pieces = _pieces(trace, stretches)
    return Words(
        text=tuple(
            seen(trace.text[start:end]) if own is None else pieces[own] for start, end, own in order
        ),
        start=np.array([start for start, _, _ in order], dtype=np.int64),
        end=np.array([end for _, end, _ in order], dtype=np.int64),
        special=np.array([own is not None and trace.special[own] for *_, own in order], dtype=bool),
        token_word=np.array([order[home] for home in homes], dtype=np.int64),
    )


def _stretches(trace: Tokenized) -> list[Stretch]:
    """Where the visible part of each token stands; empty for tokens that stand for no text."""
    check_kind(trace, (Trace, Encoding), _TRACED)
    offsets: list[Stretch] = [(start, end) for start, end in trace.offsets.tolist()]
    following = [
        len(trace.text) if special else start
        for (start, _), special in zip(offsets[1:], trace.special[1:], strict=True)
    ]
    stretches = []
    for token, (start, end) in enumerate(offsets):
        piece = trace.text[start:end]
        # SentencePiece puts a space before the text and reports it as the first character.
        invented = piece.strip() != "" and piece != trace.tokens[token]
        if trace.special[token] or (invented and readable(trace.tokens[token]) == SPACE):
            stretches.append((start, start))
        elif not piece.strip():
            stretches.append((start, end))
        else:
            start += len(piece) - len(piece.lstrip())
            end = start + len(piece.strip().split("\n")[0])
            # Accents that the tokenizer removed still belong to the letter that they stand on.
            limit = following[token] if token < len(following) else len(trace.text)
            while end < limit and unicodedata.category(trace.text[end]).startswith("M"):
                end += 1
            stretches.append((start, end))
    return stretches


def _pieces(trace: Tokenized, stretches: Sequence[Stretch]) -> list[str]:
    """Each token as written, parts of a shared character not yet told apart."""
    return [
        name if special else seen(trace.text[start:end]) if start < end else readable(name)
        for name, special, (start, end) in zip(trace.tokens, trace.special, stretches, strict=True)
    ]


def _sharing(stretches: Sequence[Stretch]) -> list[list[int]]:
    """Runs of two or more tokens of which each shares characters with one before it."""
    runs: list[list[int]] = []
    reached = 0
    for token, (start, end) in enumerate(stretches):
        if start == end:
            continue
        if runs and start < reached:
            runs[-1].append(token)
            reached = max(reached, end)
        else:
            runs.append([token])
            reached = end
    return [run for run in runs if len(run) > 1]


def _spaces_before_words(trace: Tokenized, stretches: Sequence[Stretch]) -> list[int]:
    """Tokens of nothing but spaces that a word follows at once; the last of them first."""
    pieces = _pieces(trace, stretches)
    joined: list[int] = []
    for token in reversed(range(len(pieces) - 1)):
        after = token + 1
        if (
            not pieces[token].strip(SPACE)
            and not trace.special[after]
            and stretches[token][1] == stretches[after][0]
            and (pieces[after].strip(SPACE + BREAKS) or after in joined[-1:])
        ):
            joined.append(token)
    return joined


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The unions of overlapping stretches, from left to right; those that only touch stay apart."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged
