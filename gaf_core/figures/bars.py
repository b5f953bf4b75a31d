"""Bars: what each token gets of the flow, and how probable each class is, or which value it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.models.outputs import Output
from gaf_core.picture.colours import ACCENT, LIGHT_SHADES, NEUTRAL
from gaf_core.picture.labels import Scored, literal, names, scored_tokens, scored_words, shortened
from gaf_core.reading.intervals import check_intervals
from gaf_core.tracing.target import label_name
from gaf_core.tracing.trace import Trace


def token_bars(
    explanation: Explanation,
    *,
    by_words: bool = False,
    show_special: bool = True,
    limit: int = 25,
    themed: bool = False,
    bounds: NDArray[np.float64] | None = None,
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
        bounds: `[t, 2]` least and most that each token gets in any maximum flow (see
            `score_intervals`), drawn as error bars; `[w, 2]` of words.

    Raises:
        SettingsError: bounds that are not those of these rows.
    """
    rows = scored_words(explanation) if by_words else scored_tokens(explanation)
    hidden = [row for row in rows if row.special and not show_special]
    shown = [row for row in rows if show_special or not row.special]
    order = sorted(shown, key=lambda row: -row.share)
    intervals = _intervals(explanation, rows, bounds)
    bars = [_scored_bar(row, intervals.get(row)) for row in order[:limit]]
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
    """The model's probability of each class, the most probable first; or its values, largest first.

    Args:
        trace: the prediction; the class that it explains is coloured, and always drawn.
        limit: classes drawn; one row holds the others. Probabilities of labels that do not exclude
            each other, and values, have no sum: that row says how large they are at most.
    """
    probable = trace.output.has_probabilities
    sizes = trace.probabilities if probable else trace.logits.astype(np.float64)
    order = trace.most_likely(limit).tolist()
    if trace.target.index not in order:
        order[-1] = trace.target.index
    bars = []
    for index in order:
        name = label_name(trace.labels, index)
        numbers = f"logit {trace.logits[index]:.3f}"
        if probable:
            numbers = f"probability {sizes[index]:.4g}<br>{numbers}"
        hover = f"<b>{literal(name)}</b><br>{numbers if probable else f'value {sizes[index]:.4g}'}"
        told = f"{sizes[index]:.1%}" if probable else f"{sizes[index]:.3g}"
        bars.append(_Bar(shortened(name), float(sizes[index]), hover, told=told))
    colours = [ACCENT if index == trace.target.index else NEUTRAL for index in order]
    return _bar_figure(bars, {"color": colours}, _other_classes(trace, sizes, order), row_height=30)


def _other_classes(trace: Trace, sizes: NDArray[np.float64], shown: list[int]) -> list[_Bar]:
    """The row of the classes that are not drawn, if there are some."""
    rest = np.delete(sizes, shown)
    if not rest.size:
        return []
    label = f"others ({len(rest):,})"
    match trace.output:
        case Output.SOFTMAX:
            together = max(0.0, 1.0 - float(sizes[shown].sum()))
            return [_Bar(label, together, "", told=f"{together:.1%} together")]
        case Output.SIGMOID:
            return [_Bar(label, 0.0, "", told=f"at most {rest.max():.1%} each")]
        case Output.VALUE:
            return [_Bar(label, 0.0, "", told=f"from {rest.min():.3g} to {rest.max():.3g}")]


@dataclass(frozen=True)
class _Bar:
    label: str
    share: float
    hover: str
    interval: tuple[float, float] | None = None
    told: str = ""

    @property
    def end(self) -> float:
        """Where bar and error bar both have ended."""
        return max(self.share, self.interval[1]) if self.interval else self.share


def _scored_bar(row: Scored, interval: tuple[float, float] | None) -> _Bar:
    if interval is None:
        return _Bar(shortened(row.text), row.share, row.hover)
    least, most = interval
    hover = f"{row.hover}<br>a plain maximum flow could give it {least:.1%} to {most:.1%}"
    return _Bar(shortened(row.text), row.share, hover, (min(least, row.share), most))


def _intervals(
    explanation: Explanation, rows: Sequence[Scored], bounds: NDArray[np.float64] | None
) -> dict[Scored, tuple[float, float]]:
    """Least and most of each row, as shares of the flow."""
    if bounds is None:
        return {}
    value = explanation.solution.value
    check_intervals(explanation, bounds, np.array([row.share * value for row in rows]))
    if value <= 0:
        return {}
    shares = (bounds / value).tolist()
    return {row: (least, most) for row, (least, most) in zip(rows, shares, strict=True)}


def _bar_figure(
    bars: Sequence[_Bar], marker: dict[str, Any], lumps: Sequence[_Bar], row_height: int
) -> go.Figure:
    """Horizontal bars from top to bottom, then rows of numbers without a bar."""
    figure, rows = go.Figure(), [*bars, *lumps]
    texts = [bar.told or f"{bar.share:.1%}" for bar in bars]
    intervals = any(bar.interval for bar in bars)
    figure.add_bar(
        orientation="h",
        x=[bar.share for bar in bars],
        y=list(range(len(bars))),
        text=None if intervals else texts,
        textposition="outside",
        cliponaxis=False,
        error_x=_error_bars(bars) if intervals else None,
        customdata=[bar.hover for bar in bars],
        hovertemplate="%{customdata}<extra></extra>",
        marker=marker,
    )
    figure.add_scatter(
        mode="text",
        x=[0.0] * len(lumps),
        y=list(range(len(bars), len(rows))),
        text=[f" {lump.told or f'{lump.share:.1%} together'}" for lump in lumps],
        textposition="middle right",
        customdata=[lump.hover for lump in lumps],
        hovertemplate="%{customdata}<extra></extra>",
    )
    if intervals:  # the number stands behind both
        figure.add_scatter(
            mode="text", x=[bar.end for bar in bars], y=list(range(len(bars))),
            text=[f" {text}" for text in texts], textposition="middle right", cliponaxis=False,
            hoverinfo="skip",
        )  # fmt: skip
    largest = max((bar.end for bar in bars), default=0.0) or 1.0
    least = min((bar.share for bar in bars), default=0.0)
    if least < 0:  # values only; there is room for a number on either side
        room = 0.2 * (max(largest, 0.0) - least)
        largest, least = max(largest, 0.0) + room, least - room
    else:
        largest, least = 1.2 * largest, 0
    figure.update_xaxes(visible=False, range=[least, largest], fixedrange=True)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[row.label for row in rows],
        range=[len(rows) - 0.5, -0.5], showgrid=False, zeroline=False, fixedrange=True, ticks="",
        automargin=True,
    )  # fmt: skip
    return figure.update_layout(
        CLEAR,
        height=row_height * len(rows) + 16,
        bargap=0.25,
        showlegend=False,
        margin=NARROW,
    )


def _error_bars(bars: Sequence[_Bar]) -> dict[str, Any]:
    ends = [bar.interval or (bar.share, bar.share) for bar in bars]
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, most - bar.share) for bar, (_, most) in zip(bars, ends, strict=True)],
        "arrayminus": [bar.share - least for bar, (least, _) in zip(bars, ends, strict=True)],
        "color": NEUTRAL,
        "thickness": 1.5,
        "width": 3,
    }
