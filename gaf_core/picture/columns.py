"""The columns of a picture of the flow: where they stand and what they are called.

Columns `0..c-1` are layers of nodes, input left; column `c` is the prediction.
"""

from __future__ import annotations

from dataclasses import dataclass

_WIDE_ENOUGH = 9  # columns up to which layers are named in full


@dataclass(frozen=True)
class Columns:
    """Columns of the layers of nodes that are drawn, and of the prediction.

    Attributes:
        first: layer of the model that the network starts at.
        boundaries: which of the layers of nodes `0..l` are drawn.
    """

    first: int
    boundaries: tuple[int, ...]

    @property
    def crowded(self) -> bool:
        """Whether there are so many that words beside a node would run into the next column."""
        return len(self.boundaries) + 1 > _WIDE_ENOUGH

    def x(self, column: float) -> float:
        """Evenly spaced, the prediction closer: what leads to it is one broad band.

        A fraction of the width, never 0: plotly ignores the place of a node at exactly 0.
        """
        last = len(self.boundaries) - 1
        step = 1.0 if self.crowded else 0.6
        return 0.001 + 0.998 * min(column, last + step) / (last + step)

    def name(self, column: int) -> str:
        """What a column of nodes is called: nodes are what a layer of the model puts out."""
        if column == 0:
            return f"after layer {self.first}" if self.first else "input"
        numbers = self._numbers(column)
        return f"layers {numbers}" if "–" in numbers else f"layer {numbers}"

    def title(self, column: int) -> str:
        """The header of a column, only a number where there is little room."""
        if column == len(self.boundaries):
            return "prediction"
        return self._numbers(column) if column and self.crowded else self.name(column)

    def _numbers(self, column: int) -> str:
        """The layers of the model between this column and the one before it, counted from 1."""
        first, last = (self.first + self.boundaries[column + step] for step in (-1, 0))
        return str(last) if last == first + 1 else f"{first + 1}–{last}"
