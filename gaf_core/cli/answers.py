"""What a command asks of an answer: given, generated, or one rather than another."""

from __future__ import annotations

import argparse
import sys

from gaf_core.errors import SettingsError
from gaf_core.models.model import Model
from gaf_core.settings import TextLike
from gaf_core.spans import Score, Span
from gaf_core.tracing.generating import generate

_SCORES: dict[str, Score] = {"log-probability": "log_probability", "logit": "logit"}


def check_answer(asked: argparse.Namespace) -> None:
    """Refuse options that do not go together, before a model is loaded.

    Raises:
        SettingsError: with the options.
    """
    answered = asked.answer is not None or asked.generate is not None
    if asked.answer is not None and asked.generate is not None:
        raise SettingsError("Give --answer or --generate, not both.")
    if not answered and (asked.rather_than is not None or asked.part is not None):
        raise SettingsError("--rather-than and --part are about an answer. Give --answer too.")
    if answered and (asked.target is not None or asked.contrast or asked.at is not None):
        raise SettingsError(
            "An answer is explained as a whole, or by its --part. Leave --target, --contrast and "
            "--at out."
        )
    if asked.rather_than is not None and asked.part is not None:
        raise SettingsError("A contrast is of two whole answers. Leave --part out.")
    if asked.system is not None and not asked.chat:
        raise SettingsError("A system text belongs to a chat. Give --chat too.")
    if asked.chat and asked.second is not None:
        raise SettingsError("A chat has one text. Leave --second out.")


def answer_target(
    asked: argparse.Namespace, model: Model, text: TextLike
) -> Span | tuple[Span, Span] | None:
    """The target that the options name; None where they are about no answer.

    Raises:
        GafError: as `generate` does.
    """
    answer, score = asked.answer, _SCORES[asked.score]
    if asked.generate is not None:
        answer = generate(model, text, max_new_tokens=asked.generate).text
        print(f"the model answers: {answer.strip()!r}", file=sys.stderr)
    if answer is None:
        return None
    if asked.rather_than is not None:
        return Span(answer, score=score), Span(asked.rather_than, score=score)
    return Span(answer, part=asked.part, score=score)
