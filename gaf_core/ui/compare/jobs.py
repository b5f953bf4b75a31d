"""Work in the background of a page: watched, stopped, and finished even while the page is redrawn.

The script of a page runs anew at every click. What takes longer than a glance runs in a thread that
knows nothing of Streamlit; the page asks how far it is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from gaf_core import GafError

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Raised inside the work of a job that somebody stopped."""


class State(StrEnum):
    """Of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class Job:
    """One piece of work in a thread, which is let go of when it ends.

    Attributes:
        name: as people read it.
        state: where it is.
        done, total: steps, as its work reports them; total is 0 before the first report.
        failure: why it failed, in a sentence.
    """

    def __init__(self, name: str):
        self.name, self.state = name, State.WAITING
        self.done = self.total = 0
        self.result: Any = None
        self.failure = ""
        self._stop = threading.Event()
        self._future: Future | None = None

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def begin(self, pool: ThreadPoolExecutor, work: Callable[[Progress], Any]) -> None:
        """Queue `work(progress)`; another job of the pool may come first."""
        self._future = pool.submit(self._run, work)

    def stop(self) -> None:
        """End it before its next step; one that still waits never starts."""
        self._stop.set()
        if self._future is None or self._future.cancel():
            self.state = State.STOPPED

    def _progress(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Stopped
        self.done, self.total = done, total

    def _run(self, work: Callable[[Progress], Any]) -> None:
        self.state = State.RUNNING
        try:
            self._progress(0, 0)
            self.result = work(self._progress)
            self.state = State.DONE
        except Stopped:
            self.state = State.STOPPED
        except GafError as error:
            self.failure, self.state = str(error), State.FAILED
        except Exception:
            _log.exception("%s failed", self.name)
            self.failure = (
                "Something unexpected went wrong; the details are in the terminal that runs the "
                "app. Leave it out, or change its settings."
            )
            self.state = State.FAILED


class Desk:
    """The jobs of one visitor by key. Quick ones run one after the other, and so do slow ones.

    One at a time: jobs that share the processor would all measure longer times. Two lanes: what is
    quick does not wait for what is slow.
    """

    def __init__(self) -> None:
        self._jobs: dict[Hashable, Job] = {}
        self._lanes = {
            slow: ThreadPoolExecutor(max_workers=1, thread_name_prefix="compare")
            for slow in (False, True)
        }

    def start(
        self, key: Hashable, name: str, work: Callable[[Progress], Any], *, slow: bool = False
    ) -> Job:
        """Begin a job under a key; one that is there and was not stopped stays as it is."""
        job = self._jobs.get(key)
        if job is None or job.state is State.STOPPED:
            job = self._jobs[key] = Job(name)
            job.begin(self._lanes[slow], work)
        return job

    def find(self, key: Hashable) -> Job | None:
        """The job of a key, if there is one."""
        return self._jobs.get(key)

    def keep_only(self, keys: Iterable[Hashable]) -> None:
        """Stop and forget what nobody looks at any more."""
        kept = set(keys)
        for key in [key for key in self._jobs if key not in kept]:
            self._jobs.pop(key).stop()

    def forget(self, key: Hashable) -> None:
        """Let a job that ended be started again."""
        self._jobs.pop(key, None)

    def wait(self, keys: Iterable[Hashable], seconds: float) -> bool:
        """Wait for the jobs of some keys; whether all of them ended in time."""
        jobs = [job for key in keys if (job := self._jobs.get(key))]
        end = time.monotonic() + seconds
        while any(job.active for job in jobs):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True
