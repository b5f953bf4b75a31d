"""The server around the pages: scripts named with the page, and what is read before a visit."""

import asyncio
import runpy
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import streamlit as st
from starlette.websockets import WebSocket, WebSocketDisconnect

from gaf_core import PRESETS
from gaf_core.ui import cache, server, warm
from gaf_core.ui.visitors import COOKIE

ROOT = Path(__file__).resolve().parents[2]
STATIC = Path(st.__file__).parent / "static"


def answered(
    kind: bytes, status: int = 200, path: str = "/compare", cookie: str = f"a=b; {COOKIE}=known"
) -> dict[bytes, bytes]:
    """The headers of an answer of this kind that went through the middleware."""
    sent = []

    async def app(_scope, _receive, send):
        headers = [(b"content-type", kind)]
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def send(message):
        sent.append(message)

    with ThreadPoolExecutor(1) as thread:  # in this one a browser's loop may run
        scope = {"type": "http", "path": path, "headers": [(b"cookie", cookie.encode())]}
        thread.submit(asyncio.run, server.Preloading(app)(scope, None, send)).result()
    return dict(sent[0]["headers"])


def test_a_page_names_scripts_that_exist_the_largest_first():
    named = [one.split(">")[0][3:] for one in answered(b"text/html")[b"link"].decode().split(", ")]
    assert "/PlotlyChart." in named[0]
    assert len(set(named)) == len(named)
    for name in named:
        assert (STATIC / name).is_file(), name
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not [name for name in named if name in page], "the page names these itself"


@pytest.mark.parametrize(
    ("kind", "status"), [(b"application/json", 200), (b"text/html", 404), (b"text/css", 200)]
)
def test_other_answers_stay_as_they_are(kind, status):
    assert answered(kind, status) == {b"content-type": kind}


def test_a_report_that_is_downloaded_names_no_scripts():
    assert answered(b"text/html", path="/media/0f3a.html") == {b"content-type": b"text/html"}


async def parted(around) -> BaseException | None:
    """What an endpoint meets that receives, while another task of it sends to a browser gone."""
    said = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}])
    met: list[BaseException] = []

    async def receive():
        return next(said)

    async def send(message):
        if message["type"] == "websocket.send":
            raise OSError("the browser has gone")

    async def app(scope, receive, send):
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        with suppress(WebSocketDisconnect):
            await socket.send_bytes(b"a message")
        try:
            await socket.receive_bytes()
        except Exception as error:
            met.append(error)

    await around(app)({"type": "websocket", "headers": []}, receive, send)
    return met[0] if met else None


@pytest.mark.parametrize(
    ("around", "kind"), [(lambda app: app, RuntimeError), (server.Parting, WebSocketDisconnect)]
)
def test_who_sends_to_a_browser_that_has_gone_is_told_so_and_not_of_a_fault(around, kind):
    with ThreadPoolExecutor(1) as thread:
        assert isinstance(thread.submit(asyncio.run, parted(around)).result(), kind)


def test_a_new_browser_gets_a_number_of_its_own_and_keeps_it():
    first, second = (answered(b"text/html", cookie="")[b"set-cookie"].decode() for _ in range(2))
    assert first.startswith(f"{COOKIE}=")
    assert first != second
    assert "HttpOnly" in first, "no script reads it"
    assert "SameSite=Strict" in first
    assert b"set-cookie" not in answered(b"text/html", cookie=first.split(";")[0])


def test_a_streamlit_with_other_names_gives_a_page_without_hints(tmp_path, monkeypatch):
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "index.html").write_text("<script src='./static/js/index.js'></script>")
    monkeypatch.setattr(server, "_SCRIPTS", tmp_path / "static" / "js")
    server._links.cache_clear()
    try:
        assert answered(b"text/html") == {b"content-type": b"text/html"}
    finally:
        server._links.cache_clear()


def test_the_file_of_the_app_is_a_server_to_who_imports_it():
    assert isinstance(runpy.run_path(str(ROOT / "app.py"), run_name="app")["app"], st.App)


def test_what_is_read_before_a_visit_is_what_the_first_one_asks_for(monkeypatch):
    warm.read()

    def never(*_, **__):
        raise AssertionError("loaded again")

    monkeypatch.setattr(cache, "load_model", never)
    name = next(iter(PRESETS))
    assert cache.model(cache.choice_of(name)).name == name


@pytest.mark.browser
def test_a_real_server_names_the_scripts_with_the_page(server):
    with urllib.request.urlopen(f"{server}/") as answer:
        assert "PlotlyChart" in answer.headers["link"]
    with urllib.request.urlopen(f"{server}/_stcore/health") as answer:
        assert "link" not in answer.headers
