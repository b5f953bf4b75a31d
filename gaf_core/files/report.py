"""Explanation -> one HTML file that opens from a disk, without a server and without a network.

A policy in the page forbids every request and every script but its own two, which it names by their
hashes, so that nothing in a text or a label can run or load anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.figures import flow_graph, layer_matrix, probability_bars, sankey, token_bars
from gaf_core.figures.embed import Figure, figure_html, scripts
from gaf_core.figures.matrix import OF_LAYERS
from gaf_core.files.html import pairs, table_html
from gaf_core.files.mapped import mapped_html
from gaf_core.files.said import AGREES, said_html
from gaf_core.flow import max_flow
from gaf_core.picture.folding import usual_folds
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.picture.spans import partition, usual_unit
from gaf_core.picture.view import View
from gaf_core.reading.agreement import Said
from gaf_core.reading.answer_map import AnswerMap
from gaf_core.reading.answers import share_sentence
from gaf_core.reading.bottleneck import Bottleneck, bottleneck
from gaf_core.reading.focus import Selection, focused_tokens, part_of
from gaf_core.reading.intervals import check_intervals
from gaf_core.reading.predicted import (
    output_noun,
    outputs_heading,
    prediction_sentence,
    shows_outputs,
)
from gaf_core.reading.rows import CITATION, PAPER, certificate_rows, settings_rows, versions
from gaf_core.reading.sentences import (
    certificate_sentence,
    cut_in_words,
    focus_in_words,
    intervals_sentence,
    network_sentence,
    score_sentence,
)

_MATRIX = 40  # rows of a matrix at most, beyond which neighbouring tokens are joined
_STYLE = Path(__file__).with_name("report.css")


def to_html(
    explanation: Explanation,
    *,
    intervals: NDArray[np.float64] | None = None,
    budget: int = 10,
    model: str | None = None,
    focus: Selection | None = None,
    said: Said | None = None,
    mapped: AnswerMap | None = None,
) -> str:
    """A report on one explanation: about 5 MB, nearly all of it the program that draws figures.

    Text and prediction, heatmap, bars, Sankey, graph and matrices to hover over and to save, what
    limits the flow, certificate, scores of all tokens, settings, versions and citation; light, dark
    and on paper. What is not a figure needs no JavaScript. The figures of a long text join
    neighbouring tokens, so that they stay small and legible.

    Args:
        explanation: what to report.
        intervals: `[t, 2]` least and most of each token over all maximum flows, in the unit of the
            scores (see `score_intervals`); two more columns of the table, and error bars.
        budget: nodes a layer in Sankey and graph, see `reduction`.
        model: name of the model, which an explanation does not know.
        focus: a token, edge or paths whose part of the flow is set off in Sankey and graph.
        said: what the model says of edges kept and cut, where it was asked.
        mapped: the map of an answer.

    Raises:
        SettingsError: this flow does not have what is to be in focus, or the intervals are not
            those of its scores (a depth average has none).
    """
    if intervals is not None:
        check_intervals(explanation, intervals, explanation.scores)
    title = "Why did the model say that?"
    drawing = scripts()
    body = [
        f"<h1>{title}</h1>",
        _prediction(explanation),
        _section("The text", _heatmap(explanation)),
        _bars(explanation, intervals),
        "" if mapped is None else _section("Which word rests on which", mapped_html(mapped)),
        *_flow(explanation, budget, focus),
        "" if said is None else _section(AGREES, said_html(explanation, said)),
        _section("How sure this is", _certificate(explanation)),
        _section("All tokens", _tokens(explanation, intervals)),
        _section("What was asked", pairs(settings_rows(explanation, model))),
        _section("Where this comes from", _provenance()),
        *(f"<script>{script}</script>" for script in drawing),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(drawing)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>"
        f"<body><main>{''.join(body[:-2])}</main>{''.join(body[-2:])}</body></html>\n"
    )


def _policy(drawing: Iterable[str]) -> str:
    """Nothing but these scripts, inline styles, and pictures that the page itself makes."""
    digests = (hashlib.sha256(script.encode("utf-8")).digest() for script in drawing)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{content}</section>"


def _prediction(explanation: Explanation) -> str:
    trace = explanation.trace
    parts = [f'<p class="verdict" dir="auto">{escape(prediction_sentence(trace))}</p>']
    if trace.truncated:
        parts.append(
            f'<p class="warning">The text is longer than the model takes: its last '
            f"{trace.truncated:,} tokens were cut off.</p>"
        )
    if not explanation.certified or explanation.solution.value <= 0:
        parts.append(f'<p class="warning">{escape(certificate_sentence(explanation))}</p>')
    return "".join(parts)


def _heatmap(explanation: Explanation) -> str:
    drawn = heatmap_html(explanation.trace, explanation.scores, of=explanation.share_of)
    return drawn + _noted(share_sentence(explanation))


def _bars(explanation: Explanation, intervals: NDArray[np.float64] | None) -> str:
    trace = explanation.trace
    shares = figure_html(
        token_bars(explanation, bounds=intervals),
        "gaf-shares",
        "Bar chart of each token's share of the flow, largest first.",
        width=480,
    )
    if explanation.depths is not None or (intervals is not None and intervals.any()):
        shares += _noted(intervals_sentence(explanation))
    charts = [_section("Which share of the flow each token gets", shares)]
    if shows_outputs(trace):
        probabilities = figure_html(
            probability_bars(trace),
            "gaf-probabilities",
            f"Bar chart of the {output_noun(trace.output)} of each {trace.task.kind.noun}.",
            width=480,
        )
        charts.append(_section(outputs_heading(trace), probabilities))
    return f'<div class="columns">{"".join(charts)}</div>'


def _flow(explanation: Explanation, budget: int, focus: Selection | None) -> list[str]:
    """Sections about the way of the flow: a Sankey, a graph, and what limits it."""
    missing = (
        '<noscript><p class="warning">The figures need JavaScript; everything else here does '
        "not.</p></noscript>"
    )
    if explanation.solution.value <= 0:
        return [_section("How the flow gets there", missing + _noted(explanation.message))]
    part = None if focus is None else part_of(explanation, focus)
    limit = bottleneck(explanation.network, max_flow(explanation.network))
    by = usual_unit(explanation.trace)
    view = View(
        budget=budget,
        part=part,
        by=by,
        opened=() if by == "tokens" else focused_tokens(focus),
        folded=usual_folds(explanation.network.layers),
    )
    told = _noted(network_sentence(explanation))
    followed = "" if part is None or focus is None else focus_in_words(explanation, focus, part)
    drawn = sankey(explanation, view)
    graph = flow_graph(explanation, replace(view, cut=limit.cut))
    return [
        _section("How the flow gets there", told + _noted(followed) + _sankey(drawn) + missing),
        _section("Every edge within its capacity", _graph(explanation, graph)),
        _section("What limits the flow", _limit(explanation, limit)),
    ]


def _sankey(figure: Figure) -> str:
    return figure_html(
        figure,
        "gaf-sankey",
        "Sankey diagram of the flow from the input tokens to the prediction.",
    ) + _noted(
        "From left to right: a column is a layer, a band is the flow from one token to the next "
        "layer, as wide as it is strong, in the colour of the token it leaves. "
        f"{figure.layout.meta['summary']}"
    )


def _graph(explanation: Explanation, figure: Figure) -> str:
    limited = explanation.network.node_capacity is not None
    squares = "a square: the token passes on all that its own capacity allows; " if limited else ""
    return figure_html(
        figure, "gaf-graph", "Graph of the flow network: each edge with its flow in its capacity."
    ) + _noted(
        "Pale is the capacity of an edge, the line in it its flow; a diamond: the edge is full; "
        f"{squares}dotted outline: it is on the minimum cut. {figure.layout.meta['summary']}"
    )


def _limit(explanation: Explanation, limit: Bottleneck) -> str:
    """The minimum cut in words, and the matrices of the layer with most of it."""
    worst = int(limit.layers.argmax())
    number = explanation.layers[0] + worst + 1
    long = len(explanation.tokens) > _MATRIX
    units = partition(explanation.trace, "spans", _MATRIX) if long else None
    figures, notes = [], []
    for quantity in OF_LAYERS:
        figure = layer_matrix(explanation, worst, quantity, units)
        alt = f"Heatmap: {quantity.lower()} of the edges of layer {number}."
        figures.append(figure_html(figure, f"gaf-{quantity.lower()}", alt, width=520))
        if summary := figure.layout.meta["summary"]:
            notes.append(f"{quantity}: {summary}")
    joined = f" The text is joined to {len(units)} pieces; their edges are summed." if units else ""
    about = (
        f"Capacity, flow and saturation (flow over capacity) in layer {number}: a row is the token "
        f"that reads, a column the token that is read; blank cells are no edges.{joined}"
    )
    return (
        f"<p>{escape(cut_in_words(explanation, limit))}</p>"
        f'<div class="columns matrices">{"".join(figures)}</div>'
        + _noted(" ".join([about, *notes]))
    )


def _noted(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>' if text else ""


def _certificate(explanation: Explanation) -> str:
    sentence = f"<p>{escape(certificate_sentence(explanation))}</p>"
    return sentence + pairs(certificate_rows(explanation))


def _tokens(explanation: Explanation, intervals: NDArray[np.float64] | None) -> str:
    table = explanation.score_table()
    heads, numeric = ["position", "token", "called", "share", "score"], {0, 3, 4, 5, 6}
    rows = [
        [str(position), written, name, f"{share:.2%}", f"{score:.6g}"]
        for position, written, name, share, score in zip(
            table.position, explanation.written, table.token, table.share, table.score, strict=True
        )
    ]
    note = score_sentence(explanation)
    if intervals is None:
        return table_html(heads, rows, numeric) + _noted(note)
    for row, (least, most) in zip(rows, intervals.tolist(), strict=True):
        row += [f"{least:.6g}", f"{most:.6g}"]
    note += " Least and most are what a token gets over all maximum flows"
    note += "; the score lies between them, up to epsilon." if explanation.certified else "."
    return table_html([*heads, "least", "most"], rows, numeric) + _noted(note)


def _provenance() -> str:
    used = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"<p>The method: {escape(CITATION)} "
        f'<a href="{PAPER}" rel="noreferrer">{PAPER}</a></p>'
        f'<p class="note">Made by GAF Explorer on {date.today().isoformat()} with {escape(used)}. '
        "This file needs no network and sends nothing.</p>"
    )
