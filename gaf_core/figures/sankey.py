"""The flow network as a Sankey."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.figures.common import CLEAR, HOVER, sentence
from gaf_core.picture.sankey import BOTTOM, RIGHT, TOP, SankeyPicture
from gaf_core.picture.saturation import saturation_legend

_LEGEND = 26  # pixels below the picture for the legend


def sankey(
    explanation: Explanation,
    budget: int = 10,
    *,
    part: NDArray[np.float64] | None = None,
    cut: NDArray[np.bool_] | None = None,
    colour: str = "token",
    by: str = "tokens",
    opened: Iterable[int] = (),
    folded: Iterable[int] = (),
) -> go.Figure:
    """The flow from the input tokens (left) to the prediction (right), one column a layer.

    Args:
        explanation: what to draw.
        budget: nodes a layer; the others are merged into one grey node, see `reduction`. Fewer
            where so many layers would make more than about 3,000 marks.
        part: `[l, t, t]` part of the flow, conserved, to be set off; all else is faded.
        cut: `[l + 1, t]` True on the prediction's side of a cut. Links of which at least half
            crosses it have a dashed line across them.
        colour: of a link: of the "token" that it leaves, or by "saturation".
        by: what a node stands for: "tokens", "words" or "spans" of words.
        opened: token positions whose word or span is drawn token by token.
        folded: layers of nodes to leave out, of `1..l-1`; see `folding`.

    Returns:
        A figure as high as its columns need and as wide as its container. Link widths are flows.
        `layout.meta["summary"]` says what is merged. Without any flow, the reason in words.

    Raises:
        SettingsError: an argument that means nothing for this explanation.
    """
    if explanation.solution.value <= 0:
        return sentence(explanation.message)
    picture = SankeyPicture.of(
        explanation, budget, part=part, cut=cut, colour=colour, by=by, opened=opened, folded=folded
    )
    # Plotly would give a hover the translucent colour of its link; it is to be read.
    hover = {"hovertemplate": "%{customdata}<extra></extra>", "hoverlabel": HOVER}
    looks = {"pad": picture.padding, "thickness": 13, "line": {"width": 0}}
    figure = go.Figure(
        go.Sankey(
            arrangement="fixed",
            node={**picture.nodes(), **hover, **looks, "sort": "input"},
            link={**picture.links(), **hover, "sort": "input"},
        )
    )
    below = BOTTOM + (_LEGEND if colour == "saturation" else 0)
    if colour == "saturation":
        figure.add_annotation(
            text=saturation_legend(), showarrow=False, font={"size": 12}, xref="paper",
            yref="paper", x=0, y=0, xanchor="left", yanchor="top", yshift=-_LEGEND // 3,
        )  # fmt: skip
    return figure.update_layout(
        CLEAR,
        shapes=picture.marks(),
        annotations=[*figure.layout.annotations, *picture.annotations()],
        height=round(picture.placement.height) + TOP + below,
        margin={"l": picture.left, "r": RIGHT, "t": TOP, "b": below},
        meta={"summary": picture.summary},
    )
