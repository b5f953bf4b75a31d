"""What is in focus on a page: one selection that all views share and the link carries.

It is kept as text (`focus.to_text`). Every view that can be clicked takes part in `take`; the other
views then forget their own marks, so that no table shows a row that is not in focus any more.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gaf_core import Explanation, FlowPath, SettingsError, max_flow, widest_paths
from gaf_core.picture.reduction import through_flow
from gaf_core.reading.bottleneck import Bottleneck, bottleneck
from gaf_core.reading.focus import Node, Paths, Selection, part_of
from gaf_core.reading.selection import from_text, is_text_of, to_text
from gaf_core.reading.sentences import in_words
from gaf_core.ui import cache, links
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

PATHS = 10  # listed
_KEY = "focus"
_MOST_OPTIONS = 1_000  # nodes to pick from; any other is found in the table and the graph


def choose_focus(request: cache.Request, explanation: Explanation) -> Selection | None:
    """Draw the picker with its button, and keep the link in step with it."""
    with place():
        selection = _current(request, explanation)
    options = _options(explanation)
    text = None if selection is None else to_text(explanation, selection)
    if text is not None and text not in options:
        options.insert(0, text)
    with st.container(horizontal=True, vertical_alignment="bottom", key="focus_row"):
        st.selectbox(
            "Focus on",
            options,
            index=None,
            key=_KEY,
            format_func=lambda text: in_words(explanation, from_text(explanation, text)),
            placeholder="Everything: pick a token, or click in the pictures and tables",
            help="Shows only the flow through one token, at the input or between two layers; the "
            "rest fades. Type to search. The largest nodes are listed.",
            on_change=_changed,
            args=(None,),
        )
        st.button(
            "Clear", icon=":material/close:", disabled=text is None, on_click=take,
            args=(None,), help="Show the whole flow again.",
        )  # fmt: skip
    links.write(_KEY, text)
    return selection


def take(selection: str | None, by: str | None = None) -> None:
    """Put something in focus, as a callback of the view called `by`."""
    st.session_state[_KEY] = selection
    _changed(by)


def release(kind: type[Selection], by: str) -> None:
    """Take what a table has set off out of focus; nothing else, for a new table is empty at first.

    A browser tells of a table's marks when it draws it, which may be in a run that somebody's next
    click has cut short: then an empty table looks like one whose mark was taken away.
    """
    if is_text_of(kind, st.session_state.get(_KEY)):
        take(None, by)


def view_key(name: str) -> str:
    """The key of a clickable view, a new one when something else changed the focus."""
    return f"{name}_{st.session_state.get('focus_turns', {}).get(name, 0)}"


def part_in_focus(
    request: cache.Request, explanation: Explanation, selection: Selection | None
) -> NDArray[np.float64] | None:
    """`[l, t, t]` part of the flow that is in focus."""
    if selection is None:
        return None
    listed = paths_of(request, explanation) if isinstance(selection, Paths) else None
    return part_of(explanation, selection, listed)


def paths_of(request: cache.Request, explanation: Explanation) -> list[FlowPath]:
    """The widest paths of the flow."""
    return cache.derived(
        "paths", request, explanation, lambda one: widest_paths(one.solution.edge_flow, PATHS)
    )


def limit_of(request: cache.Request, explanation: Explanation) -> Bottleneck:
    """The minimum cut of the flow."""
    return cache.derived(
        "cut", request, explanation, lambda one: bottleneck(one.network, max_flow(one.network))
    )


def _changed(by: str | None) -> None:
    turns = dict(st.session_state.get("focus_turns", {}))
    for name in ("graph", "edges", "paths"):
        # a picture that is clicked twice at one place must hear of it twice
        if name != by or name == "graph":
            turns[name] = turns.get(name, 0) + 1
    st.session_state.focus_turns = turns


def _current(request: cache.Request, explanation: Explanation) -> Selection | None:
    """What is in focus, from the session or its link, where this flow has it."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = st.query_params.get(_KEY)
    text = st.session_state[_KEY]
    if text is None:
        return None
    try:
        found = from_text(explanation, text)
        if isinstance(found, Paths) and found.ranks[-1] > len(paths_of(request, explanation)):
            raise SettingsError(f"This list of paths ends before path {found.ranks[-1]}.")
    except SettingsError as error:
        st.warning(
            f"What was in focus is not in this flow, so all of it is shown. {literal(str(error))}",
            icon=":material/link_off:",
        )
        st.session_state[_KEY] = None
        return None
    return found


def _options(explanation: Explanation) -> list[str]:
    """Tokens in reading order, then the nodes of the layers with the most flow."""
    live = explanation.network.live
    tokens = [to_text(explanation, Node(0, token)) for token in np.flatnonzero(live[0]).tolist()]
    inner = through_flow(explanation.solution)[1:]
    largest = np.argsort(-inner, axis=None, kind="stable")[:_MOST_OPTIONS]
    largest = largest[inner.ravel()[largest] > 0]
    layers, positions = np.unravel_index(np.sort(largest), inner.shape)
    nodes = zip((layers + 1).tolist(), positions.tolist(), strict=True)
    return tokens + [to_text(explanation, Node(*node)) for node in nodes]
