"""What may be asked of a language model beside one next token: an answer, and a chat as its prompt.

Knows no model: a `Span` is a target and a `Chat` a text, both hashable, so usable in the key of
what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, get_args

from gaf_core.errors import SettingsError

Score = Literal["log_probability", "logit"]
Varied = Literal["prompt", "all"]


@dataclass(frozen=True)
class Span:
    """Tokens of an answer, as one target: the sum over them of how the model scores each.

        y = sum_k log p(token_k | all tokens before it)

    with the tokens before it as they stand in the answer, whatever the model would have said.

    Attributes:
        answer: a text that stands right behind the prompt, with its own space in front if it
            needs one; or a start and an end `(a, b)` of positions of tokens, counted from 0, where
            the text itself holds the answer.
        part: which tokens of the answer are explained: a start and an end, counted from its first
            token, or a text that stands in it once. None for all of them.
        score: what is summed, the "log_probability" of each token or its "logit".
        varied: which tokens a method takes apart that removes tokens or fades their embeddings:
            those of the "prompt", as the measures of faithfulness do, or "all" that are read,
            those of the answer before its last too. Flows reach all of them in either case.

    Raises:
        SettingsError: a value that is none of these.

    >>> import gaf_core as gaf
    >>> gaf.Span(" Paris", score="logit")
    Span(answer=' Paris', part=None, score='logit', varied='prompt')
    >>> gaf.Settings(target=(gaf.Span(" Paris"), gaf.Span(" a large city"))).target[1].answer
    ' a large city'
    """

    answer: str | tuple[int, int]
    part: tuple[int, int] | str | None = None
    score: Score = "log_probability"
    varied: Varied = "prompt"

    def __post_init__(self) -> None:
        for name in ("answer", "part"):
            value = getattr(self, name)
            if isinstance(value, list):  # as a file has it
                object.__setattr__(self, name, tuple(value))
        if not (isinstance(self.answer, str) or _range(self.answer)):
            raise SettingsError(
                f"{self.answer!r} is no answer. Give the text behind the prompt, or the positions "
                "of its tokens as a start and a larger end, for example (5, 8)."
            )
        if not (self.part is None or isinstance(self.part, str) or _range(self.part)):
            raise SettingsError(
                f"{self.part!r} is no part of an answer. Give a start and a larger end, counted "
                "from its first token, for example (0, 2), or a text that stands in it once."
            )
        for name, known in (("score", get_args(Score)), ("varied", get_args(Varied))):
            if getattr(self, name) not in known:
                raise SettingsError(
                    f"'{getattr(self, name)}' is no value of '{name}' of a span. Choose one of: "
                    f"{', '.join(known)}."
                )


def _range(value: Any) -> bool:
    whole = isinstance(value, tuple) and len(value) == 2
    if not whole or not all(isinstance(one, Integral) for one in value):
        return False
    return 0 <= value[0] < value[1]


@dataclass(frozen=True)
class Chat:
    """A prompt that goes through the chat template of the model's own tokenizer.

    What the template adds are special tokens: they can be hidden, and are never removed.

    Attributes:
        user: what is asked.
        system: what stands before it, such as how to answer; None for what the template puts there.

    >>> import gaf_core as gaf
    >>> gaf.Chat("What is the capital of France?", system="Answer in one word.").system
    'Answer in one word.'
    """

    user: str
    system: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """What people wrote, in the order of the template."""
        return (self.user,) if self.system is None else (self.system, self.user)


def is_answer(target: Any) -> bool:
    """Whether a target has a span in it, by itself or in a pair."""
    return any(
        isinstance(one, Span) for one in (target if isinstance(target, tuple) else (target,))
    )


def spans_of(target: Any) -> tuple[Span, ...]:
    """The one span of a target, or both of a contrast; none for another target.

    Raises:
        SettingsError: a contrast of a span with something else, or of two scores.
    """
    if not is_answer(target):
        return ()
    if isinstance(target, Span):
        return (target,)
    if len(target) != 2 or not all(isinstance(one, Span) for one in target):
        raise SettingsError("A contrast of answers is a pair of spans: (Span(..), Span(..)).")
    first, second = target
    if (first.score, first.varied) != (second.score, second.varied):
        raise SettingsError(
            "The two spans of a contrast have different scores, or vary different tokens, so they "
            "cannot be compared. Give both the same."
        )
    if first == second:
        raise SettingsError("The contrast of an answer with itself is always zero. Name two.")
    return first, second


def parts_of(text: str | tuple[str, ...] | Chat) -> tuple[str, ...]:
    """What people wrote: the text, both of a pair, or what goes into a template."""
    if isinstance(text, Chat):
        return text.parts
    return (text,) if isinstance(text, str) else tuple(text)


def with_parts(
    text: str | tuple[str, str] | Chat, parts: Sequence[str]
) -> str | tuple[str, str] | Chat:
    """A text of the same kind in which other things are written."""
    if isinstance(text, Chat):
        return Chat(parts[-1], parts[0] if len(parts) > 1 else None)
    return parts[0] if isinstance(text, str) else (parts[0], parts[1])
