"""Several moments of one figure: plotly's frames, a button that plays them, and a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

_MILLISECONDS = 120  # a frame
_BELOW = 76  # pixels for slider and button


def with_frames(
    figure: go.Figure,
    moments: Sequence[Mapping[int, Any]],
    labels: Sequence[str],
    prefix: str,
    at: int = 0,
    *,
    slider: bool = True,
) -> go.Figure:
    """A figure that shows one of several moments and plays all.

    Args:
        figure: as it is at first.
        moments: what changes in each, by the number of its trace.
        labels: of the moments.
        prefix: what stands before the label at the slider.
        at: which is shown at first.
        slider: whether there is a slider beside the button.
    """
    names = [str(index) for index in range(len(moments))]
    figure.frames = [
        go.Frame(data=list(changed.values()), name=name, traces=list(changed))
        for changed, name in zip(moments, names, strict=True)
    ]
    figure.layout.updatemenus = [_button()]
    if slider:
        figure.layout.sliders = [_slider(names, labels, prefix, at)]
    margin = figure.layout.margin
    return figure.update_layout(height=figure.layout.height + _BELOW, margin_b=margin.b + _BELOW)


def _step(duration: int) -> dict[str, Any]:
    return {
        "frame": {"duration": duration, "redraw": True},
        "transition": {"duration": 0},
        "mode": "immediate",
    }


def _button() -> dict[str, Any]:
    play = {
        "label": "▶ Play",
        "method": "animate",
        "args": [None, {**_step(_MILLISECONDS), "fromcurrent": False}],
    }
    stop = {"label": "■ Stop", "method": "animate", "args": [[None], _step(0)]}
    return {
        "type": "buttons", "direction": "left", "showactive": False, "x": 0, "xanchor": "left",
        "y": 0, "yanchor": "top", "pad": {"t": 22, "r": 8}, "buttons": [play, stop],
        "bgcolor": "rgba(138,148,163,0.18)", "bordercolor": "rgba(138,148,163,0.5)",
    }  # fmt: skip


def _slider(names: Sequence[str], labels: Sequence[str], prefix: str, at: int) -> dict[str, Any]:
    steps = [
        {"label": label, "method": "animate", "args": [[name], _step(0)]}
        for name, label in zip(names, labels, strict=True)
    ]
    return {
        "active": at, "steps": steps, "x": 0.33, "len": 0.66, "y": 0, "yanchor": "top",
        "pad": {"t": 6}, "ticklen": 0, "minorticklen": 0, "tickwidth": 0,
        "font": {"size": 1},  # of the ticks, too many to be read
        "currentvalue": {"prefix": prefix, "xanchor": "left", "font": {"size": 13}},
    }  # fmt: skip
