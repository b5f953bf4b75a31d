"""Explanation -> what is said of it: scores, certificate, what is in focus, the cut.

What the model predicts is said in `predicted.py`.

Plain text; whoever puts it into HTML or Markdown escapes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.explanation import Explanation
from gaf_core.models.outputs import Output
from gaf_core.reading.bottleneck import Bottleneck
from gaf_core.reading.focus import Edge, Node, Paths, Selection
from gaf_core.reading.selection import place_of

_MOSTLY = 0.5  # of an edge: more of it passes by the attention than through it


def score_sentence(explanation: Explanation) -> str:
    """What a score is, and in which unit."""
    if explanation.depths is not None:
        return (
            f"A score is the mean share over {_flows(explanation)}, one that ends at each layer of "
            "the range."
        )
    unit = "units of the logit"
    if explanation.settings.variant == "AF":
        unit = "attention weights"
    elif explanation.trace.output is Output.VALUE:
        unit = "units of the value"
    return f"A score is the flow that arrives at a token, in {unit}; a share is its part of all."


def intervals_sentence(explanation: Explanation) -> str:
    """What the intervals of the shares are, or why a depth average has none."""
    if explanation.depths is None:
        return (
            "The thin line is how far a plain maximum flow, which is not unique, could move the "
            "share; the bar is the one balanced flow."
        )
    return f"A mean over {_flows(explanation)}, so the bars have no intervals."


def network_sentence(explanation: Explanation) -> str:
    """Which of its flows is the network of a depth average; nothing about one flow."""
    if explanation.depths is None:
        return ""
    first, last = explanation.layers
    return (
        f"The scores above are the mean over {_flows(explanation)}, which end at the entry of "
        f"layer {first + 1}, of the next, and so on to layer {last}. The network is that of the "
        "first of them, the flow through the whole range, so its widths at the words are not the "
        "scores."
    )


def certificate_sentence(explanation: Explanation) -> str:
    """What is proven about the flows that the scores are made of, or why nothing is."""
    solution = explanation.solution
    if solution.value <= 0 or not explanation.certified:
        return explanation.message
    bound = f"is larger by more than {solution.duality_gap:.1e} of it."
    if explanation.depths is None:
        return f"Proven: flow {solution.value:.4g}, and no flow through this network {bound}"
    return (
        f"Proven: each of the {_flows(explanation)} that the scores are the mean of. The flow "
        f"through the whole range is {solution.value:.4g}, and no other through it {bound}"
    )


def _flows(explanation: Explanation) -> str:
    count = len(explanation.statuses)
    return f"{count} flow" if count == 1 else f"{count} flows"


def token_text(explanation: Explanation, token: int) -> str:
    """A token in quotes as written; with its position where the same text stands elsewhere too."""
    text = explanation.written[token]
    again = explanation.written.count(text) > 1
    return f"‘{text}’" + (f" (position {token})" if again else "")


def in_words(explanation: Explanation, selection: Selection) -> str:
    """What a selection is called, such as "‘lovely’ after layer 3"."""
    first = explanation.layers[0]
    match selection:
        case Paths((rank,)):
            return f"path {rank}" + (", the widest" if rank == 1 else "")
        case Paths(ranks):
            return f"paths {', '.join(map(str, ranks[:-1]))} and {ranks[-1]}"
        case Edge(layer, query, key):
            reading, read = (token_text(explanation, token) for token in (query, key))
            share = explanation.network.residual_share[layer, key] if query == key else 0.0
            if share > _MOSTLY:
                return f"residual of {read} at layer {first + layer + 1}"
            return f"layer {first + layer + 1}: {reading} reads {read}"
        case Node(layer, token):
            return f"{token_text(explanation, token)} {place_of(first + layer)}"


def focus_in_words(
    explanation: Explanation,
    selection: Selection,
    part: NDArray[np.float64],
    mark: Callable[[str], str] = str,
) -> str:
    """What is in focus, and how much of the flow that is, in a sentence or three of plain text.

    Args:
        explanation: whose flow.
        selection: what is in focus.
        part: `[l, t, t]` its part of the flow, see `part_of`.
        mark: how the name is set off; the rest of the sentence holds no text of others.
    """
    flow, paths = float(part[0].sum()), isinstance(selection, Paths)
    one = not isinstance(selection, Paths) or len(selection.ranks) == 1
    share = flow / explanation.solution.value if explanation.solution.value > 0 else 0.0
    sentence = (
        f"In focus: {mark(in_words(explanation, selection))}. {share:.1%} of the flow runs "
        f"{'along' if paths else 'through'} {'it' if one else 'them'} ({flow:.4g})."
    )
    mixed = " Above and below, what meets at a token is taken to mix in proportion."
    return sentence if paths else sentence + mixed


def cut_in_words(explanation: Explanation, found: Bottleneck) -> str:
    """Where the flow is limited, in a sentence or two of plain text."""
    if found.capacity <= 0:
        return "Nothing flows, so nothing limits the flow."
    places = sorted(_places(explanation, found), key=lambda place: -place.capacity)
    shares = [percent(place.capacity / found.capacity) for place in places]
    text = f"The flow is limited {places[0].limited} ({shares[0]} of the cut)."
    if len(places) > 1:
        rest = zip(shares[1:4], places[1:4], strict=True)
        named = ", ".join(f"{share} {place.where}" for share, place in rest)
        text += f" The rest: {named}" + (" and less elsewhere." if len(places) > 4 else ".")
    if found.unique:
        return text + " No other cut is as small."
    return text + " Other cuts are as small; this is the one nearest the input."


class _Place(NamedTuple):
    """Edges of one layer, or nodes at its entry: what they hold, and how they are spoken of."""

    capacity: float
    limited: str
    where: str


def _places(explanation: Explanation, found: Bottleneck) -> Iterator[_Place]:
    """Where the cut runs, from the input on."""
    for k, number in enumerate(range(explanation.layers[0] + 1, explanation.layers[1] + 1)):
        if found.entries[k] > 0:
            entry = f"at the entry of layer {number}"
            tokens = np.flatnonzero(found.nodes[k])
            noun = "node" if len(tokens) == 1 else "nodes of"
            limited = f"by the {noun} {_who(explanation, tokens)} {entry}"
            yield _Place(float(found.entries[k]), limited, entry)
        if found.layers[k] > 0:
            limited = _edges_in_words(explanation, found.edges[k], k)
            yield _Place(float(found.layers[k]), limited, f"in layer {number}")


def _edges_in_words(explanation: Explanation, edges: NDArray[np.bool_], layer: int) -> str:
    number = explanation.layers[0] + layer + 1
    queries, keys = (np.flatnonzero(edges.any(axis=axis)) for axis in (1, 0))
    share = explanation.network.residual_share[layer, keys[0]]
    if edges.sum() == 1 and queries[0] == keys[0] and share > _MOSTLY:
        return f"by the residual of {_who(explanation, keys)} at layer {number}"
    reading, read = _who(explanation, queries), _who(explanation, keys)
    verb = "reads" if len(queries) == 1 else "read"
    return f"in layer {number}, where {reading} {verb} {read}"


def _who(explanation: Explanation, tokens: NDArray[np.int64]) -> str:
    if len(tokens) == 1:
        return token_text(explanation, int(tokens[0]))
    return f"{len(tokens)} tokens"


def percent(share: float) -> str:
    """A share as people say it; a little is not nothing, and nearly all is not all.

    >>> percent(0.25), percent(0.001), percent(0.999), percent(1.2), percent(0.0)
    ('25 %', 'less than 1 %', 'more than 99 %', '120 %', '0 %')
    """
    rounded = round(100 * share)
    if rounded == 0 and share > 0:
        return "less than 1 %"
    return "more than 99 %" if rounded == 100 and share < 1 - 1e-9 else f"{rounded} %"
