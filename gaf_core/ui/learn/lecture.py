"""For a lecture: large type and nothing beside the stop, and files to take away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from gaf_core.files.lesson import lesson_html
from gaf_core.lesson.lesson import Lesson
from gaf_core.ui.form import FLAGS
from gaf_core.ui.saving import choose_format

KEY = "lecture"
FORMULAS = "formulas"
KNOWN = {KEY: FLAGS, FORMULAS: FLAGS}
_STYLE = Path(__file__).with_name("lecture.css")


def choose_lecture() -> bool:
    """Draw the switch; gives back whether the page is to be shown to a room."""
    asked = st.session_state.get(KEY, st.query_params.get(KEY) == "true")
    if asked:
        st.html(_STYLE)
    lecture = st.toggle(
        "Lecture", key=KEY, bind="query-params",
        help="Large type, no sidebar. The browser's own full screen (often F11) takes the rest "
        "away; the arrow keys go from stop to stop.",
    )  # fmt: skip
    return bool(lecture)


def choose_formulas() -> bool:
    """Draw the switch that shows formulas."""
    return st.toggle("Formulas", key=FORMULAS, bind="query-params")


def show_files(make: Callable[[], Lesson], model: str) -> None:
    """The format of saved figures, the page as a file, and what the link holds.

    Args:
        make: the whole lesson, asked for when somebody takes the file.
        model: its name.
    """
    st.header("For a lecture", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="lecture_files"):
        choose_format()
        st.download_button(
            "This page with your numbers (HTML, 5 MB)",
            lambda: lesson_html(make(), model=model).encode("utf-8"),
            file_name="gaf-learn.html", mime="text/html", key="download_lesson",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    st.caption(
        "The address of this page holds the stop, the text and the toy: prepare them, and send the "
        "link. The file opens without a network, goes from stop to stop with the arrow keys, and "
        "saves every figure as PNG and SVG."
    )
