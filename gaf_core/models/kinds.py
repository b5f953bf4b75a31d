"""What a model can be asked: one description of each task, in one place.

A task decides which head is loaded, what the classes of a logit are, and where in a text the
logits stand. What is common to all: at one place of one text there is one row of logits `[C]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Classes = Literal["named", "vocabulary", "tokens"]
Place = Literal["text", "token", "mask", "end"]


class Task(StrEnum):
    """What a model predicts.

    A class of the whole text; the token that follows it; the word at a mask token; the label of
    each token, as of named entities; or where in a text the answer to a question starts and ends.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> model.task is gaf.Task.CLASSIFICATION
    True
    >>> [task.value for task in gaf.Task]
    ['classification', 'next token', 'masked word', 'tokens', 'question answering']
    """

    CLASSIFICATION = "classification"
    NEXT_TOKEN = "next token"
    MASKED_WORD = "masked word"
    TOKENS = "tokens"
    ANSWER = "question answering"

    @property
    def kind(self) -> Kind:
        """What is known of the task."""
        return _KINDS[self]


@dataclass(frozen=True)
class Kind:
    """What is known of a task.

    Attributes:
        classes: what a logit is the logit of: a "named" class, an entry of the "vocabulary", or one
            of the "tokens" of the text.
        place: what has a row of logits: the "text" as a whole, each "token", each "mask", or an
            "end" of the answer, of which there are two.
        noun: what a class is called.
        verb: how a prediction is said, between "The model" and the name of the class.
        does: what such a model does, in the middle of a sentence.
        adapter: what peft calls the task.
    """

    classes: Classes
    place: Place
    noun: str
    verb: str
    does: str
    adapter: str = ""


_KINDS = {
    Task.CLASSIFICATION: Kind(
        "named", "text", "class", "says", "classifies a text", adapter="SEQ_CLS"
    ),
    Task.NEXT_TOKEN: Kind(
        "vocabulary", "text", "next token", "continues with", "predicts the next token",
        adapter="CAUSAL_LM",
    ),
    Task.MASKED_WORD: Kind(
        "vocabulary", "mask", "word", "fills the mask with", "fills in a masked word"
    ),
    Task.TOKENS: Kind(
        "named", "token", "label", "labels", "labels tokens", adapter="TOKEN_CLS"
    ),
    Task.ANSWER: Kind(
        "tokens", "end", "token", "answers", "finds the answer to a question in a text",
        adapter="QUESTION_ANS",
    ),
}  # fmt: skip
