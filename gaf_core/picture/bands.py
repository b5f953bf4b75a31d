"""A link of a picture that lies partly in the part of the flow that is followed."""

from __future__ import annotations

from dataclasses import dataclass

_FAINT = 1e-9  # of a link: less is rounding, and is not drawn as a link of its own


@dataclass(frozen=True)
class Band:
    """One or two links side by side: what belongs to the part followed, and the rest.

    Attributes:
        ends: indices of its nodes.
        flow: of both together.
        share: fraction of it that belongs to the part.
        colour, faded: CSS colour, and that of the rest where a part is followed.
        hover: what a hover says.
        cut: whether most of it crosses the cut.
    """

    ends: tuple[int, int]
    flow: float
    share: float
    colour: str
    faded: str
    hover: str
    cut: bool

    @property
    def part(self) -> float:
        """Width of what belongs to the part; all or nothing where only rounding is left over."""
        share = self.share if self.share > _FAINT else 0.0
        return self.flow * share if share < 1 - _FAINT else self.flow

    @property
    def rest(self) -> float:
        """Width of what does not."""
        return self.flow - self.part

    def row(self, value: float, *, faded: bool) -> tuple[int, int, float, str, str, bool]:
        """Ends, width, colour, hover and cut of one of its links."""
        return (*self.ends, value, self.faded if faded else self.colour, self.hover, self.cut)
