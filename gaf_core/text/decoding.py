"""Bytes of a file or of standard input -> the text that people mean.

An editor may begin a text with a byte order mark, and a page that was copied from with another
character that nobody sees. To a model it is a token, and often the one with most of the attention.
"""

from __future__ import annotations

import codecs

import regex

from gaf_core.errors import TextError

# A mark of 32 bits begins like the one of 16 bits, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
# Of no width: byte order marks, joiners, soft hyphens, and marks and brackets of direction.
_LEADING = regex.compile(
    r"^[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+"
)


def decode(content: bytes, source: str) -> str:
    """The text of a file: UTF-8, or what its byte order mark says.

    What stands before the first character that is seen and has no width is dropped.

    Args:
        content: all of it.
        source: how a message names it, for example "Standard input".

    Raises:
        TextError: it is no text in that encoding; the message says where.
    """
    mark, encoding = marked(content)
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        place = len(mark) + error.start
        raise TextError(
            f"{source} is not {_NAMES.get(encoding, 'UTF-32')}: the byte 0x{content[place]:02X} at "
            f"position {place:,}, in line {_lines(content[:place], encoding):,}, belongs to no "
            "character. Save it as UTF-8."
        ) from error
    if "\0" in text:
        raise TextError(
            f"{source} holds null bytes, the first at position {len(mark) + text.index(chr(0)):,}. "
            "It is not text, or is UTF-16 without a byte order mark. Save it as UTF-8."
        )
    return _LEADING.sub("", text)


def marked(content: bytes) -> tuple[bytes, str]:
    """The byte order mark that bytes begin with, and the encoding that it says; none is UTF-8."""
    return next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", "utf-8"))


def _lines(before: bytes, encoding: str) -> int:
    return 1 + before.count("\n".encode(encoding))
