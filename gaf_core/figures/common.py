"""What all figures share: no background, no font colour, so they take both from their page."""

from __future__ import annotations

import plotly.graph_objects as go

from gaf_core.picture.colours import NEUTRAL

HOVER = {"bgcolor": "#1a2230", "bordercolor": "#1a2230", "font": {"color": "#ffffff", "size": 13}}
CLEAR = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL},
    "hoverlabel": {"align": "left", **HOVER},
}
NARROW = {"l": 8, "r": 8, "t": 8, "b": 8}


def sentence(text: str) -> go.Figure:
    """A figure that says in words why there is nothing to draw."""
    figure = go.Figure().update_xaxes(visible=False).update_yaxes(visible=False)
    figure.add_annotation(text=text.replace(". ", ".<br>"), showarrow=False, font={"size": 14})
    return figure.update_layout(CLEAR, height=150, margin=NARROW)


def resized(figure: go.Figure) -> go.Figure:
    """A copy that is as high as its place, and not as its layout says."""
    return go.Figure(figure).update_layout(height=None, autosize=True)


def for_projector(figure: go.Figure, times: float = 1.35) -> go.Figure:
    """A copy in larger type, and higher as much."""
    large = go.Figure(figure)
    for one in large.data:
        if "textfont" in one and one.textfont.size:
            one.textfont.size = round(times * one.textfont.size)
    for note in large.layout.annotations:
        note.font.size = round(times * (note.font.size or 12))
    height, size = figure.layout.height or 450, round(12 * times)
    large.update_xaxes(tickfont_size=size, title_font_size=size)
    large.update_yaxes(tickfont_size=size, title_font_size=size)
    return large.update_layout(font={"size": size}, height=round(height * times))
