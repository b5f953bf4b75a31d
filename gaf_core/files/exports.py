"""Explanation -> files for other programs: CSV and JSON in full precision.

The barrier flow sends something along nearly every edge, so a long text has as many edges with flow
as it has edges, about `layers * tokens ** 2`. What can be left out are the weakest ones: `carried`
keeps in every layer the fewest edges that together carry this share of its flow.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError, brief
from gaf_core.explanation import Explanation
from gaf_core.reading.rows import CITATION, PAPER, versions
from gaf_core.signed import SignedExplanation
from gaf_core.tracing.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

    from gaf_core.reading.agreement import Said

_CLASSES = 1_000  # of a vocabulary of more, only the likeliest are written
EdgeFile = Literal["csv", "json", "graphml"]
_BYTES: dict[EdgeFile, int] = {"csv": 85, "json": 55, "graphml": 350}  # an edge, about
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_JSON = ("key_token", "query_token", "saturation")  # others of its columns say it


def to_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV in UTF-8, numbers in their shortest exact form.

    A text cell that a spreadsheet would run as a formula gets an apostrophe in front; the position
    column still tells which token it is.
    """
    safe = table.copy()
    for column in safe.select_dtypes(exclude=["number", "bool"]):
        safe[column] = [_defused(cell) for cell in safe[column]]
    return safe.to_csv(index=False).encode("utf-8")


def edge_table(explanation: Explanation, carried: float = 1.0) -> pd.DataFrame:
    """`Explanation.edge_table`, or the strongest edges of every layer.

    Args:
        explanation: whose edges.
        carried: share of every layer's flow that the edges carry, in (0, 1]; 1 for every edge.

    Raises:
        SettingsError: a share that is none.
    """
    table = explanation.edge_table()
    return table if carried == 1.0 else table.loc[kept_edges(explanation, carried)]


def count_edges(explanation: Explanation, carried: float = 1.0) -> int:
    """Rows of the `edge_table`, without making it."""
    return int(kept_edges(explanation, carried).sum())


def estimate_bytes(edges: int, kind: EdgeFile) -> int:
    """About how large so many edges are as "csv", "json" or "graphml"."""
    return edges * _BYTES[kind]


def to_json(
    explanation: Explanation,
    *,
    model: str | None = None,
    carried: float = 1.0,
    said: Said | None = None,
) -> str:
    """An explanation as JSON, in full precision; what is not finite is null.

    Schema (version 1):
        format, format_version: "gaf-explanation", 1.
        text, task, model: what was read, by what; `model` as given here.
        output: "softmax", "sigmoid" or "value": what the logits mean.
        target: name, index, against (index or null); and place, where there is one: the position
            of the token or mask that is asked about, "start" or "end" of an answer.
        answer: of question answering, start, end (positions), probability and text; else null.
        probabilities: label, index, probability and logit of each class, the most probable first
            (of a large vocabulary the first 1,000, and the class that is explained). The
            probability is that of `output`, and null where the logits are values. A class of
            question answering is a token, its index the position.
        settings: as in `Settings`, with the layers that were used.
        tokens: position, token, written, special, start, end, score, share; in reading order. A
            score has the unit of the capacities, but for a depth average, where it is a share.
        words: word, start, end, score, share, tokens; in reading order.
        edges: columns of equal length: layer, key, query (positions), capacity, flow; with residual
            edges also residual_capacity and residual_flow, see `Explanation.edge_table`.
        nodes: columns of equal length, see `Explanation.node_table`: layer, position, flow; with
            node capacities also capacity and saturation.
        edges_carried: `carried`.
        certificate: certified, message and statuses of all flows that the scores are made of (of a
            depth average one for each first layer, in order); status and the numbers of
            `FlowSolution`, which are those of the flow through all layers, as edges and nodes are.
        interventions: null, or what the model says of edges kept and cut, see
            `gaf_core.files.said.said_content`.
        versions: of gaf_core, torch, transformers, numpy, python.
        citation, paper: whose method this is.

    Args:
        explanation: what to write.
        model: name of the model, which an explanation does not know.
        carried: share of every layer's flow that the edges written carry, see `edge_table`.
        said: what the model says of edges kept and cut, where it was asked.

    Raises:
        SettingsError: `carried` is no share.
    """
    content = {
        "format": "gaf-explanation",
        "format_version": 1,
        **text_content(explanation, model),
        **network_content(explanation, carried),
        "edges_carried": carried,
        "interventions": None if said is None else _said(explanation, said),
        **versions_content(),
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, default=int)


