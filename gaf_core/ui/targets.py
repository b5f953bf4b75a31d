"""What is explained: the prediction, a class or token that somebody names, or a contrast of two."""

from __future__ import annotations

import streamlit as st

from gaf_core import Model, Task, Trace
from gaf_core.settings import TargetLike
from gaf_core.tracing.target import label_name, search_labels
from gaf_core.ui.failures import literal

PREDICTED, CONTRAST = "the predicted class", "a contrast of two"
PREDICTED_TOKEN, TOKEN = "the most likely next token", "a token"
_LIKELY = "likely tokens"  # of the last text, as suggestions
_FOUND = 12  # entries of the vocabulary that a search shows


def choose_target(model: Model) -> TargetLike:
    """Draw the choice that the model's task allows."""
    if model.task is Task.NEXT_TOKEN:
        return _choose_next_token(model)
    named = _named(model)
    choice = st.selectbox(
        "Explain",
        [PREDICTED, *named, CONTRAST] if len(named) > 1 else [PREDICTED],
        key="target",
        bind="query-params",
        help="Which output of the model is explained: a class, or why one class rather than "
        "another (extension).",
    )
    if choice == PREDICTED:
        return None
    if choice != CONTRAST:
        return named[choice]
    favoured = st.selectbox("Why", list(named), key="for", bind="query-params")
    others = [label for label in named if label != favoured]
    other = st.selectbox("rather than", others, key="against", bind="query-params")
    return named[favoured], named[other]


def _named(model: Model) -> dict[str, str]:
    """The labels, by what the choices and a link call them: never as another choice is called."""
    names = [label_name(model.labels, index) for index in range(len(model.labels))]
    return {
        f"{name} ({index})" if name in (PREDICTED, CONTRAST) else name: model.labels[index]
        for index, name in enumerate(names)
    }


def known_targets(model: Model) -> dict[str, tuple[str, ...]]:
    """The values that a link may hold for each of the choices; a token can be any text."""
    if model.task is Task.NEXT_TOKEN:
        return {"target": (PREDICTED_TOKEN, TOKEN, CONTRAST)}
    labels = tuple(_named(model))
    return {"target": (PREDICTED, CONTRAST, *labels), "for": labels, "against": labels}


def suggest(trace: Trace, count: int = 30) -> None:
    """Offer the likeliest next tokens of a text when a token is to be named."""
    st.session_state[_LIKELY] = [
        label_name(trace.labels, int(index)) for index in trace.most_likely(count)
    ]


def _choose_next_token(model: Model) -> TargetLike:
    choice = st.selectbox(
        "Explain",
        (PREDICTED_TOKEN, TOKEN, CONTRAST),
        key="target",
        bind="query-params",
        help="Which next token is explained, or why one token rather than another (extension).",
    )
    if choice == TOKEN:
        return _choose_token(model, "Why", "for")
    if choice == CONTRAST:
        favoured = _choose_token(model, "Why", "for")
        other = _choose_token(model, "rather than", "against")
        if favoured is not None and other is not None:
            return favoured, other
        st.caption("Name both tokens to see the contrast; until then, the first one is explained.")
        return favoured
    return None


def _choose_token(model: Model, label: str, key: str) -> int | str | None:
    """A token by its text, or "#" and its index where texts are not enough."""
    asked = st.session_state.get(key) or st.query_params.get(key)
    offered = list(st.session_state.get(_LIKELY, ()))
    if asked and asked not in offered:
        offered.append(asked)
    named = st.selectbox(
        label,
        list(dict.fromkeys(offered)),
        index=None,
        key=key,
        bind="query-params",
        accept_new_options=True,
        placeholder="Pick a likely token, or type one",
        help="A word or piece that is one token of the model; #123 is the entry with that number.",
    )
    with st.popover("Search the vocabulary", width="stretch"):
        wanted = st.text_input("Tokens that contain", key=f"{key}_search")
        found = search_labels(model.labels, wanted, _FOUND) if wanted.strip() else []
        if wanted.strip() and not found:
            st.caption("No token contains this text.")
        st.pills(
            "Found",
            found,
            format_func=lambda index: literal(repr(model.labels[index])),
            key=f"{key}_found",
            label_visibility="collapsed",
            on_change=_take_found,
            args=(key,),
        )
    if named and named.startswith("#") and named[1:].isdecimal():
        return int(named[1:])
    return named or None


def _take_found(key: str) -> None:
    index = st.session_state[f"{key}_found"]
    if index is not None:
        st.session_state[key] = f"#{index}"
