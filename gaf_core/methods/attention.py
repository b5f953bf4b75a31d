"""What attention says without a flow: raw, rolled out, and weighted by its gradient.

With `A_l` and `G_l` the attention and gradient of layer `l`, `mean` over heads, `*` by elements,
and a result read at the classification position `c` (`reading`):

    raw attention           (mean A_{L-1})[c]
    rollout                 (B_{L-1} ... B_1 B_0)[c],   B_l = (mean A_l + 1) with rows that sum to 1
    Grad-CAM                max(mean w A_{L-1}, 0)[c],  w_h = the mean of all entries of G_{L-1, h}
    attention x gradient    sum over layers and queries of mean (A_l * G_l)
    relevance               R[c],   R <- R + mean max(A_l * G_l, 0) R from R = 1, layer by layer
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaf_core.information import information_tensor
from gaf_core.methods.method import Method, Progress, Scored
from gaf_core.methods.reading import read_positions, read_row
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace


def _raw_attention(_model: Model, trace: Trace, _progress: Progress) -> Scored:
    return Scored(read_row(trace, _last(trace.attention).mean(axis=0)))


def _rollout(_model: Model, trace: Trace, _progress: Progress) -> Scored:
    mixing = information_tensor(trace, "AF", residual="half")
    rolled = np.zeros(len(trace.tokens))
    positions = read_positions(trace)
    rolled[positions] = 1 / len(positions)
    for layer in mixing[::-1]:
        rolled = rolled @ layer
    return Scored(rolled)


def _grad_cam(_model: Model, trace: Trace, _progress: Progress) -> Scored:
    seen = trace.seen  # of an answer, what comes later has no part in it
    weights = _last(trace.gradient)[:, seen][:, :, seen].mean(axis=(1, 2))
    weighted = np.einsum("h,hij->ij", weights, _last(trace.attention)) / len(weights)
    return Scored(read_row(trace, np.maximum(weighted, 0.0)))


def attention_x_gradient(trace: Trace) -> NDArray[np.float64]:
    """`[t]` attention x gradient of a trace, with whatever gradients it has."""
    scores = np.zeros(len(trace.tokens))
    for attention, gradient in zip(trace.attention, trace.gradient, strict=True):
        scores += (attention * gradient).sum(axis=(0, 1), dtype=np.float64)
    return scores / trace.attention.shape[1]


def _attention_x_gradient(_model: Model, trace: Trace, _progress: Progress) -> Scored:
    return Scored(attention_x_gradient(trace))


def _relevance(_model: Model, trace: Trace, _progress: Progress) -> Scored:
    # the classification rows of the product, from the last layer down, rather than all rows
    positions = read_positions(trace)
    row = np.zeros(len(trace.tokens))
    row[positions] = 1 / len(positions)
    for layer in information_tensor(trace, "AGF")[::-1]:
        row = row + row @ layer
    return Scored(row)


def _last(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """`[H, t, t]` the maps of the last layer."""
    return maps[-1].astype(np.float64)


RAW_ATTENTION = Method(
    name="raw_attention",
    title="Raw attention",
    reference="Jain & Wallace, NAACL 2019",
    family="attention",
    summary=(
        "The attention of the last layer, mean over heads, from the position that the prediction "
        "is read from."
    ),
    compute=_raw_attention,
)

ROLLOUT = Method(
    name="rollout",
    title="Attention rollout",
    reference="Abnar & Zuidema, ACL 2020",
    family="attention",
    summary="The attention of all layers multiplied, each with an equal share for the residual.",
    compute=_rollout,
)

GRAD_CAM = Method(
    name="grad_cam",
    title="Grad-CAM",
    reference="Selvaraju et al., ICCV 2017, on attention as in Chefer et al., CVPR 2021",
    family="attention",
    summary=(
        "The attention of the last layer, each head weighted by its mean gradient, the positive "
        "part."
    ),
    compute=_grad_cam,
)

ATTENTION_X_GRADIENT = Method(
    name="attention_x_gradient",
    title="Attention × gradient",
    reference="Serrano & Smith, ACL 2019, summed over layers",
    family="attention",
    summary="Attention times its gradient, summed over all layers and all that look at the token.",
    compute=_attention_x_gradient,
)

RELEVANCE = Method(
    name="relevance",
    title="Gradient-weighted relevance",
    reference="Chefer et al., ICCV 2021",
    family="attention",
    summary=(
        "Relevance passed on from layer to layer by the positive part of attention times gradient, "
        "beside what every position keeps."
    ),
    compute=_relevance,
)
