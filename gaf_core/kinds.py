"""What the value of a setting may be, whatever the model: numbers, names, ranges."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

MOST_POINTS = 1_000  # of a path


@dataclass(frozen=True)
class Kind:
    """What the value of a setting may be, whatever the model.

    Attributes:
        told: in words, for the sentence that refuses another.
        holds: whether a value is of it.
    """

    told: str
    holds: Callable[[Any], bool]


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _all_whole(value: Any) -> bool:
    return isinstance(value, tuple) and all(map(_whole, value))


def _points(value: Any) -> bool:
    return _whole(value) and 2 <= value <= MOST_POINTS


def _names(value: Any) -> bool:
    return isinstance(value, str) or _whole(value)


def _label(value: Any) -> bool:
    pair = isinstance(value, tuple) and len(value) == 2 and all(map(_names, value))
    return value is None or pair or _names(value)


def _target(value: Any) -> bool:
    """A label, or one at a place: `settings.At`, which stands above this module."""
    if hasattr(value, "label") and hasattr(value, "place"):
        return _label(value.label) and (value.place is None or _names(value.place))
    return _label(value)


def _source(value: Any) -> bool:
    return value in ("all", "classification") if isinstance(value, str) else _whole(value)


def _number(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond all others
        return False


LAYERS = Kind(
    "None, or a start and an end as two whole numbers, for example (3, 6)",
    lambda value: value is None or (_all_whole(value) and len(value) == 2),
)
HEADS = Kind(
    "None, or whole numbers, for example (0, 2)", lambda value: value is None or _all_whole(value)
)
TARGET = Kind(
    "None, the name or index of a label, two of them as a contrast, or one of these at a place",
    _target,
)
SOURCE = Kind('"all", "classification" or the position of a token as a whole number', _source)
EPSILON = Kind(
    "a number above 0 and at most 0.5", lambda value: _number(value) and 0 < value <= 0.5
)
POINTS = Kind(f"a whole number from 2 to {MOST_POINTS:,}", _points)
FLAG = Kind("True or False", lambda value: isinstance(value, bool))
