"""A language model writes an answer on a page: how, with its progress, and how it came about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import streamlit as st

from gaf_core import Chat, Generated, Model, generate
from gaf_core.errors import GafError
from gaf_core.hosting import limits
from gaf_core.ui.failures import literal

_TEMPERATURES = ("0", "0.5", "0.7", "1", "1.5")
_TOKENS = (1, 100)  # fewest and most of a generated answer
_WRITE, _WRITTEN, _FAILED = "write answer", "answer that was written", "no answer"
_ENDED = {
    "end": "The model ended its answer itself.",
    "stop": "It was cut at a line break.",
    "length": "It was cut at the number of tokens allowed.",
}
_kept: WeakKeyDictionary[Model, dict[tuple, Generated]] = WeakKeyDictionary()
_MOST_KEPT = 64  # answers of a model


def known_writing() -> dict[str, Iterable[str]]:
    """The values that a link may hold for how a model answers."""
    return {
        "temperature": _TEMPERATURES,
        "new_tokens": [str(count) for count in range(_TOKENS[0], _TOKENS[1] + 1)],
        "one_line": ("true", "false"),
    }


def ask_for_one() -> None:
    """Ask for an answer at the next run of the page, as a callback."""
    st.session_state[_WRITE] = True


def how_written(answer: str) -> list[str]:
    """Sentences about how an answer came about, where the model wrote it."""
    found = st.session_state.get(_WRITTEN)
    if not isinstance(found, Generated) or found.text != answer:
        return []
    told = [_ENDED[found.ended]]
    if not found.same_tokens:
        told.append(
            "The model wrote it in other tokens than the tokenizer reads, and these are explained."
        )
    return told


def choose_how() -> None:
    """Draw how long an answer may be, and how it is drawn."""
    st.slider(
        "Tokens at most", *_TOKENS, value=40, key="new_tokens", bind="query-params",
        help="The answer ends earlier where the model ends it.",
    )  # fmt: skip
    temperature = st.selectbox(
        "Temperature", _TEMPERATURES, key="temperature", bind="query-params",
        help="0 is the likeliest token each time, and the same answer each time. Above, tokens are "
        "drawn.",
    )  # fmt: skip
    st.number_input(
        "Seed of the draw", min_value=0, max_value=10**6, value=0, key="seed",
        bind="query-params", disabled=temperature == "0",
    )  # fmt: skip
    st.toggle("End at the first line break", value=True, key="one_line", bind="query-params")


def write(model: Model, prompt: str | Chat) -> None:
    """Let the model answer if somebody asked for it; a click elsewhere ends that."""
    if not st.session_state.pop(_WRITE, False):
        if failed := st.session_state.pop(_FAILED, ""):
            st.warning(literal(failed), icon=":material/info:")
        return
    bar = st.progress(0.0, "The model answers …")
    st.button("Stop", key="stop_answer")
    try:
        found = _generated(model, prompt, bar)
        st.session_state["answer"] = found.text
        st.session_state[_WRITTEN] = found
        st.session_state["part"] = None
    except GafError as error:
        st.session_state[_FAILED] = str(error)
    st.rerun()


def _generated(model: Model, prompt: str | Chat, bar: Any) -> Generated:
    options = {
        "max_new_tokens": int(_state("new_tokens") or 40),
        "temperature": float(_state("temperature") or 0),
        "seed": int(_state("seed") or 0),
        "stop": ("\n",) if _state("one_line") in (None, True, "true") else (),
    }
    limits().check_text(prompt)
    kept, key = _kept.setdefault(model, {}), (prompt, *options.values())
    if key not in kept:

        def progress(done: int, most: int) -> None:
            bar.progress(done / most, f"The model answers: token {done} of at most {most} …")

        found = generate(model, prompt, progress=progress, **options)
        while len(kept) >= _MOST_KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = found
    return kept[key]


def _state(key: str) -> Any:
    return st.session_state.get(key, st.query_params.get(key))
