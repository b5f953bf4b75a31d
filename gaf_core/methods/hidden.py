"""Hidden states times their gradients: CAT and AttCAT (Qiang et al., NeurIPS 2022).

    CAT_i      sum_l r_li,          r_li = sum_d h^l_id * dy / dh^l_id
    AttCAT_i   sum_l a_li * r_li,   a_li = mean over heads h and queries q of A[l, h, q, i]

with `h^l` the hidden state that enters layer `l`, which is the state that its attention looks at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import GafError
from gaf_core.methods.method import Method, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace


def cat(trace: Trace) -> NDArray[np.float64]:
    """`[t]` CAT of a trace, with whatever gradients it has.

    Raises:
        GafError: the trace has no gradients of hidden states.
    """
    return _relevance(trace).sum(axis=0)


def _cat(_model: Model, trace: Trace, _progress: Progress) -> Scored:
    return Scored(cat(trace))


def _attcat(_model: Model, trace: Trace, _progress: Progress) -> Scored:
    return Scored((received(trace) * _relevance(trace)).sum(axis=0))


def received(trace: Trace) -> NDArray[np.float64]:
    """`[L, t]` the attention that a token gets in a layer, mean over heads and queries.

    Of an answer only tokens before its last one explained are queries: what comes later has no part
    in it.
    """
    return trace.attention[:, :, trace.seen].mean(axis=(1, 2), dtype=np.float64)


def _relevance(trace: Trace) -> NDArray[np.float64]:
    """`[L, t]` hidden state times gradient at the entry of each layer."""
    if trace.relevance is None:
        raise GafError(
            "CAT and AttCAT need the gradients of the model's hidden states, and this trace has "
            "none: it was made without a model, or the model does not return the states that its "
            "prediction used. Choose another method."
        )
    return trace.relevance.astype(np.float64)


CAT = Method(
    name="cat",
    title="CAT",
    reference="Qiang et al., NeurIPS 2022",
    family="gradient",
    summary="The hidden state of the token times its gradient, summed over the layers it enters.",
    compute=_cat,
)

ATTCAT = Method(
    name="attcat",
    title="AttCAT",
    reference="Qiang et al., NeurIPS 2022",
    family="gradient",
    summary=(
        "As CAT, with each layer weighted by the attention that the token receives in it from all "
        "tokens."
    ),
    compute=_attcat,
)
