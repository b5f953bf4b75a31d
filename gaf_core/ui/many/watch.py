"""How far a run is, with the buttons to stop it and to go on; draws itself anew while it runs."""

from __future__ import annotations

import streamlit as st

from gaf_core.cli.progress import duration
from gaf_core.ui import cache, runs
from gaf_core.ui.failures import literal
from gaf_core.ui.jobs import State
from gaf_core.ui.many import work
from gaf_core.ui.turns import TURNS

_EVERY = 1.0  # seconds between two looks


def show_progress(kept: runs.Kept) -> None:
    """A bar while it runs; else whether it is done, and what to do if it is not."""
    every = _EVERY if work.active(kept.token) else None
    st.fragment(_show, run_every=every)(kept, watching=every is not None)


def show_kept(kept: runs.Kept) -> None:
    """How long the link holds, and the button that ends it."""
    plan = kept.plan
    with st.container(horizontal=True, vertical_alignment="center", key="many_kept"):
        st.caption(
            f"“{literal(plan.name)}” by {literal(plan.model)}. Whoever has the address of this "
            f"page sees its texts and rows. They are kept on this server until nobody has opened "
            f"them for {runs.KEPT} hours. A run computes while the page of who began it is open; "
            "what is done is kept."
        )
        if st.button("Another run", key="many_another", icon=":material/add:"):
            st.query_params.pop("run", None)
            st.rerun()
        with st.popover("Delete this run", icon=":material/delete:", key="many_deleting"):
            st.markdown("Its texts and rows are gone then, for all who have the link.")
            if st.button("Delete", key="many_delete", type="primary"):
                work.stop(kept.token)
                runs.delete(kept.token)
                st.query_params.pop("run", None)
                st.rerun()


def _show(kept: runs.Kept, *, watching: bool) -> None:
    running = work.running(kept.token)
    if running is None or not running.job.active:
        if watching:
            st.rerun()  # it has just ended: the whole page shows it
        _show_ended(kept)
        return
    progress = running.progress
    with st.container(horizontal=True, vertical_alignment="center", key="many_running"):
        st.progress(progress.share, text=_told(kept), width="stretch")
        if st.button("Stop", key="many_stop", icon=":material/stop:"):
            work.stop(kept.token)
            st.rerun()
    counts = (
        (progress.failures - progress.skipped, "rows failed"), (progress.skipped, "rows skipped"),
        (progress.cut, "texts cut"), (progress.torn, "parts were torn and are computed again"),
    )  # fmt: skip
    if told := ", ".join(f"{count:,} {what}" for count, what in counts if count):
        st.caption(f"{told[0].upper()}{told[1:]}.")
    if kept.folder.numbers:
        st.button("Show what there is by now", key="many_refresh", icon=":material/refresh:")


def _told(kept: runs.Kept) -> str:
    """The line on the bar."""
    running = work.running(kept.token)
    if running is None or running.job.state is State.WAITING:
        return "waits for another run of yours"
    progress = running.progress
    parts = [f"{progress.texts:,} of {kept.plan.texts:,} texts"]
    if progress.left is not None:
        parts.append(f"about {duration(progress.left)} left")
    if (others := len(TURNS) - 1) > 0:
        parts.append(f"in turns with {others:,} other{'s' * (others > 1)}")
    return ", ".join(parts)


def _show_ended(kept: runs.Kept) -> None:
    """Done, stopped or failed."""
    if failure := work.said(kept.token):
        st.error(literal(failure), icon=":material/info:")
    done, parts = len(kept.folder.numbers), kept.parts
    if done >= parts:
        return
    texts = min(kept.plan.texts, done * kept.plan.part)
    with st.container(horizontal=True, vertical_alignment="center", key="many_stopped"):
        st.markdown(f"Stopped: **{texts:,} of {kept.plan.texts:,}** texts are done.")
        if st.button("Go on", type="primary", key="many_resume", icon=":material/play_arrow:"):
            plan = kept.plan
            work.start(kept, cache.model(cache.choice_of(plan.model, plan.revision, plan.device)))
            st.rerun()
