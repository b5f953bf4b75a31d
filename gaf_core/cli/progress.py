"""How far a run is, on a terminal as one line that changes, elsewhere as a line now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from gaf_core.corpus.estimate import Estimate
from gaf_core.corpus.running import Progress

_EVERY = 20.0  # seconds between two lines where lines stay


class Shown:
    """Called with every progress of a run.

    Attributes:
        last: the last one.
    """

    def __init__(self, say: Callable[[str], None], stream: IO[str]):
        self.last = Progress()
        self._say, self._stream = say, stream
        self._changes = stream.isatty()
        self._wrote, self._width = -_EVERY, 0

    def __call__(self, progress: Progress) -> None:
        """Show it, if it is time for that."""
        self.last = progress
        line = told(progress)
        if self._changes:
            self._stream.write("\r" + line.ljust(self._width))
            self._stream.flush()
            self._width = len(line)
        elif progress.seconds - self._wrote >= _EVERY and progress.texts:
            self._wrote = progress.seconds
            self._say(line)

    def end(self) -> None:
        """Leave the line that changes."""
        if self._changes and self._width:
            self._stream.write("\n")


def told(progress: Progress) -> str:
    """One line."""
    computed = progress.texts - progress.found
    parts = [f"{progress.texts:,} of {progress.total:,} texts", f"{progress.share:.0%}"]
    if computed and progress.seconds:
        parts.append(f"{computed / progress.seconds:.1f} a second")
    if progress.left is not None and progress.texts < progress.total:
        parts.append(f"about {duration(progress.left)} left")
    counts = (
        (progress.failures - progress.skipped, "failed"), (progress.skipped, "skipped"),
        (progress.cut, "cut"), (progress.torn, "parts were torn and are done again"),
    )  # fmt: skip
    return ", ".join([*parts, *(f"{count:,} {what}" for count, what in counts if count)])


def estimated(expected: Estimate, done: int, folder: str, workers: int = 1) -> str:
    """What a run will cost, before it begins."""
    left = f"{expected.texts:,} texts" if not done else f"{expected.texts:,} more texts"
    by = f" by {workers:,} workers" if workers > 1 else ""
    return (
        f"{left} take about {duration(expected.seconds / workers)}{by}, "
        f"{expected.memory / 1e6:,.0f} MB of memory{' each' if workers > 1 else ''} and "
        f"{expected.disk / 1e6:,.1f} MB in '{folder}', as {expected.tried:,} of them say. Ctrl-C "
        "stops; what is done is kept."
    )


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> [duration(one) for one in (3.2, 80, 600, 9000, 400_000)]
    ['3 s', '80 s', '10 min', '2.5 h', '4.6 days']
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6_000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 2 * 86_400 else f"{seconds / 86_400:.1f} days"
