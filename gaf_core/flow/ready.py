"""The compiled solver, loaded before the first solve, whose time is then that of the solve."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock

import numpy as np

from gaf_core.flow import ambiguity, max_flow, solve, steps
from gaf_core.flow.compiled import CACHE, address_of
from gaf_core.network import FlowNetwork

Progress = Callable[[int, int], None]

_one_at_a_time = Lock()
_prepared = False
_MARK = "complete"


def compiled() -> bool:
    """Whether all was compiled before: `prepare` then takes half a second, not half a minute."""
    return _prepared or (CACHE is not None and (CACHE / _MARK).exists())


def prepare(progress: Progress | None = None) -> None:
    """Load the compiled code of everything in this folder, or compile it and keep it.

    Args:
        progress: called with the steps that are done and all steps, before each and at the end.
    """
    global _prepared
    with _one_at_a_time:
        if _prepared:
            return
        todo = _steps()
        for done, step in enumerate(todo):
            if progress is not None:
                progress(done, len(todo))
            step()
        if progress is not None:
            progress(len(todo), len(todo))
        if CACHE is not None:
            (CACHE / _MARK).touch()
        _prepared = True


def prepare_aloud(say: Callable[[str], None]) -> None:
    """`prepare`, which says so at each step if it compiles."""
    new = not compiled()

    def show(done: int, total: int) -> None:
        if new and done < total:
            say(f"compiling the solver, about half a minute, once: {done + 1} of {total}")

    prepare(show)


def _steps() -> list[Callable[[], object]]:
    network = FlowNetwork.from_information(np.ones((2, 3, 3)))
    parts = [partial(address_of, *part) for part in steps.parts()]
    return [*parts, *(partial(solver, network) for solver in (solve, max_flow, ambiguity))]
