"""What all tests share: checked shapes, and one server and one Chromium for those in a browser."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from jaxtyping import config, install_import_hook
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.support import chromium
from tests.support.patience import HANG, HANG_MS
from tests.support.trained import train
from tests.support.visits import Visit

# From here on these modules check the shapes and kinds that their signatures promise. Compiled code
# is left out: what numba reads is no call of Python.
CHECKED = (
    *("information", "network", "evaluation"),
    *(f"flow.{name}" for name in ("cuts", "depths", "exact", "paths", "solution")),
)
install_import_hook([f"gaf_core.{name}" for name in CHECKED], "beartype.beartype")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def unchecked() -> Iterator[None]:
    """For what gives a function something else than its signature asks for, as a user may."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium.find(playwright.chromium.executable_path)
        if path is None:
            pytest.fail(chromium.ABSENT) if chromium.required() else pytest.skip(chromium.ABSENT)
        expect.set_options(timeout=HANG_MS)
        started = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-background-networking"],
            timeout=HANG_MS,
        )
        yield started
        started.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers first: of files that run beside each other, no long one is left to the end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def pytest_terminal_summary(terminalreporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if line := chromium.closing_line([str(report.longrepr) for report in skipped]):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("server") / "log.txt") as address:
        yield address


@pytest.fixture
def new_server(tmp_path) -> Iterator[str]:
    """One that nobody has visited."""
    with served(tmp_path / "log.txt") as address:
        yield address


@contextmanager
def served(log: Path) -> Iterator[str]:
    """The app at a free port; what it prints goes to a file and holds no traceback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true",
        f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none",
    ]  # fmt: skip
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            env=os.environ | {"GAF_RUNS": str(log.with_name("runs"))},
        )  # fmt: skip
        try:
            wait_until_healthy(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=HANG)
    assert "Traceback" not in log.read_text()


def wait_until_healthy(port: int, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + HANG
    while not healthy(port):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, f"the server did not start: {log.read_text()}"
        time.sleep(0.1)  # between two looks


def healthy(port: int) -> bool:
    """Whether the server answers, asked directly: a proxy may stand in the environment."""
    connection = HTTPConnection("127.0.0.1", port, timeout=HANG)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@pytest.fixture(scope="session")
def context(browser) -> BrowserContext:
    """Shared, so that the browser compiles the scripts of the page once.

    Every page finds the sidebar as a new visitor does: Streamlit keeps in the browser whether it
    was open.
    """
    context = browser.new_context()
    context.add_init_script("localStorage.clear()")
    return context


@pytest.fixture
def visit(context, server) -> Iterator[Visit]:
    visit = Visit(context, server)
    yield visit
    for page in context.pages:
        page.close()
    assert not visit.problems


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Callable[[str], str]:
    """The folder of a small model of a task, trained when somebody first asks for it."""
    folders: dict[str, str] = {}

    def folder_of(task: str) -> str:
        if task not in folders:
            folders[task] = str(train(task, tmp_path_factory.mktemp("trained")))
        return folders[task]

    return folder_of
