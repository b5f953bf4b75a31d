"""What the network returned + what was asked -> the logits that are meant, and one scalar of them.

The place of a target is known before the network runs; which token of a text is explained if none
is named, and what is predicted, only after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from gaf_core.models.model import Model
from gaf_core.settings import TargetLike
from gaf_core.tracing.answer import Answer, find_answer
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.places import (
    Place,
    mask_positions,
    resolve_place,
    split_target,
    usual_token,
)
from gaf_core.tracing.prediction import all_logits, read_logits
from gaf_core.tracing.target import Target, placed, resolve_target


@dataclass(frozen=True)
class Question:
    """A target asked of one text.

    Attributes:
        model: that is asked.
        encoding: the text.
        target: as the caller named it.
        place: where it is in the text; None for a text as a whole, and for the usual token.
    """

    model: Model
    encoding: Encoding
    target: TargetLike
    place: Place

    @classmethod
    def of(cls, model: Model, encoding: Encoding, target: TargetLike) -> Question:
        """The question, with its place checked.

        Raises:
            TargetError, TextError: there is no such place in this text.
        """
        _, named = split_target(target)
        return cls(model, encoding, target, resolve_place(model, encoding, named))

    def read(self, output: Any) -> Reading:
        """What the output of the network says about it.

        Raises:
            TargetError: the target is not one of the labels.
            ModelError: the logits are not what the configuration says.
        """
        model, encoding, place = self.model, self.encoding, self.place
        at_tokens = model.task.kind.place == "token"
        if place is None and at_tokens:
            every = all_logits(model, output, encoding.inputs)[0]
            place = usual_token(encoding, model.labels, every)
        logits = read_logits(model, output, encoding.inputs, place)[0]
        answer = find_answer(encoding, output) if model.task.kind.place == "end" else None
        predicted = int(logits.argmax()) if answer is None else answer.at(place)
        label, _ = split_target(self.target)
        target = resolve_target(model, label, predicted, encoding)
        return Reading(logits, self._at(target, place), answer)

    def _at(self, target: Target, place: Place) -> Target:
        masked = self.model.task.kind.place == "mask"
        if masked and len(mask_positions(self.model, self.encoding)) == 1:
            return replace(target, place=place)  # there is no other that could be meant
        return placed(target, place, self.encoding, several=masked)


@dataclass(frozen=True)
class Reading:
    """What is read from the output of a network.

    Attributes:
        logits: `[C]`.
        target: what is explained.
        answer: of question answering.
    """

    logits: torch.Tensor
    target: Target
    answer: Answer | None

    @property
    def scalar(self) -> torch.Tensor:
        """The logit that is explained, or the difference of two."""
        chosen = self.logits[self.target.index]
        if self.target.against is None:
            return chosen
        return chosen - self.logits[self.target.against]
