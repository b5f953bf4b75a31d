"""Masks over the attention edges of a model: made by naming edges, and checked.

An edge `[l, i, j]` is what query `i` reads of key `j` in layer `l`, counted from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from itertools import pairwise
from numbers import Integral
from typing import Literal, TypeVar, get_args

import numpy as np
from jaxtyping import Bool
from numpy.typing import ArrayLike, NDArray

from gaf_core.errors import SettingsError, check_kind
from gaf_core.tracing.trace import Trace

T = TypeVar("T", bound=Sequence[int])

Kind = Literal["zero", "renormalise"]  # what becomes of a row of which something is cut
KINDS: tuple[Kind, ...] = get_args(Kind)
_TRACE = "gaf_core.trace returns one."


def edge_set(
    trace: Trace,
    *,
    edges: Iterable[tuple[int, int, int]] = (),
    nodes: Iterable[tuple[int, int]] = (),
    tokens: Iterable[int] = (),
    paths: Iterable[Sequence[int]] = (),
) -> Bool[np.ndarray, "L t t"]:
    """Some edges of a model, to be kept (`keep=found`) or cut (`keep=~found`).

    Args:
        trace: of the text.
        edges: `(layer, query, key)`: what one token reads of another in a layer, counted from 0.
        nodes: `(layer, token)`: all that is read of a token as it enters a layer; for the layer
            after the last, all that it reads in the last.
        tokens: all that is read of a token in any layer.
        paths: ways from the last layer to the input, `L + 1` tokens each, the last layer's first,
            as `FlowPath.nodes` has them; of fewer tokens, through the last layers.

    Returns:
        `[L, t, t]` True for every edge named. A cut of a network is one already
        (`gaf_core.flow.cut_edges`).

    Raises:
        SettingsError: an edge, node or path that the model does not have.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> found = gaf.edge_set(trace, edges=[(5, 0, 2)], paths=[(0, 3, 3)])
    >>> [list(map(int, edge)) for edge in zip(*found.nonzero())]
    [[4, 3, 3], [5, 0, 2], [5, 0, 3]]
    """
    layers, count = _size(trace)
    for name, some in {"edges": edges, "nodes": nodes, "tokens": tokens, "paths": paths}.items():
        if isinstance(some, str) or not isinstance(some, Iterable):
            raise SettingsError(f"What is named as '{name}' is a list, and {some!r} is none.")
    found = np.zeros((layers, count, count), dtype=bool)
    for layer, query, key in _named(edges, "An edge names a layer, a query and a key", range(3, 4)):
        found[_within(layer, layers, "layer"), _token(query, count), _token(key, count)] = True
    for layer, token in _named(nodes, "A node names a layer and a token", range(2, 3)):
        if layer == layers:
            found[layers - 1, _token(token, count), :] = True
        else:
            found[_within(layer, layers, "layer"), :, _token(token, count)] = True
    for token in tokens:
        found[:, :, _token(token, count)] = True
    steps = (
        f"A path through the last of {layers} layers names 2 to {layers + 1} tokens, the last "
        "layer's first"
    )
    for path in _named(paths, steps, range(2, layers + 2)):
        for step, (query, key) in enumerate(pairwise(path)):
            found[layers - 1 - step, _token(query, count), _token(key, count)] = True
    return found


def existing_edges(trace: Trace) -> Bool[np.ndarray, "L t t"]:
    """`[L, t, t]` True where a query attends to a key at all: what no mask of the model hides."""
    check_kind(trace, Trace, _TRACE)
    return np.asarray(trace.attention.any(axis=1))


def check_masks(trace: Trace, keep: ArrayLike, kind: Kind) -> list[NDArray]:
    """Masks as `[L, 1 or H, t, t]` each, in the type they came in if it is that of masks.

    Raises:
        SettingsError: another shape, numbers outside 0 to 1, or another kind.
    """
    if kind not in KINDS:
        raise SettingsError(f"'{kind}' is no way to cut an edge. Use {' or '.join(KINDS)}.")
    check_kind(trace, Trace, _TRACE)
    try:
        masks = np.asarray(keep)
    except ValueError:  # rows of several lengths
        masks = np.empty(0)
    layers, heads, tokens, _ = trace.attention.shape
    shaped = _with_axes(masks, (layers, heads, tokens))
    if shaped is None or not len(shaped):
        raise SettingsError(
            f"A mask of this text is [{layers}, {tokens}, {tokens}], or [{layers}, {heads}, "
            f"{tokens}, {tokens}] with one for each head, and several of them have one more axis "
            f"in front. This one is {list(masks.shape)}."
        )
    if shaped.dtype != np.bool_:
        numbers = shaped.dtype.kind in "fiu"
        if numbers:
            shaped = shaped.astype(np.float32 if shaped.dtype != np.float64 else np.float64)
        if not numbers or not ((shaped >= 0) & (shaped <= 1)).all():
            raise SettingsError("A mask has numbers from 0, cut, to 1, kept, and nothing else.")
    return list(shaped)


def _with_axes(masks: NDArray, size: tuple[int, int, int]) -> NDArray | None:
    layers, heads, tokens = size
    pair, shape = (tokens, tokens), masks.shape
    if shape == (layers, *pair):
        return masks[None, :, None]
    by_head = shape == (layers, heads, *pair)
    several = len(shape) == 4 and shape[1:] == (layers, *pair)
    if by_head and several:
        raise SettingsError(
            f"[{layers}, {heads}, {tokens}, {tokens}] can be one mask with {heads} heads, or "
            f"{layers} masks of {layers} layers. Give the one with an axis in front, the others "
            f"as [{layers}, {layers}, 1, {tokens}, {tokens}]."
        )
    if by_head:
        return masks[None]
    if several:
        return masks[:, :, None]
    fits = len(shape) == 5 and shape[1] == layers and shape[2] in (1, heads) and shape[3:] == pair
    return masks if fits else None


def _token(token: int, count: int) -> int:
    return _within(token, count, "token")


def _size(trace: Trace) -> tuple[int, int]:
    check_kind(trace, Trace, _TRACE)
    return trace.layers, len(trace.tokens)


def _named(some: Iterable[T], what: str, lengths: range) -> Iterable[T]:
    for one in some:
        count = len(one) if isinstance(one, Sized) and not isinstance(one, str) else 0
        if count not in lengths:
            raise SettingsError(f"{what}; {one!r} does not.")
        yield one


def _within(number: int, count: int, what: str) -> int:
    if not isinstance(number, Integral) or not 0 <= number < count:
        raise SettingsError(f"There is no {what} {number} here. Choose from 0 to {count - 1}.")
    return number
