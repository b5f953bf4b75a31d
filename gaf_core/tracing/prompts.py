"""A prompt, as a text or through a chat template, and an answer behind it -> what a network takes.

The answer is tokenised together with the prompt, as it is when the model reads both; where the
boundary lies is checked, since a tokenizer may join the end of one with the beginning of the other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from transformers import BatchEncoding

from gaf_core.errors import ModelError, TextError, TextTooLongError
from gaf_core.models.model import Model, Task
from gaf_core.settings import TextLike
from gaf_core.spans import Chat
from gaf_core.tracing.chat import Written, rendered
from gaf_core.tracing.encoding import Encoding, check_known, check_whole, encode

_BETWEEN = "\n"  # stands between the parts of a chat
_SHOWN = 24  # characters on either side of a boundary


class Continued(NamedTuple):
    """A prompt with an answer behind it.

    Attributes:
        encoding: of both.
        prompt: how many tokens the prompt has; those of the answer follow.
    """

    encoding: Encoding
    prompt: int


def read_text(model: Model, text: TextLike, truncate: bool = False) -> Encoding:
    """Encode a text, a pair of texts, or a chat for a model.

    Raises:
        TextError, TextTooLongError, ModelError: as `encode` does; and a chat template that is
            missing or fails.
    """
    if not isinstance(text, Chat):
        return encode(model, text, truncate)
    return read_prompt(model, text)


def read_prompt(model: Model, prompt: TextLike) -> Encoding:
    """Encode a prompt that is to be continued, without what a tokenizer puts behind a text.

    Raises:
        TextError, TextTooLongError, ModelError: as `read_answer` does.
    """
    check_continues(model)
    written = _as_written(model, prompt)
    read = _read(model, written, "")
    return _encoding(model, written, "", read, read.end)


def read_answer(model: Model, prompt: TextLike, answer: str) -> Continued:
    """Encode a prompt with an answer behind it.

    Raises:
        TextError: an empty prompt or answer, an answer of special tokens only, or one whose
            beginning the tokenizer joins with the end of the prompt.
        TextTooLongError: both together have more tokens than the model takes.
        ModelError: a chat template that is missing or fails.
    """
    check_continues(model)
    check_whole(answer)
    if not answer:
        raise TextError(
            "The answer is empty, so there is nothing to explain. Write what the model may say, or "
            "let it write an answer."
        )
    written = _as_written(model, prompt)
    both, before = _read(model, written, answer), _read(model, written, "")
    count = before.end
    if both.ids[:count] != before.ids[:count] or both.end <= count:
        raise _joined(model, written, answer, both)
    if set(both.ids[count : both.end]) <= set(model.tokenizer.all_special_ids):
        raise TextError(
            f"The answer '{answer.strip()}' is made of special tokens only, such as the one that "
            "ends a text. Write what the model may say in words."
        )
    return Continued(_encoding(model, written, answer, both, count), count)


def check_continues(model: Model) -> None:
    """Refuse a model that does not continue a text.

    Raises:
        ModelError: it does something else.
    """
    if model.task is not Task.NEXT_TOKEN:
        raise ModelError(
            f"'{model.name}' {model.task.kind.does} and writes no answer. Choose a causal language "
            "model, such as smollm2-135m."
        )


class _Read(NamedTuple):
    """What the tokenizer gives back.

    Attributes:
        encoded: all of it.
        ids: of the tokens.
        end: how many there are before those that the tokenizer puts behind a whole text.
    """

    encoded: BatchEncoding
    ids: list[int]
    end: int


def _as_written(model: Model, prompt: TextLike) -> Written:
    if isinstance(prompt, Chat):
        return rendered(model, prompt)
    if not isinstance(prompt, str):
        raise TextError("A prompt is one text. Join the two texts into one.")
    check_whole(prompt)
    if not prompt.strip():
        raise TextError("The prompt is empty. Write at least one word.")
    return Written(prompt, ((0, len(prompt)),), False)


def _read(model: Model, written: Written, answer: str) -> _Read:
    encoded = model.tokenizer(
        written.text + answer,
        verbose=False,
        add_special_tokens=not written.template,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        return_tensors="pt",
    )
    ids = encoded["input_ids"][0].tolist()
    if len(ids) > model.max_tokens:
        both = "The prompt with its answer" if answer else "The prompt"
        raise TextTooLongError(len(ids), model.max_tokens, both)
    check_known(model, encoded)
    own = np.flatnonzero(encoded["special_tokens_mask"][0].numpy() == 0)
    if not own.size:
        raise TextError(
            f"The model's tokenizer finds no token in '{written.text[:40]}': it holds only "
            "characters that the model ignores. Write at least one word."
        )
    # a template's own end belongs to the prompt, what a tokenizer puts behind a text does not
    return _Read(encoded, ids, len(ids) if written.template else int(own[-1]) + 1)


def _encoding(model: Model, written: Written, answer: str, read: _Read, count: int) -> Encoding:
    """The tokens, each where it stands in what people see: the parts, and the answer behind."""
    parts = [*written.parts]
    if answer:
        parts.append((len(written.text), len(written.text) + len(answer)))
    between = _BETWEEN if written.template else ""
    places = read.encoded["offset_mapping"][0].numpy()[: read.end]
    special = read.encoded["special_tokens_mask"][0].numpy().astype(bool)[: read.end]
    offsets, own = np.array(places), np.zeros(read.end, dtype=bool)
    shift = 0
    for start, end in parts:
        inside = (places[:, 0] < end) & (places[:, 1] > start) & ~own
        offsets[inside] = np.clip(places[inside], start, end) - start + shift
        own |= inside
        shift += end - start + len(between)
    if written.template:
        special = ~own
    offsets[special] = 0
    segments = np.where(special, -1, np.arange(read.end) >= count)
    names = model.tokenizer.model_input_names
    return Encoding(
        text=between.join((written.text + answer)[start:end] for start, end in parts),
        tokens=tuple(model.tokenizer.convert_ids_to_tokens(read.ids[: read.end])),
        offsets=offsets,
        special=special,
        segments=segments.astype(np.int64),
        made={name: read.encoded[name][:, : read.end] for name in names if name in read.encoded},
    )


def _joined(model: Model, written: Written, answer: str, both: _Read) -> TextError:
    """No boundary of tokens lies where the prompt ends: which token joins them, and what to do."""
    place = len(written.text)
    shown = f"'{written.text[-_SHOWN:]}|{answer[:_SHOWN]}'"
    across = [
        model.tokenizer.convert_ids_to_tokens(both.ids[token])
        for token, (start, end) in enumerate(both.encoded["offset_mapping"][0].tolist())
        if start < place < end
    ]
    token = f", in the token '{across[0]}'" if across else ""
    advice = "End the prompt, or begin the answer, at another place."
    if written.text[-1:].isspace():
        advice = "Take the space from the end of the prompt and begin the answer with it."
    elif not answer[:1].isspace():
        advice = "Begin the answer with a space, if one belongs there, or end the prompt elsewhere."
    return TextError(
        f"The tokenizer joins the end of the prompt with the beginning of the answer{token}: the "
        f"boundary would be {shown}. {advice}"
    )
