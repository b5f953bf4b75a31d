"""Entries -> a comparison: what is quick is computed at once, what is slow when somebody asks.

Scores and measures are kept for all visitors; an entry whose perturbation changes is measured anew
and not scored anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import streamlit as st

from gaf_core import Model, Trace
from gaf_core.errors import GafError
from gaf_core.evaluation import AopcLimits, Evaluation, Perturbation, evaluate_all
from gaf_core.evaluation.comparison import Comparison, within
from gaf_core.hosting import limits
from gaf_core.methods import Attribution
from gaf_core.settings import TargetLike, TextLike
from gaf_core.ui import visitors
from gaf_core.ui.cache import Choice, shelf
from gaf_core.ui.compare.entries import Entry
from gaf_core.ui.jobs import Desk, Job, Progress, State
from gaf_core.ui.shelf import Shelf

_PATIENCE = 4.0  # seconds that the page waits for quick entries before it shows what there is
_KEPT = 2_000  # results; each is some kilobytes


class Question(NamedTuple):
    """What was traced: the key of everything that is computed from it."""

    choice: Choice
    text: TextLike
    target: TargetLike
    truncate: bool


class Found(NamedTuple):
    """What a job gives back: scores, and their measure or why there is none."""

    attribution: Attribution
    evaluation: Evaluation | None
    failure: str


class Task(NamedTuple):
    """An entry on the page with the key of its job.

    Attributes:
        entry: what is computed.
        key: of its job, and of whether somebody asked for it.
        name: as people read it.
        slow: its scores take long; not where they are kept, as when another visitor asked for them.
        waits: it is slow and nobody has asked for it yet.
    """

    entry: Entry
    key: tuple
    name: str
    slow: bool
    waits: bool


def desk() -> Desk:
    """The background jobs of this visitor, which end with the visit."""
    return visitors.own("desk", Desk)


def request(task: Task) -> None:
    """Start a slow entry, or one that was stopped, at the next run of the page."""
    desk().requested.add((task.key[0], task.entry))
    desk().forget(task.key)


def stop(task: Task) -> None:
    """End the job of an entry; it starts again only on request."""
    desk().requested.discard((task.key[0], task.entry))
    if job := desk().find(task.key):
        job.stop()


def tasks(
    question: Question,
    entries: Sequence[Entry],
    perturbation: Perturbation,
    beside: Iterable[Hashable] = (),
) -> list[Task]:
    """What there is to do; jobs of what is no longer shown are stopped, but for those beside it."""
    asked, kept = desk().requested, _shelf()
    slow = [entry.definition.slow and (question, entry) not in kept for entry in entries]
    found = [
        Task(
            entry,
            (question, entry, perturbation),
            entry.name,
            long,
            long and (question, entry) not in asked,
        )
        for entry, long in zip(entries, slow, strict=True)
    ]
    desk().keep_only([*(task.key for task in found), *beside])
    return _within_limit(found)


def _within_limit(todo: list[Task]) -> list[Task]:
    """Of the slow entries that are to start, those beyond the limit of a visitor wait on."""
    most = limits().jobs
    if most is None:
        return todo
    running, found = desk().slow, []
    for task in todo:
        starts = task.slow and not task.waits and desk().find(task.key) is None
        beyond = starts and running >= most
        if beyond:
            desk().requested.discard((task.key[0], task.entry))
        running += starts and not beyond
        found.append(task._replace(waits=task.waits or beyond))
    return found


def begin(model: Model, trace: Trace, todo: Sequence[Task]) -> None:
    """Start what is to be started and wait a moment for what is quick."""
    for task in todo:
        job = desk().find(task.key)
        if not task.waits and (job is None or job.state is not State.STOPPED):
            desk().start(task.key, task.name, _work(model, trace, task), slow=task.slow)
    _wait(todo)


def compare(
    trace: Trace,
    todo: Sequence[Task],
    perturbation: Perturbation,
    limits: AopcLimits | None = None,
) -> Comparison:
    """What is there by now, with NAOPC where its limits are known."""
    names = tuple(task.name for task in todo)
    found = {task.name: job.result for task in todo if (job := _done(task))}
    failures = {
        task.name: job.failure for task in todo if (job := desk().find(task.key)) and job.failure
    }
    failures |= {name: one.failure for name, one in found.items() if one.failure}
    return Comparison(
        trace,
        names,
        perturbation,
        {name: one.attribution for name, one in found.items()},
        {
            name: within(one.evaluation, limits) if limits else one.evaluation
            for name, one in found.items()
            if one.evaluation
        },
        failures,
    )


def _wait(todo: Sequence[Task]) -> None:
    quick = [task.key for task in todo if not task.slow]
    ended = any((job := desk().find(key)) and not job.active for key in quick)
    if desk().wait(quick, 0.4 if ended else 0.05) or ended:
        return  # there is something to show; the others come as they end
    with st.spinner("Comparing …"):
        desk().wait(quick, _PATIENCE)


def _done(task: Task) -> Job | None:
    job = desk().find(task.key)
    return job if job is not None and job.state is State.DONE else None


def _work(model: Model, trace: Trace, task: Task) -> Callable[[Progress], Found]:
    """The job of an entry: knows nothing of Streamlit, since it runs in another thread."""
    (question, entry, perturbation), kept = task.key, _shelf()

    def score(progress: Progress) -> Attribution:
        return entry.definition(model, trace, progress=progress, **dict(entry.options))

    def measure(scored: Attribution, progress: Progress) -> Evaluation:
        return evaluate_all(model, trace, {"": scored.scores}, perturbation, progress)[""]

    def work(progress: Progress) -> Found:
        def pause() -> None:  # while another visitor's job makes the same: stopped, this one ends
            progress(0, 0)

        scored = kept.get((question, entry), lambda: score(progress), pause)
        try:
            measured = kept.get(
                (question, entry, perturbation), lambda: measure(scored, progress), pause
            )
        except GafError as error:  # the scores are shown all the same
            return Found(scored, None, str(error))
        return Found(scored, measured, "")

    return work


@cache
def _shelf() -> Shelf[Any]:
    return shelf(_KEPT, lambda _: 1)
