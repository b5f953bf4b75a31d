"""What the model says when some of its attention is taken away: edges cut, kept or scaled.

    z = A * m   the attention of every layer, after its softmax, times a mask in [0, 1]

Everything else runs on as it is: what passes by the attention, feed-forward layers, norms, and the
attention of later layers, which looks at what has changed. Two kinds: "zero", what an edge carried
is gone; "renormalise", its row is scaled back, so that attention goes to the other tokens. Several
masks of one text are read as one batch.

The derivative of a logit by the mask, where all is kept, is the sum over heads of attention times
gradient: the first-order effect that edge attribution patching ranks edges by (Syed et al., 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray

from gaf_core.errors import check_kind
from gaf_core.models.model import Model
from gaf_core.tracing.masks import Kind, check_masks
from gaf_core.tracing.memory import rows_that_fit
from gaf_core.tracing.prediction import failures_in_a_sentence
from gaf_core.tracing.scaling import find_plan, run_scaled
from gaf_core.tracing.threads import threads_that_fit
from gaf_core.tracing.trace import Trace

# Called with (masks done, masks in all) after each batch; what it raises ends the work.
Progress = Callable[[int, int], None]


def intervene(
    model: Model,
    trace: Trace,
    keep: ArrayLike,
    kind: Kind = "zero",
    *,
    progress: Progress | None = None,
) -> Float[np.ndarray, "n C"]:
    """What the model says of a text when its attention is multiplied by a mask.

    Args:
        model: the model that was traced.
        trace: of the text, `L` layers, `H` heads, `t` tokens.
        keep: from 0, cut, to 1, kept: `[L, t, t]` for all heads alike or `[L, H, t, t]`; several
            of them as `[n, L, t, t]` or `[n, L, H, t, t]`. Entry `[l, i, j]` is what query `i`
            reads of key `j` in layer `l`, which is counted from 0. `edge_set` makes masks.
        kind: "zero", or "renormalise" to scale each row back to the sum it had; one of which
            nothing is left stays 0.
        progress: called with (done, in all) after each batch of masks.

    Returns:
        `[n, C]` logits, float64. A mask of ones is the prediction of the trace to the bit where it
        is read alone, and else to the rounding of a batch.

    Raises:
        SettingsError: a mask of another shape, or with numbers outside 0 to 1; another kind.
        ModelError: attention that cannot be multiplied in a way that is known to be true: with all
            of it kept the prediction is another, or what the model shows is not what it uses.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> lovely = gaf.edge_set(trace, tokens=[2])  # whatever reads the token, in any layer
    >>> kept, cut = gaf.intervene(model, trace, [lovely | True, ~lovely])
    >>> bool(kept[1] > kept[0]), bool(cut[1] < kept[1])  # 1 is the logit of "positive"
    (True, True)
    """
    check_kind(model, Model, "gaf_core.load_model returns one.")
    masks = check_masks(trace, keep, kind)
    read = [logits for _, logits in masked_logits(model, trace, masks, kind, progress)]
    return np.concatenate(read)


def masked_logits(
    model: Model,
    trace: Trace,
    masks: Sequence[NDArray] | NDArray,
    kind: Kind,
    progress: Progress | None,
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Logits of checked masks `[L, 1 or H, t, t]`, batch by batch, with the masks they are of."""
    with model.lock, failures_in_a_sentence(model):
        plan = find_plan(model, trace)
    rows = rows_that_fit(model, len(trace.tokens))
    for start in range(0, len(masks), rows):
        some = np.stack(list(masks[start : start + rows]))
        with model.lock, failures_in_a_sentence(model), torch.no_grad():
            scale = torch.from_numpy(some).to(model.device)
            logits = run_scaled(model, trace, plan, scale, kind).double().cpu().numpy()
        yield slice(start, start + len(some)), logits
        if progress is not None:
            progress(start + len(some), len(masks))


def mask_gradients(
    model: Model,
    trace: Trace,
    keep: ArrayLike,
    kind: Kind = "zero",
    *,
    progress: Progress | None = None,
) -> Float[np.ndarray, "n L t t"]:
    """The derivative of what the trace explains by the mask of each edge, at given masks.

    Args:
        model, trace, kind, progress: as of `intervene`.
        keep: `[L, t, t]` or `[n, L, t, t]`, for all heads alike.

    Returns:
        `[n, L, t, t]` in units of the logit. At a mask of ones it is the sum over heads of
        attention times gradient.

    Raises:
        SettingsError, ModelError: as `intervene` does.
    """
    masks = check_masks(trace, keep, kind)
    return np.concatenate(list(masked_gradients(model, trace, masks, kind, progress)))


def masked_gradients(
    model: Model,
    trace: Trace,
    masks: Sequence[NDArray],
    kind: Kind = "zero",
    progress: Progress | None = None,
) -> Iterator[NDArray[np.float64]]:
    """Derivatives `[n, L, t, t]` at checked masks `[L, 1 or H, t, t]`, batch by batch."""
    target, tokens = trace.target, len(trace.tokens)
    with model.lock, failures_in_a_sentence(model):
        plan = find_plan(model, trace)
    rows = rows_that_fit(model, tokens, backward=True)
    for start in range(0, len(masks), rows):
        some = np.stack(list(masks[start : start + rows]))
        with model.lock, failures_in_a_sentence(model), torch.enable_grad():
            scale = torch.from_numpy(some).to(model.device, model.module.dtype).requires_grad_()
            logits = run_scaled(model, trace, plan, scale, kind)
            scalar = logits[:, target.index].sum()
            if target.against is not None:
                scalar = scalar - logits[:, target.against].sum()
            with threads_that_fit(model, tokens * len(some)):
                (gradient,) = torch.autograd.grad(scalar, scale)
        yield gradient.sum(dim=2).double().cpu().numpy()
        if progress is not None:
            progress(start + len(some), len(masks))