def text_content(explanation: Explanation | SignedExplanation, model: str | None) -> dict[str, Any]:
    """What was read, what the model says of it, what was asked, and all scores."""
    trace = explanation.trace
    return {
        "text": trace.text,
        "task": str(trace.task),
        "model": model,
        "output": str(trace.output),
        "target": trace.target.as_dict(),
        "answer": None if trace.answer is None else asdict(trace.answer),
        "probabilities": _probabilities(trace),
        "settings": asdict(explanation.settings) | {"layers": list(explanation.layers)},
        "tokens": _rows(explanation.score_table().assign(written=explanation.written)),
        "words": _rows(explanation.word_table()),
    }


def network_content(explanation: Explanation, carried: float) -> dict[str, Any]:
    """Edges, nodes and the certificate of one flow."""
    columns = edge_columns(explanation, kept_edges(explanation, carried))
    return {
        "edges": {name: values.tolist() for name, values in columns.items()},
        "nodes": _nodes(explanation),
        "certificate": _certificate(explanation),
    }


def versions_content() -> dict[str, Any]:
    """What computed it, and whose method it is."""
    return {"versions": versions(), "citation": CITATION, "paper": PAPER}


def _said(explanation: Explanation, said: Said) -> dict[str, Any]:
    from gaf_core.files.said import said_content  # what measures, which a file without it need not

    return said_content(explanation, said)


def _defused(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def check_share(carried: float) -> None:
    """Refuse what is no share of a flow.

    Raises:
        SettingsError: it is no number above 0 and up to 1.
    """
    if not isinstance(carried, Real) or not 0.0 < carried <= 1.0:
        raise SettingsError(
            f"Edges cannot carry {brief(carried)} of the flow. Choose a share above 0 and up to 1."
        )


def kept_edges(explanation: Explanation, carried: float) -> NDArray[np.bool_]:
    """`[edges]` True for those that `carried` keeps, in the order of `FlowNetwork.edges`."""
    check_share(carried)
    layer, query, key = explanation.network.edges
    kept = np.ones(len(layer), dtype=bool)
    if carried == 1.0:
        return kept
    flow = explanation.solution.edge_flow[layer, query, key]
    for k in range(explanation.network.layers):
        edges = np.flatnonzero(layer == k)
        order = edges[np.argsort(-flow[edges], kind="stable")]
        before = np.cumsum(flow[order]) - flow[order]
        kept[order] = before < carried * flow[order].sum()
    return kept


def edge_columns(explanation: Explanation, kept: NDArray[np.bool_]) -> dict[str, NDArray]:
    table = explanation.edge_table().loc[kept]
    return {name: table[name].to_numpy() for name in table if name not in _NOT_IN_JSON}


def _nodes(explanation: Explanation) -> dict[str, list]:
    table = explanation.node_table()
    numbers = {name: table[name].tolist() for name in table if name != "token"}
    if "capacity" in numbers:  # infinite without a limit
        numbers["capacity"] = [finite(capacity) for capacity in numbers["capacity"]]
    return numbers


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict(orient="records")  # pyright: ignore[reportReturnType]


def _probabilities(trace: Trace) -> list[dict[str, Any]]:
    likely = trace.most_likely(_CLASSES).tolist()
    probabilities = trace.probabilities
    return [
        {
            "label": trace.labels[index],
            "index": index,
            "probability": finite(probabilities[index]),
            "logit": finite(trace.logits[index]),
        }
        for index in dict.fromkeys([*likely, trace.target.index])
    ]


def _certificate(explanation: Explanation) -> dict[str, Any]:
    solution = explanation.solution
    numbers = (
        "value", "epsilon", "mu", "duality_gap", "conservation_residual", "centrality",
        "cut_capacity", "seconds",
    )  # fmt: skip
    return {
        "status": str(solution.status),
        "statuses": list(map(str, explanation.statuses)),
        "message": explanation.message,
        "certified": explanation.certified,
        **{name: finite(getattr(solution, name)) for name in numbers},
        "iterations": solution.iterations,
        "edges": explanation.network.edge_count,
        "pruned": explanation.network.pruned,
    }


def finite(number: float) -> float | None:
    """A number as JSON has it: null where it is none, since there is no sign for infinity."""
    return float(number) if math.isfinite(number) else None
