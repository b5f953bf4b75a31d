"""Where the nodes of a reduced flow stand in a picture: one column a layer, one lane a token.

Heights are true to scale: in every column they sum to the same `flow_height`. Within a column the
nodes keep their order and never overlap; each has a slot high enough for its label. Among all such
places each node takes the nearest to its token's lane (least squares), so that a token stays at
about the same height through all layers. With the slots stacked, that is an isotonic regression,
solved by pooling adjacent violators (Barlow et al., Statistical Inference under Order Restrictions,
1972).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.picture.reduced import ReducedFlow

SLOT = 17.0  # pixels that a labelled node needs at least, from slot to slot
GAP = 7.0  # pixels between two tall nodes
_PER_NODE = 26.0  # pixels of flow a node, so that busy columns get taller pictures
_FLOW_HEIGHT = (230.0, 640.0)
_LEAST_FLOW = 0.42  # of the height; plotly shrinks its padding when the flow has below a third


@dataclass(frozen=True, eq=False)
class Placement:
    """Vertical layout, in pixels from the top.

    Attributes:
        height: of the whole picture.
        flow_height: what the flow value measures.
        centres, heights: for each column an array over its nodes.
    """

    height: float
    flow_height: float
    centres: tuple[NDArray[np.float64], ...]
    heights: tuple[NDArray[np.float64], ...]


def place(reduced: ReducedFlow) -> Placement:
    """Lay out the columns of a flow that carries something (`reduced.value > 0`)."""
    shares = [np.array([node.flow for node in layer]) / reduced.value for layer in reduced.nodes]
    busiest = max(len(layer) for layer in shares)
    least, most = _FLOW_HEIGHT
    flow_height = min(max(_PER_NODE * busiest, least), most)
    height = max(_slots(share * flow_height).sum() for share in shares)
    flow_height = max(flow_height, _LEAST_FLOW * height)
    heights = [share * flow_height for share in shares]
    slots = [_slots(column) for column in heights]
    height = max(float(column.sum()) for column in slots)
    lanes = _lanes(reduced, heights, height)
    centres = [
        _nearest(np.array([lanes[node.unit] for node in layer]), slot, height)
        for layer, slot in zip(reduced.nodes, slots, strict=True)
    ]
    return Placement(height, flow_height, tuple(centres), tuple(heights))


def _slots(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(heights + GAP, SLOT)


def _lanes(
    reduced: ReducedFlow, heights: list[NDArray[np.float64]], height: float
) -> dict[int | None, float]:
    """The centre that each unit would like: in reading order, as much room as it needs on average.

    The others, `None`, go to the bottom.
    """
    wish: dict[int, list[float]] = {}
    for layer, column in zip(reduced.nodes, heights, strict=True):
        for node, extent in zip(layer, column.tolist(), strict=True):
            if node.unit is not None:
                wish.setdefault(node.unit, []).append(extent)
    units = sorted(wish)
    widths = np.array([max(np.mean(wish[unit]), SLOT) for unit in units])
    middles = (np.cumsum(widths) - widths / 2) / max(widths.sum(), 1.0)
    return {None: height, **dict(zip(units, (middles * height).tolist(), strict=True))}


def _nearest(
    wished: NDArray[np.float64], slots: NDArray[np.float64], height: float
) -> NDArray[np.float64]:
    """The ordered, non-overlapping centres in `[0, height]` nearest to those wished for."""
    if len(slots) == 1:
        return np.array([height / 2])
    stacked = np.cumsum(slots) - slots / 2
    shift = _isotonic(wished - stacked)
    return stacked + np.clip(shift, 0.0, max(height - slots.sum(), 0.0))


def _isotonic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The non-decreasing sequence nearest to `values` in least squares."""
    blocks: list[tuple[float, int]] = []
    for value in values.tolist():
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean = (before * count + mean * size) / (count + size)
            size += count
        blocks.append((mean, size))
    return np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])
