"""The flow network as a Sankey."""

from __future__ import annotations

import plotly.graph_objects as go

from gaf_core.explanation import Explanation
from gaf_core.figures.common import CLEAR, HOVER, sentence
from gaf_core.picture.colours import saturation_legend
from gaf_core.picture.sankey import BOTTOM, RIGHT, TOP, SankeyPicture
from gaf_core.picture.scene import Scene
from gaf_core.picture.view import View

_LEGEND = 26  # pixels below the picture for the legend


def sankey(explanation: Explanation, view: View = View()) -> go.Figure:
    """The flow from the input tokens (left) to the prediction (right), one column a layer.

    Args:
        explanation: what to draw.
        view: how. Links of which at least half crosses the cut have a dashed line across them.

    Returns:
        A figure as high as its columns need and as wide as its container. Link widths are flows.
        `layout.meta["summary"]` says what is merged. Without any flow, the reason in words.

    Raises:
        SettingsError: the view asks for something that means nothing for this explanation.
    """
    if explanation.solution.value <= 0:
        return sentence(explanation.message)
    scene = Scene.of(explanation, view)
    picture = SankeyPicture(scene)
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
    below = BOTTOM + (_LEGEND if view.colour == "saturation" else 0)
    if view.colour == "saturation":
        figure.add_annotation(
            text=saturation_legend(), showarrow=False, font={"size": 12}, xref="paper",
            yref="paper", x=0, y=0, xanchor="left", yanchor="top", yshift=-_LEGEND // 3,
        )  # fmt: skip
    return figure.update_layout(
        CLEAR,
        shapes=picture.marks(),
        annotations=[*figure.layout.annotations, *picture.annotations()],
        height=round(scene.placement.height) + TOP + below,
        margin={"l": picture.left, "r": RIGHT, "t": TOP, "b": below},
        meta={"summary": scene.summary},
    )
