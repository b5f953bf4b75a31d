"""The store that all sessions share: one maker a key, also after a failure, and a bound."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gaf_core.errors import SettingsError
from gaf_core.ui.shelf import Shelf
from tests.support.patience import HANG


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(10, lambda one: one)


def test_many_who_ask_at_once_make_it_once(shelf):
    free, made = threading.Event(), []

    def make():
        assert free.wait(HANG)
        made.append(1)
        return 1

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(shelf.get, "key", make) for _ in range(8)]
        free.set()
        assert {one.result() for one in asked} == {1}
    assert made == [1]


def test_after_failures_there_is_still_one_maker_at_a_time(shelf):
    making, most, tries = threading.Lock(), [], []

    def make():
        alone = making.acquire(blocking=False)
        most.append(alone)
        threading.Event().wait(0.01)  # so that a second one would be met
        if alone:
            making.release()
        tries.append(1)
        if len(tries) < 12:
            raise SettingsError("It fails.")
        return 1

    def ask(_):
        try:
            return shelf.get("key", make)
        except SettingsError:
            return shelf.get("key", make)  # comes back while others wait

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda n: _either(ask, n), range(24)))
    assert all(most), "two made the same at once"


def _either(ask, number):
    try:
        return ask(number)
    except SettingsError:
        return None


def test_who_waits_for_somebody_else_can_leave(shelf):
    free, begun = threading.Event(), threading.Event()

    def make():
        begun.set()
        assert free.wait(HANG)
        return 1

    def leave():
        raise KeyError("stopped")

    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(shelf.get, "key", make)
        assert begun.wait(HANG)
        with pytest.raises(KeyError, match="stopped"):
            shelf.get("key", lambda: 2, leave)
        free.set()
        assert first.result() == 1
    assert shelf.get("key", lambda: 2, leave) == 1, "nobody waits for what is there"


def test_the_least_recently_used_makes_room_and_all_can_be_let_go(shelf):
    for size in (4, 5, 6):
        shelf.get(size, lambda size=size: size)
    assert [size in shelf for size in (4, 5, 6)] == [False, False, True]
    shelf.clear()
    assert 6 not in shelf
