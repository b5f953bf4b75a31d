"""A layered flow with few nodes a layer: what `reduction` makes and pictures show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Heads(NamedTuple):
    """What a capacity is made of.

    Attributes:
        strongest: number (from 1) and share of the capacity of its strongest heads.
        residual: share that no head adds.
    """

    strongest: tuple[tuple[int, float], ...]
    residual: float


@dataclass(frozen=True)
class ReducedNode:
    """One drawn node of a layer.

    Attributes:
        tokens: positions it stands for, in reading order.
        flow: flow through it, in the unit of the capacities.
        unit: which unit of the partition it is, None for the others of its layer.
        part: flow through it that belongs to the part followed.
        capacity: sum over its tokens of what may flow through each; None where one has no limit.
        cut_nodes: how many of its tokens the cut runs through.
    """

    tokens: tuple[int, ...]
    flow: float
    unit: int | None = None
    part: float = 0.0
    capacity: float | None = None
    cut_nodes: int = 0

    @property
    def saturation(self) -> float | None:
        """Flow over capacity; None without a capacity."""
        return self.flow / self.capacity if self.capacity else None

    @property
    def merged(self) -> bool:
        """Whether it holds the others of its layer, those that the budget has no place for."""
        return self.unit is None


@dataclass(frozen=True)
class ReducedLink:
    """All edges between two drawn nodes of adjacent drawn layers.

    Attributes:
        layer: index in `ReducedFlow.nodes` of the lower end's layer; the upper end is one above.
        lower, upper: indices into `ReducedFlow.nodes[layer]` and `.nodes[layer + 1]`.
        flow, capacity: sums over the edges; None for the capacity across folded layers.
        edges: how many there are; across folded layers, pairs of tokens that flow runs between.
        part: how much of `flow` belongs to the part followed.
        cut_edges, cut_flow: how many of the edges cross the cut, and what these carry.
        heads: what the capacity is made of, where that was asked for (`heads.with_heads`).
    """

    layer: int
    lower: int
    upper: int
    flow: float
    capacity: float | None
    edges: int
    part: float = 0.0
    cut_edges: int = 0
    cut_flow: float = 0.0
    heads: Heads | None = None

    @property
    def saturation(self) -> float | None:
        """Flow over capacity; None across folded layers."""
        return self.flow / self.capacity if self.capacity else None


@dataclass(frozen=True)
class ReducedFlow:
    """A layered flow with few nodes a layer.

    Attributes:
        nodes: for each drawn layer its nodes, in reading order, "others" last. The flow of a node
            of layer 0 goes on to the target, that of layer `l` comes from the source.
        links: everything between adjacent drawn layers.
        tokens: number of tokens `t` of the network.
        value: the flow value, which every layer of nodes and of links sums to.
        boundaries: which of the layers of nodes `0..l` are drawn.
        units: number of units that the tokens are joined to; `t` when none are.
        cut_shares: for each gap between drawn layers its fraction of the capacity of the cut.
    """

    nodes: tuple[tuple[ReducedNode, ...], ...]
    links: tuple[ReducedLink, ...]
    tokens: int
    value: float
    boundaries: tuple[int, ...]
    units: int
    cut_shares: tuple[float, ...] | None = None

    @property
    def shown_shares(self) -> tuple[float, ...]:
        """For each layer the fraction of the flow that runs through nodes other than "others"."""
        return tuple(
            sum(node.flow for node in layer if not node.merged) / self.value if self.value else 1.0
            for layer in self.nodes
        )

    @property
    def summary(self) -> str:
        """What is merged, in sentences."""
        return " ".join(filter(None, (self._joined, self._lumped, self._folded)))

    @property
    def _joined(self) -> str:
        if self.units == self.tokens:
            return ""
        return f"The {self.tokens} tokens are joined to {self.units} pieces of text."

    @property
    def _lumped(self) -> str:
        name = "tokens" if self.units == self.tokens else "pieces"
        if not any(node.merged for layer in self.nodes for node in layer):
            return f"Every {name[:-1]} that carries flow is drawn."
        drawn = max(sum(not node.merged for node in layer) for layer in self.nodes)
        least, most = (f"{share:.0%}" for share in (min(self.shown_shares), max(self.shown_shares)))
        carried = least if least == most else f"{least} to {most}"
        return (
            f"At most {drawn} of {self.units} {name} a layer are drawn on their own; they carry "
            f"{carried} of its flow. The grey “others” hold the rest, so every width is exact."
        )

    @property
    def _folded(self) -> str:
        layers, steps = self.boundaries[-1], len(self.boundaries) - 1
        if steps == layers:
            return ""
        return (
            f"{layers} layers are drawn in {steps} steps; across folded layers the flow is taken "
            "to mix at every node, which leaves the width of every node exact."
        )
