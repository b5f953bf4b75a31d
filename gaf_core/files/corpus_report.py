"""Results of many texts -> one HTML file that opens from a disk: no script, nothing is fetched.

A policy in the page forbids every script and every request, so that nothing in a text or a label
can run or load anything. A text is a link to its view in the app on the reader's own computer.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gaf_core.corpus.results import Results
from gaf_core.corpus.views import HERE, view
from gaf_core.files.corpus_tables import Chosen, Shown, all_tables, headline, standing_out, written
from gaf_core.files.page import pairs, provenance_html
from gaf_core.settings import TextLike
from gaf_core.spans import parts_of

if TYPE_CHECKING:
    import pandas as pd

_STYLE = (Path(__file__).with_name("report.css"), Path(__file__).with_name("corpus.css"))
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_BINS, _WIDTH, _HEIGHT = 24, 480, 90  # of a histogram; pixels
_TITLE = "What many texts say together"


def to_html(results: Results, chosen: Chosen = Chosen()) -> str:
    """A report on a run: some hundred kilobytes.

    What was asked, accuracy, faithfulness with intervals and paired differences, its distribution,
    the words of each class, and the texts that stand out; light, dark and on paper.
    """
    body = [
        f"<h1>{_TITLE}</h1>",
        f'<p class="verdict" dir="auto">{escape(headline(results))}</p>',
        *(_section(shown.title, _table(shown)) for shown in all_tables(results, chosen)),
        _distributions(results),
        *(
            _section(title, _texts(results, column, rows))
            for title, column, rows in standing_out(results, chosen)
        ),
        _section("What was asked", pairs(asked_rows(results))),
        _section("Where this comes from", provenance_html()),
    ]
    style = "".join(path.read_text(encoding="utf-8") for path in _STYLE)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_TITLE}</title><style>{style}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def asked_rows(results: Results) -> list[tuple[str, str]]:
    """What the run is, each with its name."""
    about = results.about
    asked, columns = about["asked"], about["columns"]
    methods = [
        (f"method {label}", ", ".join([name, *(f"{one} {value}" for one, value in given.items())]))
        for label, (name, given) in asked["methods"].items()
    ]
    removed = asked["perturbation"]
    measure = (
        "not measured"
        if removed is None
        else f"{removed['operator']}, watched: {removed['target']}"
    )
    return [
        ("model", asked["model"]),
        ("weights", asked["weights"]),
        ("file", about["file"]),
        *((f"column of {name}", value) for name, value in columns.items() if value),
        ("explained", "what is predicted" if asked["target"] is None else str(asked["target"])),
        ("texts that are too long", asked["long"]),
        ("tokens are removed by", measure),
        *methods,
        ("begun", about["began"]),
        ("made with", f"gaf_core {about['version']}"),
    ]


def _section(heading: str, content: str) -> str:
    return f'<section><h2 dir="auto">{escape(heading)}</h2>{content}</section>'


def _table(shown: Shown) -> str:
    head = "".join(
        f"<th{' class=number' if number else ''}>{escape(name)}</th>"
        for number, name in enumerate(shown.heads)
    )
    lines = []
    for number, row in enumerate(shown.rows):
        first, *others = (f"<bdi>{escape(cell)}</bdi>" for cell in row)
        bar = ""
        if shown.sizes:
            bar = f'<span class="bar" style="width:{100 * shown.sizes[number]:.1f}%"></span>'
        cells = "".join(f"<td class=number>{cell}</td>" for cell in others)
        lines.append(f"<tr><td>{first}{bar}</td>{cells}</tr>")
    note = f'<p class="note">{escape(shown.note)}</p>' if shown.note else ""
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>{note}"
    )


def _distributions(results: Results) -> str:
    """A histogram of AOPC a method, all on one scale."""
    if not results.measured:
        return ""
    rows = results.rows
    values = {
        name: rows.loc[rows["method"] == name, "aopc"].dropna().to_numpy(dtype=float)
        for name in results.methods
    }
    values = {name: found for name, found in values.items() if len(found)}
    if not values:
        return ""
    every = np.concatenate(list(values.values()))
    edges = np.histogram_bin_edges(every, bins=_BINS)
    most = max(int(np.histogram(found, edges)[0].max()) for found in values.values())
    drawn = "".join(
        f"<figure>{_histogram(name, found, edges, most)}</figure>" for name, found in values.items()
    )
    note = (
        f"From {edges[0]:.2f} to {edges[-1]:.2f}, the same for all; the line is the median. Of two "
        "methods with the same mean, one may fail on some texts where the other does not."
    )
    return _section(
        "How AOPC is spread over the texts",
        f'<div class="columns">{drawn}</div><p class="note">{escape(note)}</p>',
    )


def _histogram(name: str, values: np.ndarray, edges: np.ndarray, most: int) -> str:
    counts, _ = np.histogram(values, edges)
    wide = _WIDTH / len(counts)
    bars = "".join(
        f'<rect x="{number * wide + 1:.1f}" y="{_HEIGHT * (1 - count / most):.1f}" '
        f'width="{wide - 2:.1f}" height="{_HEIGHT * count / most:.1f}"/>'
        for number, count in enumerate(counts)
    )
    median = float(np.median(values))
    place = _WIDTH * (median - edges[0]) / ((edges[-1] - edges[0]) or 1.0)
    told = f"{name}: median {median:.3f} of {len(values):,} texts"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 2}" role="img" aria-label="{escape(told)}">{bars}'
        f'<line x1="{place:.1f}" x2="{place:.1f}" y1="0" y2="{_HEIGHT}"/></svg>'
        f'<p class="note"><bdi>{escape(told)}</bdi></p>'
    )


def _texts(results: Results, column: str, rows: pd.DataFrame) -> str:
    named = {"aopc": "AOPC"}.get(column, column)
    lines = []
    for row in rows.to_dict("records"):
        address = view(results.about, row["text"], row["cut"], HERE)
        shown = f'<bdi dir="auto">{escape(_whole(row["text"]))}</bdi>'
        linked = f'<a href="{escape(address)}" rel="noreferrer">{shown}</a>' if address else shown
        lines.append(
            f"<tr><td class=number>{written(row[column], '.3f')}</td>"
            f"<td class=number>{row['line']:,}</td><td><bdi>{escape(row['predicted'])}</bdi> "
            f"{written(row['probability'], '.0%')}</td><td>{linked}</td></tr>"
        )
    heads = (
        f"<th class=number>{named}</th><th class=number>line</th><th>the model says</th>"
        "<th>text</th>"
    )
    return (
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody>'
        f'</table></div><p class="note">A text opens in the app where it runs on this computer at '
        f"{HERE} (gaf app).</p>"
    )


def _whole(text: TextLike) -> str:
    return "\n".join(parts_of(text))
