"""Texts traced together, and what methods need beside their traces made together too."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary, ref

from gaf_core.errors import GafError
from gaf_core.models.model import Model
from gaf_core.settings import TargetLike, TextLike
from gaf_core.spans import is_answer
from gaf_core.tracing.asking import same_target
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.together import Found, alike, encode_each, trace_alike
from gaf_core.tracing.trace import Trace, trace


class Made(NamedTuple):
    """A second trace of a text, and the seconds it took."""

    trace: Trace
    seconds: float


class Read(NamedTuple):
    """What tracing came to for one of several texts.

    Attributes:
        number: which of them.
        found: its trace, or why there is none.
        seconds: its share of what the texts of its length took.
    """

    number: int
    found: Found
    seconds: float


_others: WeakKeyDictionary[Trace, tuple[ref[Trace], ...]] = WeakKeyDictionary()


def read_each(
    model: Model,
    texts: Sequence[TextLike],
    targets: Sequence[TargetLike],
    truncate: bool = False,
) -> Iterator[Read]:
    """Trace texts: first those that cannot be read, then by length, each length together.

    An answer of a language model is traced by itself.

    Args:
        model: that is explained.
        texts, targets: of each, in one order.
        truncate: as of `trace`.
    """
    alone, several = [], []
    for number, target in enumerate(targets):
        (alone if is_answer(target) else several).append(number)
    read: list[tuple[int, Encoding]] = []
    encoded = encode_each(model, [texts[number] for number in several], truncate)
    for number, one in zip(several, encoded, strict=True):
        if isinstance(one, Encoding):
            read.append((number, one))
        else:
            yield Read(number, one, 0.0)
    for group in alike(model, [one for _, one in read]):
        numbers = [read[place][0] for place in group]
        began = time.perf_counter()
        traces = trace_alike(
            model, [read[place][1] for place in group], [targets[number] for number in numbers]
        )
        seconds = (time.perf_counter() - began) / len(group)
        remember_alike([one for one in traces if isinstance(one, Trace)])
        yield from (Read(number, one, seconds) for number, one in zip(numbers, traces, strict=True))
    for number in alone:
        began = time.perf_counter()
        found = _traced(model, texts[number], targets[number])
        yield Read(number, found, time.perf_counter() - began)


def _traced(model: Model, text: TextLike, target: TargetLike) -> Found:
    try:
        return trace(model, text, target)
    except GafError as error:
        return error


def remember_alike(traces: Sequence[Trace]) -> None:
    """Say that these traces are of texts of one length, by one model, and few enough for memory."""
    group = tuple(ref(one) for one in traces)
    for one in traces if len(group) > 1 else ():
        _others[one] = group


def second_traces(model: Model, traced: Trace, frozen: bool) -> dict[Trace, Made]:
    """Second traces of a text and of all that were remembered with it; none where it is alone.

    Returns:
        By first trace, those that succeed. The seconds of the batch are divided among its texts.
    """
    group = [one for other in _others.get(traced, ()) if (one := other()) is not None]
    if len(group) < 2:
        return {}
    began = time.perf_counter()
    found = trace_alike(
        model,
        [one.encoding for one in group],
        [same_target(one.target) for one in group],
        frozen=Frozen() if frozen else None,
        residual=True,
    )
    share = (time.perf_counter() - began) / len(group)
    return {
        one: Made(second, share)
        for one, second in zip(group, found, strict=True)
        if isinstance(second, Trace)
    }
