"""HTML as a value: a notebook shows it, `str` gives it to a page or a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Html:
    """A piece of HTML that stands alone: inline styles, no scripts.

    Attributes:
        html: the piece, with everything in it that was text escaped.

    >>> shown = Html("<b>good</b>")
    >>> str(shown)
    '<b>good</b>'
    """

    html: str

    def __str__(self) -> str:
        return self.html

    def _repr_html_(self) -> str:
        return self.html
