"""Explanation -> lines for a terminal: prediction, words with bars, certificate.

What a text or a label says is shown, never obeyed: characters that a terminal acts on are replaced.
"""

from __future__ import annotations

import regex

from gaf_core.explanation import Explanation
from gaf_core.reading.predicted import prediction_sentence
from gaf_core.reading.sentences import certificate_sentence
from gaf_core.text.clusters import columns, fitted
from gaf_core.text.words import Words, group_words, word_scores

_BAR = 30  # characters of the longest bar
_WORD = 28  # columns of the longest word
_EIGHTHS = " ▏▎▍▌▋▊▉"
# But for joiners, tags, and the signs of Arabic and other scripts that stand around a number.
_ACTED_ON = regex.compile(
    r"[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"
    r"--[\u200c\u200d\U000e0020-\U000e007f\p{Prepended_Concatenation_Mark}]]",
    regex.V1,
)


def word_lines(explanation: Explanation) -> list[str]:
    """The words in reading order with their shares of the flow, in %, between two sentences."""
    grouped = group_words(explanation.trace)
    shares: list[float] = word_scores(grouped, explanation.shares).tolist()
    strongest = max(shares) or 1.0
    lines = [
        f"{word}  {share:6.1%}  {bar(share / strongest)}".rstrip()
        for word, share in zip(word_column(grouped), shares, strict=True)
    ]
    return [
        printable(prediction_sentence(explanation.trace)),
        "",
        *lines,
        "",
        certificate_sentence(explanation),
    ]


def word_column(grouped: Words) -> list[str]:
    """The words, all of one width."""
    words = [fitted(printable(word), _WORD) for word in grouped.text]
    width = max(map(columns, words))
    return [f"{word}{' ' * (width - columns(word))}" for word in words]


def printable(text: str) -> str:
    """Text without control, direction and other characters that a terminal acts on.

    Joiners and the tags of flags stay: they shape the letters or join the emoji that they stand in.
    A soft hyphen says where a word may be broken, and no word is broken here.
    """
    return _ACTED_ON.sub("\ufffd", text.replace("\u00ad", ""))


def bar(share: float) -> str:
    """A bar of a part of the longest, in eighths of a character."""
    whole, part = divmod(round(8 * _BAR * share), 8)
    return "█" * whole + _EIGHTHS[part].strip()
