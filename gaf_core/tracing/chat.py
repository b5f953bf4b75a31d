"""A chat -> the prompt that the tokenizer's own template makes of it, and what in it people wrote.

A template is a program that came with the model. Where what people wrote stands in its output is
found by giving it marks in the place of the messages, and proven by putting both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gaf_core.errors import ModelError, TextError, cause
from gaf_core.models.model import Model, Task
from gaf_core.spans import Chat
from gaf_core.tracing.encoding import check_whole

_MARKS = ("\ue000system\ue001", "\ue000user\ue001")  # in the order of `Chat.parts`


class Written(NamedTuple):
    """A prompt as the tokenizer is given it.

    Attributes:
        text: with what a template adds.
        parts: start and end of each stretch of it that people wrote.
        template: whether it went through one, which then has all special tokens too.
    """

    text: str
    parts: tuple[tuple[int, int], ...]
    template: bool


def has_template(model: Model) -> bool:
    """Whether the tokenizer of a language model has a chat template of its own."""
    return model.task is Task.NEXT_TOKEN and bool(getattr(model.tokenizer, "chat_template", None))


def rendered(model: Model, chat: Chat) -> Written:
    """The chat as the template writes it, up to where the answer begins.

    Raises:
        TextError: a message is empty.
        ModelError: the tokenizer has no template, or it fails or rewrites what it is given.
    """
    if not has_template(model):
        raise ModelError(
            f"The tokenizer of '{model.name}' has no chat template, so it was not trained to "
            "answer in a chat. Give the prompt as a text."
        )
    for part in chat.parts:
        check_whole(part)
    if not all(part.strip() for part in chat.parts):
        raise TextError("A message of the chat is empty. Write at least one word, or leave it out.")
    text, marks = _template(model, chat.parts), _MARKS[-len(chat.parts) :]
    pieces = _split(_template(model, marks), marks)
    for parts in (chat.parts, [part.strip() for part in chat.parts]):  # a template may strip them
        found = _put_together(pieces, parts)
        if found.text == text:
            return found
    raise ModelError(
        f"The chat template of '{model.name}' changes what is written, so its tokens cannot be "
        "told from those of the template. Give the prompt as a text."
    )


def _template(model: Model, contents: Sequence[str]) -> str:
    roles = ("system", "user")[-len(contents) :]
    messages = [
        {"role": role, "content": content} for role, content in zip(roles, contents, strict=True)
    ]
    try:
        made = model.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        return str(made)
    except Exception as error:  # a template is a program, and raises what it likes
        system = " Leave the system text out, or give" if len(contents) == 2 else " Give"
        raise ModelError(
            f"The chat template of '{model.name}' fails: {cause(error)}.{system} the prompt as a "
            "text."
        ) from error


def _split(text: str, marks: Sequence[str]) -> list[str]:
    """What stands before, between and behind the marks; the first piece alone if one is missing."""
    pieces = [text]
    for mark in marks:
        pieces[-1:] = pieces[-1].split(mark, 1)
    return pieces


def _put_together(pieces: Sequence[str], parts: Sequence[str]) -> Written:
    text, places = "", []
    for before, part in zip(pieces, parts, strict=False):
        start = len(text) + len(before)
        text += before + part
        places.append((start, start + len(part)))
    return Written(text + pieces[-1], tuple(places), True)
