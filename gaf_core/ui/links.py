"""A view is a link: what a link asks for that does not exist is said, not silently replaced.

Widgets bound to query parameters drop values that they do not know. What the link asked for is
read before the widgets are built, and compared with what they show.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from gaf_core.ui.failures import literal

_CHECKED = "link_checked"


def asked() -> dict[str, list[str]]:
    """The query parameters that a new session arrived with; empty later on."""
    if _CHECKED in st.session_state:
        return {}
    st.session_state[_CHECKED] = True
    return {key: st.query_params.get_all(key) for key in st.query_params}


def report_unknown(wanted: dict[str, list[str]], known: dict[str, Iterable[str]]) -> None:
    """Name the values of a link that are not among the known ones, by parameter."""
    for key, options in known.items():
        allowed = set(options)
        for value in wanted.get(key, []):
            if value not in allowed:
                st.warning(
                    f"This link asks for {key} “{literal(value)}”, which does not exist here. "
                    "The setting shown on the left is used instead.",
                    icon=":material/link_off:",
                )
