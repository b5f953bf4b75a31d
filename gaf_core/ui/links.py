"""A view is a link: what a link asks for that does not exist is said, not silently replaced.

Widgets bound to query parameters drop values that they do not know. What the link asked for is
read before the widgets are built, and compared with what they take.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from gaf_core.ui.failures import literal

_ASKED = "asked_by_link"  # the parameters that a session arrived with; empty once reported


def remember() -> None:
    """Keep the query parameters that a new session arrives with."""
    if _ASKED not in st.session_state:
        st.session_state[_ASKED] = {key: st.query_params.get_all(key) for key in st.query_params}


def report_unknown(known: dict[str, Iterable[str]]) -> None:
    """Name the values of the link that are not among the known ones of their parameter, once."""
    asked: dict[str, list[str]] = st.session_state[_ASKED]
    st.session_state[_ASKED] = {}
    for key, options in known.items():
        allowed = set(options)
        for value in asked.get(key, []):
            if value not in allowed:
                st.warning(
                    f"This link asks for {key} “{literal(value)}”, which does not exist here. "
                    "The setting shown on the left is used instead.",
                    icon=":material/link_off:",
                )
