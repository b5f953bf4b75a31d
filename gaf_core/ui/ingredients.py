"""What a flow is made of: the method as published, the faithful one, or a mix of their ingredients.

Every ingredient is a widget and a parameter of the link. A method is a name for the values of all
of them: the method shown is read from the ingredients, so it is drawn last and put on top, and
choosing one sets them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from gaf_core import FAITHFUL, Settings
from gaf_core.settings import INGREDIENTS, SETTINGS, Setting
from gaf_core.ui import links

PUBLISHED, FAITHFUL_GAF, OWN_MIX = "published", "faithful", "own mix"
_METHODS = {
    PUBLISHED: "GAF as published",
    FAITHFUL_GAF: "Faithful GAF: our extension",
    OWN_MIX: "as set below and under Advanced",
}
_TENSOR = SETTINGS["variant"]  # the one ingredient that the paper leaves open
_ADVANCED = tuple(one for one in INGREDIENTS if one.name != _TENSOR.name)
_PRESETS: dict[str, dict[str, Any]] = {
    PUBLISHED: {one.parameter: getattr(Settings(), one.name) for one in _ADVANCED},
    FAITHFUL_GAF: {one.parameter: getattr(FAITHFUL, one.name) for one in INGREDIENTS},
}


def known_ingredients() -> dict[str, Iterable[str]]:
    """The values that a link may hold for the method and for each ingredient."""
    return {
        "method": tuple(_METHODS),
        **{one.parameter: [_in_link(value) for value in one.choices] for one in INGREDIENTS},
    }


def choose_tensor() -> Any:
    """Draw the choice of the tensor."""
    _follow_link()
    return _choose(_TENSOR)


def choose_ingredients() -> dict[str, Any]:
    """Draw one widget an ingredient; gives back fields of `Settings`."""
    return {one.name: _choose(one) for one in _ADVANCED}


def name_method() -> None:
    """Draw the choice of the method, once all ingredients are drawn; it says what they make up."""
    current = next(
        (
            name
            for name, preset in _PRESETS.items()
            if all(st.session_state[key] == value for key, value in preset.items())
        ),
        OWN_MIX,
    )
    st.session_state.method = current
    links.write("method", None if current == PUBLISHED else current)
    offered = [name for name in _METHODS if name != OWN_MIX or name == current]
    st.radio(
        "Method",
        offered,
        captions=[_METHODS[name] for name in offered],
        key="method",
        on_change=lambda: _take(st.session_state.method),
        help="Sets all ingredients of the flow at once; each can be changed on its own under "
        "Advanced. Faithful GAF has gradients of a linearised backward pass, residual edges, "
        "capacities of nodes, and scores that are the mean over the layers at which the flow ends.",
    )


def _follow_link() -> None:
    """A link that names a method need not name its ingredients."""
    if "method" not in st.session_state and "method" in st.query_params:
        _take(st.query_params["method"], but=st.query_params)


def _take(method: str, but: Iterable[str] = ()) -> None:
    """Set the ingredients of a method, but for those that a link names."""
    for key, value in _PRESETS.get(method, {}).items():
        if key not in but:
            st.session_state[key] = value


def _choose(one: Setting) -> Any:
    arguments: dict[str, Any] = {
        "key": one.parameter,
        "bind": "query-params",
        "help": one.help,
    }
    if isinstance(one.default, bool):
        return st.toggle(one.title, **arguments)
    index, captions = one.choices.index(one.default), list(one.notes.values())
    return st.radio(one.title, one.choices, index=index, captions=captions, **arguments)


def _in_link(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else value
