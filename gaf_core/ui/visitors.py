"""Who is there, and what belongs to them: it ends when they have gone.

Streamlit keeps the state of a session for two minutes after its connection was lost, and calls
nobody when it drops it. So the server looks every second which sessions are connected. What belongs
to one that is not is closed after a moment of grace, in which a reload of the page finds it again:
a reload is a new session, of the same browser.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

GRACE = 8.0  # seconds without a connection after which what belongs to a visit is closed
PARTED = 100.0  # after which Streamlit may forget the session, a little before it would itself
COOKIE = "gaf_visitor"  # a random number that the server gives a browser, see `gaf_core.ui.server`
_VISIT = "visit"

_log = logging.getLogger(__name__)


class Closable(Protocol):
    """What ends with its visitor."""

    def close(self) -> None:
        """End it, at once and without waiting."""


Own = TypeVar("Own", bound=Closable)


@dataclass
class Visit:
    """One session of a browser.

    Attributes:
        session: Streamlit's id of it.
        browser: the cookie, "" where there is none.
        things: what belongs to it, by name.
        last: when it was connected last, in seconds.
        arrived: its turn among all visits; a reload keeps it.
    """

    session: str
    browser: str
    last: float
    arrived: int
    things: dict[str, Any] = field(default_factory=dict)


class Visitors:
    """The visits of a server. Asked by the threads of the pages, looked after by the server's own.

    Args:
        connected: whether a browser shows the session of this id now.
        clock: seconds.
    """

    def __init__(
        self, connected: Callable[[str], bool], clock: Callable[[], float] = time.monotonic
    ):
        self._visits: dict[str, Visit] = {}
        self._turns = 0
        self._lock, self._connected, self._clock = Lock(), connected, clock

    def enter(self, key: str, session: str, browser: str) -> None:
        """Note that a visit is there; one that is known stays as it is."""
        with self._lock:
            if key not in self._visits:
                arrived = self._arrival(browser)
                self._visits[key] = Visit(session, browser, self._clock(), arrived)
            visit = self._visits[key]
            visit.session, visit.last = session, self._clock()

    def own(self, key: str, name: str, make: Callable[[], Own]) -> Own:
        """A thing of a visit: its own, or what the same browser has just left behind, or new."""
        with self._lock:
            visit = self._visits[key]
            if name not in visit.things:
                left = self._left_behind(visit, name)
                visit.things[name] = make() if left is None else left.things.pop(name)
            return visit.things[name]

    def present(self) -> list[str]:
        """The keys of the visits whose sessions are connected, in the order of their arrival."""
        with self._lock:
            here = [(k, one) for k, one in self._visits.items() if self._connected(one.session)]
            return [key for key, _ in sorted(here, key=lambda pair: pair[1].arrived)]

    def look(self) -> list[str]:
        """Close what belongs to visits that are over; the sessions that nobody will resume."""
        now = self._clock()
        with self._lock:
            for visit in self._visits.values():
                if self._connected(visit.session):
                    visit.last = now
            over = [one for one in self._visits.values() if now - one.last > GRACE]
            things = [thing for one in over for thing in one.things.values()]
            for visit in over:
                visit.things = {}
            parted = {key: v for key, v in self._visits.items() if now - v.last > PARTED}
            for key in parted:
                del self._visits[key]
        for thing in things:
            try:
                thing.close()
            except Exception:  # the others are to end all the same
                _log.exception("What belonged to a visitor who has gone could not be closed")
        return [visit.session for visit in parted.values()]

    def _arrival(self, browser: str) -> int:
        """The turn of a visit: that of the one that it reloads, or the next."""
        left = [
            one.arrived
            for one in self._visits.values()
            if browser and one.browser == browser and not self._connected(one.session)
        ]
        self._turns += 1
        return min(left, default=self._turns)

    def _left_behind(self, visit: Visit, name: str) -> Visit | None:
        alike = [
            one
            for one in self._visits.values()
            if visit.browser
            and one.browser == visit.browser
            and name in one.things
            and not self._connected(one.session)
        ]
        return max(alike, key=lambda one: one.last, default=None)


def connected(session: str) -> bool:
    """Whether a browser shows this session now; where there is no server, nobody ever leaves."""
    return not Runtime.exists() or bool(Runtime.instance().is_active_session(session))


VISITORS = Visitors(connected)


def enter() -> str:
    """Note the visit whose page is drawn now; its key."""
    key = st.session_state.setdefault(_VISIT, uuid4().hex)
    VISITORS.enter(key, _session(), st.context.cookies.get(COOKIE) or "")
    return key


def own(name: str, make: Callable[[], Own]) -> Own:
    """What belongs to the visitor whose page is drawn now, made at the first call."""
    return VISITORS.own(enter(), name, make)


def _session() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""
