"""How many threads can run at once: what the system, its container and the user allow.

`os.cpu_count` counts the processors of the machine. A process may be kept to some of them (its
affinity, which a job scheduler or `taskset` sets) and a container to a share of their time (the
quota of its control group, in microseconds a period). More threads than that wait for each other.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from threading import Lock

from gaf_core.errors import SettingsError

VARIABLE = "GAF_THREADS"
_GROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_shares: list[int] = []  # of this process, as long as somebody computes with them
_changing = Lock()


def cores() -> int:
    """Threads of this process that can run at once, at least 1; GAF_THREADS where that is set.

    Never more than the share that `at_most` leaves.

    Raises:
        SettingsError: the variable is no number of threads.
    """
    with _changing:
        share = min(_shares, default=math.inf)
    return int(min(_allowed(), share))


@contextmanager
def at_most(threads: int | None) -> Iterator[None]:
    """Compute with a share of the cores: what a worker beside others may use; None for all.

    It holds for the whole process, whose threads share what they compute. Of several shares at
    once the least counts.
    """
    if threads is None:
        yield
        return
    with _changing:
        _shares.append(threads)
    try:
        yield
    finally:
        with _changing:
            _shares.remove(threads)


def _allowed() -> int:
    chosen = os.environ.get(VARIABLE, "").strip()
    if not chosen:
        return max(1, math.floor(min(_processors(), _container_quota())))
    if not chosen.isdecimal() or int(chosen) < 1:
        raise SettingsError(
            f"{VARIABLE} is {chosen!r}. Set it to how many threads may compute at once, 1 or more, "
            "or remove it."
        )
    return int(chosen)


def _processors() -> int:
    """Those that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _container_quota() -> float:
    try:
        return quota(_MEMBERSHIP.read_text(), _GROUPS)
    except OSError:
        return math.inf


def quota(membership: str, root: Path) -> float:
    """Processors' worth of time that Linux gives a process; infinite without a limit.

    Args:
        membership: lines `number:controllers:path`, as in `/proc/self/cgroup`: version 2 has one
            without controllers, version 1 one that names `cpu`.
        root: where the control groups are mounted.

    Returns:
        The least of the group and all that it is in. Inside a container the folders of the outer
        groups may be missing: what limits it then stands at the root.
    """
    least = math.inf
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = PurePosixPath(path.lstrip("/"))
        for folder in (group, *group.parents):
            least = min(least, _limit(root, controllers, folder))
    return least


def _limit(root: Path, controllers: str, group: PurePosixPath) -> float:
    """Of one group: quota over period."""
    try:
        if controllers:
            folder = root / controllers / group
            allowed = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        else:
            allowed, period = (root / group / "cpu.max").read_text().split()
        share = int(allowed) / int(period)
    except (OSError, ValueError):  # no such group, or "max"
        return math.inf
    return share if share > 0 else math.inf  # -1 is no limit
