"""What a flow is made of: the method as published, the faithful one, or a mix of their ingredients.

Every ingredient is a widget and a parameter of the link. A method is a name for the values of all
of them: the method shown is read from the ingredients, so it is drawn last and put on top, and
choosing one sets them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import streamlit as st

from gaf_core import FAITHFUL, Settings
from gaf_core.settings import BASELINES, INGREDIENTS, NAMED, SETTINGS, Setting
from gaf_core.ui import links
from gaf_core.ui.place import place

PUBLISHED, FAITHFUL_GAF, PATH_GAF = NAMED
OWN_MIX = "own mix"
_METHODS = {
    PUBLISHED: "GAF as published",
    FAITHFUL_GAF: "Faithful GAF: our extension",
    PATH_GAF: "Path GAF: our extension, what speaks for it and what against",
    OWN_MIX: "as set below and under Advanced",
}
_TENSOR = SETTINGS["variant"]  # the one ingredient that the paper leaves open
_ADVANCED = tuple(one for one in INGREDIENTS if one.name != _TENSOR.name)
_PRESETS: dict[str, dict[str, Any]] = {
    PUBLISHED: {one.parameter: getattr(Settings(), one.name) for one in _ADVANCED},
    **{
        name: {one.parameter: getattr(NAMED[name], one.name) for one in INGREDIENTS}
        for name in (FAITHFUL_GAF, PATH_GAF)
    },
}
_POINTS = ("3", "4", "5", "9", "17", "33")


def known_ingredients() -> dict[str, Iterable[str]]:
    """The values that a link may hold for the method and for each ingredient."""
    return {
        "method": tuple(_METHODS),
        **{one.parameter: [_in_link(value) for value in one.choices] for one in INGREDIENTS},
        "points": _POINTS,
        "baseline": BASELINES,
    }


def choose_tensor() -> Any:
    """Draw the choice of the tensor."""
    _follow_link()
    return _choose(_TENSOR)


def choose_ingredients(*, signed: bool = True) -> dict[str, Any]:
    """Draw one widget an ingredient; gives back fields of `Settings`.

    Args:
        signed: whether the page can show two flows; if not, none is offered.
    """
    without = () if signed else _without_path()
    chosen = {one.name: _choose(one, without) for one in _ADVANCED}
    with place():
        if chosen["gradients"] == "path":
            chosen |= _choose_path()
    return chosen


def _without_path() -> tuple[str, ...]:
    """What this page leaves out of the choices; a link or another page may have chosen it."""
    if st.session_state.get("gradients") == "path":
        drawn = (_TENSOR.parameter,)  # which both have alike
        if _current(PATH_GAF):
            _take(FAITHFUL_GAF, but=drawn)
        else:
            st.session_state.gradients = FAITHFUL.gradients
        links.note(
            "This page compares one flow with another, and path GAF has two of each text, which "
            "Explore shows. Frozen gradients at the text stand in its place here."
        )
    return ("path",)


def _choose_path() -> dict[str, Any]:
    """Where the path begins, and its points."""
    points, baseline = (SETTINGS[name] for name in ("points", "baseline"))
    return {
        "points": int(
            st.selectbox(
                points.title, _POINTS, index=_POINTS.index(str(points.default)), key="points",
                bind="query-params", help=points.help,
            )
        ),
        "baseline": _choose(baseline),
    }  # fmt: skip


def name_method(*, signed: bool = True) -> None:
    """Draw the choice of the method, once all ingredients are drawn; it says what they make up."""
    current = next(filter(_current, _PRESETS), OWN_MIX)
    st.session_state.method = current
    links.write("method", None if current == PUBLISHED else current)
    hidden = {OWN_MIX} if signed else {OWN_MIX, PATH_GAF}
    offered = [name for name in _METHODS if name not in hidden or name == current]
    st.radio(
        "Method",
        offered,
        captions=[_METHODS[name] for name in offered],
        key="method",
        on_change=lambda: _take(st.session_state.method),
        help="Sets all ingredients of the flow at once; each can be changed on its own under "
        "Advanced. Faithful GAF has gradients of a linearised backward pass, residual edges, "
        "capacities of nodes, and scores that are the mean over the layers at which the flow ends. "
        "Path GAF adds such gradients up from the text without its tokens to the text, and has two "
        "flows: for what is explained, and against it.",
    )


def _current(name: str) -> bool:
    """Whether all ingredients of a method are as it has them."""
    state = st.session_state
    return all(state.get(key) == value for key, value in _PRESETS[name].items())


def _follow_link() -> None:
    """A link that names a method need not name its ingredients."""
    if "method" not in st.session_state and "method" in st.query_params:
        _take(st.query_params["method"], but=st.query_params)


def _take(method: str, but: Iterable[str] = ()) -> None:
    """Set the ingredients of a method, but for those that a link names."""
    for key, value in _PRESETS.get(method, {}).items():
        if key not in but:
            st.session_state[key] = value


def _choose(one: Setting, without: Container[Any] = ()) -> Any:
    arguments: dict[str, Any] = {
        "key": one.parameter,
        "bind": "query-params",
        "help": one.help,
    }
    if isinstance(one.default, bool):
        return st.toggle(one.title, **arguments)
    choices = [choice for choice in one.choices if choice not in without]
    index, captions = choices.index(one.default), [one.notes[choice] for choice in choices]
    return st.radio(one.title, choices, index=index, captions=captions, **arguments)


def _in_link(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else value
