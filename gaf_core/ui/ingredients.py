"""What a flow is made of: the method as published, the faithful one, or a mix of their ingredients.

Every ingredient is a widget and a parameter of the link. A method is a name for the values of all
of them: the method shown is read from the ingredients, so it is drawn last and put on top, and
choosing one sets them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from gaf_core import FAITHFUL, Settings
from gaf_core.settings import AGGREGATES, GRADIENTS, RESIDUALS, VARIANTS
from gaf_core.ui import links

PUBLISHED, FAITHFUL_GAF, OWN_MIX = "published", "faithful", "own mix"
_METHODS = {
    PUBLISHED: "GAF as published",
    FAITHFUL_GAF: "Faithful GAF: our extension",
    OWN_MIX: "as set below and under Advanced",
}
_SOURCES = {"all": "every output position: the paper", "classification": "extension"}
_FIELDS = {  # parameter of the link -> field of the settings
    "gradients": "gradients",
    "residual": "residual",
    "node_capacities": "node_capacities",
    "depth_average": "depth_average",
    "heads": "aggregate",
    "source": "source",
}
_VARIANT = "tensor"
_VALUES: dict[str, tuple[Any, ...]] = {
    "gradients": GRADIENTS,
    "residual": RESIDUALS,
    "node_capacities": (False, True),
    "depth_average": (False, True),
    "heads": AGGREGATES,
    "source": tuple(_SOURCES),
    _VARIANT: VARIANTS,
}
_PRESETS: dict[str, dict[str, Any]] = {
    PUBLISHED: {key: getattr(Settings(), field) for key, field in _FIELDS.items()},
    FAITHFUL_GAF: {_VARIANT: FAITHFUL.variant}
    | {key: getattr(FAITHFUL, field) for key, field in _FIELDS.items()},
}
_VARIANT_HELP = """How strongly each token passes on to the next layer is read from the model as

- **AF**, attention: where the model looks;
- **GF**, gradient: where looking more would raise the prediction;
- **AGF**, attention × gradient: where the model looks *and* it raises the prediction."""


def known_ingredients() -> dict[str, Iterable[str]]:
    """The values that a link may hold for the method and for each ingredient."""
    return {
        "method": tuple(_METHODS),
        **{key: [_in_link(value) for value in values] for key, values in _VALUES.items()},
    }


def choose_tensor() -> str:
    """Draw the choice of the tensor, the one ingredient that the paper leaves open."""
    _follow_link()
    return st.radio(
        "Tensor",
        list(VARIANTS),
        index=list(VARIANTS).index("AGF"),
        key=_VARIANT,
        bind="query-params",
        captions=["attention", "gradient", "attention × gradient"],
        help=_VARIANT_HELP,
    )


def choose_ingredients() -> dict[str, Any]:
    """Draw one widget an ingredient; gives back fields of `Settings`."""
    chosen = {
        "gradients": _radio(
            "gradients",
            "Gradients are",
            ["the paper", "extension: norms, slopes and attention held constant"],
            "Frozen gradients are those of a linear network with the same prediction. They are "
            "not the exact derivatives.",
        ),
        "residual": _radio(
            "residual",
            "Residual connections",
            [
                "the paper",
                "extension: each token also keeps itself",
                "extension: what passes by the attention; for AGF and a sum over heads",
            ],
        ),
        "node_capacities": _toggle(
            "node_capacities",
            "Capacities of nodes",
            "Extension: a token, as it enters a layer, passes on no more than its first-order "
            "contribution to the target. For AGF and a sum over heads.",
        ),
        "depth_average": _toggle(
            "depth_average",
            "Mean over depths",
            "Extension: scores are the mean over the flows that end at each layer of the range, "
            "not those of the one flow through all of it.",
        ),
        "heads": _radio(
            "heads",
            "Heads are combined by their",
            ["the paper", "extension", "extension", "extension: heads may cancel"],
        ),
        "source": _radio(
            "source",
            "The flow starts at",
            list(_SOURCES.values()),
            "Every output position of the last layer, or only those that the prediction is read "
            "from.",
        ),
    }
    return {_FIELDS[key]: value for key, value in chosen.items()}


def name_method() -> None:
    """Draw the choice of the method, once all ingredients are drawn; it says what they make up."""
    current = next(
        (
            name
            for name, preset in _PRESETS.items()
            if all(st.session_state[key] == value for key, value in preset.items())
        ),
        OWN_MIX,
    )
    st.session_state.method = current
    links.write("method", None if current == PUBLISHED else current)
    offered = [name for name in _METHODS if name != OWN_MIX or name == current]
    st.radio(
        "Method",
        offered,
        captions=[_METHODS[name] for name in offered],
        key="method",
        on_change=lambda: _take(st.session_state.method),
        help="Sets all ingredients of the flow at once; each can be changed on its own under "
        "Advanced. Faithful GAF has gradients of a linearised backward pass, residual edges, "
        "capacities of nodes, and scores that are the mean over the layers at which the flow ends.",
    )


def _follow_link() -> None:
    """A link that names a method need not name its ingredients."""
    if "method" not in st.session_state and "method" in st.query_params:
        _take(st.query_params["method"], but=st.query_params)


def _take(method: str, but: Iterable[str] = ()) -> None:
    """Set the ingredients of a method, but for those that a link names."""
    for key, value in _PRESETS.get(method, {}).items():
        if key not in but:
            st.session_state[key] = value


def _radio(key: str, label: str, captions: list[str], help_text: str | None = None) -> str:
    return str(
        st.radio(
            label, _VALUES[key], captions=captions, key=key, bind="query-params", help=help_text
        )
    )


def _toggle(key: str, label: str, help_text: str) -> bool:
    return st.toggle(label, key=key, bind="query-params", help=help_text)


def _in_link(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else value
