"""When an edge or a node is full, and the colours of how full it is: one place for both.

The barrier fills nothing to the brim: where the ends of an edge of capacity `u` differ by `p` in
potential, it keeps `mu / (p u)` of the capacity free, with `mu = epsilon F / (2 m)` for a flow `F`
on a network of `m` edges (see `flow.certificate`). So an edge that limits the flow, where `p` is
near 1, reaches `FULL` if its capacity is above `500 epsilon F / m`: at the usual epsilon of 1e-6
all but the faintest. Edges that limit nothing stay anywhere below, on reviews up to .997, which a
lower bar would call full.
"""

from __future__ import annotations

import numpy as np

from gaf_core.picture.colours import NEUTRAL, translucent

FULL = 0.999  # flow over capacity

# Steps from the palette; the fuller, the heavier, so that it reads in grey too, but light enough
# for labels on top of it.
_STEPS = (
    (0.25, "#56b4e9", 0.22, "under 25 %"),
    (0.5, "#56b4e9", 0.45, "25 to 50 %"),
    (0.75, "#e69f00", 0.25, "50 to 75 %"),
    (FULL, "#e69f00", 0.5, "over 75 %"),
    (np.inf, "#d55e00", 0.62, "full"),
)


def is_full(saturation: float | None) -> bool:
    """Whether flow over capacity means that no more fits; False without a capacity (None)."""
    return saturation is not None and saturation >= FULL


def saturation_colour(saturation: float | None) -> str:
    """Colour of a link by flow over capacity; grey where there is no capacity."""
    if saturation is None:
        return translucent(NEUTRAL, 0.28)
    return next(
        translucent(colour, opacity) for limit, colour, opacity, _ in _STEPS if saturation < limit
    )


def saturation_legend() -> str:
    """The steps of the saturation in one line of plotly's HTML."""
    steps = [
        f'<span style="color:{translucent(colour, opacity)}">■</span> {name}'
        for _, colour, opacity, name in _STEPS
    ]
    return "capacity used: " + " &nbsp; ".join(steps)
