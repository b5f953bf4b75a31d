"""Work in the background: progress, stop, failure, two lanes."""

import threading

import pytest

from gaf_core.errors import SettingsError
from gaf_core.ui.compare.jobs import Desk, State


class Gate:
    """Work of many steps, one for each time that the gate is opened."""

    def __init__(self, steps: int = 1000):
        self.steps, self.done, self._free = steps, 0, threading.Semaphore(0)

    def open(self, times: int = 1) -> None:
        self._free.release(times)

    def __call__(self, progress) -> str:
        for step in range(self.steps):
            self._free.acquire(timeout=10)
            self.done = step + 1
            progress(step + 1, self.steps)
        return "done"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_job_ends_with_its_result(desk):
    job = desk.start("key", "name", lambda progress: progress(1, 2) or 42)
    assert desk.wait(["key"], 5)
    assert (job.state, job.result, job.share) == (State.DONE, 42, 0.5)
    assert desk.start("key", "name", lambda _: 43) is job, "not computed twice"


def test_a_stopped_job_ends_at_its_next_step_and_can_start_again(desk):
    gate = Gate()
    job = desk.start("key", "name", gate)
    gate.open(3)
    assert not desk.wait(["key"], 0.1)
    job.stop()
    gate.open()
    assert desk.wait(["key"], 5)
    assert job.state is State.STOPPED
    assert gate.done <= 5 < gate.steps
    again = desk.start("key", "name", lambda _: "again")
    assert desk.wait(["key"], 5)
    assert again.result == "again"


def test_work_that_catches_every_failure_still_stops(desk):
    gate = Gate()

    def work(progress):
        try:
            return gate(progress)
        except Exception as error:
            raise SettingsError("It fails.") from error

    job = desk.start("key", "name", work)
    job.stop()
    gate.open(2)
    assert desk.wait(["key"], 5)
    assert job.state is State.STOPPED


def test_one_that_waits_is_stopped_before_it_starts(desk):
    gate, ran = Gate(2), []
    desk.start("first", "first", gate, slow=True)
    second = desk.start("second", "second", ran.append, slow=True)
    second.stop()
    assert second.state is State.STOPPED
    gate.open(2)
    assert desk.wait(["first"], 5)
    assert not ran


def test_a_quick_job_does_not_wait_for_a_slow_one(desk):
    gate = Gate(1)
    slow = desk.start("slow", "slow", gate, slow=True)
    desk.start("quick", "quick", lambda _: 1)
    assert desk.wait(["quick"], 5)
    assert slow.active
    gate.open()
    assert desk.wait(["slow"], 5)


def test_a_mistake_of_a_user_is_told_and_a_surprise_is_not(desk):
    def wrong(_):
        raise SettingsError("There is no layer 9. Choose from 1 to 6.")

    def broken(_):
        raise ZeroDivisionError("secret")

    jobs = [desk.start(name, name, work) for name, work in (("a", wrong), ("b", broken))]
    fine = desk.start("c", "c", lambda _: "still works")
    assert desk.wait("abc", 5)
    assert [job.state for job in jobs] == [State.FAILED, State.FAILED]
    assert jobs[0].failure == "There is no layer 9. Choose from 1 to 6."
    assert "secret" not in jobs[1].failure
    assert fine.result == "still works"


def test_what_nobody_looks_at_is_stopped(desk):
    gate = Gate()
    job = desk.start("old", "old", gate, slow=True)
    desk.keep_only(["new"])
    gate.open(2)
    desk.start("next", "next", lambda _: 1, slow=True)
    assert desk.wait(["next"], 5), "the lane is free again"
    assert job.state is State.STOPPED
    assert desk.find("old") is None
