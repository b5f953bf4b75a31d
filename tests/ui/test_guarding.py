"""Who may talk to the server: by the names that it has, and from its own pages."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
import streamlit as st

from gaf_core.ui.guarding import Guarding, is_allowed

LOCAL = ["localhost", "127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("host", "allowed", "expected"),
    [
        ("localhost:8501", LOCAL, True),
        ("LOCALHOST.", LOCAL, True),
        ("[::1]:8501", LOCAL, True),
        ("127.0.0.1", LOCAL, True),
        ("evil.example:8501", LOCAL, False),
        ("127.0.0.1.evil.example", LOCAL, False),
        ("localhost@evil.example", LOCAL, False),
        ("evil.example@localhost", LOCAL, False),
        ("localhost/evil.example", LOCAL, False),
        ("localhost:port", LOCAL, False),
        ("", LOCAL, False),
        ("gaf.example.com", ["*.example.com"], True),
        ("example.com", ["*.example.com"], False),
        ("anexample.com", ["*.example.com"], False),
        ("evil.example", ["*"], True),
        ("evil.example", [], True),
    ],
)
def test_a_host_is_known_by_its_whole_name(host, allowed, expected):
    assert is_allowed(host, allowed) is expected


def sent(kind: str, *headers: tuple[str, str]) -> list[dict]:
    """What comes back through the middleware; {"type": "inside"} where the app was reached."""
    found = []

    async def app(_scope, _receive, send):
        await send({"type": "inside"})

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        found.append(message)

    scope = {"type": kind, "headers": [(k.encode(), v.encode()) for k, v in headers]}
    with ThreadPoolExecutor(1) as thread:  # in this one a browser's loop may run
        thread.submit(asyncio.run, Guarding(app)(scope, receive, send)).result()
    return found


@pytest.fixture(autouse=True)
def only_local(monkeypatch):
    options = {"server.allowedHosts": LOCAL, "server.enableCORS": True}
    monkeypatch.setattr(st, "get_option", options.__getitem__)


HERE = ("host", "127.0.0.1:8501")
INSIDE = [{"type": "inside"}]


def test_a_name_that_somebody_led_here_is_refused_for_pages_and_websockets():
    answer = sent("http", ("host", "evil.example"))
    assert answer[0]["status"] == 421
    assert b"allowedHosts" in answer[1]["body"]
    assert b"evil" not in answer[1]["body"]
    assert sent("websocket", ("host", "evil.example"))[0]["type"] == "websocket.close"
    assert sent("http")[0]["status"] == 421, "no name at all"
    assert sent("http", HERE, ("host", "evil.example"))[0]["status"] == 421, "two names"
    assert sent("http", HERE) == INSIDE


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1@evil.example"])
def test_a_websocket_of_another_page_is_refused(origin):
    assert sent("websocket", HERE, ("origin", origin))[0]["type"] == "websocket.close"
    assert sent("websocket", HERE, ("origin", "http://127.0.0.1:8501")) == INSIDE
    assert sent("websocket", HERE) == INSIDE, "no browser"


def test_the_start_and_the_end_of_the_server_pass():
    assert sent("lifespan") == INSIDE
