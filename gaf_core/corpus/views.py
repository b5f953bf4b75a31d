"""A text of a run -> the address of its view in the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from gaf_core.settings import TextLike
from gaf_core.spans import parts_of

HERE = "http://127.0.0.1:8501"  # where `gaf app` serves, unless it is told another port
_LONGEST = 30_000  # bytes of an address that servers and browsers take


def view(about: dict[str, Any], text: TextLike, cut: int = 0, server: str = "") -> str:
    """The address that opens a text in Explore, "" for one that is too long for an address.

    Args:
        about: what the run is.
        text: the text, or the pair.
        cut: tokens of it that were cut off.
        server: scheme, name and port; "" for the server of the page itself.
    """
    asked = about["asked"]
    asks: dict[str, str | Sequence[str]] = {"model": asked["model"]}
    first, *others = parts_of(text)
    asks["text"] = first
    if others:
        asks |= {"second": others[0], "pair": "true"}
    if cut:
        asks["truncate"] = "true"
    if isinstance(asked["target"], str):
        asks["target"] = asked["target"]
    address = f"{server}/explore?{urlencode(asks, doseq=True, errors='replace')}"
    return address if len(address) <= _LONGEST else ""
