"""The server around the pages: what every visitor waits for is read before somebody comes.

Two waits are shortened. The first visitor of a server waits for the libraries, the model and the
solver: reading them begins with the server. Every new visitor waits for the scripts of the page,
which Streamlit asks for one after another as elements arrive, the largest (plotly, nearly 5 MB)
among the last: the answer with the page itself names those that the first view needs.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import streamlit

from gaf_core.ui import housekeeping
from gaf_core.ui.visitors import COOKIE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SCRIPTS = Path(streamlit.__file__).parent / "static" / "static" / "js"
# What the first view is made of, by the names that Streamlit gives its elements; the largest first.
_ELEMENTS = (
    "PlotlyChart", "Html", "TextArea", "Selectbox", "Slider", "Checkbox", "Radio", "Button",
    "ButtonGroup", "Metric", "DownloadButton",
)  # fmt: skip
_PATIENCE = 10.0  # seconds, for what is read at the start, when the server ends meanwhile
_IMPORTED = re.compile(r'(?:from|import)"\./([^"]+\.js)"')


@asynccontextmanager
async def warmed(_: Any) -> AsyncIterator[None]:
    """While the server runs: read what the first visitor would wait for, and look who has gone."""
    warming = Thread(target=_warm, name="warm", daemon=True)
    warming.start()
    looking = asyncio.create_task(housekeeping.look_after())
    try:
        yield
    finally:
        looking.cancel()
        # an interpreter that ends below a library which is being read ends in an error of that
        await asyncio.to_thread(warming.join, _PATIENCE)


def _warm() -> None:
    from gaf_core.ui import warm

    warm.read()


class Preloading:
    """ASGI middleware: a page names the scripts that its first view needs, and knows its browser.

    A browser gets a random number as a cookie that ends with it, by which work in the background is
    found again after a reload.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                links = [(b"link", _links())] if _links() else []
                message["headers"] = [*message["headers"], *links, *_greeting(scope)]
            await send(message)

        # a report that somebody downloads is HTML too, and no page of the app
        page = scope["type"] == "http" and "/media/" not in scope["path"]
        await self._app(scope, receive, answer if page else send)


class Parting:
    """ASGI middleware: what is sent to a browser that has just gone is dropped.

    A server tells of it by an OSError. From then on starlette refuses to receive, which Streamlit,
    who receives in another task, takes for a broken message, and its answer to that ends in a
    traceback. Where the error is dropped, what Streamlit receives next is that the browser has
    gone, which it knows what to do with.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on, and what is said to its browser as long as it listens."""

        async def say(message: Message) -> None:
            with suppress(OSError):
                await send(message)

        await self._app(scope, receive, say if scope["type"] == "websocket" else send)


def _is_page(message: Message) -> bool:
    kinds = [value for name, value in message["headers"] if name.lower() == b"content-type"]
    return message["status"] == 200 and any(kind.startswith(b"text/html") for kind in kinds)


def _greeting(scope: Scope) -> list[tuple[bytes, bytes]]:
    """A cookie for a browser that has none."""
    sent = b"; ".join(value for name, value in scope.get("headers", ()) if name == b"cookie")
    if f"{COOKIE}=".encode() in sent:
        return []
    told = f"{COOKIE}={secrets.token_urlsafe(16)}; HttpOnly; SameSite=Strict; Path=/"
    return [(b"set-cookie", told.encode())]


@cache
def _links() -> bytes:
    """A header that names scripts; of low priority, so that none of them delays the page itself."""
    named = (f"<./static/js/{name}>; rel=modulepreload; fetchpriority=low" for name in _scripts())
    return ", ".join(named).encode()


def _scripts() -> list[str]:
    """The scripts of the elements and those that they import, which a page has not loaded itself.

    A release of Streamlit that names its scripts otherwise has none of them here, and the page
    loads as it would without.
    """
    own = set(_names((_SCRIPTS.parents[1] / "index.html").read_text(encoding="utf-8")))
    found: dict[str, None] = {}
    todo = [path.name for name in _ELEMENTS for path in sorted(_SCRIPTS.glob(f"{name}.*.js"))]
    while todo:
        name = todo.pop(0)
        if name not in found and name not in own:
            found[name] = None
            todo += _IMPORTED.findall((_SCRIPTS / name).read_text(encoding="utf-8")[:20_000])
    return list(found)


def _names(page: str) -> list[str]:
    return re.findall(r'static/js/([^"]+\.js)"', page)
