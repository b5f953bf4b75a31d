"""The same question about another text: a target that does not depend on where its tokens stand."""

from __future__ import annotations

from gaf_core.settings import At, LabelLike, TargetLike
from gaf_core.tracing.places import split_target, token_text
from gaf_core.tracing.trace import Trace


def asked_again(trace: Trace, target: TargetLike) -> TargetLike:
    """What was explained of one text, as a target for an edited copy of it.

    Positions of tokens become the words that stand there, and what was predicted is named.

    Args:
        trace: of the first text.
        target: what was asked of it.
    """
    label, _ = split_target(target)
    kind, place = trace.task.kind, trace.target.place
    if label is None or kind.classes == "tokens":
        ends = trace.target.index, trace.target.against
        label = _named(trace, ends) if kind.classes == "tokens" else trace.target.index
    match kind.place:
        case "text":
            return label
        case "mask":
            return At(label, _mask(trace))
        case "token":
            return At(label, token_text(trace.encoding, int(place or 0)))
        case "end":
            return At(label, place)


def _named(trace: Trace, ends: tuple[int, int | None]) -> LabelLike:
    """Tokens that an answer may start or end with, by what is written there."""
    index, against = (None if one is None else trace.labels[one] for one in ends)
    assert index is not None
    return index if against is None else (index, against)


def _mask(trace: Trace) -> int | None:
    """Which mask, where there are several: words before them may be dropped, so by its position."""
    place = trace.target.place
    assert isinstance(place, int)
    several = trace.tokens.count(trace.tokens[place]) > 1
    return place if several else None
