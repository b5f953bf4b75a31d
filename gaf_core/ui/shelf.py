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

_LOOK = 0.2  # seconds between two looks of who waits at whether to go on waiting


class Shelf(Generic[T]):
    """Keeps what was made, up to a weight; whatever the weight, the last thing made is kept.

    Two sessions that ask for the same thing at once make it once.
    """

    def __init__(self, limit: float, weigh: Callable[[T], float]):
        self._limit, self._weigh = limit, weigh
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._making: set[Hashable] = set()
        self._changed = threading.Condition()

    def get(
        self, key: Hashable, make: Callable[[], T], pause: Callable[[], None] = lambda: None
    ) -> T:
        """What is kept under a key, made now if there is nothing; a failure leaves nothing.

        Args:
            key: of the thing.
            make: makes it. After a failure one of those who wait for it tries in turn.
            pause: called again and again while somebody else makes it; may raise to leave.
        """
        with self._changed:
            while key in self._making:
                self._changed.wait(_LOOK)
                pause()
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            self._making.add(key)
        try:
            made = make()
            self._keep(key, made)
            return made
        finally:
            with self._changed:
                self._making.discard(key)
                self._changed.notify_all()

    def __contains__(self, key: Hashable) -> bool:
        """Whether something is kept under a key."""
        with self._changed:
            return key in self._kept

    def _keep(self, key: Hashable, made: T) -> None:
        with self._changed:
            self._kept[key] = made
            weight = sum(self._weigh(one) for one in self._kept.values())
            while weight > self._limit and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                weight -= self._weigh(gone)

    def clear(self) -> None:
        """Let go of everything that is kept."""
        with self._changed:
            self._kept.clear()
