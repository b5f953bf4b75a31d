"""Prompt + answers -> one sequence of tokens, or two that branch, and what of them is explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import TargetError, TextError
from gaf_core.models.model import Model
from gaf_core.settings import TextLike
from gaf_core.spans import Chat, Span
from gaf_core.tracing.continuation import Branch, Continuation
from gaf_core.tracing.encoding import Encoding, encode
from gaf_core.tracing.prompts import check_continues, read_answer


def continued(
    model: Model, text: TextLike | Encoding, spans: Sequence[Span]
) -> tuple[Encoding, Continuation]:
    """Encode a prompt with the answers of one or two spans.

    Raises:
        ModelError: the model does not continue a text.
        TargetError: a part that the answer does not have, or positions that the text does not.
        TextError, TextTooLongError: as `read_answer` does; or answers that split the prompt into
            different tokens.
    """
    check_continues(model)
    if isinstance(text, Encoding):
        raise TargetError("An answer belongs behind a text. Give the text, not its encoding.")
    placed = [isinstance(span.answer, tuple) for span in spans]
    if any(placed):
        if not all(placed):
            raise TargetError(
                "One of the two answers is a text and the other a range of positions. Give both as "
                "texts, or both as positions."
            )
        return _inside(model, text, spans)
    read = [read_answer(model, text, str(span.answer)) for span in spans]
    encoding, prompt = read[0].encoding, read[0].prompt
    branches = [_branch(encoding, prompt, np.arange(len(encoding.tokens)), spans[0], 1)]
    if len(read) > 1:
        other, tokens = read[1].encoding, len(encoding.tokens)
        columns = np.r_[:prompt, tokens : tokens + len(other.tokens) - prompt]
        branches.append(_branch(other, prompt, columns, spans[1], -1))
        encoding = _together(encoding, other, prompt, len(str(spans[1].answer)))
    return encoding, Continuation(tuple(branches), tuple(spans), prompt, text)


def _inside(model: Model, text: TextLike, spans: Sequence[Span]) -> tuple[Encoding, Continuation]:
    """A text that holds the answers already, at positions of its tokens."""
    if isinstance(text, Chat):
        raise TargetError("A chat holds no answer. Give the answer as a text.")
    encoding = encode(model, text, False)
    tokens, branches = len(encoding.tokens), []
    for span, sign in zip(spans, (1, -1), strict=False):
        start, stop = (int(one) for one in span.answer)
        if not 0 < start < stop <= tokens:
            raise TargetError(
                f"There are no tokens {start} to {stop} to predict: the text has {tokens:,}, and "
                f"the first has nothing before it. Choose 1 <= start < end <= {tokens}."
            )
        if encoding.special[start:stop].all():
            raise TextError("These tokens were added by the tokenizer, so they are no answer.")
        branches.append(_branch(encoding, start, np.arange(tokens), span, sign, stop))
    first = min(branch.first for branch in branches)
    segments = np.where(encoding.special, -1, np.arange(tokens) >= first)
    return replace(encoding, segments=segments), Continuation(
        tuple(branches), tuple(spans), first, text
    )


def _branch(
    encoding: Encoding,
    first: int,
    columns: NDArray[np.int64],
    span: Span,
    sign: int,
    end: int | None = None,
) -> Branch:
    ids = encoding.inputs["input_ids"][0].numpy()
    start, stop = _part(encoding, first, end or len(columns), span)
    return Branch(columns, first, start, stop, ids, sign)


def _part(encoding: Encoding, first: int, end: int, span: Span) -> tuple[int, int]:
    """Where the explained tokens of an answer stand among the tokens that are read for it."""
    if span.part is None:
        return first, end
    if isinstance(span.part, str):
        return _named(encoding, first, end, span.part)
    start, stop = (int(one) for one in span.part)
    if stop > end - first:
        raise TargetError(
            f"The answer has {end - first} tokens, so it has no part from {start} to {stop}. Count "
            "them from 0."
        )
    return first + start, first + stop


def _named(encoding: Encoding, first: int, end: int, text: str) -> tuple[int, int]:
    """The tokens of a text that stands in the answer once."""
    begin = int(encoding.offsets[first, 0])
    answer = encoding.text[begin : int(encoding.offsets[first:end, 1].max())]
    found = answer.count(text) if text else 0
    if found != 1:
        times = "does not stand" if not found else f"stands {found} times"
        raise TargetError(
            f"'{text}' {times} in the answer. Name a text that stands in it once, or give its "
            "tokens as a start and an end."
        )
    start = begin + answer.index(text)
    places = encoding.offsets[first:end]
    inside = np.flatnonzero((places[:, 0] < start + len(text)) & (places[:, 1] > start))
    return first + int(inside[0]), first + int(inside[-1]) + 1


def _together(one: Encoding, other: Encoding, prompt: int, length: int) -> Encoding:
    """The tokens of the prompt, of one answer and of the other, whose text has this length."""
    ids, again = (part.inputs["input_ids"][0, :prompt].tolist() for part in (one, other))
    if ids != again:
        raise TextError(
            "The two answers split the prompt into different tokens, so they do not continue the "
            "same one. Begin both with a space, or neither."
        )
    begin = len(other.text) - length
    shift = len(one.text) + 1 - begin
    marks = (one.segments, other.segments)
    first, second = (np.asarray(mark, dtype=np.int64) for mark in marks)
    return Encoding(
        text=f"{one.text}\n{other.text[begin:]}",
        tokens=one.tokens + other.tokens[prompt:],
        offsets=np.concatenate([one.offsets, other.offsets[prompt:] + shift]),
        special=np.concatenate([one.special, other.special[prompt:]]),
        segments=np.concatenate([first, second[prompt:]]),
        made={
            name: torch.cat([tensor, other.inputs[name][:, prompt:]], dim=1)
            for name, tensor in one.inputs.items()
        },
    )
