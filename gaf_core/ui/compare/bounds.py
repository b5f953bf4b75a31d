"""NAOPC on request: the limits of AOPC, searched in the background and shown with the measures."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import NamedTuple

import streamlit as st

from gaf_core import Model, Trace
from gaf_core.evaluation import AopcLimits, Perturbation, aopc_limits, limit_passes
from gaf_core.hosting import limits
from gaf_core.ui.cache import shelf
from gaf_core.ui.compare.work import Question, desk
from gaf_core.ui.failures import literal
from gaf_core.ui.form import FLAGS
from gaf_core.ui.jobs import Job, Progress, State
from gaf_core.ui.shelf import Shelf

_SWITCH = "naopc"
KNOWN = {_SWITCH: FLAGS}  # what a link may hold
_KEPT = 500  # limits, of all visitors
_PATIENCE = 0.5  # seconds that the page waits for a search before it shows that it runs
_EVERY = 0.5  # seconds between two looks


class Search(NamedTuple):
    """The limits that somebody asked for.

    Attributes:
        question, perturbation: what decides them.
        passes: texts that it takes at most.
        waits: this visitor has as many slow jobs as the app allows.
    """

    question: Question
    perturbation: Perturbation
    passes: int
    waits: bool

    @property
    def key(self) -> Hashable:
        """Of the job."""
        return _SWITCH, self.question, self.perturbation


def choose_search(trace: Trace, question: Question, perturbation: Perturbation) -> Search | None:
    """Draw the switch; None if it is off, or if the app does not allow so many passes."""
    passes = limit_passes(int(trace.removable.sum()))
    wanted = st.toggle(
        "NAOPC",
        key=_SWITCH,
        bind="query-params",
        help="Find the least and the greatest AOPC that any order of these tokens reaches, and "
        "show AOPC between them: AOPC of two models cannot be compared, NAOPC can. For this text "
        f"it takes up to {passes:,} texts with tokens removed.",
    )
    if not wanted:
        return None
    most = limits().samples
    if most is not None and passes > most:
        st.caption(
            f"This app takes at most {most:,} texts with tokens removed for NAOPC, and this text "
            f"needs up to {passes:,}. Write a shorter one."
        )
        return None
    search = Search(question, perturbation, passes, False)
    jobs = limits().jobs
    full = jobs is not None and desk().slow >= jobs and desk().find(search.key) is None
    return search._replace(waits=full)


def keys(search: Search | None) -> list[Hashable]:
    """Of the jobs that go on."""
    return [] if search is None else [search.key]


def begin(model: Model, trace: Trace, search: Search | None) -> None:
    """Start the search, and wait a moment for it."""
    if search is None or search.waits:
        return
    job, store = desk().find(search.key), _shelf()

    def work(progress: Progress) -> AopcLimits:
        def make() -> AopcLimits:
            return aopc_limits(model, trace, search.perturbation, progress=progress)

        # while another visitor's job makes the same: stopped, this one ends
        return store.get(search.key, make, lambda: progress(0, 0))

    if job is None:
        desk().start(search.key, "Limits of AOPC", work, slow=True)
        desk().wait([search.key], _PATIENCE)


def found(search: Search | None) -> AopcLimits | None:
    """The limits, once they are there."""
    job = _job(search)
    return job.result if job is not None and job.state is State.DONE else None


def show_search(search: Search | None) -> None:
    """How far the search is, with a button to stop it; draws itself anew while it runs."""
    job = _job(search)
    if search is not None and search.waits:
        st.caption("The limits of AOPC are searched when one of the slow methods has ended.")
    if search is None or job is None or job.state is State.DONE:
        return
    if job.state is State.FAILED:
        st.warning(f"**NAOPC**: {literal(job.failure)}", icon=":material/info:")
        return
    st.fragment(_show, run_every=_EVERY if job.active else None)(search)


def say_limits(search: Search | None) -> None:
    """Between which numbers AOPC can be, and how that is known."""
    limits_found = found(search)
    if limits_found is None:
        return
    how = (
        "exactly, from every set of them"
        if limits_found.exact
        else f"by two beam searches, each with {limits_found.width} sets of a size, so that the "
        "true limits may be wider and a method may have more than 1"
    )
    no_scale = limits_found.upper == limits_found.lower
    st.caption(
        f"AOPC can be from {limits_found.lower:.3f} to {limits_found.upper:.3f} here, over all "
        f"orders of these tokens: found {how}, with {limits_found.passes:,} texts. "
        + ("The order makes no difference, so there is no NAOPC." if no_scale else "")
    )


def _show(search: Search) -> None:
    job = _job(search)
    if job is None or not (job.active or job.state is State.STOPPED):
        st.rerun()  # it has just ended: the whole page shows it
    with st.container(horizontal=True, vertical_alignment="center", key="limits_work"):
        if job.active:
            done = f"step {job.done:,} of {job.total:,}" if job.total else "waits or begins"
            st.progress(job.share, text=f"Limits of AOPC: {done}", width="stretch")
            if st.button("Stop", key="stop_limits", icon=":material/stop:"):
                job.stop()
                st.rerun()
            return
        st.markdown("Limits of AOPC :gray[stopped]", width="stretch")
        if st.button("Run", key="run_limits", icon=":material/play_arrow:"):
            desk().forget(search.key)
            st.rerun()


def _job(search: Search | None) -> Job | None:
    return None if search is None else desk().find(search.key)


@cache
def _shelf() -> Shelf[AopcLimits]:
    return shelf(_KEPT, lambda _: 1)
