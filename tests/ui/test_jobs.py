"""Work in the background: progress, stop, failure, two lanes."""

import gc
import threading
import weakref

import pytest

from gaf_core.errors import SettingsError
from gaf_core.ui.jobs import Desk, Job, State
from tests.support.gate import Gate
from tests.support.patience import HANG


@pytest.fixture
def desk() -> Desk:
    return Desk()


def pass_by(desk: Desk, *, slow: bool = False) -> None:
    """Wait until a lane is done with all that it was given."""
    desk.start("last", "last", lambda _: None, slow=slow)
    assert desk.wait(["last"], HANG)


def test_a_job_ends_with_its_result(desk):
    job = desk.start("key", "name", lambda progress: progress(1, 2) or 42)
    assert desk.wait(["key"], HANG)
    assert (job.state, job.result, job.share) == (State.DONE, 42, 0.5)
    assert desk.start("key", "name", lambda _: 43) is job, "not computed twice"


def test_waiting_ends_when_its_time_is_over(desk):
    gate = Gate(1)
    job = desk.start("key", "name", gate)
    desk.start("other", "other", lambda _: 1, slow=True)
    assert not desk.wait(["key"], 0.01), "it stands at the gate"
    assert not desk.wait(["other", "key"], 0)
    assert job.active
    gate.open()
    assert desk.wait(["other", "key", "nobody"], HANG)
    assert desk.wait(["other", "key"], 0), "what has ended is not waited for"


def test_a_job_is_seen_at_the_step_that_it_has_reached(desk):
    gate = Gate(4)
    job = desk.start("key", "name", gate)
    gate.open(3)
    gate.reach(3)
    assert (job.state, job.done, job.total, job.share) == (State.RUNNING, 3, 4, 0.75)


def test_a_stopped_job_ends_at_its_next_step_and_can_start_again(desk):
    gate = Gate()
    job = desk.start("key", "name", gate)
    gate.open(3)
    gate.reach(3)
    job.stop()
    assert job.state is State.STOPPED
    assert desk.wait(["key"], 0), "nobody waits for its thread"
    again = desk.start("key", "name", lambda _: "again")
    assert desk.wait(["key"], HANG), "the lane is free while the step that may be long goes on"
    assert again.result == "again"
    gate.open(5)
    gate.end()
    assert (job.state, gate.done) == (State.STOPPED, 3)


def test_stopping_frees_the_lane_for_the_next_one_at_once(desk):
    gate, second = Gate(), Gate(1)
    job = desk.start("first", "first", gate, slow=True)
    gate.open()
    gate.reach(1)
    waits = desk.start("second", "second", second, slow=True)
    third = desk.start("third", "third", lambda _: 3, slow=True)
    job.stop()
    job.stop()
    second.began()
    assert (waits.state, third.state) == (State.RUNNING, State.WAITING), "still one at a time"
    second.open()
    assert desk.wait(["second", "third"], HANG)
    assert third.result == 3
    gate.open()
    gate.end()


def test_what_a_visitor_leaves_is_stopped_and_its_memory_freed(desk):
    class Large:
        pass

    gate = Gate()
    held = [Large(), Large()]
    left = [weakref.ref(one) for one in held]

    def work(large):
        return lambda progress: (gate(progress), large)

    jobs = [desk.start(key, str(key), work(held.pop()), slow=True) for key in range(2)]
    desk.requested.add("slow")
    gate.open()
    gate.reach(1)
    desk.close()
    gate.open()
    gate.end()
    assert [job.state for job in jobs] == [State.STOPPED] * 2
    assert not desk.requested
    del jobs
    for _ in range(100):  # the thread that ran the first lets go of it as it ends
        gc.collect()
        if not any(one() for one in left):
            return
        threading.Event().wait(0.05)
    pytest.fail("what the work held is still there")


@pytest.mark.parametrize("fails", [False, True])
def test_a_job_that_is_stopped_while_it_ends_is_stopped(fails):
    job = Job("name")

    def work(_):
        job.stop()
        if fails:
            raise SettingsError("It fails.")

    job.run(work)
    assert (job.state, job.failure) == (State.STOPPED, "")


def test_work_that_catches_every_failure_still_stops(desk):
    gate, caught = Gate(), []

    def work(progress):
        try:
            return gate(progress)
        except Exception as error:
            caught.append(error)
            raise SettingsError("It fails.") from error

    job = desk.start("key", "name", work)
    gate.open()
    gate.reach(1)
    job.stop()
    gate.open()
    pass_by(desk)
    assert (job.state, job.failure, caught) == (State.STOPPED, "", [])


def test_one_that_waits_is_stopped_before_it_starts(desk):
    gate, ran = Gate(2), []
    desk.start("first", "first", gate, slow=True)
    second = desk.start("second", "second", ran.append, slow=True)
    assert second.state is State.WAITING
    second.stop()
    assert second.state is State.STOPPED
    gate.open(2)
    pass_by(desk, slow=True)
    assert second.state is State.STOPPED
    assert not ran


def test_a_quick_job_does_not_wait_for_a_slow_one(desk):
    gate = Gate(1)
    slow = desk.start("slow", "slow", gate, slow=True)
    desk.start("quick", "quick", lambda _: 1)
    assert desk.wait(["quick"], HANG)
    assert slow.active
    gate.open()
    assert desk.wait(["slow"], HANG)


def test_a_mistake_of_a_user_is_told_and_a_surprise_is_not(desk):
    def wrong(_):
        raise SettingsError("There is no layer 9. Choose from 1 to 6.")

    def broken(_):
        raise ZeroDivisionError("secret")

    jobs = [desk.start(name, name, work) for name, work in (("a", wrong), ("b", broken))]
    fine = desk.start("c", "c", lambda _: "still works")
    assert desk.wait("abc", HANG)
    assert [job.state for job in jobs] == [State.FAILED, State.FAILED]
    assert jobs[0].failure == "There is no layer 9. Choose from 1 to 6."
    assert "secret" not in jobs[1].failure
    assert fine.result == "still works"


def test_what_nobody_looks_at_is_stopped(desk):
    gate = Gate()
    job = desk.start("old", "old", gate, slow=True)
    desk.keep_only(["new"])
    gate.open()
    pass_by(desk, slow=True)
    assert (job.state, gate.done) == (State.STOPPED, 0)
    assert desk.find("old") is None
