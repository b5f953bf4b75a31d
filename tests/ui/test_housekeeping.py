"""Memory is given back when nobody is there, and again when a session that was kept is dropped."""

import pytest

from gaf_core.ui.housekeeping import EMPTY, Rest


@pytest.fixture
def rest() -> Rest:
    return Rest()


def times(rest: Rest, seconds: range, present: bool = False, dropped: int = -1) -> list[int]:
    return [now for now in seconds if rest.is_due(now, present, now == dropped)]


def test_a_server_that_nobody_has_visited_has_nothing_to_give_back(rest):
    assert times(rest, range(300)) == []


def test_it_is_given_back_once_when_all_have_been_gone_for_a_while(rest):
    assert times(rest, range(100), present=True) == []
    assert times(rest, range(100, 400)) == [100 + EMPTY + 1]


def test_it_is_given_back_again_when_a_session_is_dropped_later(rest):
    times(rest, range(100), present=True)
    assert times(rest, range(100, 400), dropped=250) == [100 + EMPTY + 1, 250]


def test_a_session_that_is_dropped_while_others_are_there_waits_until_they_have_gone(rest):
    assert times(rest, range(100), present=True, dropped=50) == []
    assert times(rest, range(100, 110)) == []
    assert times(rest, range(110, 200), present=True) == []
    assert times(rest, range(200, 300), dropped=205) == [200 + EMPTY + 1]
