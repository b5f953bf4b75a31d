"""The text to explain: typed, picked from the examples, or part of the link."""

from __future__ import annotations

import json

import streamlit as st

from gaf_core import Model, Task
from gaf_core.places import assets
from gaf_core.settings import TextLike
from gaf_core.tracing.encoding import takes_pairs
from gaf_core.ui import links
from gaf_core.ui.place import place


def ask_text(model: Model) -> TextLike:
    """Draw the text area with its examples and give back what it holds: a text, or a pair."""
    examples = _examples(model.task)
    first, *_ = examples.values()
    _replace_other_example(model.task, first)
    continues = model.task is Task.NEXT_TOKEN
    links.read_text("text")
    text = st.text_area(
        "Text to continue" if continues else "Text to explain",
        value=first,
        height=112,
        key="text",
        placeholder="Write the beginning of a sentence."
        if continues
        else "Write a sentence, for example a review of a film.",
        help=(
            "Any text; the model names the token that comes next. "
            if continues
            else "Any text; the bundled model judges reviews. "
        )
        + f"It takes {model.max_tokens:,} tokens, roughly {model.max_tokens * 3 // 4:,} words.",
    )
    links.write_text("text", text, first)
    pair = takes_pairs(model) and _asks_for_pair()
    with place():
        if pair:
            links.read_text("second")
            second = st.text_area(
                "Second text",
                height=80,
                key="second",
                placeholder="For example the claim that may follow from the first text.",
            )
            links.write_text("second", second, "")
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
            args=(model.task,),
            width=330,
        )
        if takes_pairs(model):
            st.toggle(
                "Two texts",
                key="pair",
                bind="query-params",
                help="For models that compare two texts, for example whether one follows from the "
                "other.",
            )
    if not model.exact_offsets:
        st.caption(
            "This model's tokenizer does not say where its tokens stand in the text; their places "
            "were found by searching and may be off by a character."
        )
    return (text, second) if pair else text


def _asks_for_pair() -> bool:
    # the switch stands below the texts, so what it says is read before it is drawn
    return bool(st.session_state.get("pair", st.query_params.get("pair") == "true"))


@st.cache_data
def _examples(task: str) -> dict[str, str]:
    """Example texts for a task by what the picker calls them."""
    examples = json.loads((assets() / "examples.json").read_text(encoding="utf-8"))
    return {
        f"{one['kind']} · {one['name']}": one["text"]
        for one in examples
        if one.get("task", Task.CLASSIFICATION) == task
    }


def _replace_other_example(task: Task, first: str) -> None:
    """Somebody who changes to a language model does not want a finished review continued."""
    others = {text for other in Task if other is not task for text in _examples(other).values()}
    if st.session_state.get("text") in others:
        st.session_state.text = first


def _take_example(task: str) -> None:
    if picked := st.session_state.example:
        st.session_state.text = _examples(task)[picked]
        st.session_state.example = None
