"""How a picture of the flow is drawn: what Sankey and graph can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gaf_core.picture.spans import Unit

Colouring = Literal["token", "saturation"]
COLOURINGS: tuple[Colouring, ...] = get_args(Colouring)


@dataclass(frozen=True, eq=False)
class View:
    """What of the flow is drawn, and how; the defaults draw all of it by tokens.

    Attributes:
        budget: nodes a layer; the others are merged into one grey node, see `reduction`. Fewer
            where so many layers would make more marks than a picture can hold.
        part: `[l, t, t]` part of the flow, conserved, to be set off; all else is faded.
        cut: `[l + 1, t]` True on the prediction's side of a cut, whose edges are marked.
        by: what a node stands for: "tokens", "words" or "spans" of words.
        opened: token positions whose word or span is drawn token by token.
        folded: layers of nodes to leave out, of `1..l-1`; see `folding`.
        colour: of a link of the Sankey: of the "token" that it leaves, or by "saturation".
    """

    budget: int = 10
    part: NDArray[np.float64] | None = None
    cut: NDArray[np.bool_] | None = None
    by: Unit = "tokens"
    opened: tuple[int, ...] = ()
    folded: frozenset[int] = frozenset()
    colour: Colouring = "token"
