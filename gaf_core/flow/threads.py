"""Two halves of one step at once, where that pays.

The halves write to disjoint memory and neither depends on how the other runs, so the result has the
same bits on one thread and on two.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

# Below this many edges, handing work over costs more than it saves (measured on two cores).
WORTHWHILE = 60_000

_cores = os.cpu_count() or 1
_pool = ThreadPoolExecutor(max_workers=_cores, thread_name_prefix="flow")


def both(edges: int, one: Callable[[], T], other: Callable[[], T]) -> tuple[T, T]:
    """Call both, at once if the problem has many edges and the machine more than one core."""
    if edges < WORTHWHILE or _cores < 2:
        return one(), other()
    waiting = _pool.submit(other)
    first = one()
    return first, waiting.result()
