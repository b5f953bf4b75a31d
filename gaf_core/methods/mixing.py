"""How much of each token is mixed into each other, layer by layer, told by vectors and not weights.

Both methods give a matrix a layer, `C_l[i, j]` how much of token `j` is in what layer `l` makes of
token `i`, with rows that sum to 1. A score is the row of their product, the last layer on the left,
at the position that the prediction is read from.

    value zeroing             1 - cos(s_i, s_i without the values of j), s the state leaving a layer
    information flow routes   sum over heads h of f(z_hj), and f(z) of what passes by on i itself,
                              f(z) = max(0, |y_i| - |y_i - z|), norms are sums of absolutes

There y_i is the state behind the attention of the layer, which is the sum of its parts: z_hj what
head h brings of token j, and what passes by attention with the biases, in parallel layers with the
feed-forward too. A feed-forward behind it moves nothing between tokens. Where a network has a norm
between attention and the sum, or behind it, z is the difference that the cut makes through the
former, and y stands before the latter.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.methods.reading import read_positions
from gaf_core.models.model import Model
from gaf_core.tracing.isolated import ATTENDED, LEAVING, Layers
from gaf_core.tracing.trace import Trace

APART, TOGETHER = "apart", "together"


def value_zeroing(
    model: Model, trace: Trace, progress: Progress | None = None
) -> NDArray[np.float64]:
    """`[L, t, t]` how much token `j` matters for token `i` in a layer; rows sum to 1.

    Without the values of a token, all that its attention weights bring is gone.

    Raises:
        ModelError: the layers of the model cannot be looked at one by one.
    """
    tokens = len(trace.tokens)

    def keep(token: int) -> NDArray[np.bool_]:
        return _without(tokens, 1, [0], token)

    found = Layers(model, trace).effects(LEAVING, tokens, keep, _turned, progress)
    read = trace.attention.any(axis=1)  # what is not read does not matter, whatever rounding says
    return _rows(np.maximum(found.transpose(0, 2, 1), 0.0) * read)


def flow_routes(
    model: Model, trace: Trace, heads: str = APART, progress: Progress | None = None
) -> NDArray[np.float64]:
    """`[L, t, t]` the importance of each edge of the residual stream; rows sum to 1.

    What passes by the attention is on the diagonal.

    Args:
        model, trace: the text.
        heads: "apart", what each head brings is a part of its own; "together", one part a token.
        progress: called after each batch.

    Raises:
        ModelError: the layers of the model cannot be looked at one by one.
    """
    tokens, layers = len(trace.tokens), Layers(model, trace)
    parts = trace.attention.shape[1] if heads == APART else 1

    def keep(number: int) -> NDArray[np.bool_]:
        head, token = divmod(number, tokens)
        return _without(tokens, parts, [head], token)

    found = layers.effects(ATTENDED, parts * tokens, keep, _nearer, progress)
    brought = np.maximum(found.reshape(-1, parts, tokens, tokens).transpose(0, 1, 3, 2), 0.0)
    read = trace.attention > 0
    brought *= read if parts > 1 else read.any(axis=1, keepdims=True)
    nothing = np.zeros((1, tokens, tokens), dtype=bool)
    past = layers.effects(ATTENDED, 1, lambda _: nothing, _near)[:, 0]
    edges = brought.sum(axis=1)
    edges[:, np.arange(tokens), np.arange(tokens)] += np.maximum(past, 0.0)
    return _rows(edges)


def _without(tokens: int, parts: int, cut: list[int], token: int) -> NDArray[np.bool_]:
    """`[parts, t, t]` a mask in which some parts do not read a token."""
    keep = np.ones((parts, tokens, tokens), dtype=bool)
    keep[cut, :, token] = False
    return keep


def _turned(state: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """`[n, t]` by how much a state has another direction: the cosine distance."""
    return 1 - torch.cosine_similarity(state, own, dim=-1)


def _nearer(state: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """`[n, t]` |y| - |y - z| of the part z without which the state is y - z."""
    return own.abs().sum(dim=-1) - state.abs().sum(dim=-1)


def _near(state: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """`[n, t]` |y| - |y - z| of the part z that the state is."""
    return own.abs().sum(dim=-1) - (own - state).abs().sum(dim=-1)


def _rows(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[L, t, t]` with rows that sum to 1; a token that nothing matters for keeps itself."""
    sums = matrices.sum(axis=-1, keepdims=True)
    alone = np.broadcast_to(np.eye(matrices.shape[-1]), matrices.shape)
    return np.where(sums > 0, matrices / np.where(sums > 0, sums, 1.0), alone)


def _rolled(trace: Trace, matrices: NDArray[np.float64]) -> Scored:
    """The row of the product at the positions that the prediction is read from, which share it."""
    positions = read_positions(trace)
    row = np.zeros(len(trace.tokens))
    row[positions] = 1 / len(positions)
    for layer in matrices[::-1]:
        row = row @ layer
    return Scored(row)


def _value_zeroing(model: Model, trace: Trace, progress: Progress) -> Scored:
    return _rolled(trace, value_zeroing(model, trace, progress))


def _flow_routes(model: Model, trace: Trace, progress: Progress, heads: str) -> Scored:
    return _rolled(trace, flow_routes(model, trace, heads, progress))


VALUE_ZEROING = Method(
    "value_zeroing",
    "Value zeroing",
    "Mohebbi et al., Quantifying Context Mixing in Transformers, EACL 2023",
    "attention",
    "How far the state of a token turns in a layer when another token's values are zeros there, "
    "multiplied over the layers.",
    _value_zeroing,
    slow=True,
)

INFORMATION_FLOW_ROUTES = Method(
    "information_flow_routes",
    "Information flow routes",
    "Ferrando & Voita, EMNLP 2024; the measure of parts is that of ALTI, Ferrando et al., EMNLP "
    "2022",
    "attention",
    "How near what each head brings of a token, and what passes by, comes to the state that they "
    "make together, multiplied over the layers.",
    _flow_routes,
    (
        Option(
            "heads",
            APART,
            "Whether what each head brings of a token is a part of its own, as published, or all "
            "heads together, which takes fewer passes.",
            choices=(APART, TOGETHER),
        ),
    ),
    slow=True,
)
