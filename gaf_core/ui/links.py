"""A view is a link: what a link asks for that does not exist is said, not silently replaced.

Widgets bound to query parameters drop values that they do not know. What the link asked for is
read before the widgets are built, and compared with what they take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote_plus

import streamlit as st

from gaf_core.errors import brief
from gaf_core.models.devices import available_devices
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

_LONGEST = (
    30_000  # bytes of a text in an address: servers take some 60,000 in all, many proxies less
)
_VALUES = {"layers": 2}  # of a parameter that does not have one
_CARRIED = "carried between pages"
_NOTES = "what was changed of the link"
_PAGE = "page that was drawn last"
_ASKED = "asked_by_link"  # the parameters that a session arrived with; empty once reported


def remember() -> None:
    """Keep the query parameters that a new session arrives with."""
    if _ASKED not in st.session_state:
        st.session_state[_ASKED] = {key: st.query_params.get_all(key) for key in st.query_params}


def report_unknown(known: dict[str, Iterable[str]]) -> None:
    """Name the values of the link that are not among the known ones of their parameter, once."""
    asked: dict[str, list[str]] = st.session_state[_ASKED]
    st.session_state[_ASKED] = {}
    known = {**known, "device": ("auto", *available_devices())}
    with place():
        for sentence in st.session_state.pop(_NOTES, ()):
            st.info(literal(sentence), icon=":material/link:")
        for key, options in known.items():
            values, wanted = asked.get(key, []), _VALUES.get(key, 1)
            if values and len(values) != wanted:
                st.warning(
                    f"This link gives {len(values)} values for {key}, which takes {wanted}. What "
                    "is shown here is used.",
                    icon=":material/link_off:",
                )
            for value in dict.fromkeys(values):
                if value not in set(options):
                    st.warning(
                        f"This link asks for {key} “{literal(brief(value))}”, which does not exist "
                        "here. What is shown here is used instead.",
                        icon=":material/link_off:",
                    )


def note(sentence: str) -> None:
    """Say what was changed of a link, where the page says what it does not know of it."""
    st.session_state.setdefault(_NOTES, []).append(sentence)


def write(key: str, value: str | list[str] | None) -> None:
    """Put a value into the link, or take it out.

    A message to the browser replaces the whole address, and with it what somebody chose meanwhile,
    so none is sent for what is there already.
    """
    known = st.query_params.get_all(key)
    if value is None:
        if known:
            del st.query_params[key]
    elif known != ([value] if isinstance(value, str) else value):
        st.query_params[key] = value


def read_text(key: str) -> None:
    """Called before a text area: a text that the link holds is its first one.

    Text areas are not bound to the link as other widgets are: a browser puts into the address
    whatever is written, a million characters too, and nobody can load such an address again.
    """
    if key not in st.session_state and key in st.query_params:
        st.session_state[key] = st.query_params[key]


def write_text(key: str, text: str, usual: str | None = None) -> None:
    """Called below a text area: put its text into the link, or say that it is too long for that.

    Args:
        key: of the text area, and of the link.
        text: what it holds.
        usual: the text that it has where a link says nothing.
    """
    fits = len(quote_plus(text, errors="replace")) <= _LONGEST
    write(key, text if fits and text != usual else None)
    if not fits:  # what is in the link is carried to other pages, and so is this
        st.session_state.setdefault(_CARRIED, {})[key] = text, []
    with place():
        if not fits:
            st.caption("This text is too long to be part of the link, which opens without it.")


@contextmanager
def carried(page: str) -> Iterator[None]:
    """Draw a page inside this, and what was chosen on another is not lost.

    Streamlit drops widgets and query parameters when somebody changes the page. Whatever is part of
    the link is kept here and put back, unless the link that led to the page says otherwise.
    """
    kept: dict[str, tuple[object, list[str]]] = st.session_state.setdefault(_CARRIED, {})
    if st.session_state.get(_PAGE, page) != page:
        for key, (value, in_link) in kept.items():
            if key not in st.query_params:
                st.session_state[key] = value
                if in_link:
                    st.query_params[key] = in_link
    st.session_state[_PAGE] = page
    try:
        yield
    finally:  # a page may stop early
        for key in {*kept, *st.query_params}:
            if key in st.session_state:
                kept[key] = st.session_state[key], st.query_params.get_all(key)
