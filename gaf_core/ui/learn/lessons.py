"""The reader's lesson: explained, solved and, at the last stop, asked of the model; kept."""

from __future__ import annotations

import streamlit as st

from gaf_core import Explanation, GafError
from gaf_core.lesson.agreeing import Test, test_of
from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.stops import Stop
from gaf_core.lesson.toy import Toy
from gaf_core.ui import cache
from gaf_core.ui.failures import literal

_LAYERS, _TOKENS = 12, 128  # of a deeper model, or a longer text, the model is asked on request


def lesson_of(stop: Stop, request: cache.Request, explanation: Explanation, toy: Toy) -> Lesson:
    """Everything that the stop needs."""
    asked = stop.draws == "model" and _wanted(explanation)
    lesson = Lesson(explanation, toy, _test(request, explanation) if asked else None)
    if stop.draws == "path":  # of a long text it takes a moment
        kept = cache.derived("central path", request, explanation, lambda _: lesson.text_path)
        vars(lesson)["text_path"] = kept
    return lesson


def whole_lesson(request: cache.Request, explanation: Explanation, toy: Toy) -> Lesson:
    """With what the model says, for a file; without where it cannot be asked."""
    try:
        return Lesson(explanation, toy, _asked(request, explanation))
    except GafError:
        return Lesson(explanation, toy)


def _wanted(explanation: Explanation) -> bool:
    """Whether the model is asked: at once where that is quick, else when somebody says so."""
    trace = explanation.trace
    if trace.layers <= _LAYERS and len(trace.tokens) <= _TOKENS:
        return True
    return st.toggle("Ask the model; this takes a while", key="ask_model", bind="query-params")


def _test(request: cache.Request, explanation: Explanation) -> Test | None:
    try:
        with st.spinner("Asking the model …"):
            return _asked(request, explanation)
    except GafError as error:
        st.info(literal(str(error)), icon=":material/info:")
        return None


def _asked(request: cache.Request, explanation: Explanation) -> Test:
    return cache.derived(
        "lesson", request, explanation, lambda one: test_of(cache.model(request.choice), one)
    )
