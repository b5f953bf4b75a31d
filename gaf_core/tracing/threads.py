"""How many threads torch computes with: those that fit the cores and the size of a pass.

At the end of nearly every operation all threads wait for the last. On an idle machine that costs
microseconds; where another process has one of the cores, the last is late by a time slice of some
milliseconds, and a pass has hundreds of operations: with two threads a text of a hundred tokens
then took seconds, with one it took a tenth of one (`benchmarks/threads.md`). Several threads are
therefore kept for passes whose operations are longer than that. What decides is the size of the
pass and the number of cores, never how busy they are, so that the same input gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

import torch

from gaf_core.cores import cores
from gaf_core.models.model import Model

# Multiply-adds of one layer's weights, in a forward pass, from which several threads are worth it.
WORTHWHILE = 2e9
# Elsewhere the number is one for the whole process and cannot be changed once torch has computed.
_ONE_A_THREAD = "backend: OpenMP" in torch.__config__.parallel_info()
_one_at_a_time = Lock()


def fitting(model: Model, tokens: int) -> int:
    """Threads for passes over so many tokens, of all texts that are computed at once.

    Raises:
        SettingsError: GAF_THREADS is no number of threads.
    """
    most = cores()
    width = model.module.config.get_text_config().hidden_size
    weights = 12 * width**2  # queries, keys, values, output: 4 widths squared; feed-forward: 8
    return most if weights * tokens >= WORTHWHILE else 1


@contextmanager
def threads_that_fit(model: Model, tokens: int) -> Iterator[None]:
    """Compute with `fitting` threads, or fewer where torch was set to fewer, in this thread.

    Afterwards, and meanwhile in other threads, torch is as its user has set it.

    Raises:
        SettingsError: GAF_THREADS is no number of threads.
    """
    most = fitting(model, tokens)
    with _one_at_a_time:
        before = torch.get_num_threads()
    if before <= most or model.device.type != "cpu" or not _ONE_A_THREAD:
        yield
        return
    _set_here(most)
    try:
        yield
    finally:
        _set_here(before)


def _set_here(number: int) -> None:
    """`torch.set_num_threads` for this thread and no other.

    torch sets the number of the calling thread, and also the one that threads begin with when they
    first compute. The latter is known to a new thread alone, which sets it back.
    """
    read, changed = Event(), Event()

    def keep() -> None:
        usual = torch.get_num_threads()
        read.set()
        changed.wait()
        torch.set_num_threads(usual)

    with _one_at_a_time:
        keeper = Thread(target=keep)
        keeper.start()
        read.wait()
        torch.set_num_threads(number)
        changed.set()
        keeper.join()
