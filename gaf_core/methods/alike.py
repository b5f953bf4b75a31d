"""Traces that were made together, so that what methods need beside them is made together too."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary, ref

from gaf_core.models.model import Model
from gaf_core.tracing.asking import same_target
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.together import trace_alike
from gaf_core.tracing.trace import Trace


class Made(NamedTuple):
    """A second trace of a text, and the seconds it took."""

    trace: Trace
    seconds: float


_others: WeakKeyDictionary[Trace, tuple[ref[Trace], ...]] = WeakKeyDictionary()


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
