"""Names of tokens and words, compared as people would: without case, spaces and marks."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

import regex

_MARKS = regex.compile(r"[Ġ▁]|^##(?=.)|</w>$|@@$")  # as tokenizers write them
_SIGNS = str.maketrans({"Ċ": "\n", "↵": "\n", "␣": " ", "⇥": "\t"})
_UNSEEN = regex.compile(r"[\s\p{Default_Ignorable_Code_Point}\p{Cc}]")
_SPECIAL = regex.compile(r"\[[A-Z]+\]|</?[a-z_ ]+>|<\|.+\|>", regex.IGNORECASE)
# an apostrophe that keeps a spreadsheet from running a cell, see gaf_core.files.exports.to_csv
_DEFUSED = regex.compile(r"^'(?=[=+\-@\t\r])")


class Folded(NamedTuple):
    """A text as it is compared, and where each of its characters came from.

    Attributes:
        text: without case, spaces, and what is not seen.
        places: start and end in the original of each character of it.
    """

    text: str
    places: list[tuple[int, int]]


def fold(text: str, accents: bool) -> Folded:
    """A text as it is compared.

    Args:
        text: any.
        accents: keep accents, and the other marks that stand on letters.

    >>> fold("Ça va", accents=False).text
    'cava'
    >>> fold("ﬁne", accents=True)
    Folded(text='fine', places=[(0, 1), (0, 1), (1, 2), (2, 3)])
    """
    letters: list[str] = []
    places: list[tuple[int, int]] = []
    for place, character in enumerate(text):
        if _UNSEEN.match(character):
            continue
        for letter in unicodedata.normalize("NFKD", character.casefold()).casefold():
            kept = accents or not unicodedata.category(letter).startswith("M")
            if kept and not letter.isspace():
                letters.append(letter)
                places.append((place, place + 1))
    return Folded("".join(letters), places)


def forms(name: str) -> list[str]:
    """What a name may stand for: itself, or itself without the marks of a tokenizer or a file.

    >>> forms("##ing"), forms("'-"), forms("cafÃ©")[-1]
    (['##ing', 'ing'], ["'-", '-'], 'café')
    """
    found = dict.fromkeys([name, _DEFUSED.sub("", name)])
    for one in list(found):
        found[_MARKS.sub("", one.translate(_SIGNS))] = None
        if (decoded := _from_bytes(one)) is not None:
            found[decoded] = None
    return list(found)


def same(name: str, token: str, piece: str) -> bool:
    """Whether a name in a file is that of a token, which is called `token` and written `piece`.

    >>> same("Good", "Ġgood", "good"), same("good", "bad", "bad")
    (True, False)
    """
    if name in (token, piece):
        return True
    ours = {fold(form, accents=False).text for form in (*forms(token), piece)}
    return any(fold(form, accents=False).text in ours for form in forms(name))


def looks_special(name: str) -> bool:
    """Whether a name is one that tokenizers give what they add to a text.

    >>> looks_special("[CLS]"), looks_special("<|endoftext|>"), looks_special("good")
    (True, True, False)
    """
    return bool(_SPECIAL.fullmatch(name.strip()))


def stands_for_bytes(name: str) -> bool:
    """Whether a name is part of a character, as byte-level tokenizers cut an emoji.

    >>> stands_for_bytes("ðŁ"), stands_for_bytes("good")
    (True, False)
    """
    return not name.isascii() and all(one in _bytes() for one in name) and not _from_bytes(name)


def _from_bytes(name: str) -> str | None:
    """A name of byte-level BPE as the text of its bytes; None where they are none, or a part."""
    if name.isascii():
        return None
    try:
        return bytes(_bytes()[character] for character in name).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return None


@cache
def _bytes() -> dict[str, int]:
    """The byte that each character of a byte-level name stands for: GPT-2's table."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    shown += range(ord("®"), ord("ÿ") + 1)
    hidden = [byte for byte in range(256) if byte not in shown]
    table = {chr(byte): byte for byte in shown}
    return table | {chr(256 + number): byte for number, byte in enumerate(hidden)}
