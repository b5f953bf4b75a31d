"""A short soak: several visitors at once, none of whom sees another, and nothing runs on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import chromium
from tests.support.patience import HANG

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.browser
def test_visitors_do_not_meet_and_leave_nothing_running(tmp_path):
    if chromium.find(str(tmp_path / "none")) is None:
        pytest.skip(chromium.ABSENT)
    # a process of its own: playwright takes one loop a thread, and the tests have theirs
    options = ["--visitors", "3", "--actions", "5", "--after", "15"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *options],
        cwd=ROOT, capture_output=True, text=True, timeout=HANG,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Problems: none." in done.stdout, done.stdout
    assert "15 s after all had left" in done.stdout
