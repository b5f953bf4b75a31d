"""Bytes -> text, as people mean them."""

import codecs

import pytest

from gaf_core.errors import TextError
from gaf_core.text.decoding import decode

TEXT = "Größe: 🙂\nline"
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_byte_order_mark_says_the_encoding_and_is_no_part_of_the_text(encoding):
    assert decode(ENCODINGS[encoding] + TEXT.encode(encoding), "It") == TEXT


@pytest.mark.parametrize(
    "hidden", ["\ufeff", "\u200b", "\u200d", "\u2060", "\u00ad", "\u200f", "\u202b", "\ufeff\u200b"]
)
def test_what_nobody_sees_at_the_start_is_dropped_and_nothing_else(hidden):
    assert decode(f"{hidden}A{hidden} film{hidden}".encode(), "It") == f"A{hidden} film{hidden}"
    assert decode(f" {hidden}A".encode(), "It") == f" {hidden}A"


def test_accents_and_emoji_at_the_start_stay():
    for text in ("\u0301a", "❤\ufe0f", "\n\ta", "👩\u200d🚀"):
        assert decode(text.encode(), "It") == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9", "The file is not UTF-8: the byte 0xE9 at position 3, in line 1, belongs"),
        (b"a\nb\n\xff", "the byte 0xFF at position 4, in line 3"),
        (codecs.BOM_UTF8 + b"ab\x80", "the byte 0x80 at position 5"),
        (codecs.BOM_UTF16_LE + b"a\0b", "The file is not UTF-16: the byte 0x62 at position 4"),
        (codecs.BOM_UTF16_LE + b"a\0\x3d\xd8b\0", "not UTF-16: the byte 0x3D at position 4"),
        (codecs.BOM_UTF32_BE + b"\xff" * 4, "The file is not UTF-32"),
        ("film".encode("utf-16-le"), "null bytes, the first at position 1.*UTF-16 without a byte"),
    ],
)
def test_what_is_no_text_is_named_with_its_place(content, message):
    with pytest.raises(TextError, match=message):
        decode(content, "The file")


def test_nothing_is_nothing():
    assert decode(b"", "It") == decode(codecs.BOM_UTF8, "It") == ""
