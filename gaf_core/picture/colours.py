"""Colours of pictures: safe for every kind of colour vision, legible on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaf_core.explanation import Explanation

# Okabe & Ito's palette for every kind of colour vision, without its yellow and black: those vanish
# on a light or on a dark page.
PALETTE = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
NEUTRAL = "#8a94a3"
OUTLINE = "#6b7585"  # at least 3:1 against white and against a dark page

# Saturation in steps, from the same palette; the fuller, the heavier, so that it reads in grey too,
# but light enough for labels on top of it.
SATURATION_STEPS = (
    (0.25, "#56b4e9", 0.22, "under 25 %"),
    (0.5, "#56b4e9", 0.45, "25 to 50 %"),
    (0.75, "#e69f00", 0.25, "50 to 75 %"),
    (0.999, "#e69f00", 0.5, "over 75 %"),
    (np.inf, "#d55e00", 0.62, "full"),
)


def translucent(colour: str, opacity: float) -> str:
    """A colour "#rrggbb" with an opacity, as CSS."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.3f})"


def saturation_colour(saturation: float | None) -> str:
    """Colour of a link by flow over capacity; grey where there is no capacity."""
    if saturation is None:
        return translucent(NEUTRAL, 0.28)
    return next(
        translucent(colour, opacity)
        for limit, colour, opacity, _ in SATURATION_STEPS
        if saturation <= limit
    )


def saturation_legend() -> str:
    """The steps of the saturation in one line of plotly's HTML."""
    steps = [
        f'<span style="color:{translucent(colour, opacity)}">■</span> {name}'
        for _, colour, opacity, name in SATURATION_STEPS
    ]
    return "capacity used: " + " &nbsp; ".join(steps)


def unit_colours(explanation: Explanation, units: Sequence[Sequence[int]]) -> dict[int, str]:
    """A colour for each of the units of the text (not special tokens) with the largest scores."""
    scores = np.array([explanation.scores[list(unit)].sum() for unit in units])
    special = np.array([explanation.trace.special[list(unit)].all() for unit in units])
    candidates = np.flatnonzero(~special & (scores > 0))
    order = np.argsort(-scores[candidates], kind="stable")
    return dict(zip(candidates[order].tolist(), PALETTE, strict=False))
