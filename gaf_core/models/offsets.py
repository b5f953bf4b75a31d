"""Where tokens stand in the text, for tokenizers that do not say it themselves."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from transformers import BatchEncoding, PreTrainedTokenizerBase

_WORD = re.compile(r"\S+")


class OffsetFinder:
    """A tokenizer written in Python that is called like a fast one and reports offsets too.

    The offsets are found by walking through the text, see `find_offsets`. So they can be inexact
    where the tokenizer rewrites what it reads, and never out of order.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase):
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __len__(self) -> int:
        return len(self._tokenizer)

    def __call__(
        self,
        text: str,
        text_pair: str | None = None,
        *,
        return_offsets_mapping: bool = False,
        **options: Any,
    ) -> BatchEncoding:
        """Encode a text or a pair; the offsets of a pair's tokens are in their own text."""
        if not return_offsets_mapping:
            return self._tokenizer(text, text_pair, **options)
        asked = options.pop("return_tensors", None)
        options["return_special_tokens_mask"] = True
        encoding = self._tokenizer(text, text_pair, **options)
        encoding["offset_mapping"] = self._offsets(encoding, text, text_pair)
        if asked is None:
            return encoding
        rows = {key: [values] for key, values in encoding.items()}
        return BatchEncoding(rows, tensor_type=asked)

    def _offsets(
        self, encoding: BatchEncoding, text: str, pair: str | None
    ) -> list[tuple[int, int]]:
        special = [bool(mark) for mark in encoding["special_tokens_mask"]]
        pieces = [self._piece(token) for token in encoding["input_ids"]]
        split = len(pieces)
        if pair is not None:
            # the first text ends at the first special token after its first piece
            start = special.index(False) if False in special else 0
            split = next((i for i in range(start, split) if special[i]), split)
        found = find_offsets(text, pieces[:split], special[:split])
        return found + find_offsets(pair or "", pieces[split:], special[split:])

    def _piece(self, token: int) -> str:
        name = self._tokenizer.convert_ids_to_tokens(token)
        if token == self._tokenizer.unk_token_id:
            return ""
        for mark in ("@@", "</w>"):
            name = name.removesuffix(mark)
        return name.removeprefix("##").replace("▁", "").strip()


def find_offsets(text: str, pieces: list[str], special: list[bool]) -> list[tuple[int, int]]:
    """Where each piece stands in the text: `(start, end)`, in order; (0, 0) for special ones.

    A piece must follow the one before it; after a piece that is not there it may follow anywhere.
    Pieces that are not found get what is left between their neighbours: a word each if there are
    as many words as pieces, and else all of it together.
    """
    folded = _folded(text)
    spans: list[tuple[int, int] | None] = []
    cursor, lost = 0, False
    for piece, is_special in zip(pieces, special, strict=True):
        start = -1 if is_special or not piece else folded.find(_folded(piece), cursor)
        if not lost and text[cursor : max(start, cursor)].strip():
            start = -1
        if not is_special:
            lost = start < 0
        spans.append(None if start < 0 else (start, start + len(piece)))
        cursor = cursor if start < 0 else start + len(piece)
    ordinary = [index for index, is_special in enumerate(special) if not is_special]
    offsets = [(0, 0)] * len(pieces)
    for index, span in zip(ordinary, _filled([spans[i] for i in ordinary], text), strict=True):
        offsets[index] = span
    return offsets


def _filled(spans: list[tuple[int, int] | None], text: str) -> list[tuple[int, int]]:
    filled: list[tuple[int, int]] = []
    while len(filled) < len(spans):
        rest = spans[len(filled) :]
        run = next((index for index, span in enumerate(rest) if span is not None), len(rest))
        start = filled[-1][1] if filled else 0
        upcoming = rest[run] if run < len(rest) else None
        filled += _shared(text, start, upcoming[0] if upcoming else len(text), run)
        if upcoming:
            filled.append(upcoming)
    return filled


def _shared(text: str, start: int, end: int, pieces: int) -> list[tuple[int, int]]:
    """What stands between `start` and `end`, for so many pieces."""
    words = [(start + word.start(), start + word.end()) for word in _WORD.finditer(text[start:end])]
    if len(words) == pieces:
        return words
    return [(words[0][0], words[-1][1]) if words else (start, start)] * pieces


def _folded(text: str) -> str:
    """The text without case and accents, character by character, so that positions stay."""

    def fold(char: str) -> str:
        plain = [part for part in unicodedata.normalize("NFKD", char.lower()) if part.isalnum()]
        return plain[0] if len(plain) == 1 else char

    return "".join(map(fold, text))
