"""The map of an answer on a page: which word before it each word of the answer rests on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache as once
from typing import Any

import streamlit as st

from gaf_core import METHODS, AnswerMap, Explanation, Span, answer_map, group_words
from gaf_core.errors import GafError
from gaf_core.figures import answer_map_figure
from gaf_core.picture.answer_grid import answer_grid
from gaf_core.text.words import group_pieces
from gaf_core.tracing.continuation import Continuation
from gaf_core.ui import cache, links
from gaf_core.ui.answers import WHOLE, part_of
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.explore.selection import view_key
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place
from gaf_core.ui.settings import Display
from gaf_core.ui.shelf import Shelf

_ON, _BY, _PART = "map", "map_by", "part"
SETTINGS = "the flow set on the left"
_LEFT_OUT = (  # hundreds of passes a token, or refused
    "kernel_shap", "partition_shap", "lime", "contrast_cat", "deeplift", "value_zeroing",
    "information_flow_routes",
)  # fmt: skip
_KEPT = 2e8  # bytes of maps
_LONG = 1.5  # minutes
_TENS = 10  # of columns, by which the style sheet knows how wide a map is at least
_ASKED = "maps that were asked for"
_FLAGS = ("true", "false")


def known_map() -> dict[str, list[str]]:
    """The values that a link may hold for the map."""
    return {_ON: list(_FLAGS), _BY: list(_methods())}


def choose_part(explanation: Explanation, view: Display) -> None:
    """Draw the words of the answer, of which one can be explained alone."""
    asked = explanation.trace.continuation
    if asked is None or len(asked.branches) > 1:
        return
    options = _parts(explanation, asked, view.by_words)
    chosen = st.session_state.get(_PART)
    if chosen is not None and chosen not in options:
        options = {chosen: _named(explanation, asked, chosen), **options}
    st.pills(
        "Explain of the answer",
        list(options),
        format_func=lambda part: literal(options[part]),
        key=_PART,
        help=f"One word or token, or {WHOLE} while none is chosen.",
    )
    links.write(_PART, st.session_state.get(_PART))


def show_map(request: cache.Request, explanation: Explanation, view: Display) -> AnswerMap | None:
    """The switch of the map and the map; gives it back for the files."""
    asked = explanation.trace.continuation
    if asked is None or len(asked.branches) > 1:
        return None
    st.header("Which word rests on which", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="map_row"):
        on = st.toggle(
            "Map of the answer", key=_ON, value=True, bind="query-params",
            help="A column for each word of the answer: where the words before it stand in its "
            "explanation.",
        )  # fmt: skip
        with place(in_row=True):
            by = SETTINGS
            if on:
                by = st.selectbox(
                    "Map by", list(_methods()), key=_BY, bind="query-params", width=330,
                    help="The flow of this page, or another method, so that they can be compared.",
                )  # fmt: skip
    if not on:
        return None
    try:
        with place():
            found = _map_of(request, explanation, by)
        if found is None:
            return None
    except GafError as error:
        st.info(literal(str(error)), icon=":material/info:")
        return None
    _draw(found, view)
    return found


def _draw(found: AnswerMap, view: Display) -> None:
    grid = answer_grid(found, by_words=view.by_words, show_special=view.special)
    prompt = float(found.prompt_shares.mean())
    proven = {True: " Every flow is proven.", False: " Not every flow is proven.", None: ""}
    sign = " Blue speaks for a word, red against it." if grid.signed else ""
    told = (
        f"{literal(found.method)}, {found.seconds:.1f} s: read a column from top to bottom; the "
        "stronger a cell, the more the word of the column rests on the word of the row. Above, how "
        "much of each falls on the prompt (blue) and on the answer before it (grey), in the mean "
        f"{prompt:.0%} on the prompt. Click a triangle to explain its word.{sign}"
        f"{proven[found.certified]}"
    )
    figure = answer_map_figure(grid, chosen=part_of(st.session_state.get(_PART)), themed=True)
    told = f"{told} {figure.layout.meta['summary']}"
    tens = min(_TENS, -(-len(grid.columns) // 10))
    with st.container(key="answer_map"), st.container(key=f"answer_map_{tens}"):
        show_figure(
            figure,
            key=view_key("answer"),
            name="gaf-answer",
            alt=f"Map of the answer: a column for each of its {len(grid.columns)} words or tokens, "
            f"a row for each before it. In the mean {prompt:.0%} of a column falls on the prompt.",
            title="Which word rests on which",
            caption=told,
            on_select=_clicked,
            selection_mode="points",
        )
    st.caption(told)


def _clicked() -> None:
    state = st.session_state.get(view_key("answer"))
    points = state["selection"]["points"] if state else []
    parts = [str(point["customdata"][0]) for point in points if point.get("customdata")]
    if part := next((part for part in parts if part_of(part)), None):
        st.session_state[_PART] = part


def _map_of(request: cache.Request, explanation: Explanation, by: str) -> AnswerMap | None:
    """The map; None while it would take long and nobody has asked for it."""
    asked = explanation.trace.continuation
    assert asked is not None
    (span,) = asked.spans
    whole = Span(span.answer, score=span.score)
    how = _methods()[by] or replace(request.settings, target=None)
    key = request.choice, request.text, whole, how

    def make() -> AnswerMap:
        bar = st.progress(0.0, "Explaining every token of the answer …")

        def progress(done: int, total: int) -> None:
            bar.progress(done / total, f"Explaining token {done} of {total} of the answer …")

        try:
            return answer_map(
                cache.model(request.choice), request.text, whole, how, progress=progress
            )
        finally:
            bar.empty()

    minutes = _seconds(explanation) * len(asked.branches[0].answer) / 60
    if minutes > _LONG and key not in _shelf() and key not in st.session_state.get(_ASKED, ()):
        st.button(
            f"Draw the map: about {minutes:,.0f} minutes",
            on_click=lambda: st.session_state.setdefault(_ASKED, set()).add(key),
        )
        return None
    return _shelf().get(key, make)


def _seconds(explanation: Explanation) -> float:
    """About how long the flows of one token take, as those of the answer did."""
    flows = len(explanation.statuses)
    return explanation.solution.seconds * (flows + 1) / 2


@once
def _shelf() -> Shelf[Any]:
    return cache.shelf(_KEPT, lambda one: one.scores.nbytes)


@once
def _methods() -> dict[str, str | None]:
    """Names of methods by what the choice calls them; None for the settings of the page."""
    named = {one.title: name for name, one in METHODS.items() if name not in _LEFT_OUT}
    return {SETTINGS: None, **named}


def _parts(explanation: Explanation, asked: Continuation, by_words: bool) -> dict[str, str]:
    """Words or tokens of the answer, by the part that each is."""
    units = group_words(explanation.trace) if by_words else group_pieces(explanation.trace)
    found = {}
    for text, members in zip(units.text, units.members, strict=True):
        own = [member - asked.prompt for member in members if member >= asked.prompt]
        if own:
            found[f"{min(own)}-{max(own) + 1}"] = text
    return found


def _named(explanation: Explanation, asked: Continuation, part: str) -> str:
    places = part_of(part)
    if places is None:
        return part
    return " ".join(explanation.written[asked.prompt + places[0] : asked.prompt + places[1]])
