"""Files of a comparison: the table, the scores, everything; and how pictures are saved."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from gaf_core.evaluation.comparison import Comparison, faithfulness_table, score_table, to_json
from gaf_core.files.exports import to_csv
from gaf_core.ui.saving import choose_format

_KINDS = {"csv": "text/csv", "json": "application/json"}


def show_files(comparison: Comparison, model: str) -> None:
    """A button for each file; a file is made when somebody asks for it."""
    st.header("Take it with you", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="downloads"):
        _file("Table (CSV)", "faithfulness.csv", lambda: to_csv(faithfulness_table(comparison)))
        _file("Scores (CSV)", "scores.csv", lambda: to_csv(score_table(comparison)))
        _file(
            "Everything (JSON)",
            "comparison.json",
            lambda: to_json(comparison, model=model).encode("utf-8"),
        )
        choose_format()
    st.caption(
        "Numbers are in full precision, with all settings of each method and of the measure. The "
        "address of this page holds the text, the methods and all settings."
    )


def _file(label: str, name: str, make: Callable[[], bytes]) -> None:
    st.download_button(
        label,
        make,
        file_name=f"gaf-{name}",
        mime=_KINDS[name.rsplit(".", 1)[1]],
        key=f"compare_{name}",
        icon=":material/download:",
        on_click="ignore",
    )
