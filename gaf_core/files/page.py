"""A web page that stands alone: no request, no script but its own, which it names by their hashes.

So nothing in a text or a label can run or load anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from pathlib import Path

from gaf_core.reading.rows import CITATION, PAPER, versions

STYLE = Path(__file__).with_name("report.css")


def page_html(title: str, style: str, body: str, drawing: Sequence[str]) -> str:
    """A document in English of a title, a style, a body and the scripts that come after it."""
    programs = "".join(f"<script>{script}</script>" for script in drawing)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(drawing)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main>{programs}</body></html>\n"
    )


def provenance_html() -> str:
    """The paper, the versions and the day."""
    used = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"<p>The method: {escape(CITATION)} "
        f'<a href="{PAPER}" rel="noreferrer">{PAPER}</a></p>'
        f'<p class="note">Made by GAF Explorer on {date.today().isoformat()} with {escape(used)}. '
        "This file needs no network and sends nothing.</p>"
    )


def _policy(drawing: Iterable[str]) -> str:
    """Nothing but these scripts, inline styles, and pictures that the page itself makes."""
    digests = (hashlib.sha256(script.encode("utf-8")).digest() for script in drawing)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
