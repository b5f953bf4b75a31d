"""What every sidebar asks: what is explained, and how scores of its tokens are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from gaf_core import Model
from gaf_core.settings import SETTINGS, TargetLike
from gaf_core.ui import links
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place
from gaf_core.ui.saving import FORMATS
from gaf_core.ui.targets import choose_target, known_targets

_UNITS = ("words", "tokens")
FLAGS = ("true", "false")
SHARED = {"show": _UNITS, "special": FLAGS, "truncate": FLAGS, "pair": FLAGS, "save_as": FORMATS}


@dataclass(frozen=True)
class Reading:
    """What is explained of a text, and how scores of its tokens are shown.

    Attributes:
        target: class, token or contrast, and where in the text.
        by_words: show whole words instead of tokens.
        special: show special tokens.
        truncate: read the first tokens of a text that is too long.
    """

    target: TargetLike
    by_words: bool
    special: bool
    truncate: bool


def choose_reading(model: Model, known: dict[str, Iterable[str]]) -> Reading:
    """Draw the rest of the sidebar of a page that compares.

    Args:
        model: the chosen one.
        known: values that a link may hold for the settings of the page itself.
    """
    links.remember()
    with st.sidebar:
        with place():
            target = choose_explained(model)
        by_words, special = choose_units()
        truncate = choose_truncation()
    links.report_unknown({**known_targets(model), **SHARED, **known})
    return Reading(target, by_words, special, truncate)


def choose_explained(model: Model) -> TargetLike:
    """Draw the choice of the class, token or contrast."""
    if model.revision:
        st.caption(f"From the hub, commit {literal(model.revision[:12])}.")
    return choose_target(model)


def choose_units() -> tuple[bool, bool]:
    """Draw whether words are shown, and special tokens."""
    shown = st.radio(
        "Show",
        _UNITS,
        horizontal=True,
        key="show",
        bind="query-params",
        help="Scores of whole words, each the sum over its pieces, or of every token that the "
        "model reads. The flow picture always has tokens.",
    )
    special = st.toggle(
        "Show special tokens",
        value=True,
        key="special",
        bind="query-params",
        help="Marks that the model adds to every text, such as [CLS] and [SEP].",
    )
    return shown == "words", special


def choose_truncation() -> bool:
    """Draw whether a text that is too long is cut."""
    return st.toggle(
        SETTINGS["truncate"].title,
        key="truncate",
        bind="query-params",
        help=SETTINGS["truncate"].help,
    )
