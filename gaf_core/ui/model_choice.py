"""The top of the sidebar: which model, and whether it may be fetched."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from gaf_core import PRESETS, Model
from gaf_core.errors import brief
from gaf_core.hosting import limits
from gaf_core.models.devices import available_devices
from gaf_core.models.hub import is_repository_id
from gaf_core.ui import cache
from gaf_core.ui.cache import Choice, choice_of
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

_ASKED = "models asked for"
_FIRST, _OTHER = "model", "other"  # parameters of the link
_ANY = (
    "A bundled model; or type the path of a folder on the computer that runs this app, saved with "
    "save_pretrained(); or the id of a model on the Hugging Face hub (owner/name), which is then "
    "downloaded. Text classifiers, language models, and models that fill in a masked word, label "
    "tokens, or answer a question about a text."
)
_OFFERED = "The models that this app offers."


def ready_model() -> tuple[Choice, Model]:
    """What every page begins with: the chosen model, loaded; the page ends where it may not be."""
    choice = _choose_model()
    with place():
        if not _may_load(choice):
            st.stop()
        return choice, cache.model(choice)


def other_model(first: Choice) -> tuple[Choice, Model] | None:
    """Draw the choice of a second model where it is called; None until there is one."""
    name = _name("Other model", _OTHER, index=None)
    if not name:
        more = (
            "" if limits().hosted else ", or type the path of a folder or the id of one on the hub"
        )
        st.info(
            f"Choose a second model{more}: one before and one after fine-tuning, a small and a "
            "large one.",
            icon=":material/compare_arrows:",
        )
        return None
    choice = choice_of(name, None, first.device)
    return (choice, cache.model(choice)) if _may_load(choice, _OTHER) else None


def _name(label: str, key: str, index: int | None = 0) -> str | None:
    """A preset; or what the host offers, or else what somebody typed: a folder or a hub id."""
    held = limits()
    known = list(dict.fromkeys([*PRESETS, *held.models]))
    if held.hosted:
        _say_unknown(key, known)
    else:
        known += _typed(key, known)
    return st.selectbox(
        label,
        known,
        index=index,
        key=key,
        bind="query-params",
        accept_new_options=not held.hosted,
        on_change=_ask_for_model,
        args=(key,),
        placeholder="Choose one" if held.hosted else "Choose or type one",
        help=_OFFERED if held.hosted else _ANY,
    )


def _choose_model() -> Choice:
    with st.sidebar:
        name = _name("Model", _FIRST) or next(iter(PRESETS))
        revision = None
        with place():
            if _on_hub(name):
                revision = st.text_input(
                    "Revision",
                    key="revision",
                    bind="query-params",
                    placeholder="the newest",
                    help="Branch, tag or commit of the model on the hub.",
                )
        devices = available_devices()
        device = "auto"
        if len(devices) > 1:
            device = st.selectbox(
                "Device",
                ("auto", *devices),
                key="device",
                bind="query-params",
                help="Where the model computes; auto takes the fastest.",
            )
    return choice_of(name, revision or None, device)


def _typed(key: str, known: list[str]) -> list[str]:
    """Names beyond the known ones that this session typed or came with."""
    typed: list[str] = st.session_state.setdefault("typed models", [])
    asked = st.session_state.get(key) or st.query_params.get(key)
    if asked and asked not in (*known, *typed):
        typed.append(asked)
    return typed


def _say_unknown(key: str, known: list[str]) -> None:
    """One sentence whatever a link asks for, so that nothing is learned about this computer."""
    asked = st.query_params.get(key)
    if st.session_state.get(key, known[0]) not in (*known, None):
        del st.session_state[key]
    if asked is None or asked in known:
        return
    del st.query_params[key]
    with place():
        st.warning(
            "This link asks for a model that this app does not offer. The one shown is used "
            "instead.",
            icon=":material/link_off:",
        )


def _may_load(choice: Choice, key: str = _FIRST) -> bool:
    """Whether the model may be fetched: a link alone must not make the app download something."""
    if not _on_hub(choice.name) or choice.name in st.session_state.get(_ASKED, ()):
        return True
    st.info(
        f"This link asks for the model “{literal(brief(choice.name))}”. It is not on this "
        "computer, and could be downloaded from the Hugging Face hub.",
        icon=":material/cloud_download:",
    )
    st.button(
        "Download it", type="primary", on_click=_ask_for_model, args=(key,), key=f"download {key}"
    )
    return False


def _ask_for_model(key: str) -> None:
    st.session_state[_ASKED] = {*st.session_state.get(_ASKED, ()), st.session_state[key]}


def _on_hub(name: str) -> bool:
    """Whether a name can only be that of a model on the hub."""
    if limits().hosted or name in PRESETS or not is_repository_id(name):
        return False
    try:
        return not Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # no such user, or a name that no file can have
        return True
