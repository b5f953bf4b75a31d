"""Scores -> the sentence itself, coloured: one stand-alone piece of HTML, no scripts, no network.

The text is sliced from what was written, so spaces, case, line breaks and the direction of the
script survive; the pieces of one word touch. Colours come in pairs for a light and a dark page
(`light-dark()`), and every shade brings its own text colour, so the words stay legible even where a
page does not say which of the two it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from gaf_core.picture.colours import (
    DARK_AGAINST,
    DARK_SHADES,
    LIGHT_AGAINST,
    LIGHT_SHADES,
    ink,
    shade,
)
from gaf_core.text.signs import has_no_width, seen
from gaf_core.text.words import group_pieces, group_words, word_scores, written
from gaf_core.tracing.trace import Trace

_MUTED = "light-dark(#5b6472, #a3adbb)"


@dataclass(frozen=True, eq=False)
class _Scale:
    """What colour and hover text are relative to: all scores, and the strongest piece shown."""

    trace: Trace
    scores: NDArray[np.float64]
    written: tuple[str, ...]
    total: float
    strongest: float
    of: str

    def share(self, score: float) -> float:
        return score / self.total if self.total > 0 else 0.0

    def intensity(self, score: float) -> float:
        """From 0 to 1, and down to -1 where it speaks against the target."""
        return score / self.strongest if self.strongest > 0 else 0.0

    @property
    def signed(self) -> bool:
        """Whether something speaks against the target."""
        return bool((self.scores < 0).any())


@dataclass(frozen=True)
class _Piece:
    """A stretch of the text, or a name without any, and the tokens that it stands for."""

    text: str
    start: int
    end: int
    chip: bool
    score: float
    tokens: tuple[int, ...]
    whole: bool  # a word, whose hover text is about all of its tokens
    marked: bool

    def title(self, scale: _Scale) -> str:
        if self.whole and len(self.tokens) > 1:
            parts = (
                f"{scale.trace.tokens[token]} {scale.share(float(scale.scores[token])):.1%}"
                for token in self.tokens
            )
            lines = [_numbers(self.text, self.score, scale), f"tokens {' + '.join(parts)}"]
        else:
            lines = [_token_title(token, scale) for token in self.tokens]
        return escape("\n".join(lines), quote=True).replace("\n", "&#10;")


def heatmap_html(
    trace: Trace,
    scores: NDArray[np.float64],
    *,
    show_special: bool = True,
    by_words: bool = False,
    marked: Collection[int] = (),
    full: float | None = None,
    of: str = "of the flow",
    whole: float | None = None,
) -> str:
    """The text of a trace, each token or each word coloured by its score.

    Args:
        trace: text, tokens and where each token stands in the text.
        scores: `[t]`, in any unit; those below 0 have a colour of their own.
        show_special: show the tokens that the tokenizer added, as small chips.
        by_words: colour whole words, by the sum over their tokens.
        marked: words (or pieces, see `words.group_pieces`) to underline, by their index.
        full: share that has the strongest shade, so that several texts can have one scale; None for
            the share of the strongest piece shown.
        of: what a share is a share of, for the legend and where one hovers.
        whole: what shares are parts of, in the unit of the scores; None for the sum of them.

    Returns:
        HTML with inline styles only. Hovering a piece gives its share of all scores, its raw score
        and its tokens.
    """
    pieces = _pieces(trace, scores, show_special, by_words, marked)
    total = float(scores.sum()) if whole is None else whole
    strongest = max((abs(piece.score) for piece in pieces), default=0.0)
    if full is not None:
        strongest = full * total
    scale = _Scale(trace, scores, written(trace), total, strongest, of)
    html, cursor = [], 0
    for number, piece in enumerate(pieces):
        if piece.chip:
            html.append(_chip(scale, piece))
            continue
        html.append(escape(trace.text[cursor : piece.start]))
        html.append(_coloured(scale, piece, _touching(pieces, number)))
        cursor = piece.end
    html.append(escape(trace.text[cursor:]))
    return (
        '<div class="gaf-heatmap"><div dir="auto" style="white-space:pre-wrap;'
        'overflow-wrap:anywhere;font-size:1.3em;line-height:2;margin:0 0 .5em">'
        + "".join(html)
        + "</div>"
        + _legend(scale)
        + "</div>"
    )


def _pieces(
    trace: Trace,
    scores: NDArray[np.float64],
    show_special: bool,
    by_words: bool,
    marked: Collection[int],
) -> list[_Piece]:
    """What is coloured, in reading order."""
    words = group_words(trace) if by_words else group_pieces(trace)
    summed = word_scores(words, scores)
    return [
        _Piece(
            text=words.text[index],
            start=int(words.start[index]),
            end=int(words.end[index]),
            chip=bool(words.start[index] == words.end[index]),
            score=float(summed[index]),
            tokens=tuple(tokens),
            whole=by_words,
            marked=index in marked,
        )
        for index, tokens in enumerate(words.members)
        if show_special or not words.special[index]
    ]


def _numbers(name: str, score: float, scale: _Scale) -> str:
    return f"{name} · {scale.share(score):.1%} {scale.of}\nscore {score:.4g}"


def _token_title(token: int, scale: _Scale) -> str:
    """Numbers of one token; how the tokenizer calls it, where that is not what was written."""
    name, raw = scale.written[token], scale.trace.tokens[token]
    called = "" if raw == name else f" · token {raw}"
    return f"{_numbers(name, float(scale.scores[token]), scale)} · position {token}{called}"


def _touching(pieces: list[_Piece], number: int) -> tuple[bool, bool]:
    """Whether the text of a piece continues that of the piece before, and of the one after."""
    before = pieces[number - 1] if number else None
    after = pieces[number + 1] if number + 1 < len(pieces) else None
    return (
        before is not None and not before.chip and before.end == pieces[number].start,
        after is not None and not after.chip and after.start == pieces[number].end,
    )


def _coloured(scale: _Scale, piece: _Piece, touching: tuple[bool, bool]) -> str:
    """A stretch of text on its shade.

    No inline-block and no side padding: they break up words of joined scripts and the order of
    mixed directions.
    """
    before, after = ("0" if joined else ".22em" for joined in touching)
    style = (
        f"{_paint(scale.intensity(piece.score))};padding:.22em 0;"
        f"border-start-start-radius:{before};border-end-start-radius:{before};"
        f"border-start-end-radius:{after};border-end-end-radius:{after}{_underline(piece)}"
    )
    text = scale.trace.text[piece.start : piece.end]
    # What has no width cannot be coloured: a sign before it can, and is not copied with the text.
    hidden = has_no_width(text)
    sign = f'<span style="user-select:none">{escape(seen(text))}</span>' if hidden else ""
    return f'<span style="{style}" title="{piece.title(scale)}">{sign}{escape(text)}</span>'


def _chip(scale: _Scale, piece: _Piece) -> str:
    style = (
        f"{_paint(scale.intensity(piece.score))};font-size:.68em;padding:.25em .5em;"
        f"border-radius:.9em;margin:0 .35em;vertical-align:.12em{_underline(piece)}"
    )
    # Isolated, so that a Latin name neither sets nor disturbs the direction of the sentence.
    return f'<bdi style="{style}" title="{piece.title(scale)}">{escape(piece.text)}</bdi>'


def _underline(piece: _Piece) -> str:
    # a line of its own and not text-decoration, which runs through the tails of letters
    return ";border-bottom:.16em solid currentColor;font-weight:600" if piece.marked else ""


def _paint(intensity: float) -> str:
    against = intensity < 0
    light, dark = (shade(abs(intensity), dark=dark, against=against) for dark in (False, True))
    # The plain colours come first, for a browser that does not know light-dark().
    return (
        f"background-color:{light};color:{ink(light)};"
        f"background-color:light-dark({light},{dark});color:light-dark({ink(light)},{ink(dark)})"
    )


def _legend(scale: _Scale) -> str:
    largest = scale.strongest / scale.total if scale.total > 0 else 0.0
    least, lowest = "0", ""
    if scale.signed:
        least, lowest = f"{-largest * 100:.3g}", ", against the target below 0"
    return (
        f'<div style="font-size:.8em;color:{_MUTED}">share {escape(scale.of)}: {least} %'
        f"{_scale_bar(scale.signed)}{largest * 100:.3g} %{lowest}</div>"
    )


def _scale_bar(signed: bool) -> str:
    """All shades from left to right; those against the target first, strongest first."""
    against = zip(reversed(LIGHT_AGAINST), reversed(DARK_AGAINST), strict=True) if signed else ()
    steps = ",".join(
        f"light-dark({light},{dark})"
        for light, dark in (*against, *zip(LIGHT_SHADES, DARK_SHADES, strict=True))
    )
    bar = (
        "display:inline-block;width:8em;height:.7em;margin:0 .6em;border-radius:.35em;"
        f"background:linear-gradient(90deg,{steps})"
    )
    return f'<span style="{bar}"></span>'
