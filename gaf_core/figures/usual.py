"""The figures of an explanation as the app draws them until somebody chooses otherwise.

A long text is joined to spans, a deep model is folded to about eight columns, and bars carry the
intervals of the flow where these are found in a moment.
"""

from __future__ import annotations

from dataclasses import fields, replace
from inspect import signature
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gaf_core.errors import check_names
from gaf_core.explanation import Explanation
from gaf_core.figures.bars import token_bars
from gaf_core.figures.graph import flow_graph
from gaf_core.figures.sankey import sankey
from gaf_core.picture.folding import usual_folds
from gaf_core.picture.spans import usual_unit
from gaf_core.picture.view import View
from gaf_core.reading.intervals import MOST_INTERVALS, score_intervals
from gaf_core.text.words import group_words


def usual_sankey(explanation: Explanation, **options: Any) -> go.Figure:
    """`sankey` with these choices; `options`, those of `View`, overrule them."""
    return sankey(explanation, usual_view(explanation, **options))


def usual_graph(explanation: Explanation, **options: Any) -> go.Figure:
    """`flow_graph` with these choices; `options`, those of `View`, overrule them."""
    return flow_graph(explanation, usual_view(explanation, **options))


def usual_bars(explanation: Explanation, **options: Any) -> go.Figure:
    """`token_bars` with these choices; `options` overrule them, so None as `bounds` draws none."""
    known = signature(token_bars).parameters
    check_names(options, list(known)[1:])
    if "bounds" not in options:
        options["bounds"] = _bounds(explanation, options.get("by_words", False))
    return token_bars(explanation, **options)


def usual_view(explanation: Explanation, **options: Any) -> View:
    """The view that fits the text and the depth of the model.

    Raises:
        SettingsError: an option that `View` does not have.
    """
    check_names(options, [one.name for one in fields(View)])
    usual = View(by=usual_unit(explanation.trace), folded=usual_folds(explanation.network.layers))
    return replace(usual, **options)


def _bounds(explanation: Explanation, by_words: bool) -> NDArray[np.float64] | None:
    """One pair for each bar, or None where there are none or where they would take seconds."""
    if len(explanation.tokens) > MOST_INTERVALS or explanation.solution.value <= 0:
        return None
    groups = group_words(explanation.trace).members if by_words else None
    return score_intervals(explanation, groups)
