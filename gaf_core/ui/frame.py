"""The pages of the app, and the frame that `app.py` puts around each of them."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from gaf_core.hosting import limits
from gaf_core.places import assets
from gaf_core.ui import visitors
from gaf_core.ui.failures import polite
from gaf_core.ui.links import carried

_FRAMED = "framed"


def draw() -> None:
    """A visit: title and style, then the page that the address names."""
    st.set_page_config(page_title="GAF Explorer", page_icon=assets() / "icon.svg", layout="wide")
    st.html(assets() / "style.css")
    st.logo(assets() / "icon.svg", size="large")
    st.session_state[_FRAMED] = True
    key = visitors.enter()
    page = st.navigation(pages(), position="top")
    with polite():
        _find_room(key)
        with carried(page.title):
            page.run()


def pages() -> list[StreamlitPage]:
    """The pages by file. Each is at an address like its file's name, which `need_frame` relies on.

    The default page is served at the root, so its own address is a second, hidden entry.
    """
    return [
        st.Page("pages/explore.py", title="Explore", url_path="home", default=True),
        st.Page("pages/explore.py", title="Explore", url_path="explore", visibility="hidden"),
        st.Page("pages/compare.py", title="Compare", url_path="compare"),
        st.Page("pages/many.py", title="Many texts", url_path="many"),
        st.Page("pages/edit.py", title="What if", url_path="edit"),
        st.Page("pages/learn.py", title="Learn", url_path="learn"),
    ]


def _find_room(visit: str) -> None:
    """Let in as many visitors as the host allows, in the order in which they came."""
    most = limits().visitors
    if most is None or visit in visitors.VISITORS.present()[:most]:
        return
    st.info(
        f"The app is full: it takes {most:,} visitor{'s' * (most > 1)} at once. Try again later.",
        icon=":material/hourglass_empty:",
    )
    st.button("Try again", type="primary")
    st.stop()


def need_frame() -> None:
    """Called first by every page: run the whole app if the page was opened without its frame.

    Until the first `st.navigation` of a server, Streamlit takes the files of a folder `pages/` for
    the pages of the app and runs the one that a link names on its own.
    """
    if _FRAMED not in st.session_state:
        st.navigation(pages(), position="hidden")
        st.rerun()
