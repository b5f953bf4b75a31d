"""Figures of a page as files: one choice of the format, one button on every figure.

Streamlit hands plotly a configuration of plain data, so a figure has one button and the page one
choice of what it saves.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

_KEY = "save_as"
FORMATS = ("PNG", "SVG")
_SCALE = 3  # pixels of a PNG a pixel of the page: about 300 dots an inch in print


def choose_format() -> None:
    """Draw the choice of the format that all figures of the page are saved in."""
    st.segmented_control(
        "Save figures as",
        FORMATS,
        default=FORMATS[0],
        required=True,
        key=_KEY,
        bind="query-params",
        help="What the camera on every figure of this page saves: it shows up at the top right "
        "when you point at a figure. PNG has three times the pixels of the screen, SVG scales to "
        "any size. Colours are those of the page; the report of the Explore page has them for "
        "white paper.",
    )


def saving(name: str) -> dict[str, Any]:
    """The configuration of a figure that is saved under a name, without ending."""
    # the choice stands below some of the figures, so it is read before it is drawn
    chosen = st.session_state.get(_KEY) or st.query_params.get(_KEY)
    kind = chosen if chosen in FORMATS else FORMATS[0]
    return {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {
            "filename": name,
            "format": kind.lower(),
            "scale": _SCALE if kind == "PNG" else 1,
        },
    }
