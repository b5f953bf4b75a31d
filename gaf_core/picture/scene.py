"""Explanation + View -> what every picture of its flow shows: nodes, their places and colours.

The last column is the prediction, the super-source of the network: a picture reads from left to
right, the flow of the method runs the other way. The super-target is left out, since the flow into
it is the height of the input nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.flow.blas import single_threaded
from gaf_core.picture.colours import NEUTRAL, unit_colours
from gaf_core.picture.columns import Columns
from gaf_core.picture.folding import kept_boundaries
from gaf_core.picture.heads import with_heads
from gaf_core.picture.lanes import Placement, place
from gaf_core.picture.reduced import ReducedFlow, ReducedNode
from gaf_core.picture.reduction import reduce_flow
from gaf_core.picture.spans import partition, span_tokens
from gaf_core.picture.view import COLOURINGS, View

MARKS = 3000  # nodes and links of a picture at most: more would be neither fast nor legible


@dataclass(frozen=True, eq=False)
class Scene:
    """A flow, reduced and placed.

    Attributes:
        explanation: whose flow.
        view: what was asked for.
        reduced: the nodes and links shown.
        placement: where the nodes stand.
        columns: where the columns stand and what they are called.
        colours: colour of the units that have one; the others are grey.
        limit: units a column that stay on their own at most.
    """

    explanation: Explanation
    view: View
    reduced: ReducedFlow
    placement: Placement
    columns: Columns
    colours: dict[int, str]
    limit: int

    @classmethod
    def of(cls, explanation: Explanation, view: View = View()) -> Scene:
        """Reduce and place the flow of an explanation that has one.

        Raises:
            SettingsError: the view asks for something that means nothing for this explanation.
        """
        if view.colour not in COLOURINGS:
            raise SettingsError(f"'{view.colour}' is no colouring. Use {' or '.join(COLOURINGS)}.")
        units = partition(explanation.trace, view.by, view.budget, view.opened)
        closed = partition(explanation.trace, view.by, view.budget)
        limit = _fitting(view, explanation.network.layers)
        # many small products: a second thread is waited for longer than it helps
        with single_threaded:
            flow = reduce_flow(
                explanation.network, explanation.solution, view.budget,
                span_tokens(closed, view.opened),
                partition=units, part=view.part, cut=view.cut, folded=view.folded, limit=limit,
            )  # fmt: skip
            reduced = with_heads(explanation, flow)
        return cls(
            explanation=explanation,
            view=view,
            reduced=reduced,
            placement=place(reduced),
            columns=Columns(explanation.layers[0], reduced.boundaries),
            colours=unit_colours(explanation, units),
            limit=limit,
        )

    @property
    def followed(self) -> bool:
        """Whether a part of the flow is set off."""
        return self.view.part is not None

    @property
    def summary(self) -> str:
        """What is merged and left out, in sentences."""
        full = max(sum(not node.merged for node in layer) for layer in self.reduced.nodes)
        if full < self.limit or self.limit >= self.reduced.units:
            return self.reduced.summary
        return (
            f"{self.reduced.summary} That is all that a picture of so many layers can hold; fold "
            "layers to see more tokens."
        )

    def colour(self, node: ReducedNode) -> str:
        """Of the unit that a node is; grey for the others."""
        return NEUTRAL if node.unit is None else self.colours.get(node.unit, NEUTRAL)

    @property
    def prediction(self) -> float:
        """The height in pixels at which what flows into the prediction has its middle."""
        shares = self.placement.heights[-1] / self.placement.flow_height
        return float(self.placement.centres[-1] @ shares)


def _fitting(view: View, layers: int) -> int:
    """How many units a column may have beside its others, so that all marks stay under `MARKS`."""
    gaps = len(kept_boundaries(layers, view.folded)) - 1
    links = 1 if view.part is None else 2  # a link that belongs to the part partly is two
    nodes = 2
    while links * (gaps * (nodes + 1) ** 2 + nodes + 1) + (gaps + 1) * (nodes + 1) + 1 <= MARKS:
        nodes += 1
    return nodes - 1
