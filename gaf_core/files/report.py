"""Explanation -> one HTML file that opens from a disk, without a server and without a network."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.figures import flow_graph, layer_matrix, sankey, token_bars
from gaf_core.figures.embed import Figure, figure_html
from gaf_core.figures.matrix import OF_LAYERS
from gaf_core.files.page import (
    MISSING,
    columns,
    noted,
    outputs_html,
    page,
    pairs,
    prediction_html,
    rows_table,
    section,
)
from gaf_core.files.said import AGREES, said_html
from gaf_core.flow import max_flow
from gaf_core.picture.folding import usual_folds
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.picture.spans import partition, usual_unit
from gaf_core.picture.view import View
from gaf_core.reading.agreement import Said
from gaf_core.reading.bottleneck import Bottleneck, bottleneck
from gaf_core.reading.focus import Selection, focused_tokens, part_of
from gaf_core.reading.intervals import check_intervals
from gaf_core.reading.rows import certificate_rows, settings_rows
from gaf_core.reading.sentences import (
    certificate_sentence,
    cut_in_words,
    focus_in_words,
    intervals_sentence,
    network_sentence,
    score_sentence,
)

_MATRIX = 40  # rows of a matrix at most, beyond which neighbouring tokens are joined


def to_html(
    explanation: Explanation,
    *,
    intervals: NDArray[np.float64] | None = None,
    budget: int = 10,
    model: str | None = None,
    focus: Selection | None = None,
    said: Said | None = None,
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

    Raises:
        SettingsError: this flow does not have what is to be in focus, or the intervals are not
            those of its scores (a depth average has none).
    """
    if intervals is not None:
        check_intervals(explanation, intervals, explanation.scores)
    return page(
        [
            prediction_html(explanation.trace, _doubt(explanation)),
            section("The text", _heatmap(explanation)),
            _bars(explanation, intervals),
            *flow_sections(explanation, budget, focus),
            "" if said is None else section(AGREES, said_html(explanation, said)),
            section("How sure this is", _certificate(explanation)),
            section("All tokens", _tokens(explanation, intervals)),
            section("What was asked", pairs(settings_rows(explanation, model))),
        ]
    )


def _doubt(explanation: Explanation) -> str:
    """What is not proven, or that nothing flows."""
    if explanation.certified and explanation.solution.value > 0:
        return ""
    return certificate_sentence(explanation)


def _heatmap(explanation: Explanation) -> str:
    return heatmap_html(explanation.trace, explanation.scores, of=explanation.share_of)


def _bars(explanation: Explanation, intervals: NDArray[np.float64] | None) -> str:
    trace = explanation.trace
    shares = figure_html(
        token_bars(explanation, bounds=intervals),
        "gaf-shares",
        "Bar chart of each token's share of the flow, largest first.",
        width=480,
    )
    if explanation.depths is not None or (intervals is not None and intervals.any()):
        shares += noted(intervals_sentence(explanation))
    charts = [section("Which share of the flow each token gets", shares)]
    return columns([*charts, *outputs_html(trace)])


def flow_sections(
    explanation: Explanation, budget: int, focus: Selection | None = None, side: str = ""
) -> list[str]:
    """Sections about the way of the flow: a Sankey, a graph, and what limits it.

    Args:
        explanation: whose flow.
        budget: nodes a layer.
        focus: what is set off.
        side: "for" or "against", of two flows: it is said in the headings.
    """
    of = f", {side} the target" if side else ""
    if explanation.solution.value <= 0:
        return [section(f"How the flow gets there{of}", MISSING + noted(explanation.message))]
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
    told = noted(network_sentence(explanation))
    followed = "" if part is None or focus is None else focus_in_words(explanation, focus, part)
    drawn = sankey(explanation, view)
    graph = flow_graph(explanation, replace(view, cut=limit.cut))
    return [
        section(
            f"How the flow gets there{of}", told + noted(followed) + _sankey(drawn, side) + MISSING
        ),
        section(f"Every edge within its capacity{of}", _graph(explanation, graph, side)),
        section(f"What limits the flow{of}", _limit(explanation, limit, side)),
    ]


def _named(name: str, side: str) -> str:
    return f"{name}-{side}" if side else name


def _sankey(figure: Figure, side: str) -> str:
    return figure_html(
        figure,
        _named("gaf-sankey", side),
        "Sankey diagram of the flow from the input tokens to the prediction.",
    ) + noted(
        "From left to right: a column is a layer, a band is the flow from one token to the next "
        "layer, as wide as it is strong, in the colour of the token it leaves. "
        f"{figure.layout.meta['summary']}"
    )


def _graph(explanation: Explanation, figure: Figure, side: str) -> str:
    limited = explanation.network.node_capacity is not None
    squares = "a square: the token passes on all that its own capacity allows; " if limited else ""
    return figure_html(
        figure,
        _named("gaf-graph", side),
        "Graph of the flow network: each edge with its flow in its capacity.",
    ) + noted(
        "Pale is the capacity of an edge, the line in it its flow; a diamond: the edge is full; "
        f"{squares}dotted outline: it is on the minimum cut. {figure.layout.meta['summary']}"
    )


def _limit(explanation: Explanation, limit: Bottleneck, side: str) -> str:
    """The minimum cut in words, and the matrices of the layer with most of it."""
    worst = int(limit.layers.argmax())
    number = explanation.layers[0] + worst + 1
    long = len(explanation.tokens) > _MATRIX
    units = partition(explanation.trace, "spans", _MATRIX) if long else None
    figures, notes = [], []
    for quantity in OF_LAYERS:
        figure = layer_matrix(explanation, worst, quantity, units)
        alt = f"Heatmap: {quantity.lower()} of the edges of layer {number}."
        figures.append(figure_html(figure, _named(f"gaf-{quantity.lower()}", side), alt, width=520))
        if summary := figure.layout.meta["summary"]:
            notes.append(f"{quantity}: {summary}")
    joined = f" The text is joined to {len(units)} pieces; their edges are summed." if units else ""
    about = (
        f"Capacity, flow and saturation (flow over capacity) in layer {number}: a row is the token "
        f"that reads, a column the token that is read; blank cells are no edges.{joined}"
    )
    return (
        f"<p>{escape(cut_in_words(explanation, limit))}</p>"
        f'<div class="columns matrices">{"".join(figures)}</div>' + noted(" ".join([about, *notes]))
    )


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
        return rows_table(heads, rows, numeric) + noted(note)
    for row, (least, most) in zip(rows, intervals.tolist(), strict=True):
        row += [f"{least:.6g}", f"{most:.6g}"]
    note += " Least and most are what a token gets over all maximum flows"
    note += "; the score lies between them, up to epsilon." if explanation.certified else "."
    return rows_table([*heads, "least", "most"], rows, numeric) + noted(note)
