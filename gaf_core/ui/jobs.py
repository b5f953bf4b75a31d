"""Work in the background of a page: watched, stopped, and finished even while the page is redrawn.

The script of a page runs anew at every click. What takes longer than a glance runs in a thread that
knows nothing of Streamlit; the page asks how far it is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from enum import StrEnum
from typing import Any

from gaf_core import GafError

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


class Stopped(BaseException):
    """Raised inside the work of a job that somebody stopped.

    No `Exception`: work that turns every failure into a sentence must let it pass.
    """


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
        self._stop, self._ended = threading.Event(), threading.Event()
        self._moving = threading.Lock()
        self.then: Callable[[], None] = lambda: None  # called once it has ended, whichever way

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def stop(self) -> None:
        """Call it stopped at once; its thread ends at the next step, and nobody waits for that."""
        self._stop.set()
        self._move(State.STOPPED)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came in time."""
        return self._ended.wait(seconds)

    def run(self, work: Callable[[Progress], Any]) -> None:
        """Do `work(progress)` here and now; nothing that it raises gets out."""
        try:
            self._progress(0, 0)
            self._move(State.RUNNING)
            self.result = work(self._progress)
            self._progress(self.done, self.total)  # stopped in its last step
            self._move(State.DONE)
        except Stopped:
            self._move(State.STOPPED)
        except GafError as error:
            self._move(State.FAILED, str(error))
        except Exception:
            _log.exception("%s failed", self.name)
            self._move(
                State.FAILED,
                "Something unexpected went wrong; the details are in the terminal that runs the "
                "app. Leave it out, or change its settings.",
            )

    def _move(self, state: State, failure: str = "") -> None:
        """Go on to a state; one that has ended stays as it is, in whichever thread it did."""
        with self._moving:
            if not self.active:
                return
            self.state, self.failure = state, failure
            if self.active:
                return
        self.then()
        self._ended.set()

    def _progress(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Stopped
        self.done, self.total = done, total


class Lane:
    """One job after the other, each in a thread of its own.

    A job that is stopped leaves the lane at once, though its thread has a step to finish. The
    threads do not keep the app from quitting, as those of an executor would.
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[Job, Callable[[Progress], Any]]] = deque()
        self._lock = threading.Lock()
        self._current: Job | None = None

    def add(self, job: Job, work: Callable[[Progress], Any]) -> None:
        """Queue a job."""
        job.then = lambda: self._leave(job)
        with self._lock:
            self._queue.append((job, work))
            self._next()

    def __len__(self) -> int:
        """How many jobs run or wait."""
        with self._lock:
            return len(self._queue) + (self._current is not None)

    def _leave(self, job: Job) -> None:
        with self._lock:
            # one that waited is forgotten with its work, and with the model that this holds
            self._queue = deque(one for one in self._queue if one[0] is not job)
            if self._current is job:
                self._current = None
            self._next()

    def _next(self) -> None:
        if self._current is None and self._queue:
            self._current, work = self._queue.popleft()
            threading.Thread(
                target=self._current.run, args=(work,), name="compare", daemon=True
            ).start()


class Desk:
    """The jobs of one visitor by key. Quick ones run one after the other, and so do slow ones.

    One at a time: jobs that share the processor would all measure longer times. Two lanes: what is
    quick does not wait for what is slow.

    Attributes:
        requested: what this visitor asked to be started, by keys that the page chooses.
    """

    def __init__(self) -> None:
        self.requested: set[Hashable] = set()
        self._jobs: dict[Hashable, Job] = {}
        self._lanes = {False: Lane(), True: Lane()}

    def start(
        self, key: Hashable, name: str, work: Callable[[Progress], Any], *, slow: bool = False
    ) -> Job:
        """Begin a job under a key; one that is there and was not stopped stays as it is."""
        job = self._jobs.get(key)
        if job is None or job.state is State.STOPPED:
            job = self._jobs[key] = Job(name)
            self._lanes[slow].add(job, work)
        return job

    def take(self, key: Hashable, job: Job, work: Callable[[Progress], Any]) -> None:
        """Begin a slow job that somebody else knows too; one that was there under the key ends."""
        if before := self._jobs.get(key):
            before.stop()
        self._jobs[key] = job
        self._lanes[True].add(job, work)

    @property
    def slow(self) -> int:
        """How many slow jobs run or wait."""
        return len(self._lanes[True])

    def find(self, key: Hashable) -> Job | None:
        """The job of a key, if there is one."""
        return self._jobs.get(key)

    def keep_only(self, keys: Iterable[Hashable]) -> None:
        """Stop and forget what nobody looks at any more."""
        kept = set(keys)
        # the last first: one that waits must not start because the one before it is stopped
        for key in [key for key in reversed(list(self._jobs)) if key not in kept]:
            if job := self._jobs.pop(key, None):
                job.stop()

    def close(self) -> None:
        """Stop everything: the visitor has gone."""
        self.keep_only(())
        self.requested.clear()

    def forget(self, key: Hashable) -> None:
        """Let a job that ended be started again."""
        self._jobs.pop(key, None)

    def wait(self, keys: Iterable[Hashable], seconds: float) -> bool:
        """Wait for the jobs of some keys; whether all of them ended in time."""
        jobs = [job for key in keys if (job := self._jobs.get(key))]
        end = time.monotonic() + seconds
        return all(job.wait(max(0.0, end - time.monotonic())) for job in jobs)
