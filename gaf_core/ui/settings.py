"""The sidebar of the pages that explain: what and how, every setting part of the link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import streamlit as st

from gaf_core import Model, Settings
from gaf_core.settings import SETTINGS
from gaf_core.ui import links
from gaf_core.ui.form import FLAGS, SHARED, choose_explained, choose_truncation, choose_units
from gaf_core.ui.ingredients import (
    choose_ingredients,
    choose_tensor,
    known_ingredients,
    name_method,
)
from gaf_core.ui.place import place
from gaf_core.ui.targets import known_targets

_NODES = (3, 40)  # fewest and most tokens a layer that are drawn on their own
_USUAL = "layers of the model, and its usual range"
_EPSILONS = ("1e-2", "1e-4", "1e-6", "1e-8")


@dataclass(frozen=True)
class Display:
    """How an explanation is shown.

    Attributes:
        by_words: colour and list whole words instead of tokens.
        special: show the special tokens one by one.
        budget: nodes a layer in the flow picture.
    """

    by_words: bool
    special: bool
    budget: int


def choose_settings(
    model: Model,
    known: Mapping[str, Iterable[str]] = MappingProxyType({}),
    *,
    signed: bool = True,
) -> tuple[Settings, Display]:
    """Draw the rest of the sidebar of a page that explains.

    Args:
        model: the chosen one.
        known: values that a link may hold for the settings of the page itself.
        signed: whether the page can show two flows, for the target and against it.
    """
    links.remember()
    with st.sidebar:
        with place():
            target = choose_explained(model)
        at_method = place()
        variant = choose_tensor()
        at_layers = place()
        by_words, special = choose_units()
        budget = st.slider(
            "Tokens a layer in the flow picture",
            min_value=_NODES[0],
            max_value=_NODES[1],
            value=10,
            key="nodes",
            bind="query-params",
            help="The largest stay on their own; the others are merged into one grey node, and "
            "every width stays exact.",
        )
        with st.expander("Advanced"):
            advanced = _choose_advanced(signed)
        # both depend on ingredients below them, whose values are known once they are drawn
        with at_method:
            name_method(signed=signed)
        with at_layers:
            whole = advanced["depth_average"] or advanced["gradients"] == "path"
            layers = _choose_layers(model.layers, whole=whole)
    links.report_unknown(
        {
            **known_targets(model), **known_ingredients(),
            "layers": [str(layer) for layer in range(1, model.layers + 1)],
            "nodes": [str(count) for count in range(_NODES[0], _NODES[1] + 1)],
            **SHARED, "epsilon": _EPSILONS, "side": FLAGS, **known,
        },
    )  # fmt: skip
    settings = Settings(variant=variant, layers=layers, target=target, **advanced)
    return settings, Display(by_words, special, budget)


def _choose_layers(depth: int, *, whole: bool) -> tuple[int, int] | None:
    """Half-open range of layers; people count from 1 and include both ends."""
    if depth == 1:
        return None
    # The upper half: over all layers tokens mix until their scores are nearly equal, and the first
    # picture should be one that reads at a glance. A mean over depths has the small ranges in it,
    # and the capacities of a path keep tokens apart.
    usual = (1 if whole else depth // 2 + 1, depth)
    first, last = st.session_state.get("layers", usual)
    before, st.session_state[_USUAL] = st.session_state.get(_USUAL, (depth, usual)), (depth, usual)
    if before[0] != depth or (before[1] != usual and (first, last) == before[1]):
        # another model, or a range that nobody chose
        st.session_state.layers = first, last = usual
    elif first > last:  # a link may hold the two ends in either order
        st.session_state.layers = (last, first)
        links.note(f"This link names layers {first} to {last}, which is read as {last} to {first}.")
    first, last = st.slider(
        SETTINGS["layers"].title,
        min_value=1,
        max_value=depth,
        value=usual,
        key="layers",
        bind="query-params",
        help=SETTINGS["layers"].help,
    )
    if first > last:
        st.rerun()
    if last - first + 1 < depth:
        st.caption(
            "A part of the layers is our extension: the flow ends at the tokens as they enter "
            f"layer {first}. The paper takes all {depth}."
        )
    return first - 1, last


def _choose_advanced(signed: bool) -> dict[str, Any]:
    """Settings that most people leave alone."""
    return {
        **choose_ingredients(signed=signed),
        "epsilon": float(
            st.selectbox(
                SETTINGS["epsilon"].title,
                _EPSILONS,
                index=2,
                key="epsilon",
                bind="query-params",
                help=SETTINGS["epsilon"].help,
            )
        ),
        "truncate": choose_truncation(),
    }
