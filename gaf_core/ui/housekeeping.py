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
_EMPTY = 20.0  # seconds without a visitor after which memory is given back

_log = logging.getLogger(__name__)


async def look_after() -> None:
    """Look every second who has gone, for as long as the server runs."""
    empty_since: float | None = None
    tidy = True  # nobody has come yet
    swept = -_SWEEP
    while True:
        await asyncio.sleep(_EVERY)
        try:
            gone = visitors.VISITORS.look()
            if Runtime.exists():
                for session in gone:
                    Runtime.instance().close_session(session)
            if time.monotonic() - swept > _SWEEP:
                swept = time.monotonic()
                await asyncio.to_thread(runs.sweep)
            if visitors.VISITORS.present():
                empty_since, tidy = None, False
            elif not tidy:
                empty_since = time.monotonic() if empty_since is None else empty_since
                if time.monotonic() - empty_since > _EMPTY:
                    await asyncio.to_thread(give_back)
                    tidy = True
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
