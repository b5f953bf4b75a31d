"""The text to explain: typed, picked from the examples, or part of the link."""

from __future__ import annotations

import json
from typing import NamedTuple

import streamlit as st

from gaf_core import Model, Task
from gaf_core.places import assets
from gaf_core.settings import TextLike
from gaf_core.tracing.encoding import needs_pair, takes_pairs
from gaf_core.ui import links
from gaf_core.ui.answers import ask_answer, ask_chat, asks_answer, current_prompt
from gaf_core.ui.place import place


class _Asked(NamedTuple):
    """What stands at the text area of a task."""

    title: str
    placeholder: str
    help: str


_SENTENCE = "Write a sentence, for example a review of a film."
_ASKED = {
    Task.CLASSIFICATION: _Asked(
        "Text to explain", _SENTENCE, "Any text; the bundled model judges reviews."
    ),
    Task.NEXT_TOKEN: _Asked(
        "Text to continue",
        "Write the beginning of a sentence.",
        "Any text; the model names the token that comes next.",
    ),
    Task.MASKED_WORD: _Asked(
        "Text with a masked word",
        "Write a sentence with [MASK] in the place of a word.",
        "Any text with [MASK], or the model's own mask token, where a word is missing.",
    ),
    Task.TOKENS: _Asked(
        "Text to label",
        "Write a sentence, for example with names of people and places.",
        "Any text; the model gives each token a label.",
    ),
    Task.ANSWER: _Asked(
        "Question",
        "Write a question that the text below answers.",
        "Any question; the model looks for the answer in the text below.",
    ),
}


class _Example(NamedTuple):
    """An example as the picker has it; `second` is empty but for pairs."""

    text: str
    second: str


def ask_text(model: Model) -> TextLike:
    """Draw the text area with its examples and give back what it holds: a text, or a pair."""
    first, asked = _settle_example(model.task), _ASKED[model.task]
    links.read_text("text")
    text = st.text_area(
        asked.title,
        value=first.text,
        height=112 if not needs_pair(model) else 68,
        key="text",
        placeholder=asked.placeholder,
        help=f"{asked.help} It takes {model.max_tokens:,} tokens, roughly "
        f"{model.max_tokens * 3 // 4:,} words.",
    )
    links.write_text("text", text, first.text)
    pair = _asks_for_pair(model)
    prompt: TextLike = text
    with place():
        if model.task is Task.NEXT_TOKEN:
            prompt = ask_chat(model, text)
    with place():
        if asks_answer(model) and not isinstance(prompt, tuple):
            ask_answer(model, prompt)
    with place():
        if pair:
            second = _ask_second(model, first.second)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Explain", type="primary", help="Ctrl + Enter in the text does the same.")
        st.selectbox(
            "Examples",
            list(_examples(model.task)),
            index=None,
            key="example",
            placeholder="Or pick an example",
            label_visibility="collapsed",
            on_change=_take_example,
            args=(model.task,),
            width=330,
        )
        if takes_pairs(model) and not needs_pair(model):
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
    return (text, second) if pair else prompt


def current_text(model: Model) -> TextLike:
    """What the text areas hold, for what is drawn before them and depends on it."""
    first = _settle_example(model.task)
    text, second = (
        str(st.session_state.get(key, st.query_params.get(key, usual)) or "")
        for key, usual in zip(("text", "second"), first, strict=True)
    )
    return (text, second) if _asks_for_pair(model) else current_prompt(model, text)


def _ask_second(model: Model, usual: str) -> str:
    answers = needs_pair(model)
    links.read_text("second")
    second = st.text_area(
        "Text that holds the answer" if answers else "Second text",
        value=usual,
        height=112 if answers else 80,
        key="second",
        placeholder="Write or paste the text in which the answer stands."
        if answers
        else "For example the claim that may follow from the first text.",
    )
    links.write_text("second", second, usual)
    return second


def _asks_for_pair(model: Model) -> bool:
    if needs_pair(model):
        return True
    # the switch stands below the texts, so what it says is read before it is drawn
    asked = st.session_state.get("pair", st.query_params.get("pair") == "true")
    return takes_pairs(model) and bool(asked)


@st.cache_data
def _examples(task: str) -> dict[str, _Example]:
    """Examples for a task by what the picker calls them."""
    examples = json.loads((assets() / "examples.json").read_text(encoding="utf-8"))
    return {
        f"{one['kind']} · {one['name']}": _Example(one["text"], one.get("second", ""))
        for one in examples
        if one.get("task", Task.CLASSIFICATION) == task
    }


def _settle_example(task: Task) -> _Example:
    """The first example of a task, put in the place of one of another task.

    Somebody who changes to a language model does not want a finished review continued.
    """
    first, *_ = _examples(task).values()
    others = {one.text for other in Task if other is not task for one in _examples(other).values()}
    if st.session_state.get("text") in others:
        st.session_state.text = first.text
        if first.second:
            st.session_state.second = first.second
    return first


def _take_example(task: str) -> None:
    if picked := st.session_state.example:
        example = _examples(task)[picked]
        st.session_state.text = example.text
        if example.second:
            st.session_state.second = example.second
        st.session_state.example = None
