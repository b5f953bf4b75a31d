"""What the app connects to from start to stop: nothing; and where it listens: on this computer."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, wait_until_healthy
from tests.support.connections import noted, noting
from tests.support.patience import HANG

LOCAL = {"127.0.0.1", "localhost", "::1", "unix", "None", ""}
COMMANDS = {
    "gaf app": ["-m", "gaf_core", "app"],
    "streamlit run": ["-m", "streamlit", "run", "app.py"],
}


@pytest.fixture(params=COMMANDS)
def started(request, tmp_path) -> Iterator[tuple[int, Path]]:
    """A server with its own defaults, and the folder in which its connections are noted."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log.txt"
    command = [*COMMANDS[request.param], "--server.headless=true", f"--server.port={port}"]
    environment = {**os.environ, **noting(tmp_path)}
    environment["PYTHONPATH"] += os.pathsep + str(ROOT)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_until_healthy(port, process, log)
            yield port, tmp_path
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=HANG)
    assert "External URL" not in log.read_text()


def asked(port: int, path: str, **headers: str) -> int:
    """The status of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.browser
def test_it_listens_here_and_connects_to_nothing(started, browser):
    port, folder = started
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(HANG * 1000)
    for path in ("", "compare", "edit"):
        page.goto(f"http://127.0.0.1:{port}/{path}")
        page.wait_for_selector(".gaf-title")
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    context.close()
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    here = f"http://127.0.0.1:{port}"
    assert asked(port, "/", Host="evil.example") == 421
    assert asked(port, "/_stcore/stream", Origin="http://evil.example", **upgrade) == 403
    assert asked(port, "/_stcore/stream", Origin=here, **upgrade) == 101
    assert noted(folder, "socket.bind") <= LOCAL
    assert noted(folder, "socket.connect", "socket.sendto", "socket.getaddrinfo") <= LOCAL
