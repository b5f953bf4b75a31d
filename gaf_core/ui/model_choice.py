"""The top of the sidebar: which model, and whether it may be fetched."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from gaf_core import PRESETS, Model
from gaf_core.hosting import limits
from gaf_core.models.devices import available_devices
from gaf_core.models.hub import is_repository_id
from gaf_core.ui import cache
from gaf_core.ui.cache import Choice, choice_of
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

_ASKED = "models asked for"
_ANY = (
    "A bundled model; or type the path of a folder on the computer that runs this app, saved with "
    "save_pretrained(); or the id of a model on the Hugging Face hub (owner/name), which is then "
    "downloaded. Text classifiers and language models."
)
_OFFERED = "The models that this app offers: text classifiers and language models."


def ready_model() -> tuple[Choice, Model]:
    """What every page begins with: the chosen model, loaded; the page ends where it may not be."""
    choice = _choose_model()
    with place():
        if not _may_load(choice):
            st.stop()
        return choice, cache.model(choice)


def _choose_model() -> Choice:
    """A preset; or what the host offers, or else what somebody typed: a folder or a hub id."""
    held = limits()
    known = list(dict.fromkeys([*PRESETS, *held.models]))
    if held.hosted:
        _say_unknown(known)
    else:
        known += _typed(known)
    with st.sidebar:
        name = st.selectbox(
            "Model",
            known,
            key="model",
            bind="query-params",
            accept_new_options=not held.hosted,
            on_change=_ask_for_model,
            help=_OFFERED if held.hosted else _ANY,
        )
        name = name or known[0]
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


def _typed(known: list[str]) -> list[str]:
    """Names beyond the known ones that this session typed or came with."""
    typed: list[str] = st.session_state.setdefault("typed models", [])
    asked = st.session_state.get("model") or st.query_params.get("model")
    if asked and asked not in (*known, *typed):
        typed.append(asked)
    return typed


def _say_unknown(known: list[str]) -> None:
    """One sentence whatever a link asks for, so that nothing is learned about this computer."""
    asked = st.query_params.get("model")
    if st.session_state.get("model", known[0]) not in known:
        del st.session_state["model"]
    if asked is None or asked in known:
        return
    del st.query_params["model"]
    with place():
        st.warning(
            "This link asks for a model that this app does not offer. The one shown on the left is "
            "used instead.",
            icon=":material/link_off:",
        )


def _may_load(choice: Choice) -> bool:
    """Whether the model may be fetched: a link alone must not make the app download something."""
    if not _on_hub(choice.name) or choice.name in st.session_state.get(_ASKED, ()):
        return True
    st.info(
        f"This link asks for the model “{literal(choice.name)}”. It is not on this computer, and "
        "could be downloaded from the Hugging Face hub.",
        icon=":material/cloud_download:",
    )
    st.button("Download it", type="primary", on_click=_ask_for_model)
    return False


def _ask_for_model() -> None:
    st.session_state[_ASKED] = {*st.session_state.get(_ASKED, ()), st.session_state.model}


def _on_hub(name: str) -> bool:
    """Whether a name can only be that of a model on the hub."""
    if limits().hosted or name in PRESETS or not is_repository_id(name):
        return False
    try:
        return not Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # no such user, or a name that no file can have
        return True
