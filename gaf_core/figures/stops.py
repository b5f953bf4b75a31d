"""A stop of the lesson -> its figure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go

from gaf_core.figures.common import sentence
from gaf_core.figures.deletion import deletion_curves
from gaf_core.figures.lesson import attention_table, path_figure, product_table
from gaf_core.figures.pipes import pipes_figure, pipes_frames
from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.stops import Stop
from gaf_core.lesson.words import Moment
from gaf_core.picture.pipes import Shown
from gaf_core.reading.predicted import output_noun

_BETWEEN = 11  # moments between two largest flows


def stop_figure(
    stop: Stop, lesson: Lesson, moment: Moment = Moment(), *, sliders: bool = False
) -> go.Figure:
    """The figure of a stop.

    Args:
        stop: which.
        lesson: the reader's text and toy.
        moment: where the reader stands.
        sliders: whether the figure has sliders of its own, for where no page has some.
    """
    return _DRAWN[stop.draws](lesson, moment, sliders)


def alt_of(stop: Stop) -> str:
    """What the figure of a stop shows, for those who do not see it."""
    return {
        "row": "A table of attention in numbers, a row for each token that looks.",
        "cell": "A table: attention, gradient, product, its positive part, mean over heads.",
        "model": "Curves of the prediction as the first words of two explanations are removed.",
    }.get(stop.draws, "A network of pipes from the prediction to the words, with capacities.")


def _row(lesson: Lesson, _moment: Moment, _sliders: bool) -> go.Figure:
    return attention_table(lesson.cell)


def _cell(lesson: Lesson, _moment: Moment, _sliders: bool) -> go.Figure:
    return product_table(lesson.cell)


def _pipes(lesson: Lesson, moment: Moment, _sliders: bool) -> go.Figure:
    return pipes_figure(lesson.solved, Shown(chosen=moment.chosen))


def _ways(lesson: Lesson, moment: Moment, sliders: bool) -> go.Figure:
    solved = lesson.solved
    every = len(solved.pushes)
    counts = range(every + 1)

    def shown(count: int) -> Shown:
        return Shown(flow=solved.pushed(count), cut=sliders or count == every, chosen=moment.chosen)

    if sliders and every:
        labels = [f"{count} of {every}" for count in counts]
        frames = [shown(count) for count in counts]
        return pipes_frames(solved, frames, labels, "ways filled: ", every)
    return pipes_figure(solved, shown(every if moment.ways is None else min(moment.ways, every)))


def _two(lesson: Lesson, moment: Moment, sliders: bool) -> go.Figure:
    two, solved = lesson.between, lesson.solved
    if two is None:
        return pipes_figure(solved, Shown(chosen=moment.chosen))
    parts = np.linspace(0, 1, _BETWEEN)
    at = round(moment.part * (_BETWEEN - 1))
    frames = [Shown(two.at(part), intervals=True, chosen=moment.chosen) for part in parts.tolist()]
    labels = [f"{part:.0%}" for part in parts]
    return pipes_frames(solved, frames, labels, "from one to the other: ", at, slider=sliders)


def _path(lesson: Lesson, moment: Moment, sliders: bool) -> go.Figure:
    path = lesson.text_path if moment.on_text else lesson.path
    at = len(path.mus) - 1 if moment.step is None else moment.step
    if path.values[-1] <= 0:
        return sentence("Nothing flows, so there is no path.")
    if moment.on_text or path.flows is None:
        return path_figure(path, lesson.explanation.written, at)
    frames = [Shown(flow, intervals=True, chosen=moment.chosen) for flow in path.flows]
    labels = [f"{mu:.1e}" for mu in path.mus]
    return pipes_frames(lesson.solved, frames, labels, "μ = ", at, slider=sliders)


def _proof(lesson: Lesson, moment: Moment, _sliders: bool) -> go.Figure:
    flow = lesson.solved.solution.edge_flow
    return pipes_figure(lesson.solved, Shown(flow, intervals=True, cut=True, chosen=moment.chosen))


def _promises(lesson: Lesson, moment: Moment, _sliders: bool) -> go.Figure:
    flow = lesson.solved.solution.edge_flow
    shown = Shown(flow, scores=moment.scores, intervals=True, chosen=moment.chosen)
    return pipes_figure(lesson.solved, shown)


def _model(lesson: Lesson, _moment: Moment, _sliders: bool) -> go.Figure:
    test = lesson.test
    if test is None:
        return sentence("The model was not asked.")
    trace = lesson.explanation.trace
    return deletion_curves(test.measured, test.chance, trace.target.name, output_noun(trace.output))


_DRAWN: dict[str, Callable[[Lesson, Moment, bool], go.Figure]] = {
    "row": _row,
    "cell": _cell,
    "pipes": _pipes,
    "ways": _ways,
    "two": _two,
    "path": _path,
    "proof": _proof,
    "promises": _promises,
    "model": _model,
    "puzzle": _proof,
}
