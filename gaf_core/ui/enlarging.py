"""A figure on a page, and the same in nearly all of the window, with its caption; Escape closes it.

Streamlit enlarges a figure too, but without its caption and no taller than it was.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from gaf_core.figures.common import resized
from gaf_core.ui.failures import literal
from gaf_core.ui.saving import saving


def show_figure(
    figure: Any,
    *,
    key: str,
    name: str,
    alt: str,
    title: str,
    caption: str | None = None,
    **options: Any,
) -> None:
    """Draw a figure with a button that enlarges it.

    Args:
        figure: of plotly.
        key: of its element.
        name: of the file that it is saved as, without ending.
        alt: what it shows, for those who do not see it.
        title: what it is, above the large one.
        caption: Markdown, below the large one; None for what `alt` says.
        **options: those of `st.plotly_chart`.
    """
    with st.container(key=f"figure_{key}"):
        st.plotly_chart(figure, key=key, config=saving(name), alt=alt, **options)
        wanted = st.button(
            "Enlarge",
            key=f"enlarge_{key}",
            type="tertiary",
            icon=":material/open_in_full:",
            help="Show this figure in nearly the whole window. Escape closes it.",
        )
    if wanted:
        st.dialog(title, width="large")(_enlarged)(
            figure, key, name, alt, literal(alt) if caption is None else caption, options
        )


def _enlarged(
    figure: Any, key: str, name: str, alt: str, caption: str, options: dict[str, Any]
) -> None:
    large = resized(figure)
    with st.container(key="enlarged"):
        st.plotly_chart(
            large, key=f"{key}_large", config=saving(name), alt=alt, height="stretch",
            theme=options.get("theme", "streamlit"),
        )  # fmt: skip
    if caption:
        st.caption(caption)
