"""The question of each stop; its answer is computed from the reader's own numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gaf_core.lesson.agreeing import FAITHFUL_NAME, PUBLISHED_NAME
from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.solved import solve_toy
from gaf_core.lesson.stops import Stop

_NEAR = 0.02  # of a number: an answer as close as this is right
_HALF = 0.006  # half of the last digit of a number with two
YES, NO = "yes", "no"
_BELOW, _MIDDLE, _ABOVE, _FIXED = (
    "below the middle of its interval",
    "about in the middle",
    "above the middle",
    "it has no interval",
)


@dataclass(frozen=True)
class Asked:
    """A question with its answer.

    Attributes:
        asks: the question, plain text.
        choices: to choose from; empty where a number is asked for.
        answer: the right one.
        why: the reason, with the numbers.
    """

    asks: str
    choices: tuple[str, ...]
    answer: float | str
    why: str

    def accepts(self, given: float | str) -> bool:
        """Whether an answer is right; of a number, near enough.

        >>> Asked("How much?", (), 0.34, "").accepts(0.343)
        True
        """
        if isinstance(self.answer, str) or isinstance(given, str):
            return given == self.answer
        return abs(given - self.answer) <= max(_NEAR * abs(self.answer), _HALF)

    def verdict(self, given: float | str) -> str:
        """What is said of an answer."""
        return f"{'Right.' if self.accepts(given) else 'Not quite.'} {self.why}"


def question_of(stop: Stop, lesson: Lesson) -> Asked | None:
    """The question of a stop; None for the puzzle, and where there is nothing to ask about.

    >>> import gaf_core as gaf
    >>> from gaf_core.lesson.presets import PRESETS
    >>> from gaf_core.lesson.stops import stop_of
    >>> model = gaf.load_model("minilm-reviews")
    >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
    >>> asked = question_of(stop_of("cut"), Lesson(explanation, PRESETS["two answers"]()))
    >>> asked.answer, asked.accepts(4)
    (5.0, False)
    """
    make = _QUESTIONS.get(stop.id)
    return None if make is None else make(lesson)


def _table(lesson: Lesson) -> Asked:
    cell = lesson.cell
    part = float(cell.attention[cell.query, cell.key])
    row, column = cell.names[cell.query], cell.names[cell.key]
    return Asked(
        f"How much attention does ‘{row}’ leave for all tokens but ‘{column}’?",
        (),
        1.0 - part,
        f"The row adds up to 1 and ‘{column}’ has {part:.3f} of it, so {1 - part:.3f} is left.",
    )


def _gradient(lesson: Lesson) -> Asked:
    cell = lesson.cell
    row = [cell.product[token] for token in cell.columns]
    negative = sum(value < 0 for value in row)
    return Asked(
        "How many of the tokens that have a column of their own count as 0 in this head, because "
        "their product is negative?",
        tuple(str(count) for count in range(len(row) + 1)),
        str(negative),
        f"{negative} of the {len(row)} products in the row A × G are below 0; in the row below "
        "they are 0.",
    )


def _pipes(lesson: Lesson) -> Asked:
    dead, edges = lesson.solved.dead, lesson.toy.edges
    named = "; ".join(lesson.toy.said(edge) for edge in dead)
    return Asked(
        f"How many of the {len(edges)} pipes of this toy are dead ends?",
        tuple(str(count) for count in range(min(len(edges), 9) + 1)) if len(dead) <= 9 else (),
        str(len(dead)) if len(dead) <= 9 else float(len(dead)),
        f"{len(dead)} {'lies' if len(dead) == 1 else 'lie'} on no way from the prediction to a word"
        + (f": {named}." if dead else "."),
    )


def _cut(lesson: Lesson) -> Asked:
    solved = lesson.solved
    pipes = " + ".join(f"{lesson.toy.capacity(edge):g}" for edge in solved.cut) or "0"
    return Asked(
        "What is the capacity of the smallest cut of this toy?",
        (),
        solved.value,
        f"The pipes of a smallest cut hold {pipes} = {solved.limit.capacity:.4g}, and the largest "
        f"flow is {solved.value:.4g}: no flow is larger, no cut is smaller.",
    )


def _two(lesson: Lesson) -> Asked:
    least, most = lesson.solved.bounds[lesson.token]
    name = lesson.name(lesson.token)
    return Asked(
        f"What is the most that {name} gets in any largest flow?",
        (),
        float(most),
        f"Over all largest flows {name} gets {least:.4g} at least and {most:.4g} at most; the "
        f"value is {lesson.solved.value:.4g} in each of them.",
    )


def _middle(lesson: Lesson) -> Asked:
    token = lesson.token
    (least, most), score = lesson.solved.bounds[token], lesson.path.scores[-1][token]
    name = lesson.name(token)
    if token not in lesson.solved.ambiguous:
        answer, told = _FIXED, f"{name} gets {most:.4g} in every largest flow."
    else:
        place = (score - least) / (most - least)
        answer = _MIDDLE if abs(place - 0.5) <= 0.05 else _BELOW if place < 0.5 else _ABOVE
        told = (
            f"{name} ends at {score:.4g}, {place:.0%} of the way from {least:.4g} to {most:.4g}. "
            "The barrier balances all pipes at once, not each word's interval."
        )
    return Asked(
        f"Where does the path end for {name}?", (_BELOW, _MIDDLE, _ABOVE, _FIXED), answer, told
    )


def _proof(lesson: Lesson) -> Asked:
    solution = lesson.solved.solution
    claimed = 1.01 * solution.value
    possible = YES if solution.duality_gap >= 0.01 and solution.value > 0 else NO
    return Asked(
        f"Somebody claims a flow of {claimed:.4g} through this toy, 1 % more. Can it be?",
        (YES, NO),
        possible,
        f"The cut of the certificate holds {solution.cut_capacity:.4g}, and every flow has to "
        f"cross it.",
    )


def _promises(lesson: Lesson) -> Asked:
    solved, (one, other) = lesson.solved, _pair(lesson)
    after = solve_toy(lesson.toy.swapped(one, other)).solution.scores
    names = lesson.name(one), lesson.name(other)
    return Asked(
        f"{names[0]} and {names[1]} exchange all of their pipes. What does {names[0]} get then?",
        (),
        float(after[one]),
        f"Solved again, {names[0]} gets {after[one]:.4g}: what {names[1]} got before "
        f"({solved.solution.scores[other]:.4g}). Names do not count, pipes do.",
    )


def _pair(lesson: Lesson) -> tuple[int, int]:
    return (0, 1) if lesson.toy.tokens > 1 else (0, 0)


def _model(lesson: Lesson) -> Asked | None:
    test = lesson.test
    if test is None:
        return None
    names = (PUBLISHED_NAME, FAITHFUL_NAME)
    aopc = {name: test.measured[name].aopc for name in names}
    better = max(names, key=lambda name: aopc[name])
    numbers = ", ".join(f"{name} {value:.3f}" for name, value in aopc.items())
    return Asked(
        "On this text, whose first words does the prediction depend on more, measured by AOPC?",
        names,
        better,
        f"AOPC: {numbers}. One text shows one text; the README has hundreds.",
    )


_QUESTIONS: dict[str, Callable[[Lesson], Asked | None]] = {
    "table": _table,
    "gradient": _gradient,
    "pipes": _pipes,
    "cut": _cut,
    "two": _two,
    "middle": _middle,
    "proof": _proof,
    "promises": _promises,
    "model": _model,
}
