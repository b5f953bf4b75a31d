"""Several visitors at once in a real Chromium: does one see another, and what do they leave behind.

    python -m benchmarks.soak --visitors 6 --actions 60 --write

Visitors take turns and never wait for an answer before the next of them acts. Each writes words
that no other writes. They change pages, texts and settings, start slow methods and runs over many
texts, load a page again and close it in the middle of work. Memory and threads are those of the
server's process.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from benchmarks.start import wait_until_healthy
from benchmarks.tables import SEED, finish, header, line, made_by, page
from gaf_core.places import app

ROOT = Path(__file__).resolve().parent.parent
TABLE = Path(__file__).with_suffix(".md")
PAGES = ("explore", "compare", "edit", "learn", "many")
SLOW = "kernel_shap:samples=100000"  # runs until it is stopped
SURPRISE = "Something unexpected went wrong"


@dataclass
class Soak:
    """What was found.

    Attributes:
        problems: a line each; none is what is hoped for.
        measured: moment, then megabytes and threads of the server.
    """

    problems: list[str] = field(default_factory=list)
    measured: list[tuple[str, float, int]] = field(default_factory=list)

    def measure(self, moment: str, process: psutil.Process) -> None:
        """Note memory and threads."""
        found = process.memory_info().rss / 1e6, process.num_threads()
        self.measured.append((moment, *found))


class Visitor:
    """A browser of its own, with words that no other has."""

    def __init__(self, number: int, browser: Browser, address: str, seed: int):
        self.mark, self.address = f"zq{number}x", address
        self.random = random.Random(seed * 1000 + number)
        self.context: BrowserContext = browser.new_context()
        self.tab = self._new_tab()

    def act(self) -> str:
        """Do one thing, whatever the page is doing; what it was."""
        acts: list[Callable[[], None]] = [
            self._visit, self._write, self._write, self._choose, self._reload, self._slow,
            self._many, self._close,
        ]  # fmt: skip
        act = self.random.choice(acts)
        try:
            act()
        except Error:  # a page in the middle of work may not have what it looks for
            self._visit()
        return act.__name__.strip("_")

    def shown(self) -> str:
        """What the page says now."""
        return self.tab.locator("body").inner_text()

    def _new_tab(self) -> Page:
        tab = self.context.new_page()
        tab.set_default_timeout(5_000)
        return tab

    def _words(self) -> str:
        return f"A {self.mark}{self.random.randrange(10**6)} film, and not a bad one."

    def _visit(self, query: str = "") -> None:
        place = self.random.choice(PAGES)
        text = self._words().replace(" ", "+")
        self.tab.goto(f"{self.address}/{place}?text={text}{query}", timeout=60_000)

    def _slow(self) -> None:
        text = self._words().replace(" ", "+")
        methods = f"methods=AF&methods={SLOW}"
        self.tab.goto(f"{self.address}/compare?text={text}&{methods}", timeout=60_000)
        self.tab.get_by_role("button", name="Run", exact=True).click()

    def _many(self) -> None:
        self.tab.goto(f"{self.address}/many", timeout=60_000)
        for name in ("Look through them", "Start"):
            self.tab.get_by_role("button", name=name, exact=True).click()

    def _write(self) -> None:
        self.tab.get_by_role("textbox", name="Text to explain").fill(self._words())
        self.tab.get_by_role("button", name="Explain", exact=True).click()

    def _choose(self) -> None:
        names = self.tab.get_by_role("radiogroup", name="Tensor")
        names.get_by_text(self.random.choice(("AF", "GF", "AGF")), exact=True).click()

    def _reload(self) -> None:
        self.tab.reload(timeout=60_000)

    def _close(self) -> None:
        self.tab.close()
        self.tab = self._new_tab()
        self._visit()


def soak(visitors: int, actions: int, after: float, seed: int = SEED) -> Soak:
    """Let visitors act in turn, and see what is left.

    Args:
        visitors: how many.
        actions: of each.
        after: seconds without anybody, before memory is measured for the last time.
        seed: of what they do.
    """
    found = Soak()
    with served(found) as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        found.measure("before anybody came", process)
        crowd = [Visitor(number, browser, address, seed) for number in range(visitors)]
        for turn in range(actions):
            for visitor in crowd:
                did = visitor.act()
                found.problems += [f"after {did}: {told}" for told in _wrong(visitor, crowd)]
            if turn + 1 in (actions // 2, actions):
                found.measure(f"after {(turn + 1) * visitors} actions", process)
        browser.close()
        time.sleep(after)
        found.measure(f"{after:.0f} s after all had left", process)
        if process.cpu_percent(interval=1.0) > 20:
            found.problems.append("the server still computes after all had left")
    return found


def _wrong(visitor: Visitor, crowd: list[Visitor]) -> list[str]:
    """What a page shows that it must not: a surprise, an exception, words of another visitor."""
    try:
        shown = visitor.shown()
        exceptions = visitor.tab.get_by_test_id("stException").count()
    except Error:
        return []  # it is being loaded
    others = [one.mark for one in crowd if one is not visitor and one.mark in shown]
    return [
        *(f"{visitor.mark} sees {mark}" for mark in others),
        *([f"{visitor.mark} sees a surprise"] if SURPRISE in shown or exceptions else []),
    ]


@contextmanager
def served(found: Soak) -> Iterator[tuple[str, psutil.Process]]:
    """A new server with its process; a traceback in its log is a problem."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", str(app()), "--server.headless=true",
        f"--server.port={port}", "--server.fileWatcherType=none",
    ]  # fmt: skip
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=os.environ) as process,
    ):
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()
            log.seek(0)
            found.problems += _tracebacks(log.read())


def _tracebacks(log: str) -> list[str]:
    """Where each traceback of a log was raised, and what."""
    found = []
    for part in log.split("Traceback (most recent call last)")[1:]:
        lines = part.splitlines()[1:]
        stop = next((n for n, one in enumerate(lines) if not one.startswith(" ")), len(lines))
        said = lines[stop] if stop < len(lines) else ""
        place = next((one.strip() for one in reversed(lines[:stop]) if "File " in one), "")
        found.append(f"a traceback in the log: {said} ({place})")
    return found


def main() -> None:
    """Measure and print; keep the table if that is wanted."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--visitors", type=int, default=6)
    arguments.add_argument("--actions", type=int, default=60, help="of each visitor")
    arguments.add_argument("--after", type=float, default=120.0, help="seconds without anybody")
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    found = soak(options.visitors, options.actions, options.after)
    told = f"soak --visitors {options.visitors} --actions {options.actions}"
    about = (
        f"{made_by(told)} {options.visitors} visitors with {options.actions} actions each, in turn."
    )
    lines = header("moment", "MB", "threads")
    lines += [line(moment, f"{size:,.0f}", str(count)) for moment, size, count in found.measured]
    problems = "Problems: " + ("; ".join(found.problems) or "none.")
    finish(page("Soak", about, problems, lines), TABLE, write=options.write)


if __name__ == "__main__":
    main()
