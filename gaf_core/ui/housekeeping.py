"""What the server does between visits: end what its visitor has left, and give memory back."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import sys
import time

from streamlit.runtime import Runtime

from gaf_core.ui import runs, visitors

_EVERY = 1.0  # seconds between two looks
_SWEEP = 600.0  # seconds between two looks at runs that nobody opens any more
EMPTY = 20.0  # seconds without a visitor after which memory is given back

_log = logging.getLogger(__name__)


class Rest:
    """When to give memory back.

    Soon after the last visitor has gone, and again when a session is dropped that was kept for a
    reload.
    """

    def __init__(self) -> None:
        self._empty_since: float | None = None
        self._tidy = True  # nobody has come yet

    def is_due(self, now: float, present: bool, dropped: bool) -> bool:
        """Whether it is time, which is then taken as done.

        Args:
            now: seconds.
            present: whether somebody is there.
            dropped: whether a session was dropped since the last look.
        """
        if present:
            self._empty_since, self._tidy = None, False
            return False
        if self._empty_since is None:
            self._empty_since = now
        self._tidy = self._tidy and not dropped
        if self._tidy or now - self._empty_since <= EMPTY:
            return False
        self._tidy = True
        return True


async def look_after() -> None:
    """Look every second who has gone, for as long as the server runs."""
    rest, swept = Rest(), -_SWEEP
    while True:
        await asyncio.sleep(_EVERY)
        try:
            gone = visitors.VISITORS.look()
            if Runtime.exists():
                for session in gone:
                    Runtime.instance().close_session(session)
            now = time.monotonic()
            if now - swept > _SWEEP:
                swept = now
                await asyncio.to_thread(runs.sweep)
            if rest.is_due(now, bool(visitors.VISITORS.present()), bool(gone)):
                await asyncio.to_thread(give_back)
        except Exception:  # the next look may do better
            _log.exception("Looking after visitors failed")


def give_back() -> None:
    """Let go of what was computed for visitors, and return the memory to the system.

    Models stay, since the next visitor needs one. The allocator of Linux keeps what was freed until
    it is asked to return it.
    """
    from gaf_core.ui import cache  # slow to import, and imported by the first page

    cache.let_go()
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # musl has none
            trim(0)
