"""Results -> plotly figures, for the app and for notebooks. The only module that imports plotly.

Figures have no background and name no font colour, so they take both from the page they are on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gaf_core.explain import Explanation
from gaf_core.heatmap import LIGHT_SHADES
from gaf_core.labels import literal, names, scored_tokens, scored_words, shortened
from gaf_core.sankey import BOTTOM, LEFT, NEUTRAL, RIGHT, TOP, SankeyPicture
from gaf_core.trace import Trace

ACCENT = "#4394b6"

_HOVER = {"bgcolor": "#1a2230", "bordercolor": "#1a2230", "font": {"color": "#ffffff", "size": 13}}
_CLEAR = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL},
    "hoverlabel": {"align": "left", **_HOVER},
}
_NARROW = {"l": 8, "r": 8, "t": 8, "b": 8}


def sankey(explanation: Explanation, budget: int = 10) -> go.Figure:
    """The flow from the input tokens (left) to the prediction (right), one column a layer.

    Args:
        explanation: what to draw.
        budget: nodes a layer; the others are merged into one grey node, see `reduction`.

    Returns:
        A figure as high as its columns need and as wide as its container. Link widths are flows; a
        link has the colour of the token that it leaves. Without any flow, the reason in words.
    """
    if explanation.solution.value <= 0:
        return _sentence(explanation.solution.message)
    picture = SankeyPicture.of(explanation, budget)
    # Plotly would give a hover the translucent colour of its link; it is to be read.
    hover = {"hovertemplate": "%{customdata}<extra></extra>", "hoverlabel": _HOVER}
    looks = {"pad": picture.padding, "thickness": 13, "line": {"width": 0}}
    figure = go.Figure(
        go.Sankey(
            arrangement="fixed",
            node={**picture.nodes(), **hover, **looks, "sort": "input"},
            link={**picture.links(), **hover, "sort": "input"},
        )
    )
    return figure.update_layout(
        _CLEAR,
        annotations=picture.annotations(),
        height=round(picture.placement.height) + TOP + BOTTOM,
        margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
    )


def token_bars(
    explanation: Explanation,
    *,
    by_words: bool = False,
    show_special: bool = True,
    limit: int = 25,
    themed: bool = False,
) -> go.Figure:
    """The tokens or words by falling score: share of the flow in %, the raw score on hover.

    Args:
        explanation: whose scores.
        by_words: draw words, each with the sum over its tokens.
        show_special: draw special tokens one by one; otherwise one row holds them all.
        limit: rows drawn one by one; one more holds the others, so that all sum to 100 %. Rows of
            several have no bar: it would dwarf the others.
        themed: leave the colour scale to the template of the page (Streamlit's theme) instead of
            using that of the heatmap on a light page.
    """
    rows = scored_words(explanation) if by_words else scored_tokens(explanation)
    hidden = [row for row in rows if row.special and not show_special]
    shown = [row for row in rows if show_special or not row.special]
    order = sorted(shown, key=lambda row: -row.share)
    bars = [_Bar(shortened(row.text), row.share, row.hover) for row in order[:limit]]
    lumps = [
        _Bar(
            f"{name} ({len(lump)})",
            sum(row.share for row in lump),
            names([row.text for row in lump]),
        )
        for name, lump in (("others", order[limit:]), ("special", hidden))
        if lump
    ]
    scored = {"color": [bar.share for bar in bars], "coloraxis": "coloraxis"}
    figure = _bar_figure(bars, scored, lumps, row_height=20)
    strongest = max((bar.share for bar in bars), default=0.0) or 1.0
    figure.update_coloraxes(cmin=0, cmax=strongest, showscale=False)
    return figure if themed else figure.update_coloraxes(colorscale=LIGHT_SHADES)


def probability_bars(trace: Trace, limit: int = 8) -> go.Figure:
    """The model's probability of each class, the most probable first.

    Args:
        trace: the prediction; the class that it explains is coloured.
        limit: classes drawn; one row holds the others.
    """
    probabilities = trace.probabilities
    order = np.argsort(-probabilities, kind="stable").tolist()
    bars = [
        _Bar(
            shortened(trace.labels[index]),
            float(probabilities[index]),
            f"<b>{literal(trace.labels[index])}</b><br>probability {probabilities[index]:.4g}"
            f"<br>logit {trace.logits[index]:.3f}",
        )
        for index in order[:limit]
    ]
    colours = [ACCENT if index == trace.target.index else NEUTRAL for index in order[:limit]]
    rest = order[limit:]
    lumps = [_Bar(f"others ({len(rest)})", float(probabilities[rest].sum()), "")] if rest else []
    return _bar_figure(bars, {"color": colours}, lumps, row_height=30)


@dataclass(frozen=True)
class _Bar:
    label: str
    share: float
    hover: str


def _bar_figure(
    bars: Sequence[_Bar], marker: dict[str, Any], lumps: Sequence[_Bar], row_height: int
) -> go.Figure:
    """Horizontal bars from top to bottom, then rows of numbers without a bar."""
    figure, rows = go.Figure(), [*bars, *lumps]
    figure.add_bar(
        orientation="h",
        x=[bar.share for bar in bars],
        y=list(range(len(bars))),
        text=[f"{bar.share:.1%}" for bar in bars],
        textposition="outside",
        cliponaxis=False,
        customdata=[bar.hover for bar in bars],
        hovertemplate="%{customdata}<extra></extra>",
        marker=marker,
    )
    figure.add_scatter(
        mode="text",
        x=[0.0] * len(lumps),
        y=list(range(len(bars), len(rows))),
        text=[f" {lump.share:.1%} together" for lump in lumps],
        textposition="middle right",
        customdata=[lump.hover for lump in lumps],
        hovertemplate="%{customdata}<extra></extra>",
    )
    largest = max((bar.share for bar in bars), default=0.0) or 1.0
    figure.update_xaxes(visible=False, range=[0, 1.2 * largest], fixedrange=True)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[row.label for row in rows],
        range=[len(rows) - 0.5, -0.5], showgrid=False, zeroline=False, fixedrange=True, ticks="",
        automargin=True,
    )  # fmt: skip
    return figure.update_layout(
        _CLEAR,
        height=row_height * len(rows) + 16,
        bargap=0.25,
        showlegend=False,
        margin=_NARROW,
    )


def _sentence(text: str) -> go.Figure:
    figure = go.Figure().update_xaxes(visible=False).update_yaxes(visible=False)
    figure.add_annotation(text=text.replace(". ", ".<br>"), showarrow=False, font={"size": 14})
    return figure.update_layout(_CLEAR, height=150, margin=_NARROW)
