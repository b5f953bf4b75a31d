"""Texts as they are stored, and when two of them count as the same text."""

import html
import re
import unicodedata

_QUOTE_PAIR = re.compile(r"''|``")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")


def clean(text: str) -> str:
    """Return `text` on one line, with entities decoded and typewriter quotes made one character.

    >>> clean("''Memento''  is fun &amp; clever. ")
    '"Memento" is fun & clever.'
    """
    decoded = unicodedata.normalize("NFC", html.unescape(text))
    return _SPACE.sub(" ", _QUOTE_PAIR.sub('"', decoded)).strip()


def key(text: str) -> str:
    """Return what two texts share if they differ only in case, spacing and punctuation.

    A text of punctuation alone, such as an emoticon, is its own key.

    >>> key("Well worth the money!") == key("well worth the  money")
    True
    """
    return " ".join(_WORD.findall(text.casefold())) or text.strip()


def words(text: str) -> frozenset[str]:
    """Return the set of words of `text`, in lower case.

    >>> sorted(words("So good, so GOOD!"))
    ['good', 'so']
    """
    return frozenset(_WORD.findall(text.casefold()))
