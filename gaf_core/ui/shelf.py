"""A bounded store that all sessions share: the least recently used things make room.

Streamlit's own cache bounds the number of its entries, and not what they weigh: eight traces can be
8 MB or 8 GB.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shelf(Generic[T]):
    """Keeps what was made, up to a weight; whatever the weight, the last thing made is kept.

    Two sessions that ask for the same thing at once make it once.
    """

    def __init__(self, limit: float, weigh: Callable[[T], float]):
        self._limit, self._weigh = limit, weigh
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._gates: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under a key, made now if there is nothing; a failure leaves nothing."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            gate = self._gates.setdefault(key, threading.Lock())
        with gate:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            try:
                made = make()
                self._keep(key, made)
                return made
            finally:
                with self._lock:
                    self._gates.pop(key, None)

    def __contains__(self, key: Hashable) -> bool:
        """Whether something is kept under a key."""
        with self._lock:
            return key in self._kept

    def _keep(self, key: Hashable, made: T) -> None:
        with self._lock:
            self._kept[key] = made
            weight = sum(self._weigh(one) for one in self._kept.values())
            while weight > self._limit and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                weight -= self._weigh(gone)
