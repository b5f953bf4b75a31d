"""Model + texts -> what each method says of each; what texts can share is done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from gaf_core.corpus.columns import ADDED, nothing
from gaf_core.errors import GafError, TextError, TextTooLongError
from gaf_core.evaluation.entries import Entry, failed, measure_trace
from gaf_core.evaluation.perturbation import Perturbation
from gaf_core.evaluation.ranking import check_encoding
from gaf_core.methods.alike import read_each
from gaf_core.models.model import Model
from gaf_core.settings import TargetLike, TextLike
from gaf_core.text.words import group_words
from gaf_core.tracing.target import label_name
from gaf_core.tracing.trace import Trace

Row = dict[str, Any]
Long = Literal["cut", "skip", "refuse"]
SKIPPED = "Skipped: "  # how the failure of a text begins that was left out on purpose
_NO_TEXT = TextError("There is no text here. Give one, or leave the row out.")


class RefusedTextError(TextTooLongError):
    """A text is too long, and such are refused.

    Attributes:
        row: which of the texts, counted from 0.
    """

    def __init__(self, error: TextTooLongError, row: int):
        self.row = row
        super().__init__(error.tokens, error.limit)


class Asked(NamedTuple):
    """What is asked of every text.

    Attributes:
        entries: methods.
        target: what is explained.
        perturbation: how faithfulness is measured; None to leave it out.
        long: what becomes of a text that is too long.
    """

    entries: Sequence[Entry]
    target: TargetLike
    perturbation: Perturbation | None
    long: Long


def explain_texts(
    model: Model,
    texts: Sequence[TextLike | None],
    asked: Asked,
    step: Callable[[], None] = lambda: None,
) -> list[list[Row]]:
    """What each method says of each text, by text and then by method.

    Args:
        model: that is explained.
        texts: texts or pairs; what is none fails.
        asked: of each.
        step: called after each method of each text; what it raises ends the work.

    Raises:
        RefusedTextError: a text is too long, and such are refused.
    """
    known = [(number, text) for number, text in enumerate(texts) if text is not None]
    found = [[failed(_NO_TEXT)] * len(asked.entries) for _ in texts]
    read = read_each(
        model,
        [text for _, text in known],
        [asked.target] * len(known),
        truncate=asked.long == "cut",
    )
    for place, traced, seconds in read:
        number = known[place][0]
        if isinstance(traced, TextTooLongError) and asked.long == "refuse":
            raise RefusedTextError(traced, number)
        found[number] = _measured(model, traced, asked, seconds, step)
    return found


def filled(row: Mapping[str, Any]) -> Row:
    """A row with every column of `ADDED`, in its order."""
    there = {name: value for name, value in row.items() if value is not None}
    return {name: there.get(name, nothing(kind)) for name, kind in ADDED.items()}


def _refused(error: GafError, long: Long) -> Row:
    row, too_long = failed(error), isinstance(error, TextTooLongError)
    return {"failure": SKIPPED + row["failure"]} if too_long and long == "skip" else row


def _measured(
    model: Model,
    traced: Trace | GafError,
    asked: Asked,
    seconds: float,
    step: Callable[[], None],
) -> list[Row]:
    try:
        if isinstance(traced, GafError):
            raise traced
        if asked.perturbation is not None:
            check_encoding(model, traced)
    except GafError as error:
        return [_refused(error, asked.long)] * len(asked.entries)
    about = _about(traced) | {"trace_seconds": seconds}
    found = measure_trace(model, traced, asked.entries, asked.perturbation, step=step)
    return [
        row if scores is None or row["failure"] else about | row | {"scores": scores.tolist()}
        for row, scores in found.values()
    ]


def _about(traced: Trace) -> Row:
    """What all methods say of a text alike."""
    words, predicted, answer = group_words(traced), traced.predicted, traced.answer
    name, probability = label_name(traced.labels, predicted), traced.probabilities[predicted]
    if answer is not None:
        name, probability = answer.text, answer.probability
    return {
        "predicted": name,
        "probability": float(probability),
        "logit": float(traced.logits[predicted]),
        "target": traced.target.name,
        "cut": traced.truncated,
        "tokens": list(traced.tokens),
        "special": traced.special.tolist(),
        "words": list(words.text),
        "word_of": words.token_word.tolist(),
    }
