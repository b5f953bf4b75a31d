"""Who computes the parts: this process, one after the other, or the workers of a Ray cluster.

An engine is given tasks as they are asked for and gives tables back, in whichever order; it holds
no more of them than its workers need. What keeps and resumes a run is not its business.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from gaf_core.cores import cores
from gaf_core.corpus.explainer import BatchExplainer, with_threads
from gaf_core.corpus.work import Task, compute
from gaf_core.errors import GafError, MissingPackageError, SettingsError, cause

# a cluster of this machine alone listens at this machine alone
HERE = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
_PATIENCE = 10.0  # seconds until a cluster answers
_WAITING = 2  # tasks a worker: one that it computes, and the next one


class Done(NamedTuple):
    """A task with its rows as a pyarrow Table."""

    task: Task
    table: Any


Computed = Generator[Done, None, None]


class Engine(Protocol):
    """Computes tasks."""

    def __call__(self, explainer: BatchExplainer, tasks: Iterator[Task]) -> Computed:
        """Tables of tasks, in whichever order."""
        ...


@dataclass(frozen=True)
class Here:
    """One part after the other, in this process.

    Attributes:
        step: called after each method of each text; what it raises ends the run.
    """

    step: Callable[[], None] = lambda: None

    def __call__(self, explainer: BatchExplainer, tasks: Iterator[Task]) -> Computed:
        """Tables of tasks, in their order."""
        for task in tasks:
            yield Done(task, compute(explainer, task, self.step))


@dataclass(frozen=True)
class OnRay:
    """Actors of a Ray cluster compute parts; one that dies is started again, and its part too.

    Attributes:
        workers: how many; None for what the cluster has cores, or GPUs, for.
        threads: cores of each.
        gpus: of each; a part of one is a worker that shares it.
        address: of a cluster; None for one that begins on this machine and ends with the run.
    """

    workers: int | None = None
    threads: int = 1
    gpus: float = 0.0
    address: str | None = None

    def __call__(self, explainer: BatchExplainer, tasks: Iterator[Task]) -> Computed:
        """Tables of tasks, as they come.

        Raises:
            MissingPackageError: Ray is not installed.
            GafError: what a worker says of the model, or of a text that is refused.
        """
        ray, began = self._cluster()
        actors: list[Any] = []
        try:
            worker = ray.remote(
                num_cpus=self.threads, num_gpus=self.gpus, max_restarts=-1, max_task_retries=-1
            )(_Worker)
            actors = [worker.remote(explainer, self.threads) for _ in range(self._count(ray))]
            yield from _fed(ray, actors, tasks)
        finally:
            for actor in actors:
                with suppress(Exception):  # the cluster may be gone already
                    ray.kill(actor)
            if began:
                ray.shutdown()

    def _cluster(self) -> tuple[Any, bool]:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray
        except ModuleNotFoundError as error:
            raise MissingPackageError("The engine ray", "ray", extra="ray") from error
        if ray.is_initialized():
            return ray, False
        # a worker without room would be waited for, for ever
        room = max(cores(), (self.workers or 1) * self.threads)
        own = {"num_cpus": room, **HERE} if self.address is None else {}
        where = self.address or "local"
        try:
            _reach(where)
            ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR, **own)
        except Exception as error:  # Ray raises many kinds
            raise SettingsError(
                f"The Ray cluster at '{where}' cannot be used: {cause(error)}. Check its address, "
                "and that it has the same version of Ray."
            ) from error
        return ray, True

    def _count(self, ray: Any) -> int:
        if self.workers is not None:
            return self.workers
        there = ray.cluster_resources()
        processors, cards = there.get("CPU", 1) / self.threads, there.get("GPU", 0)
        return max(1, int(cards / self.gpus if self.gpus else processors))


def _reach(address: str) -> None:
    """Fail at once where nobody answers, for which Ray itself tries several minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()


class _Worker:
    """An actor: it keeps the model between parts."""

    def __init__(self, explainer: BatchExplainer, threads: int):
        self._explainer = with_threads(explainer, threads)

    def compute(self, task: Task) -> Done | str:
        """A part; or the sentence that a user has to read, since not every error can be pickled."""
        try:
            return Done(task, compute(self._explainer, task))
        except GafError as error:
            return str(error)


def _fed(ray: Any, actors: list[Any], tasks: Iterator[Task]) -> Computed:
    """Give every actor what it can hold, and whoever is done the next task."""
    working: dict[Any, Any] = {}  # what is promised -> by whom
    free = [actor for _ in range(_WAITING) for actor in actors]
    while True:
        while free and (task := next(tasks, None)) is not None:
            actor = free.pop(0)
            working[actor.compute.remote(task)] = actor
        if not working:
            return
        (ready, *_), _ = ray.wait(list(working), num_returns=1)
        free.append(working.pop(ready))
        found = ray.get(ready)
        if isinstance(found, str):
            raise GafError(found)
        yield found
