"""The text to explain: typed, picked from the examples, or part of the link."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from gaf_core import Model

_EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples.json"


def ask_text(model: Model) -> str:
    """Draw the text area with its examples and give back what it holds."""
    examples = _examples()
    first, *_ = examples.values()
    text = st.text_area(
        "Text to explain",
        value=first,
        height=112,
        key="text",
        bind="query-params",
        placeholder="Write a sentence, for example a review of a film.",
        help=(
            "Any text; the bundled model judges reviews. "
            f"It takes {model.max_tokens:,} tokens, roughly {model.max_tokens * 3 // 4:,} words."
        ),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Explain", type="primary", help="Ctrl + Enter in the text does the same.")
        st.selectbox(
            "Examples",
            list(examples),
            index=None,
            key="example",
            placeholder="Or pick an example",
            label_visibility="collapsed",
            on_change=_take_example,
            width=330,
        )
    return text


@st.cache_data
def _examples() -> dict[str, str]:
    """Example texts by what the picker calls them."""
    examples = json.loads(_EXAMPLES.read_text(encoding="utf-8"))
    return {f"{one['kind']} · {one['name']}": one["text"] for one in examples}


def _take_example() -> None:
    if picked := st.session_state.example:
        st.session_state.text = _examples()[picked]
        st.session_state.example = None
