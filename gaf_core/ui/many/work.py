"""A run in the background: begun, watched and stopped by whoever has its link."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from gaf_core import BatchExplainer, Model
from gaf_core.corpus.engines import Done
from gaf_core.corpus.explaining import Long
from gaf_core.corpus.running import Progress, run
from gaf_core.corpus.work import Task, compute
from gaf_core.errors import SettingsError
from gaf_core.evaluation.perturbation import Perturbation
from gaf_core.evaluation.perturbed import Operator
from gaf_core.hosting import limits
from gaf_core.methods.codes import parse_code
from gaf_core.ui import visitors
from gaf_core.ui.jobs import Desk, Job, State
from gaf_core.ui.jobs import Progress as Steps
from gaf_core.ui.runs import Kept, Plan
from gaf_core.ui.turns import TURNS

NOTHING = "nothing"  # is removed: faithfulness is not measured
_TURN = 5.0  # seconds that a visitor computes before the next one may
_LEAST, _MOST = 2, 64  # texts of a part


@dataclass
class Running:
    """A run that somebody has begun, for all who look at it.

    Attributes:
        job: in the background.
        progress: how far it is.
    """

    job: Job
    progress: Progress = field(default_factory=Progress)


_running: dict[str, Running] = {}
_lock = Lock()


def explainer_of(plan: Plan, model: Model) -> BatchExplainer:
    """What a plan asks of each text.

    Raises:
        SettingsError: a method or setting that does not exist here.
    """
    operator: Operator | None = plan.removed  # pyright: ignore[reportAssignmentType]
    measured = None if plan.removed == NOTHING else Perturbation(operator)
    long: Long = plan.long  # pyright: ignore[reportAssignmentType]
    methods = [(code, *parse_code(code)) for code in plan.methods]
    return BatchExplainer(model, methods, perturbation=measured, long=long)


def part_for(seconds: float) -> int:
    """Texts of a part, by the seconds that one of them takes: as many as fit into a turn."""
    return max(_LEAST, min(_MOST, int(_TURN / max(seconds, 1e-6))))


def running(token: str) -> Running | None:
    """The run, if it runs or waits, or has ended in this server."""
    with _lock:
        return _running.get(token)


def active(token: str) -> bool:
    """Whether it runs or waits."""
    found = running(token)
    return found is not None and found.job.active


def desk() -> Desk:
    """The runs of this visitor, which end with the visit."""
    return visitors.own("many", Desk)


def start(kept: Kept, model: Model) -> None:
    """Begin a run, or go on with it.

    Raises:
        SettingsError: a method or setting that does not exist here, or too many runs of a visitor.
    """
    most = limits().jobs
    if most is not None and desk().slow >= most:
        raise SettingsError(
            f"This app runs at most {most:,} of a visitor's runs at once. Wait for one to end, or "
            "stop it."
        )
    explainer = explainer_of(kept.plan, model)
    with _lock:
        before = _running.get(kept.token)
        if before is not None and before.job.active:
            return
        for token in [token for token, one in _running.items() if not one.job.active]:
            del _running[token]
        job = Job(kept.plan.name)
        mine = _running[kept.token] = Running(job)
    source, total = kept.source(limits().characters), kept.plan.texts

    def work(steps: Steps) -> Progress:
        def told(progress: Progress) -> None:
            mine.progress = progress
            steps(progress.texts, total)

        def step() -> None:  # between two methods of a text: a stop is heard at once
            steps(mine.progress.texts, total)

        engine = _InTurn(step)
        folder, part = kept.folder, kept.plan.part
        return run(source, explainer, folder, part=part, engine=engine, total=total, told=told)

    desk().take(kept.token, job, work)


def stop(token: str) -> None:
    """End a run; what it has written is kept."""
    if (found := running(token)) is not None:
        found.job.stop()


def said(token: str) -> str:
    """Why the run has ended in this server, if it failed; else ""."""
    found = running(token)
    return "" if found is None or found.job.state is not State.FAILED else found.job.failure


@dataclass(frozen=True)
class _InTurn:
    """Computes a part in this process whenever it is this run's turn."""

    step: Any

    def __call__(
        self, explainer: BatchExplainer, tasks: Iterator[Task]
    ) -> Generator[Done, None, None]:
        for task in tasks:
            with TURNS.turn(self.step):
                table = compute(explainer, task, self.step)
            yield Done(task, table)
