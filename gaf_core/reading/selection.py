"""A selection and its text form, which stands in links and is what a click on a figure brings.

Layers are those of the model, called as people are told: a node stands after layer 3 (0 is the
input), an edge in layer 4. So a link means the same token when the range of layers changes.
"""

from __future__ import annotations

from gaf_core.errors import SettingsError, brief
from gaf_core.explanation import Explanation
from gaf_core.reading.focus import Edge, Node, Paths, Selection, check_selection

_LETTERS = {"n": Node, "e": Edge, "p": Paths}


def to_text(explanation: Explanation, selection: Selection) -> str:
    """Write "n3.5" for a node, "e4.7.5" for an edge (layer, query, key), "p1.4" for two paths."""
    first = explanation.layers[0]
    match selection:
        case Paths(ranks):
            return "p" + ".".join(map(str, ranks))
        case Edge(layer, query, key):
            return f"e{first + layer + 1}.{query}.{key}"
        case Node(layer, token):
            return f"n{first + layer}.{token}"


def is_text_of(kind: type[Selection], text: str | None) -> bool:
    """Whether a text is that of a node, of an edge, or of paths.

    >>> is_text_of(Paths, "p1.4"), is_text_of(Paths, "n3.5"), is_text_of(Paths, None)
    (True, False, False)
    """
    return _LETTERS.get((text or "")[:1]) is kind


def from_text(explanation: Explanation, text: str) -> Selection:
    """Read what `to_text` wrote, for a flow that has it.

    Raises:
        SettingsError: no selection, or one that this flow does not have.
    """
    kind, numbers = _LETTERS.get(text[:1]), text[1:].split(".")
    plain = all(number.isascii() and number.isdigit() and len(number) < 7 for number in numbers)
    if kind is None or not plain or (kind is not Paths and len(numbers) != len(kind._fields)):
        raise SettingsError(
            f"“{brief(text)}” is no part of a flow. Write n3.5 for a node (after layer 3, token "
            "5), e4.7.5 for an edge (in layer 4, token 7 reads token 5) or p1.2 for the two widest "
            "paths."
        )
    if kind is Node or kind is Edge:
        layer, *tokens = map(int, numbers)
        first, last = explanation.layers
        if not first + (kind is Edge) <= layer <= last:
            raise SettingsError(_outside(explanation, kind is Edge, layer))
        found = kind(layer - first - (kind is Edge), *tokens)
        check_selection(explanation.solution.edge_flow.shape, found)
        return found
    ranks = tuple(sorted(set(map(int, numbers))))
    if ranks[0] < 1:
        raise SettingsError("Paths are counted from 1: the widest is p1.")
    return Paths(ranks)


def place_of(layer: int) -> str:
    """Where a node is that stands after a layer of the model."""
    return f"after layer {layer}" if layer else "in the input"


def _outside(explanation: Explanation, edge: bool, layer: int) -> str:
    """Why a layer of the model is not in this flow."""
    first, last = explanation.layers
    depth = explanation.trace.layers
    if layer > depth or (edge and layer < 1):
        return f"The model has no layer {layer}; its layers are 1 to {depth}."
    where = f"in layer {layer}" if edge else place_of(layer)
    shown = f"layer {last}" if last == first + 1 else f"layers {first + 1} to {last}"
    return f"It is {where}, and the flow is that of {shown}. Show more layers to see it."
