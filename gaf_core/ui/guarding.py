"""Who may talk to the server: pages that it sent itself, by a name that it is known by.

A page of anybody can lead its own name to this computer and then read what the app answers (DNS
rebinding), and any page can open a WebSocket to it. Streamlit checks both for WebSockets alone, and
looks up the outside address of this computer while it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL = ("localhost", "127.0.0.1", "::1")
_REFUSED = (
    b"This server is not known by that name. Its owner names it with the option "
    b"server.allowedHosts.\n"
)


class Guarding:
    """ASGI middleware: refuses what comes by another name, and WebSockets of other pages."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in."""
        if scope["type"] == "lifespan" or _may_come_in(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 421, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSED})


def _may_come_in(scope: Scope) -> bool:
    host = _header(scope, b"host")
    if not is_allowed(host, st.get_option("server.allowedHosts")):
        return False
    origin = _header(scope, b"origin")
    if scope["type"] != "websocket" or not origin or not st.get_option("server.enableCORS"):
        return True
    return _name(urlsplit(origin).netloc) in (_name(host), *_LOCAL)


def is_allowed(host: str, allowed: list[str]) -> bool:
    """Whether a Host header names this server.

    Args:
        host: as it was sent, with or without a port.
        allowed: names; "*.example.com" for all below one, "*" for any; none for any.
    """
    if not allowed or "*" in allowed:
        return True
    name = _name(host)
    known = [one.strip().lower().rstrip(".") for one in allowed]
    return bool(name) and any(
        name.endswith(one[1:]) if one.startswith("*.") else name == one for one in known
    )


def _name(host: str) -> str:
    """The name in `name:port`; "" where there is more, or none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises for one that is no number
    except ValueError:
        return ""
    if parts.netloc != host or "@" in host:
        return ""
    return (parts.hostname or "").lower().rstrip(".")


def _header(scope: Scope, name: bytes) -> str:
    found = [value for key, value in scope["headers"] if key.lower() == name]
    return found[0].decode("latin-1") if len(found) == 1 else ""
