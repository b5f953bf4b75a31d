"""What the model says of edges kept or cut, in sentences of plain text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gaf_core.explanation import Explanation
from gaf_core.reading.agreement import CAPACITIES, FLOW, Agreement, Trial, is_probability
from gaf_core.reading.sentences import percent

NEVER_CUT = (
    "Cut means: what attention carries on the edge is gone, for all heads, and the model reads the "
    "text again. What passes by the attention is never cut."
)
_ALL = 1.005  # of what all edges do: beyond, it is said what the others do


def value_in_words(explanation: Explanation, value: float) -> str:
    """What is watched, as people read it: "96.8 %", or a number of a contrast."""
    if is_probability(explanation.trace):
        return f"{value:.1%}".replace("%", " %")
    return f"{value:.2f}"


def change_in_words(
    explanation: Explanation, before: float, after: float, mark: Callable[[str], str] = str
) -> str:
    """Such as "positive 96.8 % → 41.0 %"."""
    one, other = (value_in_words(explanation, value) for value in (before, after))
    return f"{mark(explanation.trace.target.name)} {one} → {other}"


def kept_in_words(
    explanation: Explanation,
    found: Agreement,
    step: int,
    mark: Callable[[str], str] = str,
    strong: Callable[[str], str] = str,
) -> str:
    """What the model says with the strongest edges kept, beside others and as many by chance.

    Args:
        explanation: whose flow.
        found: of `agreement`.
        step: which of the fractions.
        mark: how a name or a part of the text is escaped.
        strong: how the change, which is marked already, is set off.
    """
    count, after = int(found.counts[step]), float(found.kept[FLOW][step])
    change = change_in_words(explanation, found.whole, after, mark)
    edges = "edge" if count == 1 else f"{count:,} edges"
    capacity = value_in_words(explanation, float(found.kept[CAPACITIES][step]))
    sentences = [
        f"{strong(change)} with the {edges} with the most flow alone, of the "
        f"{_among(explanation, found.edges)}.",
        f"As many by capacity: {capacity}. At random: {_range(explanation, found.chance[:, step])}."
        f" With none: {value_in_words(explanation, found.nothing)}.",
        _beyond(found, step),
    ]
    return " ".join(filter(None, sentences))


def trial_in_words(
    explanation: Explanation,
    found: Trial,
    mark: Callable[[str], str] = str,
    strong: Callable[[str], str] = str,
) -> str:
    """What the model says without some edges, or without any other, beside as many by chance."""
    if not found.count:
        return f"No attention runs through {mark(found.name)}, so there is nothing to cut or keep."
    change = change_in_words(explanation, found.before, found.after, mark)
    edges = "1 edge" if found.count == 1 else f"{found.count:,} edges"
    size = f"{edges} of the {_among(explanation, found.edges)}"
    chance = "1 random edge" if found.count == 1 else f"{found.count:,} random edges"
    reached = _range(explanation, found.chance)
    name = mark(found.name)
    if found.cut:
        said = f"without {name} ({size}). Without {chance} instead: {reached}."
    else:
        said = f"with {name} alone ({size}). With {chance} alone: {reached}."
    return f"{strong(change)} {said}"


def _beyond(found: Agreement, step: int) -> str:
    """Edges that speak against the prediction are in no flow: what they do, where it shows."""
    if found.parts is None:
        return (
            "All these edges together do too little for this prediction to say which share of it "
            "those kept give back."
        )
    part = float(found.parts[FLOW][step])
    if part <= _ALL:
        return ""
    return (
        f"They do {percent(part)} of what all these edges do to the logit: those that were cut "
        f"speak against it on balance, and take {percent(part - 1)} off."
    )


def _range(explanation: Explanation, values: np.ndarray) -> str:
    mean, low, high = (
        value_in_words(explanation, float(value))
        for value in (values.mean(), values.min(), values.max())
    )
    return mean if low == high else f"{mean} ({low} to {high})"


def _among(explanation: Explanation, edges: int) -> str:
    return f"{edges:,}{_layers(explanation)}"


def _layers(explanation: Explanation) -> str:
    """Which layers are meant, where the flow is not that of all of them."""
    first, last = explanation.layers
    if (first, last) == (0, explanation.trace.layers):
        return ""
    return f" in layer {last}" if last == first + 1 else f" in layers {first + 1} to {last}"
