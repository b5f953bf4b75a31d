"""Who computes next: whoever has waited longest, one at a time, a piece of work after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

_LOOK = 0.2  # seconds between two looks of who waits at whether to go on waiting


class Turns:
    """A queue of those who want to compute; they come in the order in which they asked.

    Somebody with much to do takes a turn for each piece of it, so that those who came meanwhile
    take theirs in between: all get on at the same pace, however much they have.
    """

    def __init__(self) -> None:
        self._waiting: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def turn(self, pause: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Wait for a turn, and have it inside.

        Args:
            pause: called again and again while it waits; may raise to leave.
        """
        mine = object()
        with self._changed:
            self._waiting.append(mine)
        try:
            with self._changed:
                while self._waiting[0] is not mine:
                    self._changed.wait(_LOOK)
                    pause()
            yield
        finally:
            with self._changed:
                self._waiting.remove(mine)
                self._changed.notify_all()

    def __len__(self) -> int:
        """How many compute or wait."""
        with self._changed:
            return len(self._waiting)


TURNS = Turns()  # of the server
