"""The same question again: with other gradients, or about an edited text.

A target moves with the token that it is about.
"""

from __future__ import annotations

from difflib import SequenceMatcher

from gaf_core.errors import TargetError
from gaf_core.models.model import Model
from gaf_core.settings import At, LabelLike, TargetLike
from gaf_core.spans import spans_of
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.places import split_target, token_text
from gaf_core.tracing.target import Target
from gaf_core.tracing.trace import Trace, trace


def asked_again(trace: Trace, target: TargetLike, edited: Encoding) -> TargetLike:
    """What was explained of one text, as a target for an edited copy of it.

    Args:
        trace: of the first text.
        target: what was asked of it.
        edited: the copy, as the same model reads it.

    Raises:
        TargetError: the token that was asked about is not in the copy.
    """
    if spans_of(target):
        return target  # the same answer to another prompt
    found, kind = trace.target, trace.task.kind
    label, _ = split_target(target)
    if kind.classes == "tokens":
        label = _moved_label(trace, edited)
    elif label is None:  # what the model says may change
        label = found.index
    if kind.place == "text":
        return label
    place = found.place
    return At(label, _moved(trace, place, edited) if isinstance(place, int) else place)


def traced_again(model: Model, traced: Trace, *, frozen: Frozen | None, residual: bool) -> Trace:
    """The same prediction, traced with other gradients.

    Raises:
        SettingsError: the first trace was made without a model.
    """
    asked, target = traced.continuation, traced.target
    if asked is not None:
        return trace(model, asked.text, asked.asked, frozen=frozen, residual=residual)
    return trace(model, traced.encoding, same_target(target), frozen=frozen, residual=residual)


def same_target(target: Target) -> TargetLike:
    """What a trace explains, as a caller names it; not for an answer."""
    label = target.index if target.against is None else (target.index, target.against)
    return label if target.place is None else At(label, target.place)


def _moved_label(trace: Trace, edited: Encoding) -> LabelLike:
    """The tokens that an answer may start or end with, where they stand now."""
    index = _moved(trace, trace.target.index, edited)
    if trace.target.against is None:
        return index
    return index, _moved(trace, trace.target.against, edited)


def _moved(trace: Trace, position: int, edited: Encoding) -> int:
    """Where a token of the first text stands in the copy: in the runs of tokens that stayed."""
    matcher = SequenceMatcher(None, trace.tokens, edited.tokens, autojunk=False)
    for before, after, length in matcher.get_matching_blocks():
        if before <= position < before + length:
            return after + position - before
    token = trace.tokens[position]
    if edited.tokens.count(token) == 1:  # it was moved past others
        return edited.tokens.index(token)
    raise TargetError(
        f"The edited text no longer has “{token_text(trace.encoding, position)}”, which the "
        "prediction that is explained stands at. Leave it there, or explain another token."
    )
