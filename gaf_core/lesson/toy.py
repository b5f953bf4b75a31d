"""Toy: a network small enough to be seen whole, which a reader changes pipe by pipe.

A toy is a value: every change makes another one. Its text, for links, is the names and then the
capacities of each layer, that next to the words first:

    good_film~3_0_1_2~2_2_0_0      2 tokens, 2 layers, capacity[layer][reading][read] row by row
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import CapacityError, SettingsError
from gaf_core.network import FlowNetwork
from gaf_core.reading.focus import Edge
from gaf_core.text import clusters

MOST_TOKENS, MOST_LAYERS, MOST_CAPACITY = 6, 4, 100.0
DIGITS = 2  # of a capacity, behind the point
_LONGEST = 14  # characters of a name, as people see them
_NAMES = "abcdef"
_STRAIGHT = 3.0  # capacity of the pipes of a token or a layer that is added


@dataclass(frozen=True)
class Toy:
    """A layered network of a few tokens, in plain numbers.

    Attributes:
        names: of the `t` tokens, in reading order.
        pipes: `[l][t][t]` capacities, `pipes[k][i][j]` of the pipe by which token `i` reads token
            `j` in layer `k`, counted from the words; 0 for no pipe.

    Raises:
        CapacityError: sizes or capacities that a toy cannot have.

    >>> toy = Toy.of(["good", "film"], [[[3, 0], [1, 2]], [[2, 2], [0, 0]]])
    >>> toy.layers, toy.tokens, toy.capacity(Edge(1, 0, 1))
    (2, 2, 2.0)
    """

    names: tuple[str, ...]
    pipes: tuple[tuple[tuple[float, ...], ...], ...]

    def __post_init__(self) -> None:
        _check_sizes(self.names, self.pipes)
        for layer in self.pipes:
            for row in layer:
                for value in row:
                    _check_capacity(value)

    @classmethod
    def of(cls, names: Sequence[str], pipes: Sequence[Sequence[Sequence[float]]]) -> Toy:
        """A toy of lists or arrays; names are cut to what fits, capacities rounded.

        >>> Toy.of(["a"], [[[1.234]]]).pipes
        (((1.23,),),)
        """
        rows = tuple(
            tuple(tuple(_rounded(value) for value in row) for row in layer) for layer in pipes
        )
        return cls(tuple(_named(name) for name in names), rows)

    @property
    def tokens(self) -> int:
        """Number of tokens `t`."""
        return len(self.names)

    @property
    def layers(self) -> int:
        """Number of layers `l`."""
        return len(self.pipes)

    @property
    def tensor(self) -> NDArray[np.float64]:
        """`[l, t, t]` the capacities as an array."""
        return np.array(self.pipes, dtype=np.float64)

    @property
    def edges(self) -> list[Edge]:
        """The pipes that exist, dead ends too: by layer, reading and read token."""
        return [Edge(*map(int, place)) for place in np.argwhere(self.tensor > 0)]

    def network(self) -> FlowNetwork:
        """The network that the solver gets; dead ends are removed in it.

        >>> Toy.of(["a", "b"], [[[1, 0], [0, 1]], [[1, 0], [0, 0]]]).network().pruned
        1
        """
        return FlowNetwork.from_information(self.tensor)

    def capacity(self, edge: Edge) -> float:
        """Of one pipe; 0 where there is none."""
        self._check_edge(edge)
        return self.pipes[edge.layer][edge.query][edge.key]

    def with_capacity(self, edge: Edge, capacity: float) -> Toy:
        """The same with another capacity of one pipe: more than 0 makes one, 0 takes it away.

        >>> toy = Toy.of(["a", "b"], [[[1, 0], [0, 1]]])
        >>> toy.with_capacity(Edge(0, 0, 1), 2.5).pipes
        (((1.0, 2.5), (0.0, 1.0)),)
        """
        self._check_edge(edge)
        _check_capacity(capacity)
        tensor = self.tensor
        tensor[edge] = capacity
        return Toy.of(self.names, tensor.tolist())

    def with_tokens(self, count: int) -> Toy:
        """The same with so many tokens: the last ones go, or new ones read themselves.

        >>> Toy.of(["good"], [[[1]]]).with_tokens(2).pipes
        (((1.0, 0.0), (0.0, 3.0)),)
        """
        _check_count(count, MOST_TOKENS, "tokens")
        tensor = np.zeros((self.layers, count, count))
        kept = min(count, self.tokens)
        tensor[:, :kept, :kept] = self.tensor[:, :kept, :kept]
        for new in range(kept, count):
            tensor[:, new, new] = _STRAIGHT
        free = [name for name in _NAMES if name not in self.names[:kept]]
        return Toy.of([*self.names[:kept], *free[: count - kept]], tensor.tolist())

    def with_layers(self, count: int) -> Toy:
        """The same with so many layers: those next to the prediction go, or come as straight pipes.

        >>> Toy.of(["a"], [[[1]]]).with_layers(2).pipes
        (((1.0,),), ((3.0,),))
        """
        _check_count(count, MOST_LAYERS, "layers")
        straight = (_STRAIGHT * np.eye(self.tokens)).tolist()
        layers = [*self.pipes[:count], *[straight] * max(count - self.layers, 0)]
        return Toy.of(self.names, layers)

    def renamed(self, names: Sequence[str]) -> Toy:
        """The same pipes between tokens of other names."""
        return replace(self, names=tuple(_named(name) for name in names))

    def swapped(self, first: int, second: int) -> Toy:
        """Two tokens exchange all of their pipes; names stay where they are.

        >>> Toy.of(["a", "b"], [[[1, 0], [0, 2]]]).swapped(0, 1).pipes
        (((2.0, 0.0), (0.0, 1.0)),)
        """
        order = list(range(self.tokens))
        order[first], order[second] = order[second], order[first]
        return Toy.of(self.names, self.tensor[:, order][:, :, order].tolist())

    def cut_off(self, token: int) -> Toy:
        """No pipe leads to this token as a word any more.

        >>> Toy.of(["a", "b"], [[[1, 1], [0, 2]]]).cut_off(1).pipes
        (((1.0, 0.0), (0.0, 0.0)),)
        """
        tensor = self.tensor
        tensor[0, :, token] = 0.0
        return Toy.of(self.names, tensor.tolist())

    def said(self, edge: Edge) -> str:
        """What a pipe is called: "layer 2: a reads b"."""
        return f"layer {edge.layer + 1}: {self.names[edge.query]} reads {self.names[edge.key]}"

    def _check_edge(self, edge: Edge) -> None:
        inside = 0 <= edge.layer < self.layers
        if not (inside and all(0 <= token < self.tokens for token in edge[1:])):
            raise CapacityError(
                f"This toy has no place for a pipe {tuple(edge)}. It has {self.layers} layers and "
                f"{self.tokens} tokens, counted from 0."
            )


def to_link(toy: Toy) -> str:
    """The text of a toy, for links and files.

    >>> to_link(Toy.of(["good", "film"], [[[3, 0], [1, 2.5]]]))
    'good_film~3_0_1_2.5'
    """
    names = "_".join(
        quote(name, safe="").replace("_", "%5F").replace("~", "%7E") for name in toy.names
    )
    layers = ["_".join(f"{value:g}" for row in layer for value in row) for layer in toy.pipes]
    return "~".join([names, *layers])


def from_link(text: str) -> Toy:
    """The toy of a text.

    Raises:
        SettingsError: it is not that of a toy; the message says what is wrong.

    >>> from_link("good_film~3_0_1_2.5").names
    ('good', 'film')
    """
    listed, *layers = text.split("~")
    names = [unquote(name) for name in listed.split("_")]
    count = len(names)
    if not layers:
        raise SettingsError(
            "A toy is written as its names and the capacities of each layer, such as "
            "good_film~3_0_1_2."
        )
    try:
        numbers = [[float(number) for number in layer.split("_")] for layer in layers]
    except ValueError as error:
        raise SettingsError("A capacity of this toy is no number.") from error
    for index, layer in enumerate(numbers):
        if len(layer) != count * count:
            raise SettingsError(
                f"Layer {index + 1} of this toy has {len(layer)} capacities; {count} tokens need "
                f"{count * count}."
            )
    try:
        return Toy.of(names, [np.reshape(layer, (count, count)).tolist() for layer in numbers])
    except CapacityError as error:
        raise SettingsError(str(error)) from error


def _named(name: str) -> str:
    return clusters.head(" ".join(str(name).split()), _LONGEST) or "·"


def _rounded(value: float) -> float:
    return round(float(value), DIGITS) + 0.0  # no negative zero


def _check_sizes(names: Sequence[str], pipes: Sequence[Sequence[Sequence[float]]]) -> None:
    _check_count(len(names), MOST_TOKENS, "tokens")
    _check_count(len(pipes), MOST_LAYERS, "layers")
    count = len(names)
    for index, layer in enumerate(pipes):
        if len(layer) != count or any(len(row) != count for row in layer):
            raise CapacityError(
                f"Layer {index + 1} of this toy is not a table of {count} rows and {count} "
                "columns, one for each token."
            )


def _check_count(count: int, most: int, what: str) -> None:
    if not 1 <= count <= most:
        raise CapacityError(f"A toy has 1 to {most} {what}, and not {count}.")


def _check_capacity(value: float) -> None:
    if not (math.isfinite(value) and 0 <= value <= MOST_CAPACITY):
        raise CapacityError(
            f"{value:g} is no capacity of a toy. Choose a number from 0 to {MOST_CAPACITY:g}."
        )
