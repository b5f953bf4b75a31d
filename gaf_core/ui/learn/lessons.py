"""The reader's lesson: explained, solved and, at the last stop, asked of the model; kept."""

from __future__ import annotations

import streamlit as st

from gaf_core import Explanation
from gaf_core.lesson.agreeing import Test, test_of
from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.stops import Stop
from gaf_core.lesson.toy import Toy
from gaf_core.ui import cache


def lesson_of(stop: Stop, request: cache.Request, explanation: Explanation, toy: Toy) -> Lesson:
    """Everything that the stop needs."""
    lesson = Lesson(
        explanation, toy, _test(request, explanation) if stop.draws == "model" else None
    )
    if stop.draws == "path":  # of a long text it takes a moment
        kept = cache.derived("central path", request, explanation, lambda _: lesson.text_path)
        vars(lesson)["text_path"] = kept
    return lesson


def _test(request: cache.Request, explanation: Explanation) -> Test:
    with st.spinner("Asking the model …"):
        return cache.derived(
            "lesson", request, explanation, lambda one: test_of(cache.model(request.choice), one)
        )
