"""Does the model agree? Edges of the flow kept or cut on the model, on request."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gaf_core import Explanation, GafError
from gaf_core.evaluation.edge_masks import edge_counts
from gaf_core.figures.agreement import kept_curves
from gaf_core.reading.agreement import (
    KEPT,
    Agreement,
    Said,
    Trial,
    agreement,
    count_edges_within,
    edges_of,
    kept_flow,
    trial,
)
from gaf_core.reading.agreement_words import (
    NEVER_CUT,
    kept_in_words,
    trial_in_words,
)
from gaf_core.reading.focus import Paths, Selection
from gaf_core.reading.selection import to_text
from gaf_core.reading.sentences import in_words
from gaf_core.ui import cache
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.explore.selection import limit_of, paths_of
from gaf_core.ui.failures import literal
from gaf_core.ui.form import FLAGS

ACTS = ("Cut it", "Keep nothing else")
FOCUS, CUT = "what is in focus", "the minimum cut"
STEPS = tuple(f"{100 * share:g} %" for share in KEPT)
_ON, _STEP = "agree", "kept"
# the values that a link may hold for what this file draws
KNOWN = {_ON: FLAGS, _STEP: STEPS, "tried": (FOCUS, CUT), "act": ACTS}
_USUAL = STEPS[4]


def show_agree(
    request: cache.Request, explanation: Explanation, selection: Selection | None
) -> Said | None:
    """The switch and what it shows; gives back what the model says, for the files.

    Args:
        request: what the explanation was asked for with.
        explanation: whose flow.
        selection: what is in focus.
    """
    if explanation.solution.value <= 0:
        return None
    if not st.toggle(
        "Does the model agree?",
        key=_ON,
        bind="query-params",
        help="Cuts attention edges on the model itself, keeps those that the flow finds strong, "
        "and shows what the model says then.",
    ):
        return None
    try:
        found = cache.derived("agreement", request, explanation, _ask(request))
        step = _show_kept(explanation, found)
        tried = _show_trial(request, explanation, selection)
        st.caption(NEVER_CUT)
        return Said(found, step, tried)
    except GafError as error:
        st.info(literal(str(error)), icon=":material/info:")
        return None


def kept_part(request: cache.Request, explanation: Explanation) -> NDArray[np.float64] | None:
    """`[l, t, t]` the flow whose whole way is kept, to be set off; None where nobody asked."""
    if not st.session_state.get(_ON, st.query_params.get(_ON) == "true"):
        return None
    # the choice stands below the pictures, so it is read before it is drawn
    chosen = st.session_state.get(_STEP) or st.query_params.get(_STEP)
    share = KEPT[STEPS.index(chosen if chosen in STEPS else _USUAL)]
    count = edge_counts(np.array([share]), count_edges_within(explanation))[0]
    return cache.derived(
        f"kept {count}", request, explanation, lambda one: kept_flow(one, int(count))
    )


def _show_kept(explanation: Explanation, found: Agreement) -> int:
    """The slider, the curve, and the sentence; gives back which fraction is chosen."""
    left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
    with left:
        chosen = st.select_slider(
            "Keep the strongest edges",
            STEPS,
            value=_USUAL,
            key=_STEP,
            bind="query-params",
            help="Of the attention edges of the layers shown. While nothing is in focus, the "
            "pictures above set off the flow whose whole way through the layers is kept.",
        )
        step = STEPS.index(chosen)
        st.markdown(kept_in_words(explanation, found, step, literal, _strong))
    with right:
        show_figure(
            kept_curves(explanation, found, step),
            key="kept_curves",
            name="gaf-kept",
            title="The strongest edges kept",
            alt="What the model says by how many of the strongest edges are kept. "
            + kept_in_words(explanation, found, step),
        )
    return step


def _show_trial(
    request: cache.Request, explanation: Explanation, selection: Selection | None
) -> Trial | None:
    """What is in focus or the minimum cut, cut or kept alone."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="trial_row"):
        what = st.segmented_control(
            "Take", (FOCUS, CUT), default=FOCUS, required=True, key="tried", bind="query-params"
        )
        act = st.segmented_control(
            "and", ACTS, default=ACTS[0], required=True, key="act", bind="query-params"
        )
    if what == FOCUS and selection is None:
        st.caption("Nothing is in focus. Pick a token, an edge or a path above.")
        return None
    with st.spinner("Asking the model …"):
        found = _tried(request, explanation, None if what == CUT else selection, act == ACTS[0])
    st.markdown(trial_in_words(explanation, found, literal, _strong))
    return found


def _tried(
    request: cache.Request, explanation: Explanation, selection: Selection | None, cut: bool
) -> Trial:
    """The trial of a selection, or of the minimum cut for None; made once and kept."""
    if selection is None:
        key, name, what = CUT, CUT, limit_of(request, explanation)
    else:
        key, name, what = (
            to_text(explanation, selection),
            in_words(explanation, selection),
            selection,
        )
    paths = paths_of(request, explanation) if isinstance(selection, Paths) else None

    def ask(one: Explanation) -> Trial:
        edges = edges_of(one, what, paths)
        return trial(cache.model(request.choice), one, name, edges, cut=cut)

    return cache.derived(f"trial {key} {cut}", request, explanation, ask)


def _ask(request: cache.Request):
    """The agreement of an explanation, with its progress."""

    def ask(one: Explanation) -> Agreement:
        bar = st.empty()

        def progress(done: int, total: int) -> None:
            bar.progress(done / total, f"Asking the model: {done} of {total} …")

        found = agreement(cache.model(request.choice), one, progress)
        bar.empty()
        return found

    return ask


def _strong(text: str) -> str:
    return f"**{text}**"
