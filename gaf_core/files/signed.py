"""SignedExplanation -> JSON, tables and lines for a terminal: signed scores and two networks."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from gaf_core.files.exports import edge_table, network_content, text_content, versions_content
from gaf_core.files.terminal import bar, printable, word_column
from gaf_core.reading.predicted import prediction_sentence
from gaf_core.reading.signed import path_sentence, signed_certificate_sentence
from gaf_core.signed import SignedExplanation
from gaf_core.tables import joined
from gaf_core.text.words import group_words, word_scores

if TYPE_CHECKING:
    import pandas as pd

_AGAINST = "░"


def signed_edge_table(explanation: SignedExplanation, carried: float = 1.0) -> pd.DataFrame:
    """`SignedExplanation.edge_table`, or the strongest edges of every layer of both networks.

    Args:
        explanation: whose edges.
        carried: share of every layer's flow that the edges carry, in (0, 1]; 1 for every edge.

    Raises:
        SettingsError: a share that is none.
    """
    sides = explanation.sides.items()
    return joined({name: edge_table(side, carried) for name, side in sides}, "side")


def signed_json(
    explanation: SignedExplanation, *, model: str | None = None, carried: float = 1.0
) -> str:
    """A signed explanation as JSON, in full precision; what is not finite is null.

    Schema (version 1):
        format, format_version: "gaf-signed-explanation", 1.
        text, task, model, output, target, answer, probabilities, settings, tokens, words,
            versions, citation, paper: as `to_json` writes them. Scores and shares have a sign,
            above 0 for the target; tokens also have `for` and `against`, what arrives at them in
            either network through all layers.
        path: points, baseline, values (of the target at each point) and relevance (of each layer
            and token, `[L][t]`).
        networks: "for" and "against", each with edges, nodes and certificate as in `to_json`.
        edges_carried: `carried`.
        certified, message: of both together.

    Args:
        explanation: what to write.
        model: name of the model, which an explanation does not know.
        carried: share of every layer's flow that the edges written carry, see `edge_table`.

    Raises:
        SettingsError: `carried` is no share.
    """
    path = explanation.path
    content = {
        "format": "gaf-signed-explanation",
        "format_version": 1,
        **text_content(explanation, model),
        "path": {
            "points": path.points,
            "baseline": path.baseline,
            "values": path.values.tolist(),
            "relevance": path.relevance.astype(float).tolist(),
            **({} if path.frozen is None else {"frozen": asdict(path.frozen)}),
        },
        "networks": {
            name: network_content(side, carried) for name, side in explanation.sides.items()
        },
        "edges_carried": carried,
        "certified": explanation.certified,
        "message": explanation.message,
        **versions_content(),
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, default=int)


def signed_lines(explanation: SignedExplanation) -> list[str]:
    """The words with their shares of both flows, in %, above 0 for the target and below against."""
    grouped = group_words(explanation.trace)
    shares: list[float] = word_scores(grouped, explanation.shares).tolist()
    strongest = max(map(abs, shares)) or 1.0
    lines = []
    for word, share in zip(word_column(grouped), shares, strict=True):
        drawn = bar(abs(share) / strongest)
        drawn = drawn if share >= 0 else _AGAINST * max(len(drawn), 1)
        lines.append(f"{word}  {share:+7.1%}  {drawn}".rstrip())
    return [
        printable(prediction_sentence(explanation.trace)),
        "",
        *lines,
        "",
        f"█ speaks for {printable(explanation.trace.target.name)}, {_AGAINST} against it.",
        path_sentence(explanation),
        signed_certificate_sentence(explanation),
    ]
