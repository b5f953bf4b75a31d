"""Explanation -> lines for a terminal: prediction, words with bars, certificate.

What a text or a label says is shown, never obeyed: characters that a terminal acts on are replaced.
"""

from __future__ import annotations

import unicodedata

from gaf_core.explanation import Explanation
from gaf_core.reading.sentences import certificate_sentence, prediction_sentence
from gaf_core.text.words import group_words, word_scores

_BAR = 30  # characters of the longest bar
_WORD = 28  # columns of the longest word
_EIGHTHS = " ▏▎▍▌▋▊▉"


def word_lines(explanation: Explanation) -> list[str]:
    """The words in reading order with their shares of the flow, in %, between two sentences."""
    grouped = group_words(explanation.trace)
    words = [_fitted(printable(word)) for word in grouped.text]
    shares: list[float] = word_scores(grouped, explanation.shares).tolist()
    width, strongest = max(map(columns, words)), max(shares) or 1.0
    lines = [
        f"{word}{' ' * (width - columns(word))}  {share:6.1%}  {_bar(share / strongest)}".rstrip()
        for word, share in zip(words, shares, strict=True)
    ]
    return [
        printable(prediction_sentence(explanation.trace)),
        "",
        *lines,
        "",
        certificate_sentence(explanation),
    ]


def printable(text: str) -> str:
    """Text without control, direction and other characters that a terminal acts on."""
    return "".join(
        "\ufffd" if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter
        for letter in text
    )


def columns(text: str) -> int:
    """Columns that text takes in a terminal: wide letters two, accents none."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def _fitted(word: str) -> str:
    if columns(word) <= _WORD:
        return word
    while columns(word) > _WORD - 1:
        word = word[:-1]
    return f"{word}…"


def _bar(share: float) -> str:
    whole, part = divmod(round(8 * _BAR * share), 8)
    return "█" * whole + _EIGHTHS[part].strip()
