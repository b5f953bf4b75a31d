"""Which Chromium the tests of the app use, and what is said where there is none."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
ABSENT = "no Chromium on this machine"


def find(own: str) -> str | None:
    """The path of a browser: one of the system, or else playwright's `own` if it was installed."""
    system = next(filter(None, map(shutil.which, NAMES)), None)
    return system or (own if Path(own).is_file() else None)


def required() -> bool:
    """Whether its absence is a failure: continuous integration skips nothing."""
    return bool(os.environ.get("CI"))


def closing_line(reasons: Sequence[str]) -> str | None:
    """One sentence for the tests that were skipped for want of a browser, if any were.

    Args:
        reasons: why each of the skipped tests was skipped.
    """
    count = sum(ABSENT in reason for reason in reasons)
    if not count:
        return None
    tests = "1 browser test was" if count == 1 else f"{count} browser tests were"
    command = f"{os.path.relpath(sys.executable)} -m playwright install chromium"
    return (
        f"{tests} skipped: {ABSENT}. `{command}` brings it, as does `apt-get install chromium` on "
        "Debian and `brew install --cask chromium` on macOS."
    )
