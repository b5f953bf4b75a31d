"""How long a start takes: of the library, of a command, of the app for its first visitor and later.

    python -m benchmarks.start --write

Whole processes and a real Chromium, each thing in turn with what it is measured against: `import
torch`, a script that loads the same model and runs it once, and a page that does the same and draws
one figure. A visitor has a browser that was never there before.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright, sync_playwright

from benchmarks.tables import finish, header, line, made_by, page
from gaf_core.places import app, assets

ROOT = Path(__file__).resolve().parent.parent
TABLE = Path(__file__).with_suffix(".md")
MODEL = str(assets() / "models" / "minilm-reviews")
TEXT = "The acting was terrible."
PYTHON = sys.executable
PROCESSES = {
    "import torch": [PYTHON, "-c", "import torch"],
    "import gaf_core": [PYTHON, "-c", "import gaf_core"],
    "gaf --help": [PYTHON, "-m", "gaf_core", "--help"],
    "gaf models": [PYTHON, "-m", "gaf_core", "models"],
    "bare script": [PYTHON, "-m", "benchmarks.bare_script", MODEL, TEXT],
    "gaf explain": [PYTHON, "-m", "gaf_core", "explain", TEXT],
}
SERVERS = {"bare page": "benchmarks/bare_page.py", "app": str(app())}
FIGURE = ".barlayer .point"
SEEN = {  # what -> the element that a visitor waits for
    "bare page": {"figure": FIGURE},
    "app": {"heatmap": ".gaf-heatmap", "Sankey": ".sankey-node"},
}
VISITS = ("first visitor", "later visitor")
RATIOS = (  # what, against what, at most
    ("import gaf_core", "import torch", "0.1"),
    ("gaf --help", "import torch", ""),
    ("gaf models", "import torch", ""),
    ("gaf explain", "bare script", "1.25"),
    *((f"app, {visit}: heatmap", f"bare page, {visit}: figure", "") for visit in VISITS),
    *((f"app, {visit}: Sankey", f"bare page, {visit}: figure", "1.4") for visit in VISITS),
)

Seconds = dict[str, list[float]]


def processes(runs: int) -> Seconds:
    """Seconds of each process, in turns; the turn before the first one fills the disk's cache."""
    found: Seconds = defaultdict(list)
    for turn in range(runs + 1):
        for name, command in PROCESSES.items():
            began = time.perf_counter()
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            if turn:
                found[name].append(time.perf_counter() - began)
    return found


def visits(runs: int, later: int) -> Seconds:
    """Seconds from the address to what is seen, of one first and some later visitors a server."""
    found: Seconds = defaultdict(list)
    with sync_playwright() as playwright:
        for turn in range(runs + 1):
            for name in SERVERS:
                with served(SERVERS[name]) as address:
                    for visitor in range(1 + later):
                        kind = VISITS[min(visitor, 1)]
                        for what, seconds in visit(playwright, address, SEEN[name]).items():
                            if turn:
                                found[f"{name}, {kind}: {what}"].append(seconds)
    return found


def visit(playwright: Playwright, address: str, seen: dict[str, str]) -> dict[str, float]:
    """One visitor with a new browser: seconds until each element is there."""
    with browser(playwright) as tab:
        began = time.perf_counter()
        tab.goto(address, wait_until="commit")
        found = {}
        for what, selector in seen.items():
            tab.wait_for_selector(selector, state="visible", timeout=300_000)
            found[what] = time.perf_counter() - began
        return found


@contextmanager
def browser(playwright: Playwright) -> Iterator[Page]:
    """A tab of a new Chromium."""
    chromium = playwright.chromium.launch(
        executable_path=shutil.which("chromium"),
        args=["--no-sandbox", "--disable-background-networking"],
    )
    try:
        yield chromium.new_page(viewport={"width": 1280, "height": 900})
    finally:
        chromium.close()


@contextmanager
def served(script: str, *program: str) -> Iterator[str]:
    """A new server of a page, healthy and never visited.

    Args:
        script: of the page.
        *program: module that runs Streamlit with its first arguments; none for Streamlit itself.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        PYTHON, "-m", *(program or ("streamlit",)), "run", script, "--server.headless=true",
        f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false", "--", MODEL,
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_until_healthy(address: str, process: subprocess.Popen) -> None:
    """Until the server answers."""
    while process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=1)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("The server ended before it answered.")


def table(seconds: Seconds) -> list[str]:
    """One line a ratio: of medians, and the seconds of both with their range."""
    lines = header("what", "seconds", "against", "seconds", "ratio of medians", "at most")
    for what, against, limit in RATIOS:
        if what in seconds:
            ratio = statistics.median(seconds[what]) / statistics.median(seconds[against])
            cells = what, spread(seconds[what]), against, spread(seconds[against]), f"{ratio:.2f}"
            lines.append(line(*cells, limit))
    return lines


def spread(seconds: Sequence[float]) -> str:
    """A median with its range."""
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def main() -> None:
    """Measure and print; keep the table if that is wanted."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--later", type=int, default=2, help="later visitors of each server")
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    seconds = processes(options.runs) | visits(options.runs, options.later)
    about = (
        f"{made_by(f'start --runs {options.runs} --later {options.later}')} Medians and ranges of "
        f"{options.runs} turns, {options.later} later visitors a server in each. What is measured "
        "and what it is measured against take turns; every visitor has a browser that was never "
        "there before, and every first visitor comes as soon as the server answers."
    )
    against = (
        "The bare script loads the bundled model with transformers and runs it once; the bare page "
        "does the same under Streamlit and draws one plotly figure."
    )
    finish(page("Start", about, against, table(seconds)), TABLE, write=options.write)


if __name__ == "__main__":
    main()
