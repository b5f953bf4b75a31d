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


def translucent(colour: str, opacity: float) -> str:
    """A colour "#rrggbb" with an opacity, as CSS."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.3f})"


def unit_colours(explanation: Explanation, units: Sequence[Sequence[int]]) -> dict[int, str]:
    """A colour for each of the units of the text (not special tokens) with the largest scores."""
    scores = np.array([explanation.scores[list(unit)].sum() for unit in units])
    special = np.array([explanation.trace.special[list(unit)].all() for unit in units])
    candidates = np.flatnonzero(~special & (scores > 0))
    order = np.argsort(-scores[candidates], kind="stable")
    return dict(zip(candidates[order].tolist(), PALETTE, strict=False))
