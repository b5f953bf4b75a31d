"""What is explained: the prediction, a class or token that somebody names, or a contrast of two.

And where in the text, for a model that predicts something at each of many places.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from gaf_core import At, Model, Output, Task, Trace, group_words
from gaf_core.errors import GafError
from gaf_core.hosting import limits
from gaf_core.settings import LabelLike, TargetLike
from gaf_core.tracing.encoding import Encoding, encode
from gaf_core.tracing.places import END, START, mask_positions, token_text
from gaf_core.tracing.target import label_name, search_labels
from gaf_core.ui.failures import literal
from gaf_core.ui.sentence import current_text

PREDICTED, CONTRAST = "the predicted class", "a contrast of two"
PREDICTED_TOKEN, TOKEN = "the most likely next token", "a token"
_PREDICTED = {
    Task.CLASSIFICATION: PREDICTED,
    Task.NEXT_TOKEN: PREDICTED_TOKEN,
    Task.MASKED_WORD: "the most likely word",
    Task.TOKENS: "the predicted label",
    Task.ANSWER: "the predicted answer",
}
FIRST = "the first with a label"  # of the tokens
_LIKELY = "likely tokens"  # of the last text, as suggestions
_DIGITS = 19  # more are no number of an entry
_FOUND = 12  # entries of the vocabulary that a search shows


def choose_target(model: Model) -> TargetLike:
    """Draw the choice that the model's task allows."""
    if model.task.kind.place == "text":
        return _choose_label(model, None)
    encoding = _read(model)
    where = _choose_place(_places(model, encoding), _AT.get(model.task, "Explain"))
    return At(_choose_label(model, encoding), where)


def known_targets(model: Model) -> dict[str, tuple[str, ...]]:
    """The values that a link may hold for each of the choices; a token can be any text."""
    encoding = None if model.task.kind.place == "text" else _read(model)
    places = {"at": tuple(_places(model, encoding))}
    if model.task.kind.classes == "vocabulary":
        return places | {"target": (_predicted(model), TOKEN, CONTRAST)}
    labels = tuple(_named(model, encoding))
    targets = (_predicted(model), CONTRAST, *labels)
    return places | {"target": targets, "for": labels, "against": labels}


def suggest(trace: Trace, count: int = 30) -> None:
    """Offer the likeliest next tokens of a text when a token is to be named."""
    st.session_state[_LIKELY] = [
        label_name(trace.labels, int(index)) for index in trace.most_likely(count)
    ]


_AT = {Task.TOKENS: "Token", Task.MASKED_WORD: "Mask", Task.ANSWER: "Which end of the answer"}


def _predicted(model: Model) -> str:
    """What the choice of what the model says is called."""
    match model.output:
        case Output.SIGMOID:
            return "the most likely label"
        case Output.VALUE:
            return "the value" if len(model.labels) == 1 else "the largest value"
        case Output.SOFTMAX:
            return _PREDICTED[model.task]


def _choose_place(places: Mapping[str, int | str | None], title: str) -> int | str | None:
    """Draw where in the text, if there is something to choose."""
    if len(places) < 2:
        return next(iter(places.values()), None)
    chosen = st.selectbox(
        title,
        list(places),
        key="at",
        bind="query-params",
        help="Where in the text the prediction stands that is explained. The number behind a word "
        "is the position of its first token.",
    )
    return places[chosen]


def _read(model: Model) -> Encoding | None:
    """The text as the model reads it; None where it cannot, which the page says."""
    try:
        text = current_text(model)
        limits().check_text(text)
        with model.lock:
            return encode(model, text, truncate=True)
    except GafError:
        return None


def _places(model: Model, encoding: Encoding | None) -> Mapping[str, int | str | None]:
    """Where in the text there is something to explain, by what the choice and a link call it."""
    if encoding is None:
        return {}
    match model.task.kind.place:
        case "text":
            return {}
        case "end":
            return {START: START, END: END}
        case "mask":
            masks = mask_positions(model, encoding)
            return {f"mask {number} ({at})": at for number, at in enumerate(masks, start=1)}
        case "token":
            words = group_words(encoding)
            firsts = [min(members) for members in words.members]
            named = zip(words.text, firsts, words.special.tolist(), strict=True)
            return {FIRST: None} | {f"{text} ({at})": at for text, at, mark in named if not mark}


def _choose_label(model: Model, encoding: Encoding | None) -> LabelLike:
    if model.task.kind.classes == "vocabulary":
        return _choose_from_vocabulary(model)
    predicted, named = _predicted(model), _named(model, encoding)
    choice = st.selectbox(
        "Explain",
        [predicted, *named, CONTRAST] if len(named) > 1 else [predicted],
        key="target",
        bind="query-params",
        help=f"Which {model.task.kind.noun} is explained, or why one rather than another "
        "(extension)."
        if encoding
        else "Which output of the model is explained: a class, or why one class rather than "
        "another (extension).",
    )
    if choice == predicted:
        return None
    if choice != CONTRAST:
        return named[choice]
    favoured = st.selectbox("Why", list(named), key="for", bind="query-params")
    others = [label for label in named if label != favoured]
    other = st.selectbox("rather than", others, key="against", bind="query-params")
    return named[favoured], named[other]


def _named(model: Model, encoding: Encoding | None) -> dict[str, int | str]:
    """The labels, by what the choices and a link call them: never as another choice is called.

    Those of an answer are the tokens of the text, each with its position.
    """
    if model.task.kind.classes == "tokens":
        return {} if encoding is None else _ends(encoding)
    names = [label_name(model.labels, index) for index in range(len(model.labels))]
    taken = (_predicted(model), CONTRAST)
    return {
        f"{name} ({index})" if name in taken else name: model.labels[index]
        for index, name in enumerate(names)
    }


def _ends(encoding: Encoding) -> dict[str, int | str]:
    """Tokens of the text that may hold the answer."""
    inside = np.flatnonzero(encoding.segments == 1).tolist()
    return {f"{token_text(encoding, at)} ({at})": at for at in inside}


def _choose_from_vocabulary(model: Model) -> LabelLike:
    noun = model.task.kind.noun
    choice = st.selectbox(
        "Explain",
        (_predicted(model), TOKEN, CONTRAST),
        key="target",
        bind="query-params",
        help=f"Which {noun} is explained, or why one token rather than another (extension).",
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
    if named and named.startswith("#") and named[1:].isdecimal() and len(named) < _DIGITS:
        return int(named[1:])
    return named or None


def _take_found(key: str) -> None:
    index = st.session_state[f"{key}_found"]
    if index is not None:
        st.session_state[key] = f"#{index}"
