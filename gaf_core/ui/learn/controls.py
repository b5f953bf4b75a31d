"""The controls of a stop: where the reader stands on a way, between two flows, on a path."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.stops import Stop
from gaf_core.lesson.words import Moment
from gaf_core.ui.learn import toys
from gaf_core.ui.place import place

TOY, TEXT = "the toy", "my text"


def choose_moment(stop: Stop, lesson: Lesson) -> Moment:
    """Draw what the stop can be moved by, and give back where it stands."""
    chosen = toys.chosen_pipe(lesson.toy)
    match stop.draws:
        case "ways" if lesson.solved.pushes:
            every = len(lesson.solved.pushes)
            key = f"ways {every}"
            ways = st.slider("Ways that are filled", 0, every, every, key=key)
            return Moment(ways=ways, chosen=chosen)
        case "two" if lesson.between is not None:
            percent = st.slider(
                "From one largest flow to another", 0, 100, 0, step=10, format="%d %%", key="part"
            )
            return Moment(part=percent / 100, chosen=chosen)
        case "path":
            return _on_path(lesson, chosen)
        case "promises" if lesson.solved.flows:
            return _by_hand(lesson, chosen)
    return Moment(chosen=chosen)


def _on_path(lesson: Lesson, chosen) -> Moment:
    of = st.segmented_control(
        "The path of", (TOY, TEXT), default=TOY, required=True, key="path_of", bind="query-params"
    )
    on_text = of == TEXT
    path = lesson.text_path if on_text else lesson.path
    with place():
        if path.values[-1] <= 0:
            return Moment(on_text=on_text, chosen=chosen)
        steps = list(range(len(path.mus)))
        step = st.select_slider(
            "μ, the weight of the barrier, falling",
            steps,
            value=steps[-1],
            format_func=lambda one: f"{path.mus[one]:.1e}",
            key=f"mu {of} {len(steps)}",
        )
    return Moment(step=step, on_text=on_text, chosen=chosen)


def _by_hand(lesson: Lesson, chosen) -> Moment:
    """Scores moved by the reader, so that promises break."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="hand_row"):
        names = lesson.toy.names
        token = st.selectbox(
            "Token", range(len(names)), format_func=lambda one: names[one], key="hand token",
            width=150,
        )  # fmt: skip
        percent = st.slider(
            "Change its score by hand, in % of the flow", -20, 20, 0, key="hand", width=250
        )
        st.button(
            "Cut it off", key="cut_off", on_click=toys.change, args=(lesson.toy.cut_off(token),),
            help="Takes away every pipe that leads to it as a word.",
        )  # fmt: skip
        if len(names) > 1:
            other = (token + 1) % len(names)
            st.button(
                "Exchange it with the next", key="exchange", on_click=toys.change,
                args=(lesson.toy.swapped(token, other),),
                help="The two tokens exchange all of their pipes.",
            )  # fmt: skip
    if not percent:
        return Moment(chosen=chosen)
    scores = np.array(lesson.solved.solution.scores)
    scores[token] += percent / 100 * lesson.solved.value
    return Moment(scores=scores, chosen=chosen)
