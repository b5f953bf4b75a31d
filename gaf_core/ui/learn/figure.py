"""The one figure of the page, which stays and changes from stop to stop, and what stands by it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gaf_core.figures.common import for_projector
from gaf_core.figures.stops import alt_of, stop_figure
from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.promises import promises
from gaf_core.lesson.stops import Stop
from gaf_core.lesson.words import Moment, proof_in_words, removal_in_words, said_of
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.failures import literal
from gaf_core.ui.learn import toys

_KEY = "lesson"
_MARKS = {
    True: ":green[:material/check_circle:]",
    False: ":red[:material/cancel:]",
    None: ":gray[:material/remove_circle_outline:]",
}
_SAID = {True: "holds", False: "is broken", None: "has no occasion here"}


def show_stop(stop: Stop, lesson: Lesson, moment: Moment, *, large: bool) -> None:
    """Draw the figure and its caption."""
    figure = stop_figure(stop, lesson, moment)
    if large:
        figure = for_projector(figure)
    caption = literal(said_of(stop, lesson, moment))
    options: dict[str, Any] = {}
    if stop.on_toy:
        options = {"on_select": _clicked, "selection_mode": "points"}
    show_figure(
        figure, key=_KEY, name=f"gaf-learn-{stop.id}", alt=f"{alt_of(stop)} {_plain(stop, lesson)}",
        title=stop.title, caption=caption, **options,
    )  # fmt: skip
    st.markdown(caption)
    if stop.draws == "proof":
        _read_aloud(lesson)
    elif stop.draws == "promises":
        _show_promises(lesson, moment)


def _plain(stop: Stop, lesson: Lesson) -> str:
    return said_of(stop, lesson)


def _clicked() -> None:
    """A pipe was clicked: it is the one whose capacity the controls change."""
    state = st.session_state.get(_KEY)
    points = state["selection"]["points"] if state else []
    texts = [point["customdata"][0] for point in points if point.get("customdata")]
    if text := next(filter(None, texts), None):
        toys.choose_pipe(text)


def _read_aloud(lesson: Lesson) -> None:
    """The certificates of the toy and of the text."""
    left, right = st.columns(2)
    pairs = (("The toy", lesson.solved.solution), ("My text", lesson.explanation.solution))
    for column, (name, solution) in zip((left, right), pairs, strict=True):
        with column:
            mark = _MARKS[solution.certified]
            st.markdown(f"{mark} **{name}**: {'proven' if solution.certified else 'not proven'}.")
            for part, said in proof_in_words(solution):
                st.markdown(f"**{part}.** {literal(said)}")


def _show_promises(lesson: Lesson, moment: Moment) -> None:
    for one in promises(lesson.solved, moment.scores):
        st.markdown(
            f"{_MARKS[one.holds]} **{one.name}** {_SAID[one.holds]}. {literal(one.said)}",
            help=one.meaning,
        )
    if lesson.solved.flows:
        st.markdown(literal(removal_in_words(lesson)))
