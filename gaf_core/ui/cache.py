"""What is kept between reruns and shared by all visitors: models, traces, explanations.

Keys are strings and numbers, never arrays. An explanation is made from a cached trace, so another
tensor or layer range does not run the model again. Everything cached is read-only.
"""

from __future__ import annotations

from dataclasses import astuple

import streamlit as st

from gaf_core import Explanation, Model, Settings, Trace, explain_trace, load_model, trace
from gaf_core.trace import TargetLike


@st.cache_resource(max_entries=3, show_spinner="Loading the model …")
def model(name: str) -> Model:
    """The model of a preset or folder."""
    return load_model(name)


@st.cache_resource(max_entries=8, show_spinner="Reading the text …")
def traced(name: str, text: str, target: TargetLike, truncate: bool) -> Trace:
    """One forward and one backward pass of a model over a text."""
    return trace(model(name), text, target, truncate=truncate)


@st.cache_resource(
    max_entries=16, show_spinner="Computing the flow …", hash_funcs={Settings: astuple}
)
def explained(name: str, text: str, settings: Settings) -> Explanation:
    """The flow of a traced text under the given settings."""
    return explain_trace(traced(name, text, settings.target, settings.truncate), settings)
