"""Threads that wait between solves: to start one can take longer than a small solve."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from gaf_core.cores import cores


def pool(purpose: str) -> ThreadPoolExecutor:
    """A pool of as many threads as can run at once, one a purpose, so that none waits for itself.

    Raises:
        SettingsError: GAF_THREADS is no number of threads.
    """
    return _pool(purpose, cores())


@cache
def _pool(purpose: str, threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix=purpose)


if hasattr(os, "register_at_fork"):  # a forked process has the pools and none of their threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
