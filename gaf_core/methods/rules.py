"""Gradients by the word embeddings under a backward rule: CP-LRP, AttnLRP, GIM.

    cp_lrp      sum_d  x_d * dy/dx_d               softmax constant: `CP_LRP`
    attnlrp     sum_d  x_d * dy/dx_d               products of states halved: `ATTN_LRP`
    gim         sum_d  (x_d - b_d) * dy/dx_d       and the softmax at temperature 2: `GIM`

y is the logit of the target, x the word embeddings of the text, b those of the text with every
ordinary token removed, and dy/dx what one backward pass gives by the rules of
`gaf_core.tracing.frozen`, where they are written down with their sources. Relevance as gradient x
input is the epsilon rule at epsilon 0. The embeddings of positions and the biases have relevance,
too, which is in no score.

LRP carries a patent claim by its authors, free for personal and scientific use.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from gaf_core.methods.gradients import BASELINE
from gaf_core.methods.inputs import EmbeddedText
from gaf_core.methods.method import Method, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.settings import Baseline
from gaf_core.tracing.frozen import ATTN_LRP, CP_LRP, GIM, Frozen, frozen_backward
from gaf_core.tracing.trace import Trace

_PATENT = "LRP carries a patent claim by its authors, free for personal and scientific use."


def _score(model: Model, trace: Trace, rules: Frozen, baseline: Baseline | None = None) -> Scored:
    text = EmbeddedText(model, trace)
    inputs = text.embeddings.requires_grad_()
    change = inputs.detach()
    if baseline is not None:
        change = change - text.baseline(baseline).detach()
    with text.threads(), torch.enable_grad():
        with model.lock, frozen_backward(model.module, rules):
            value = text.unlocked(inputs)
        (gradient,) = torch.autograd.grad(value, inputs)
    return Scored((change * gradient).sum(dim=-1)[0].cpu().double().numpy())


def _cp_lrp(model: Model, trace: Trace, _progress: Progress) -> Scored:
    return _score(model, trace, CP_LRP)


def _attnlrp(model: Model, trace: Trace, _progress: Progress) -> Scored:
    return _score(model, trace, ATTN_LRP)


def _gim(model: Model, trace: Trace, _progress: Progress, baseline: Baseline) -> Scored:
    return _score(model, trace, GIM, baseline)


CP_LRP_METHOD = Method(
    name="cp_lrp",
    title="CP-LRP",
    reference="Ali et al., XAI for Transformers: Better Explanations through Conservative "
    "Propagation, ICML 2022",
    family="gradient",
    summary="The embedding of a token times the gradient by it, with the deviation in norms, the "
    "slope of activations and the attention probabilities held constant.",
    compute=_cp_lrp,
    note=_PATENT,
)

ATTNLRP_METHOD = replace(
    CP_LRP_METHOD,
    name="attnlrp",
    title="AttnLRP",
    reference="Achtibat et al., AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for "
    "Transformers, ICML 2024",
    summary="As CP-LRP, with attention probabilities that depend on queries and keys; the factors "
    "of each product share its gradient.",
    compute=_attnlrp,
)

GIM_METHOD = Method(
    name="gim",
    title="GIM",
    reference="Edin et al., GIM: Improved Interpretability for Large Language Models, arXiv "
    "2505.17630, 2025",
    family="gradient",
    summary="What a token's embedding differs by from that of its absence, times the gradient by "
    "it, with constant norms, shared gradients of products, and a softmax that is differentiated "
    "at temperature 2.",
    compute=_gim,
    options=(BASELINE,),
)
