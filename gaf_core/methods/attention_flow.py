"""Attention flow of Abnar & Zuidema: for every token, an exact maximum flow of its own.

The network has the attention of rollout as capacities, `(mean A + 1)` with rows that sum to 1, and
nothing limits a node. The score of token `j` is the maximum flow from the classification position
of the last layer to `(0, j)` alone. A flow to `j` and one to the other tokens may use the same
edges, so unlike the scores of AF, these do not add up to one flow.

Among the maximum flows to all tokens together there is one that gives `j` all that `j` could get
alone (what the tokens can get is a polymatroid, `flow.exact`). So the score is the upper end of the
ambiguity interval of `j`, and one maximum flow serves all tokens: for each it is only rerouted.
"""

from __future__ import annotations

from gaf_core.flow import ambiguity
from gaf_core.information import information_tensor
from gaf_core.methods.method import Method, Progress, Scored
from gaf_core.methods.reading import read_positions
from gaf_core.models.model import Model
from gaf_core.network import FlowNetwork
from gaf_core.tracing.trace import Trace


def _attention_flow(_model: Model, trace: Trace, _progress: Progress) -> Scored:
    network = FlowNetwork.from_information(
        information_tensor(trace, "AF", residual="half"), read_positions(trace).tolist()
    )
    return Scored(ambiguity(network)[:, 1])


ATTENTION_FLOW = Method(
    name="attention_flow",
    title="Attention flow",
    reference="Abnar & Zuidema, ACL 2020",
    family="attention",
    summary=(
        "The exact maximum flow from the position that the prediction is read from, or several "
        "together, to each token alone, through attention and residual connections."
    ),
    compute=_attention_flow,
)
