"""The app, which writes down when it begins and ends each part of a visit.

    python -m benchmarks.timed_app RECORD run app.py [options of streamlit]

Each line of RECORD is a JSON list: what, when it began, when it ended, in seconds of the clock that
the browser's side reads too, and how long the solve of a flow took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.web import cli

from gaf_core import Explanation
from gaf_core.ui import cache, frame
from gaf_core.ui.explore import network

SANKEY = "sankey"  # key of the element


def timed(record: Path, what: str, function: Callable[..., Any], key: str = "") -> Callable:
    """A function that adds a line for each of its calls, or for those with such a `key`."""

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        began = time.time()
        try:
            found = function(*args, **options)
        finally:
            ended = time.time()
        if not key or options.get("key") == key:
            solved = found.solution.seconds if isinstance(found, Explanation) else 0.0
            line = what, began, ended, solved
            with record.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")
        return found

    return call


def watch(record: Path) -> None:
    """Put a clock around the parts of a visit."""
    cache.trace_for = timed(record, "model", cache.trace_for)
    cache.explain_trace = timed(record, "flow", cache.explain_trace)
    network.sankey = timed(record, "figure", network.sankey)
    st.plotly_chart = timed(record, "chart", st.plotly_chart, SANKEY)
    frame.draw = timed(record, "page", frame.draw)


if __name__ == "__main__":
    watch(Path(sys.argv.pop(1)))
    cli.main(prog_name="streamlit")
