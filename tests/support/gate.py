"""Work that a test lets through step by step."""

import threading

from tests.support.patience import HANG


class Gate:
    """Work of many steps: one for each time that the gate is opened.

    Attributes:
        done: steps that were reported as progress; one that was stopped is not among them.
    """

    def __init__(self, steps: int = 1000):
        self.steps, self.done = steps, 0
        self._free, self._moved = threading.Semaphore(0), threading.Condition()
        self._began, self._ended = threading.Event(), threading.Event()

    def open(self, times: int = 1) -> None:
        self._free.release(times)

    def reach(self, step: int) -> None:
        """Wait until a step is done, after which the work stands at the gate if it is closed."""
        with self._moved:
            assert self._moved.wait_for(lambda: self.done >= step, HANG), "a step never came"

    def began(self) -> None:
        """Wait until the work has begun."""
        assert self._began.wait(HANG), "the work was never begun"

    def end(self) -> None:
        """Wait until the work has been left, in whichever way."""
        assert self._ended.wait(HANG), "the work was never left"

    def __call__(self, progress) -> str:
        self._began.set()
        try:
            return self._work(progress)
        finally:
            self._ended.set()

    def _work(self, progress) -> str:
        for step in range(1, self.steps + 1):
            assert self._free.acquire(timeout=HANG), "the gate was never opened"
            progress(step, self.steps)
            with self._moved:
                self.done = step
                self._moved.notify_all()
        return "done"
