"""A figure inside a web page that stands alone: its data, a place to draw it, and two buttons.

The page holds plotly.js once (`scripts`), 4.8 MB of its text; plotly for Python brings no smaller
bundle. Figures take ink and shades from the page, light or dark; what is saved or printed is light.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from gaf_core.picture.colours import DARK_SHADES, LIGHT_SHADES

Figure = go.Figure

_DRAW = Path(__file__).with_name("embed.js")
_LOOKS = {"light": ("#1a2230", LIGHT_SHADES), "dark": ("#e7ecf2", DARK_SHADES)}


def scripts() -> tuple[str, str]:
    """The texts of the two scripts that a page needs, after all of its figures: plotly.js, ours."""
    return tuple(
        text.replace("\r\n", "\n") for text in (get_plotlyjs(), _DRAW.read_text(encoding="utf-8"))
    )  # pyright: ignore[reportReturnType]


def figure_html(figure: go.Figure, name: str, alt: str, width: int = 1000) -> str:
    """A figure as HTML, to be drawn by `scripts`.

    Args:
        figure: as wide as its place, as high as its layout says (in pixels).
        name: of the files that its buttons save, without ending.
        alt: what it shows, for those who do not see it.
        width: on paper, in pixels; on a narrower screen than 0.6 of it the figure scrolls.
    """
    content = json.loads(str(figure.to_json()))
    content["layout"].pop("template", None)
    content["looks"] = {look: _look(content["layout"], *inks) for look, inks in _LOOKS.items()}
    height = int(content["layout"].get("height", 450))
    # inside a script only "<" could end it
    data = json.dumps(content, ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<figure class="gaf-figure" data-name="{escape(name)}" data-width="{width}">'
        f'<div class="gaf-scroll"><div class="gaf-plot" role="img" aria-label="{escape(alt)}" '
        f'style="height:{height}px;min-width:{round(0.6 * width)}px"></div></div>'
        f'<img class="gaf-print" alt="{escape(alt)}">'
        f'<script type="application/json">{data}</script>'
        '<figcaption><button type="button" data-format="png">Save as PNG</button> '
        '<button type="button" data-format="svg">Save as SVG</button></figcaption></figure>'
    )


def _look(layout: dict[str, Any], ink: str, shades: tuple[str, ...]) -> dict[str, Any]:
    """What a layout has on a light or a dark page."""
    look: dict[str, Any] = {"font": {**layout.get("font", {}), "color": ink}}
    if "coloraxis" in layout:
        stops = [[index / (len(shades) - 1), shade] for index, shade in enumerate(shades)]
        look["coloraxis"] = {**layout["coloraxis"], "colorscale": stops}
    return look
