"""The question of a stop, and the puzzle: what a reader answers is judged by the solver."""

from __future__ import annotations

import streamlit as st

from gaf_core import GafError
from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.puzzle import raise_pipe, solutions
from gaf_core.lesson.questions import Asked, question_of
from gaf_core.lesson.stops import Stop
from gaf_core.lesson.toy import to_link
from gaf_core.picture.pipes import edge_from, edge_text
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

_RAISED = 1.0


def ask(stop: Stop, lesson: Lesson) -> None:
    """Draw the question of a stop; an answer is judged as soon as it is given."""
    if stop.draws == "puzzle":
        _ask_puzzle(lesson)
        return
    asked = question_of(stop, lesson)
    if asked is None:
        return
    st.subheader("A question", anchor=False)
    given = _answer(stop, lesson, asked)
    with place():
        if given is not None:
            _judge(asked.accepts(given), asked.verdict(given))


def _answer(stop: Stop, lesson: Lesson, asked: Asked) -> float | str | None:
    # a question about another toy or text is another question
    key = f"answer {stop.id} {hash((to_link(lesson.toy), lesson.explanation.trace.text))}"
    if asked.choices:
        return st.radio(literal(asked.asks), asked.choices, index=None, key=key, horizontal=True)
    return st.number_input(
        literal(asked.asks), value=None, key=key, format="%.3f", placeholder="A number", width=420
    )


def _ask_puzzle(lesson: Lesson) -> None:
    if not lesson.solved.flows:
        st.info("Nothing flows in this toy. Take another one.", icon=":material/info:")
        return
    name = lesson.name(lesson.asked)
    st.subheader(literal(f"Which pipe, raised by {_RAISED:g}, gives {name} more?"), anchor=False)
    edges = {edge_text(edge): edge for edge in lesson.toy.edges}
    picked = st.selectbox(
        "Your pipe", list(edges), index=None, key=f"puzzle {to_link(lesson.toy)}", width=360,
        placeholder="Pick a pipe", format_func=lambda text: lesson.toy.said(edges[text]),
    )  # fmt: skip
    with place():
        edge = edge_from(picked)
        if edge is None:
            return
        try:
            attempt = raise_pipe(lesson.solved, edge, _RAISED, lesson.asked)
        except GafError as error:
            st.info(literal(str(error)), icon=":material/info:")
            return
        _judge(attempt.right, f"{'Right.' if attempt.right else 'Not this one.'} {attempt.why}")
        if not attempt.right and not solutions(lesson.solved, lesson.asked, _RAISED):
            st.caption("In this toy no single pipe does it. Take another toy.")


def _judge(right: bool, said: str) -> None:
    icon = ":material/check:" if right else ":material/close:"
    (st.success if right else st.warning)(literal(said), icon=icon)
