"""The widest paths of the flow as a table; rows in focus are set off in every view."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pandas as pd
import streamlit as st

from gaf_core import Explanation, FlowPath
from gaf_core.reading.focus import Paths, Selection
from gaf_core.reading.selection import to_text
from gaf_core.ui import cache
from gaf_core.ui.explore.selection import paths_of, release, take, view_key

_LONG = 3  # layers; a longer stay at one token is told by its length


def show_paths(
    request: cache.Request, explanation: Explanation, selection: Selection | None
) -> None:
    """What each path carries, and all down to it together."""
    paths = paths_of(request, explanation)
    if not paths:
        return
    key = view_key("paths")
    table = path_table(explanation, paths)
    together = f"{table['together'].iloc[-1]:.1%}".replace("%", " %")
    st.markdown("**The widest paths**")
    rows = [rank - 1 for rank in selection.ranks] if isinstance(selection, Paths) else []
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        height=38 + 35 * len(table),
        on_select=lambda: _row_taken(explanation, key),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": rows, "columns": [], "cells": []}},
        column_config={
            "share": percent,
            "together": percent,
        },
        alt="Table of the widest paths from the input tokens to the prediction.",
    )
    st.caption(
        f"Each row is one way through the layers. These {len(paths)} "
        f"carry {together} of the flow; the less that is, the more it is spread out. The boxes "
        "left of the rows set paths off in the pictures; the box on top takes all of them. "
        f"A path that stays at a token for more than {_LONG} layers says so: “hot ×5”."
    )


def path_table(explanation: Explanation, paths: list[FlowPath]) -> pd.DataFrame:
    """One row a path: its tokens from the input on, its share of the flow, and shares summed."""
    shares = np.array([path.flow for path in paths]) / explanation.solution.value
    return pd.DataFrame(
        {
            "share": shares,
            "together": np.cumsum(shares),
            "path, from the input on the left": [_in_words(explanation, path) for path in paths],
        }
    )


def _in_words(explanation: Explanation, path: FlowPath) -> str:
    """Its tokens from the input on; where it stays at one for long, how many layers long."""
    stops = []
    for token, stay in groupby(reversed(path.nodes)):
        layers, name = len(list(stay)), explanation.written[token]
        stops += [f"{name} ×{layers}"] if layers > _LONG else [name] * layers
    return " → ".join(stops)


def _row_taken(explanation: Explanation, key: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    ranks = Paths(tuple(sorted(row + 1 for row in rows)))
    if rows:
        take(to_text(explanation, ranks), "paths")
    else:
        release(Paths, "paths")
