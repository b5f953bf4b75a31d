"""Which stop is shown: buttons, arrow keys, numbers, and the link."""

from __future__ import annotations

import streamlit as st

from gaf_core.lesson.stops import IDS, STOPS, Stop, stop_of
from gaf_core.ui import links

KEY = "stop"
_NUMBER = "stop number"


def current_stop() -> Stop:
    """The stop that was chosen, or that the link names."""
    if KEY not in st.session_state:
        st.session_state[KEY] = stop_of(st.query_params.get(KEY)).id
    stop = stop_of(st.session_state[KEY])
    links.write(KEY, stop.id if stop is not STOPS[0] else None)
    return stop


def choose_stop(stop: Stop) -> None:
    """Draw the buttons and the numbers; arrow keys press the buttons."""
    at = IDS.index(stop.id)
    st.session_state[_NUMBER] = stop.id
    st.button(
        "Previous", key="previous", shortcut="Left", icon=":material/arrow_back:",
        disabled=at == 0, on_click=_go, args=(at - 1,),
    )  # fmt: skip
    st.button(
        "Next", key="next", shortcut="Right", icon=":material/arrow_forward:",
        type="primary", disabled=at == len(STOPS) - 1, on_click=_go, args=(at + 1,),
    )  # fmt: skip
    st.segmented_control(
        "Stop",
        IDS,
        format_func=number_of,
        key=_NUMBER,
        required=True,
        on_change=_take,
        label_visibility="collapsed",
    )


def number_of(stop: str) -> str:
    """What a stop is called where there is little room."""
    at = IDS.index(stop)
    return str(at + 1) if at < len(STOPS) - 1 else "Puzzle"


def _go(at: int) -> None:
    st.session_state[KEY] = IDS[min(max(at, 0), len(IDS) - 1)]


def _take() -> None:
    st.session_state[KEY] = st.session_state[_NUMBER]
