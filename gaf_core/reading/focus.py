"""A selection -> the part of the flow on paths through it, its text form for links, and its name.

What runs through a node is a mixture: nobody can say which of what enters at one edge leaves at
another. Here every node mixes in proportion, as a pipe junction mixes dye: of what enters, the same
fraction leaves on every edge (Bialek 1996, the tracing of electricity). Then

    fraction above = mean over the edges down, weighted by flow, of the fractions at their ends
    fraction below = mean over the edges up, weighted by flow, of the fractions at their ends

The total is the flow through the selection and does not depend on that rule; how it is split
among the other edges does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.flow import FlowPath, FlowSolution, widest_paths


class Node(NamedTuple):
    """A token in one layer of nodes: layer 0 are the inputs of the network, `l` its outputs."""

    layer: int
    token: int


class Edge(NamedTuple):
    """The edge `(layer + 1, query) -> (layer, key)`, with `layer` counted from 0."""

    layer: int
    query: int
    key: int


class Paths(NamedTuple):
    """Some of the widest paths of the flow, by their rank, counted from 1."""

    ranks: tuple[int, ...]


Selection = Node | Edge | Paths
_LETTERS = {"n": Node, "e": Edge, "p": Paths}


def through(solution: FlowSolution, selection: Node | Edge) -> NDArray[np.float64]:
    """The part of a flow on paths through a node or an edge.

    Returns:
        `[l, t, t]` like `edge_flow`, nowhere above it, conserved as it is, and summing in every
        layer to the flow through the selection.

    Raises:
        SettingsError: the flow has no such node or edge.
    """
    flow = solution.edge_flow
    _check(flow.shape, selection)
    layers, tokens, _ = flow.shape
    part = np.zeros_like(flow)
    upper, lower = np.zeros(tokens), np.zeros(tokens)  # fractions of the nodes above and below
    if isinstance(selection, Edge):
        bottom, query, key = selection
        top = bottom + 1
        part[bottom, query, key] = flow[bottom, query, key]
        upper[query] = _ratio(part[bottom].sum(axis=1), flow[bottom].sum(axis=1))[query]
        lower[key] = _ratio(part[bottom].sum(axis=0), flow[bottom].sum(axis=0))[key]
    else:
        bottom = top = selection.layer
        upper[selection.token] = lower[selection.token] = 1.0
    for k in range(top, layers):
        part[k] = flow[k] * upper[None, :]
        upper = _ratio(part[k].sum(axis=1), flow[k].sum(axis=1))
    for k in reversed(range(bottom)):
        part[k] = flow[k] * lower[:, None]
        lower = _ratio(part[k].sum(axis=0), flow[k].sum(axis=0))
    return part


def part_of(
    explanation: Explanation, selection: Selection, paths: Sequence[FlowPath] | None = None
) -> NDArray[np.float64]:
    """`[l, t, t]` part of the flow that a selection stands for.

    Args:
        explanation: whose flow.
        selection: a node, an edge, or some of the widest paths.
        paths: the widest paths, where they are known; found here otherwise.

    Raises:
        SettingsError: the flow has no such node, edge or path.
    """
    if not isinstance(selection, Paths):
        return through(explanation.solution, selection)
    most = max(selection.ranks)
    if paths is None:
        paths = widest_paths(explanation.solution.edge_flow, most)
    if most > len(paths):
        raise SettingsError(f"This list of paths ends before path {most}.")
    return along(explanation.solution, [paths[rank - 1] for rank in selection.ranks])


def along(solution: FlowSolution, paths: Iterable[FlowPath]) -> NDArray[np.float64]:
    """`[l, t, t]` part of a flow that some of its paths carry together (see `widest_paths`)."""
    part = np.zeros_like(solution.edge_flow)
    for path in paths:
        for k, (key, query) in enumerate(pairwise(reversed(path.nodes))):
            part[k, query, key] += path.flow
    return np.minimum(part, solution.edge_flow)  # sums of rounded numbers may pass it by a digit


def to_text(explanation: Explanation, selection: Selection) -> str:
    """The form for links: "n3.5" a node, "e4.7.5" an edge (layer, query, key), "p1.4" two paths.

    Layers are those of the model, called as people are told: a node stands after layer 3 (0 is the
    input), an edge in layer 4. So a link means the same token when the range of layers changes.
    """
    first = explanation.layers[0]
    match selection:
        case Paths(ranks):
            return "p" + ".".join(map(str, ranks))
        case Edge(layer, query, key):
            return f"e{first + layer + 1}.{query}.{key}"
        case Node(layer, token):
            return f"n{first + layer}.{token}"


def from_text(explanation: Explanation, text: str) -> Selection:
    """Read what `to_text` wrote, for a flow that has it.

    Raises:
        SettingsError: no selection, or one that this flow does not have.
    """
    kind, numbers = _LETTERS.get(text[:1]), text[1:].split(".")
    plain = all(number.isascii() and number.isdigit() and len(number) < 7 for number in numbers)
    if kind is None or not plain or (kind is not Paths and len(numbers) != len(kind._fields)):
        raise SettingsError(
            f"“{text}” is no part of a flow. Write n3.5 for a node (after layer 3, token 5), "
            "e4.7.5 for an edge (in layer 4, token 7 reads token 5) or p1.2 for the two widest "
            "paths."
        )
    if kind is Node or kind is Edge:
        layer, *tokens = map(int, numbers)
        first, last = explanation.layers
        if not first + (kind is Edge) <= layer <= last:
            raise SettingsError(_outside(explanation, kind is Edge, layer))
        found = kind(layer - first - (kind is Edge), *tokens)
        _check(explanation.solution.edge_flow.shape, found)
        return found
    ranks = tuple(sorted(set(map(int, numbers))))
    if ranks[0] < 1:
        raise SettingsError("Paths are counted from 1: the widest is p1.")
    return Paths(ranks)


def focused_tokens(selection: Selection | None) -> tuple[int, ...]:
    """Tokens that stand on their own in pictures of words and spans, being in focus."""
    match selection:
        case Node(_, token):
            return (token,)
        case Edge(_, query, key):
            return (query, key)
    return ()


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
            if share > 0.5:  # more of the edge passes by the attention than through it
                return f"residual of {read} at layer {first + layer + 1}"
            return f"layer {first + layer + 1}: {reading} reads {read}"
        case Node(layer, token):
            return f"{token_text(explanation, token)} {_place(first + layer)}"


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


def _place(layer: int) -> str:
    return f"after layer {layer}" if layer else "in the input"


def _outside(explanation: Explanation, edge: bool, layer: int) -> str:
    """Why a layer of the model is not in this flow."""
    first, last = explanation.layers
    depth = explanation.trace.layers
    if layer > depth or (edge and layer < 1):
        return f"The model has no layer {layer}; its layers are 1 to {depth}."
    where = f"in layer {layer}" if edge else _place(layer)
    shown = f"layer {last}" if last == first + 1 else f"layers {first + 1} to {last}"
    return f"It is {where}, and the flow is that of {shown}. Show more layers to see it."


def _check(shape: tuple[int, ...], selection: Node | Edge) -> None:
    layers, tokens, _ = shape
    edge = isinstance(selection, Edge)
    last = layers - 1 if edge else layers
    if not 0 <= selection.layer <= last:
        raise SettingsError(
            f"There is no {'edge' if edge else 'node'} in layer {selection.layer} of this flow. "
            f"Choose a layer from 0 to {last}."
        )
    if not all(0 <= token < tokens for token in selection[1:]):
        raise SettingsError(f"This text has no such token. Choose from 0 to {tokens - 1}.")


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
