"""What runs in the background, how far it is, and the buttons to start and stop it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from gaf_core.hosting import limits
from gaf_core.ui.compare import work
from gaf_core.ui.compare.work import Task
from gaf_core.ui.failures import literal
from gaf_core.ui.jobs import Job, State

_EVERY = 0.5  # seconds between two looks


def show_work(todo: Sequence[Task]) -> None:
    """A line for each entry that waits, runs or was stopped; draws itself anew while any runs."""
    shown = [task for task in todo if _open(task)]
    if not shown:
        return
    active = any(job.active for task in shown if (job := work.desk().find(task.key)))
    st.fragment(_show, run_every=_EVERY if active else None)(shown)


def _open(task: Task) -> bool:
    job = work.desk().find(task.key)
    return task.waits if job is None else job.active or job.state is State.STOPPED


def _show(shown: Sequence[Task]) -> None:
    if not all(_open(task) for task in shown):
        st.rerun()  # something has just ended: the whole page shows it
    with st.container(border=True, key="work"):
        for number, task in enumerate(shown):
            _show_task(number, task)
        most = limits().jobs
        if most is not None and sum(task.slow for task in shown) > most:
            st.caption(f"This app runs at most {most:,} slow methods of a visitor at once.")
        waiting = [task for task in shown if work.desk().find(task.key) is None]
        if len(waiting) > 1 and st.button("Run all of them", icon=":material/play_arrow:"):
            for task in waiting:
                work.request(task)
            st.rerun()


def _show_task(number: int, task: Task) -> None:
    job = work.desk().find(task.key)
    with st.container(horizontal=True, vertical_alignment="center", key=f"task_{number}"):
        if job is not None and job.active:
            st.progress(job.share, text=f"{literal(task.name)}: {_said(job)}", width="stretch")
            if st.button("Stop", key=f"stop_{task.entry.code}", icon=":material/stop:"):
                work.stop(task)
                st.rerun()
            return
        if job is not None and job.state is not State.STOPPED:
            return  # it ended a moment ago; the next look sees it
        told = "stopped" if job is not None else "slow: it runs the model many times"
        st.markdown(f"{literal(task.name)} :gray[{told}]", width="stretch")
        if st.button("Run", key=f"run_{task.entry.code}", icon=":material/play_arrow:"):
            work.request(task)
            st.rerun()


def _said(job: Job) -> str:
    if job.state is State.WAITING:
        return "waits for the one before it"
    return f"step {job.done:,} of {job.total:,}" if job.total else "started"
