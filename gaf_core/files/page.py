"""A web page that stands alone: its shell, its sections and tables, and what every report says.

A policy in the page forbids every request and every script but its own, which it names by their
hashes, so that nothing in a text or a label can run or load anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from pathlib import Path

from gaf_core.figures import probability_bars
from gaf_core.figures.embed import figure_html, scripts
from gaf_core.reading.predicted import (
    output_noun,
    outputs_heading,
    prediction_sentence,
    shows_outputs,
)
from gaf_core.reading.rows import CITATION, PAPER, versions
from gaf_core.tracing.trace import Trace

MISSING = (
    '<noscript><p class="warning">The figures need JavaScript; everything else here does '
    "not.</p></noscript>"
)
STYLE = Path(__file__).with_name("report.css")
_TITLE = "Why did the model say that?"


def page(sections: Sequence[str]) -> str:
    """The whole document of a report."""
    origin = section("Where this comes from", provenance_html())
    shown = "".join((f"<h1>{_TITLE}</h1>", *sections, origin))
    return page_html(_TITLE, STYLE.read_text(encoding="utf-8"), shown, scripts())


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


def section(heading: str, content: str) -> str:
    """A heading and what stands below it, which is HTML already."""
    return f"<section><h2>{escape(heading)}</h2>{content}</section>"


def columns(parts: Iterable[str]) -> str:
    """Sections beside each other, where there is room."""
    return f'<div class="columns">{"".join(parts)}</div>'


def noted(text: str) -> str:
    """A note in plain text; nothing for none."""
    return f'<p class="note">{escape(text)}</p>' if text else ""


def prediction_html(trace: Trace, doubt: str) -> str:
    """What the model says, and in plain text what of the explanation is not proven, if any."""
    parts = [f'<p class="verdict" dir="auto">{escape(prediction_sentence(trace))}</p>']
    if trace.truncated:
        parts.append(
            f'<p class="warning">The text is longer than the model takes: its last '
            f"{trace.truncated:,} tokens were cut off.</p>"
        )
    if doubt:
        parts.append(f'<p class="warning">{escape(doubt)}</p>')
    return "".join(parts)


def outputs_html(trace: Trace) -> list[str]:
    """The section of the probabilities or values, for a model that has several."""
    if not shows_outputs(trace):
        return []
    probabilities = figure_html(
        probability_bars(trace),
        "gaf-probabilities",
        f"Bar chart of the {output_noun(trace.output)} of each {trace.task.kind.noun}.",
        width=480,
    )
    return [section(outputs_heading(trace), probabilities)]


def pairs(rows: Sequence[tuple[str, str]]) -> str:
    """A table of names and values."""
    lines = (
        f'<tr><th scope="row">{escape(name)}</th><td dir="auto">{escape(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{''.join(lines)}</table>"


def rows_table(heads: Sequence[str], rows: Iterable[Sequence[str]], numeric: set[int]) -> str:
    """A table with a row of heads; the numeric columns stand to the right."""

    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if index in numeric else ''}><bdi>{escape(cell)}</bdi></{tag}>"
            for index, cell in enumerate(row)
        )

    lines = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{cells(heads, "th")}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )
