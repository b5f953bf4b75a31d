"""The flow network as a Sankey."""

from __future__ import annotations

import plotly.graph_objects as go

from gaf_core.explain import Explanation
from gaf_core.figures.common import CLEAR, HOVER, sentence
from gaf_core.sankey import BOTTOM, LEFT, RIGHT, TOP, SankeyPicture


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
        return sentence(explanation.solution.message)
    picture = SankeyPicture.of(explanation, budget)
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
    return figure.update_layout(
        CLEAR,
        annotations=picture.annotations(),
        height=round(picture.placement.height) + TOP + BOTTOM,
        margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
    )
