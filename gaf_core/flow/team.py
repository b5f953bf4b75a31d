"""One thread or two inside one compiled solve.

The work of a solve is a sequence of jobs of two parts that write to disjoint memory. The leader
posts a job, does the first part, and does the second too unless a helper on another thread has
taken it meanwhile, so a helper that the machine has no time for costs little. What is computed, and
in which order, does not depend on who does it, so neither do the bits of the result.

    leader    post: job, then open = n     part 0     take(n)? part 1 : wait until done = n
    helper    watch: open = n              take(n)?   part 1, then done = n

`take` exchanges `open` from `n` to 0 in one atomic step, so exactly one of them succeeds.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from gaf_core.cores import cores
from gaf_core.flow.blas import call
from gaf_core.flow.compiled import njit
from gaf_core.flow.pools import pool

T = TypeVar("T")

PARTS = 2
# Below this many edges a helper saves some milliseconds on two idle cores, and beside other work it
# costs as much: a part that it leaves half done, when another process takes its core, waits for it.
# Above, it costs a few per cent beside other work and makes a solve 1.6 times as fast without.
WORTHWHILE = 100_000

# A helper watches without sleeping, so there are never more threads at work than cores.
_at_work, _count = 0, threading.Lock()
_system = ctypes.WinDLL("kernel32") if sys.platform == "win32" else ctypes.CDLL(None)
_yield = _system.SwitchToThread if sys.platform == "win32" else _system.sched_yield
_YIELD = int(ctypes.cast(_yield, ctypes.c_void_p).value or 0)
_LOOKS = 2_000  # at the board, before the processor is offered to another thread

_OPEN, _DONE, _OVER, JOB, _LAST = range(5)


class Team(NamedTuple):
    """What leader and helper share.

    Attributes:
        helped: whether there is a helper.
        board: `[5]` number of the job whose second part can be taken, or 0; number of the last job
            that the helper has done; whether all is over; what the job is; how many there were.
        address: of the board.
        pause: address of the C function that offers the processor to another thread.
    """

    helped: bool
    board: NDArray[np.int64]
    address: int
    pause: int


def team_of(helped: bool) -> Team:
    """A team before its first job."""
    board = np.zeros(5, dtype=np.int64)
    return Team(helped, board, board.ctypes.data, _YIELD)


def with_help(edges: int, lead: Callable[..., T], help_out: Callable, *arguments: object) -> T:
    """Call `lead(team, *arguments)`, and `help_out` on another thread where that pays."""
    with _at_work_if(True) as one, _at_work_if(edges >= WORTHWHILE) as other:
        team = team_of(helped=one and other)
        if not team.helped:
            return lead(team, *arguments)
        helper = pool("helper").submit(help_out, team, *arguments)
        try:
            return lead(team, *arguments)
        finally:
            team.board[_OVER] = 1
            if not helper.cancel():
                helper.result()


@contextmanager
def _at_work_if(wanted: bool) -> Iterator[bool]:
    """Take a core that no solve uses, if one is wanted and there is one; whether it was taken."""
    global _at_work
    limit = cores() if wanted else 0
    with _count:
        taken = _at_work < limit
        _at_work += taken
    try:
        yield taken
    finally:
        with _count:
            _at_work -= taken


def _typed_exchange(_context, address, expected, value):
    def generate(_context, builder, _signature, values):
        pointer = builder.inttoptr(values[0], ir.IntType(64).as_pointer())
        pair = builder.cmpxchg(pointer, values[1], values[2], "seq_cst", "seq_cst")
        return builder.extract_value(pair, 0)

    return types.int64(address, expected, value), generate


def _typed_read(_context, address):
    def generate(_context, builder, _signature, values):
        pointer = builder.inttoptr(values[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "seq_cst", 8)

    return types.int64(address), generate


def _typed_write(_context, address, value):
    def generate(context, builder, _signature, values):
        pointer = builder.inttoptr(values[0], ir.IntType(64).as_pointer())
        builder.store_atomic(values[1], pointer, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(address, value), generate


_exchange = cast(Callable[..., int], intrinsic(_typed_exchange))
_read = cast(Callable[..., int], intrinsic(_typed_read))
_write = cast(Callable[..., None], intrinsic(_typed_write))


@njit()
def post(team, job):
    """Leader: open the second part of a job; its number, counted from 1."""
    team.board[_LAST] += 1
    number = team.board[_LAST]
    team.board[JOB] = job
    _write(team.address + 8 * _OPEN, number)
    return number


@njit()
def take(team, number):
    """Both: whether the second part of this job is the caller's to do."""
    return _exchange(team.address + 8 * _OPEN, number, np.int64(0)) == number


@njit()
def wait(team, number):
    """Leader: until the helper has done its part."""
    looks = 0
    while _read(team.address + 8 * _DONE) != number:
        looks = _look(team, looks)


@njit()
def watch(team):
    """Helper: until there is a job, its number; 0 when all is over."""
    looks = 0
    while True:
        number = _read(team.address + 8 * _OPEN)
        if number or _read(team.address + 8 * _OVER):
            return number
        looks = _look(team, looks)


@njit()
def finish(team, number):
    """Helper: say that the part is done."""
    _write(team.address + 8 * _DONE, number)


@njit(inline="always")
def _look(team, looks):
    if looks == _LOOKS:
        call(team.pause, ())
        return 0
    return looks + 1
