"""Colours of pictures, legible to all on light and dark pages; and when an edge counts as full.

The barrier fills nothing to the brim: where the ends of an edge of capacity `u` differ by `p` in
potential, it keeps `mu / (p u)` of the capacity free, with `mu = epsilon F / (2 m)` for a flow `F`
on a network of `m` edges (see `flow.certificate`). So an edge that limits the flow, where `p` is
near 1, reaches `FULL` if its capacity is above `500 epsilon F / m`: at the usual epsilon of 1e-6
all but the faintest. Edges that limit nothing stay anywhere below, on reviews up to .997, which a
lower bar would call full.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaf_core.explanation import Explanation

# Okabe & Ito's palette for every kind of colour vision, without its yellow and black: those vanish
# on a light or on a dark page.
PALETTE = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
NEUTRAL = "#8a94a3"
OUTLINE = "#6b7585"  # at least 3:1 against white and against a dark page
ACCENT = "#4394b6"
HIGHLIGHT = "#d55e00"  # of what somebody selected; faded grey beside it, so lightness tells too

# One hue from pale to strong, ten stops at equal distances in OKLab: perceptually uniform, and its
# lightness alone carries the order, so it reads the same with any kind of colour vision.
LIGHT_SHADES = (
    "#ebf6f8", "#c9e3ec", "#a9d1e2", "#89bdd8", "#6ca9cf",
    "#5494c4", "#447eb3", "#3668a3", "#2b5392", "#223d81",
)  # fmt: skip
DARK_SHADES = (
    "#242a37", "#2e3c51", "#36506c", "#3b6587", "#3c7ca1",
    "#4394b6", "#56abc7", "#6bc3d7", "#82dbe8", "#9bf3f8",
)  # fmt: skip
# The same lightness, stop by stop, in the hue of what speaks against the target.
LIGHT_AGAINST = (
    "#fdf1eb", "#f4d7c9", "#ecbfa8", "#e1a586", "#d68c65",
    "#c97446", "#b55f2d", "#a24807", "#883a00", "#6d2c00",
)  # fmt: skip
DARK_AGAINST = (
    "#37261b", "#503420", "#6b4326", "#88522a", "#a5612f",
    "#bf743e", "#d58a55", "#eba16d", "#feb98b", "#ffd9c0",
)  # fmt: skip
_DARK_INK, _LIGHT_INK = "#000000", "#ffffff"

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


def shade(intensity: float, *, dark: bool = False, against: bool = False) -> str:
    """The colour `#rrggbb` of an intensity in [0, 1], on a light or a dark page."""
    if against:
        stops = DARK_AGAINST if dark else LIGHT_AGAINST
    else:
        stops = DARK_SHADES if dark else LIGHT_SHADES
    channels = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops])
    place = min(max(intensity, 0.0), 1.0) * (len(stops) - 1)
    mixed = [np.interp(place, np.arange(len(stops)), channel) for channel in channels.T]
    return "#" + "".join(f"{round(value):02x}" for value in mixed)


def ink(background: str) -> str:
    """Whichever text colour stands out more from a background `#rrggbb`."""
    return max((_DARK_INK, _LIGHT_INK), key=lambda colour: contrast(colour, background))


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours `#rrggbb`, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    value = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
