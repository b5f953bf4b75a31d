"""What is said below the figure of each stop: the reader's own numbers, in plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import FlowSolution
from gaf_core.lesson.answers import Path
from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.promises import removal_values
from gaf_core.lesson.stops import Stop
from gaf_core.reading.focus import Edge


@dataclass(frozen=True, eq=False)
class Moment:
    """Where the reader stands within a stop; the defaults read well without a click.

    Attributes:
        ways: how many ways are filled; None for all.
        part: of the way from one largest flow to the other, 0 to 1.
        step: of the central path; None for the last.
        on_text: whether the path is that of the reader's text, and not of the toy.
        scores: `[t]` of the toy's tokens after a change by hand; None for those of the flow.
        chosen: the pipe that is set off.
    """

    ways: int | None = None
    part: float = 0.0
    step: int | None = None
    on_text: bool = False
    scores: NDArray[np.float64] | None = None
    chosen: Edge | None = None


def said_of(stop: Stop, lesson: Lesson, moment: Moment = Moment()) -> str:
    """The caption of a stop's figure, in plain text.

    >>> import gaf_core as gaf
    >>> from gaf_core.lesson.presets import PRESETS
    >>> from gaf_core.lesson.stops import stop_of
    >>> model = gaf.load_model("minilm-reviews")
    >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
    >>> lesson = Lesson(explanation, PRESETS["two answers"]())
    >>> print(said_of(stop_of("cut"), lesson).split(". ")[0])
    All 3 ways are filled and 5 flows
    """
    match stop.draws:
        case "row":
            return _row(lesson)
        case "cell":
            return _cell(lesson)
        case "pipes":
            return _pipes(lesson)
        case "ways":
            return _ways(lesson, moment)
        case "two":
            return _two(lesson, moment)
        case "path":
            return _path(lesson, moment)
        case "proof":
            return "In the pipes: the flow in the middle, and the smallest cut across it."
        case "promises":
            return _promises(lesson)
        case "model":
            return _model(lesson)
    return _puzzle(lesson)


def proof_in_words(solution: FlowSolution) -> list[tuple[str, str]]:
    """The certificate read aloud: a name and a sentence with its number for each part.

    >>> import gaf_core as gaf
    >>> network = gaf.FlowNetwork.from_information([[[1.0, 2.0], [0.0, 0.0]]])
    >>> [name for name, _ in proof_in_words(gaf.solve(network))]
    ['Conservation', 'Gap', 'Centrality']
    """
    if solution.value <= 0:
        return [("No way", solution.message)]
    return [
        (
            "Conservation",
            "What enters a junction leaves it: the largest difference is "
            f"{solution.conservation_residual:.1e} of the flow.",
        ),
        (
            "Gap",
            f"The flow is {solution.value:.6g} and a cut holds {solution.cut_capacity:.6g}: no "
            f"flow is larger by more than {solution.duality_gap:.1e} of it.",
        ),
        (
            "Centrality",
            f"At μ = {solution.mu:.1e} there is one balanced flow; this one is at a distance of "
            f"{solution.centrality:.1e} from it, where up to 0.01 is let pass.",
        ),
    ]


def removal_in_words(lesson: Lesson) -> str:
    """The Shapley values of the other game beside the scores: what "Shapley" does not mean."""
    values = removal_values(lesson.toy)
    return (
        "Another game has other values: a set is worth the largest flow when all other words are "
        f"closed. Its Shapley values are {_listed(lesson.toy.names, values)}; the scores are "
        f"{_listed(lesson.toy.names, lesson.solved.solution.scores.tolist())}."
    )


def _row(lesson: Lesson) -> str:
    cell = lesson.cell
    row = cell.attention[cell.query]
    return (
        f"Layer {cell.layer + 1}, head {cell.head + 1} of your text. In the outlined row "
        f"‘{cell.names[cell.query]}’ looks at ‘{cell.names[cell.key]}’ with {row[cell.key]:.3f} "
        f"of its attention; the row adds up to {row.sum():.3f}."
    )


def _cell(lesson: Lesson) -> str:
    cell = lesson.cell
    weight, slope = (
        float(values[cell.query, cell.key]) for values in (cell.attention, cell.gradient)
    )
    return (
        f"‘{cell.names[cell.query]}’ reads ‘{cell.names[cell.key]}’ in layer {cell.layer + 1}: in "
        f"head {cell.head + 1}, {weight:.4f} × {slope:.4f} = {weight * slope:.5f}. The mean over "
        f"{len(cell.terms)} heads, negative ones as 0, is {cell.capacity:.5f}."
    )


def _pipes(lesson: Lesson) -> str:
    edges, dead = lesson.toy.edges, lesson.solved.dead
    told = f"{len(edges)} pipes; the number on each is its capacity."
    if not dead:
        return f"{told} None is a dead end."
    return f"{told} Dotted: {len(dead)} dead end{'s' * (len(dead) > 1)}."


def _ways(lesson: Lesson, moment: Moment) -> str:
    solved = lesson.solved
    every = len(solved.pushes)
    if not every:
        return "No way leads from the prediction to a word, so nothing flows."
    count = every if moment.ways is None else min(moment.ways, every)
    flow = sum(path.flow for path in solved.pushes[:count])
    if count < every:
        path = solved.pushes[count]
        names = " → ".join(f"‘{solved.toy.names[token]}’" for token in path.nodes)
        return (
            f"{count} of {every} ways are filled and {flow:.4g} flows. The next goes from the "
            f"prediction by {names} and takes {path.flow:.4g}."
        )
    held = " + ".join(f"{solved.toy.capacity(edge):g}" for edge in solved.cut)
    filled = f"All {every} ways are filled" if every > 1 else "The only way is filled"
    return (
        f"{filled} and {flow:.4g} flows. The pipes that are crossed are a cut: "
        f"{held} = {solved.limit.capacity:.4g}. Both are counted apart and are equal, so this is "
        "the largest flow."
    )


def _two(lesson: Lesson, moment: Moment) -> str:
    two, name = lesson.between, lesson.name(lesson.token)
    if two is None:
        return "Nothing flows to this token, so there is nothing to move."
    scores = two.scores(moment.part)
    told = (
        f"A largest flow: the value is {scores.sum():.4g}, and the words get "
        f"{_listed(lesson.toy.names, scores.tolist())}."
    )
    if lesson.token not in lesson.solved.ambiguous:
        return f"{told} This toy has one answer for each word; “two answers” has several."
    least, most = lesson.solved.bounds[lesson.token]
    return f"{told} From the one to the other {name} goes from {least:.3g} to {most:.3g}."


def _path(lesson: Lesson, moment: Moment) -> str:
    path = lesson.text_path if moment.on_text else lesson.path
    step = len(path.mus) - 1 if moment.step is None else moment.step
    value, most = float(path.values[step]), float(path.values[-1])
    if most <= 0:
        return "Nothing flows, so there is no path."
    told = f"μ = {path.mus[step]:.1e}: the flow is {value:.4g}, {value / most:.2%} of the largest."
    if moment.on_text:
        return f"{told} {_apart(path)}"
    inside = "" if step < len(path.mus) - 1 else " This is the answer; it lies in every interval."
    return told + inside


def _apart(path: Path) -> str:
    first, last = (
        scores / max(scores.sum(), 1e-300) for scores in (path.scores[0], path.scores[-1])
    )
    moved = float(np.abs(first - last).max())
    return (
        f"On the way no token's share moves by more than {moved:.1%}, while its interval may be "
        f"as wide as {float(np.ptp(path.bounds, axis=1).max()) / path.values[-1]:.0%}."
    )


def _promises(lesson: Lesson) -> str:
    scores = lesson.solved.solution.scores.tolist()
    return f"The scores of this toy: {_listed(lesson.toy.names, scores)}."


def _model(lesson: Lesson) -> str:
    test = lesson.test
    if test is None:
        return "The model was not asked."
    names = test.published.written
    tops = "; ".join(
        f"without ‘{names[token]}’, first of {name}, it is {test.alone[name]:.3f}"
        for name, token in test.tops.items()
    )
    told = f"The whole text has {test.whole:.3f}; {tops}."
    if test.ways is not None:
        told += (
            f" With only {test.ways.name} kept ({test.ways.count:,} of {test.ways.edges:,} "
            f"attention edges of these layers, {test.carried:.0%} of the flow) it is "
            f"{test.ways.after:.3f}; with as many edges by chance "
            f"{float(test.ways.chance.mean()):.3f} on average."
        )
    return told


def _puzzle(lesson: Lesson) -> str:
    scores = lesson.solved.solution.scores.tolist()
    return (
        f"Raise one pipe so that {lesson.name(lesson.asked)} gets more. Now the words get "
        f"{_listed(lesson.toy.names, scores)}."
    )


def _listed(names: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(f"‘{name}’ {value:.3g}" for name, value in zip(names, values, strict=True))
