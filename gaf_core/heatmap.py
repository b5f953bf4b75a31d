"""Scores -> the sentence itself, coloured: one stand-alone piece of HTML, no scripts, no network.

The text is sliced from what was written, so spaces, case, line breaks and the direction of the
script survive; the pieces of one word touch. Colours come in pairs for a light and a dark page
(`light-dark()`), and every shade brings its own text colour, so the words stay legible even where a
page does not say which of the two it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from gaf_core.trace import Trace

# One hue from pale to strong, ten stops at equal distances in OKLab: perceptually uniform, and its
# lightness alone carries the order, so it reads the same with any kind of colour vision.
LIGHT_SHADES = (
    "#ebf6f8", "#c9e3ec", "#a9d1e2", "#89bdd8", "#6ca9cf",
    "#5494c4", "#447eb3", "#3668a3", "#2b5392", "#223d81",
)  # fmt: skip
DARK_SHADES = (
    "#242a37", "#2e3c51", "#36506c", "#3b6587", "#3c7ca1",
    "#4394b6", "#56abc7", "#6bc3d7", "#82dbe8", "#9bf3f8",
)  # fmt: skip
_DARK_INK, _LIGHT_INK = "#000000", "#ffffff"
_MUTED = "light-dark(#5b6472, #a3adbb)"


@dataclass(frozen=True)
class _Piece:
    """A stretch of the text, or a token without any, and the tokens it stands for."""

    start: int
    end: int
    tokens: tuple[int, ...]
    chip: bool


@dataclass(frozen=True, eq=False)
class _Scale:
    """What colour and hover text are relative to: all scores, and the strongest one shown."""

    trace: Trace
    scores: NDArray[np.float64]
    total: float
    strongest: float

    def share(self, token: int) -> float:
        return float(self.scores[token]) / self.total if self.total > 0 else 0.0

    def intensity(self, piece: _Piece) -> float:
        held = float(self.scores[list(piece.tokens)].sum())
        return held / self.strongest if self.strongest > 0 else 0.0

    def title(self, piece: _Piece) -> str:
        lines = (
            f"{self.trace.tokens[token]} · {self.share(token):.1%} of the flow\n"
            f"score {self.scores[token]:.4g} · position {token}"
            for token in piece.tokens
        )
        return escape("\n".join(lines), quote=True).replace("\n", "&#10;")


def heatmap_html(trace: Trace, scores: NDArray[np.float64], *, show_special: bool = True) -> str:
    """The text of a trace, each token coloured by its score.

    Args:
        trace: text, tokens and where each token stands in the text.
        scores: `[t]`, `>= 0`, in any unit.
        show_special: show the tokens that the tokenizer added, as small chips.

    Returns:
        HTML with inline styles only. The strongest token shown has the strongest shade; hovering a
        token gives its share of all scores, its raw score and its position.
    """
    shown = np.ones(len(scores), dtype=bool) if show_special else ~trace.special
    scale = _Scale(trace, scores, float(scores.sum()), float(scores[shown].max(initial=0.0)))
    pieces = [piece for piece in _pieces(trace) if shown[piece.tokens[0]]]
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


def shade(intensity: float, *, dark: bool = False) -> str:
    """The colour `#rrggbb` of an intensity in [0, 1], on a light or a dark page."""
    stops = DARK_SHADES if dark else LIGHT_SHADES
    channels = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops])
    place = min(max(intensity, 0.0), 1.0) * (len(stops) - 1)
    mixed = [np.interp(place, np.arange(len(stops)), channel) for channel in channels.T]
    return "#" + "".join(f"{round(value):02x}" for value in mixed)


def ink(background: str) -> str:
    """Whichever text colour stands out more from a background `#rrggbb`."""
    return max((_DARK_INK, _LIGHT_INK), key=lambda colour: contrast(colour, background))


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours `#rrggbb`, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    value = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _pieces(trace: Trace) -> list[_Piece]:
    """Tokens in order; those that share characters (bytes of one emoji) become one piece."""
    pieces: list[_Piece] = []
    for token, (start, end) in enumerate(trace.offsets.tolist()):
        last = pieces[-1] if pieces else None
        if trace.special[token] or start == end:
            pieces.append(_Piece(start, end, (token,), chip=True))
        elif last is not None and not last.chip and start < last.end:
            pieces[-1] = _Piece(last.start, max(last.end, end), (*last.tokens, token), chip=False)
        else:
            pieces.append(_Piece(start, end, (token,), chip=False))
    return pieces


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
        f"{_paint(scale.intensity(piece))};padding:.22em 0;"
        f"border-start-start-radius:{before};border-end-start-radius:{before};"
        f"border-start-end-radius:{after};border-end-end-radius:{after}"
    )
    text = escape(scale.trace.text[piece.start : piece.end])
    return f'<span style="{style}" title="{scale.title(piece)}">{text}</span>'


def _chip(scale: _Scale, piece: _Piece) -> str:
    style = (
        f"{_paint(scale.intensity(piece))};font-size:.68em;padding:.25em .5em;"
        "border-radius:.9em;margin:0 .35em;vertical-align:.12em"
    )
    name = escape(scale.trace.tokens[piece.tokens[0]])
    # Isolated, so that a Latin name neither sets nor disturbs the direction of the sentence.
    return f'<bdi style="{style}" title="{scale.title(piece)}">{name}</bdi>'


def _paint(intensity: float) -> str:
    light, dark = shade(intensity), shade(intensity, dark=True)
    # The plain colours come first, for a browser that does not know light-dark().
    return (
        f"background-color:{light};color:{ink(light)};"
        f"background-color:light-dark({light},{dark});color:light-dark({ink(light)},{ink(dark)})"
    )


def _legend(scale: _Scale) -> str:
    steps = ",".join(
        f"light-dark({light},{dark})" for light, dark in zip(LIGHT_SHADES, DARK_SHADES, strict=True)
    )
    bar = (
        "display:inline-block;width:8em;height:.7em;margin:0 .6em;border-radius:.35em;"
        f"background:linear-gradient(90deg,{steps})"
    )
    largest = scale.strongest / scale.total if scale.total > 0 else 0.0
    return (
        f'<div style="font-size:.8em;color:{_MUTED}">share of the flow: 0 %<span style="{bar}">'
        f"</span>{largest * 100:.3g} %</div>"
    )
