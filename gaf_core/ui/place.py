"""A place on a page for what comes and goes, so that nothing below it moves.

Streamlit finds the elements of a page by their number in their container. One that comes or goes
gives all that follow other numbers: figures are drawn anew, and a widget that moves up is mounted
at its new place before it is taken from the old one, which forgets that it is bound to the link
until the next run. A click in between is then missing in the link.
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def place(*, in_row: bool = False) -> DeltaGenerator:
    """A container: whatever is drawn in it, nothing too, counts as one element of the page.

    Args:
        in_row: whether it stands beside others, and takes no more room than its content.
    """
    return st.container(width="content" if in_row else "stretch")
