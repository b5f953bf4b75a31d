"""Signs for what nobody sees: spaces, line breaks, and characters of no width."""

from __future__ import annotations

import unicodedata
from itertools import groupby

import regex

SPACE = "␣"
BREAKS = "↵⇥"
_SIGNS = {"\n": "↵", "\r": "↵", "Ċ": "↵", "\t": "⇥"}
# Characters of no width, and an empty Braille cell; spaces among them change nothing.
_UNSEEN = regex.compile(
    r"[\s\p{Default_Ignorable_Code_Point}\p{Cc}\p{Zl}\p{Zp}\ufff9-\ufffb\u2800]+"
)
_SPACES = regex.compile(r"[\t\p{Zs}]+")  # nothing to see, but of a width
_MARKERS = regex.compile(r"^(?:[Ġ▁]+|##(?=.))|</w>$")  # of byte-level BPE, SentencePiece, WordPiece


def seen(text: str) -> str:
    r"""Text of which something is to be seen: signs for spaces, code points for what is hidden.

    Characters of no width inside a longer word stay what they are: they shape the letters beside
    them, or join an emoji.

    >>> [seen(text) for text in ("word", "\n", "\ufeff", "\u200b\u200b ", "\u0301")]
    ['word', '↵', 'U+FEFF', 'U+200B×2 ␣', '◌́']
    """
    if not text.strip():
        return "".join(_SIGNS.get(character, SPACE) for character in text.replace("\r\n", "\n"))
    if _UNSEEN.fullmatch(text):
        return " ".join(_sign(character, len(list(run))) for character, run in groupby(text))
    # An accent without its letter stands on a dotted circle, as in dictionaries.
    return f"◌{text}" if unicodedata.category(text[0]).startswith("M") else text


def has_no_width(text: str) -> bool:
    """Whether a page shows nothing where the text stands: line breaks, and what is hidden."""
    return bool(_UNSEEN.fullmatch(text)) and not _SPACES.fullmatch(text)


def readable(name: str) -> str:
    """A token's name without the marks of its tokenizer, for a token that has no text."""
    bare = _MARKERS.sub("", name)
    shown = "".join(_SIGNS.get(character, character) for character in bare)
    return seen(shown) if shown else SPACE


def _sign(character: str, count: int) -> str:
    if character.isspace():
        return _SIGNS.get(character, SPACE) * count
    return f"U+{ord(character):04X}" + (f"×{count}" if count > 1 else "")
