"""What the model says of edges kept and cut, as data and as a section of a report."""

from __future__ import annotations

from html import escape
from typing import Any

from gaf_core.explanation import Explanation
from gaf_core.files.exports import finite
from gaf_core.reading.agreement import KEPT, Said, Trial, is_probability
from gaf_core.reading.agreement_words import NEVER_CUT, kept_in_words, trial_in_words

AGREES = "Does the model agree?"


def said_content(explanation: Explanation, said: Said) -> dict[str, Any]:
    """As plain data.

    Returns:
        watched: "probability" or "logits", what the numbers are, of the target; edges: attention
        edges of the layers of the flow; fractions and counts of those kept; with_all, with_none;
        flow, capacities (lists by fraction) and chance (one list for each random order), with so
        many kept; parts: of what all edges do to the margin, by order (or null); looked_at: the
        count that was looked at; trial: null, or name, cut (else nothing else was kept), count,
        before, after, chance.
    """
    found = said.agreement
    parts = found.parts
    return {
        "watched": "probability" if is_probability(explanation.trace) else "logits",
        "edges": found.edges,
        "fractions": list(KEPT),
        "counts": found.counts.tolist(),
        "with_all": found.whole,
        "with_none": found.nothing,
        **{order: curve.tolist() for order, curve in found.kept.items()},
        "chance": found.chance.tolist(),
        "parts": None
        if parts is None
        else {order: [finite(part) for part in curve.tolist()] for order, curve in parts.items()},
        "looked_at": int(found.counts[said.step]),
        "trial": None if said.trial is None else _trial(said.trial),
    }


def said_html(explanation: Explanation, said: Said) -> str:
    """Sentences and the figure of the edges kept."""
    from gaf_core.figures.agreement import kept_curves  # plotly, which only the report needs
    from gaf_core.figures.embed import figure_html

    kept = kept_in_words(explanation, said.agreement, said.step)
    tried = "" if said.trial is None else trial_in_words(explanation, said.trial)
    figure = figure_html(
        kept_curves(explanation, said.agreement, said.step),
        "gaf-kept",
        "What the model says by how many of the strongest edges are kept.",
    )
    told = "".join(f'<p dir="auto">{escape(one)}</p>' for one in (kept, tried) if one)
    return f'{told}{figure}<p class="note">{escape(NEVER_CUT)}</p>'


def _trial(found: Trial) -> dict[str, Any]:
    names = ("name", "cut", "count", "before", "after")
    return {name: getattr(found, name) for name in names} | {"chance": found.chance.tolist()}
