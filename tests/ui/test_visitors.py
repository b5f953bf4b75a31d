"""What belongs to a visitor ends with the visit, and a reload finds it again."""

import pytest

from gaf_core.ui.visitors import GRACE, PARTED, Visitors


class Thing:
    closed = False

    def close(self):
        self.closed = True


class World:
    """Sessions that come and go, and a clock that a test sets."""

    def __init__(self):
        self.now, self.here = 0.0, set()
        self.visitors = Visitors(self.here.__contains__, lambda: self.now)

    def come(self, session, browser="firefox"):
        self.here.add(session)
        self.visitors.enter(session, session, browser)
        return self.visitors.own(session, "thing", Thing)


@pytest.fixture
def world() -> World:
    return World()


def test_it_is_closed_when_the_grace_is_over_and_not_before(world):
    thing = world.come("a")
    world.now = 1000.0
    world.visitors.look()
    world.here.clear()
    world.now += GRACE
    world.visitors.look()
    assert not thing.closed
    world.now += 0.1
    world.visitors.look()
    assert thing.closed


def test_a_reload_in_the_grace_finds_it_again(world):
    thing = world.come("a")
    world.here.clear()
    world.now = GRACE / 2
    world.visitors.look()
    assert world.come("b") is thing
    world.now = 3 * GRACE
    world.visitors.look()
    assert not thing.closed


@pytest.mark.parametrize(("browser", "leaves"), [("firefox", False), ("opera", True), ("", True)])
def test_nobody_gets_what_is_in_use_or_another_browsers(world, browser, leaves):
    first = world.come("a", "firefox" if browser else "")
    if leaves:
        world.here.clear()
    assert world.come("b", browser) is not first


def test_a_connection_that_comes_back_keeps_its_things_or_gets_new_ones(world):
    first = world.come("a")
    world.here.clear()
    world.now = GRACE / 2
    assert world.come("a") is first
    world.here.clear()
    world.now += 2 * GRACE
    world.visitors.look()
    assert first.closed
    again = world.come("a")
    assert not again.closed


def test_a_session_is_forgotten_once_nobody_can_resume_it(world):
    world.come("a")
    world.come("b", "opera")
    assert world.visitors.present() == ["a", "b"]
    world.here.remove("a")
    world.now = PARTED
    assert world.visitors.look() == []
    assert world.visitors.present() == ["b"]
    world.now += 0.1
    assert world.visitors.look() == ["a"]
    assert world.visitors.look() == []
