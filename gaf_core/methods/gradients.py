"""Gradients by the word embeddings, by captum: a score is a sum over the embedding's dimensions.

    input x gradient        sum_d  x_d * dy/dx_d
    saliency                ( sum_d (dy/dx_d)^2 )^(1/2)
    integrated gradients    sum_d  (x_d - b_d) * mean_a dy/dx_d at b + a (x - b),  0 < a < 1

y is the logit of the target, x the embeddings of the text, b those of the text with every ordinary
token removed.
"""

from __future__ import annotations

import torch

from gaf_core.methods.inputs import EmbeddedText
from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.settings import BASELINES, Baseline
from gaf_core.tracing.trace import Trace

BASELINE = Option(
    "baseline",
    "mask",
    "What an absent token looks like: the token that removes one (mask, else padding, else "
    "unknown), the padding token, or zeros.",
    choices=BASELINES,
)


def _integrated_gradients(
    model: Model, trace: Trace, progress: Progress, steps: int, baseline: Baseline
) -> Scored:
    from captum.attr import IntegratedGradients  # slow to import, as it brings matplotlib

    text = EmbeddedText(model, trace)
    absent = text.baseline(baseline)
    target = text.reporting(progress, passes=steps + 2)
    with text.threads(rows=min(text.batch, steps)):
        products, delta = IntegratedGradients(target).attribute(
            text.embeddings,
            absent,
            n_steps=steps,
            internal_batch_size=text.batch,
            return_convergence_delta=True,
        )
    return Scored(products.sum(dim=-1)[0].cpu().numpy(), {"convergence delta": delta.item()})


def _input_x_gradient(model: Model, trace: Trace, _progress: Progress) -> Scored:
    from captum.attr import InputXGradient

    text = EmbeddedText(model, trace)
    with text.threads():
        products = InputXGradient(text).attribute(text.embeddings.requires_grad_())
    return Scored(products.sum(dim=-1)[0].detach().cpu().numpy())


def _saliency(model: Model, trace: Trace, _progress: Progress) -> Scored:
    from captum.attr import Saliency

    text = EmbeddedText(model, trace)
    with text.threads():
        gradient = Saliency(text).attribute(text.embeddings.requires_grad_(), abs=False)
    return Scored(torch.linalg.vector_norm(gradient, dim=-1)[0].cpu().numpy())


INTEGRATED_GRADIENTS = Method(
    "integrated_gradients",
    "Integrated gradients",
    "Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks, ICML 2017",
    "gradient",
    "The gradient by a token's embedding, averaged on the straight way from the text without its "
    "tokens to the text, times the way. The scores sum to the difference of the two logits.",
    _integrated_gradients,
    (
        Option("steps", 50, "Points on the way; more make the sum exact.", least=1, most=1000),
        BASELINE,
    ),
)

INPUT_X_GRADIENT = Method(
    "input_x_gradient",
    "Input x gradient",
    "Shrikumar et al., Not Just a Black Box, arXiv 1605.01713, 2016",
    "gradient",
    "The embedding of a token times the gradient of the logit by it, summed over its dimensions.",
    _input_x_gradient,
)

SALIENCY = Method(
    "saliency",
    "Saliency",
    "Simonyan, Vedaldi and Zisserman, Deep Inside Convolutional Networks, 2014; the L2 norm as in "
    "Atanasova et al., EMNLP 2020",
    "gradient",
    "The length (L2 norm) of the gradient by a token's embedding: how much the logit reacts to it, "
    "in either direction.",
    _saliency,
)
