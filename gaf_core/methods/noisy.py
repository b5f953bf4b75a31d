"""Gradients by the word embeddings, averaged over random points: SmoothGrad and GradientSHAP.

    SmoothGrad      g_i = mean_n dy/dx_i at x + e_n;        sum_d x_id * g_id, or the length of g_i
    GradientSHAP    mean_n sum_d (x + e_n - b)_id * dy/dx_id at b + a_n (x + e_n - b),  0 < a_n < 1

y is the logit of the target, x the embeddings of the text, b those of the text with every ordinary
token removed, e_n normal noise and a_n uniform. Their unit of noise is the standard deviation of
the numbers in x. What is drawn depends on the seed alone, not on what other threads draw, nor on
how many rows a batch has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch

from gaf_core.methods.gradients import BASELINE
from gaf_core.methods.inputs import EmbeddedText
from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.settings import Baseline
from gaf_core.tracing.trace import Trace

PRODUCT, LENGTH = "product", "length"

# A point `[t, d]` where the gradient is taken, and the factor it is averaged with
_Point = tuple[torch.Tensor, torch.Tensor]


def _smoothgrad(
    model: Model,
    trace: Trace,
    progress: Progress,
    samples: int,
    noise: float,
    score: str,
    seed: int,
) -> Scored:
    text = EmbeddedText(model, trace)
    normal, _ = _random(text, noise, seed)
    one = torch.ones_like(text.embeddings[0])
    points = ((text.embeddings[0] + normal(), one) for _ in range(samples))
    gradient = _mean(text, points, samples, progress)
    if score == LENGTH:
        return Scored(torch.linalg.vector_norm(gradient, dim=-1).numpy())
    return Scored((text.embeddings[0].cpu() * gradient).sum(dim=-1).numpy())


def _gradient_shap(
    model: Model,
    trace: Trace,
    progress: Progress,
    samples: int,
    noise: float,
    baseline: Baseline,
    seed: int,
) -> Scored:
    text = EmbeddedText(model, trace)
    absent = text.baseline(baseline)[0]
    normal, uniform = _random(text, noise, seed)

    def points() -> Iterator[_Point]:
        for _ in range(samples):
            # special tokens are never removed, so they stay as they are
            way = torch.where(text.ordinary[:, None], text.embeddings[0] + normal() - absent, 0)
            yield absent + uniform() * way, way

    scores = _mean(text, points(), samples, progress).sum(dim=-1)
    with torch.no_grad():
        difference = (text(text.embeddings) - text(absent[None])).item()
    return Scored(scores.numpy(), {"convergence delta": float(scores.sum()) - difference})


def _random(
    text: EmbeddedText, noise: float, seed: int
) -> tuple[Callable[[], torch.Tensor], Callable[[], float]]:
    """What draws noise `[t, d]`, and what draws a number from 0 to 1, in turn."""
    generator = torch.Generator().manual_seed(seed)
    like = text.embeddings[0]
    # a sample at a time and in float64: the same numbers on every device
    width = noise * float(like.double().std())

    def normal() -> torch.Tensor:
        drawn = torch.randn(like.shape, generator=generator, dtype=torch.float64)
        return (width * drawn).to(like)

    def uniform() -> float:
        return float(torch.rand(1, generator=generator, dtype=torch.float64))

    return normal, uniform


def _mean(
    text: EmbeddedText, points: Iterator[_Point], samples: int, progress: Progress
) -> torch.Tensor:
    """`[t, d]` the mean over points of the gradient there times its factor, on the CPU, float64."""
    target = text.reporting(progress, passes=samples)
    total = torch.zeros(text.embeddings.shape[1:], dtype=torch.float64)
    with text.threads(rows=min(text.batch, samples)):
        while some := list(itertools.islice(points, text.batch)):
            at = torch.stack([point for point, _ in some]).requires_grad_()
            (gradient,) = torch.autograd.grad(target(at).sum(), at)
            for (_, factor), one in zip(some, gradient, strict=True):
                total += (factor * one).double().cpu()
    return total / samples


_SAMPLES = Option("samples", 50, "Points drawn at random.", least=1, most=10_000)
_SEED = Option("seed", 0, "Of the random points.", least=0, most=2**31 - 1)
_NOISE = "Standard deviation of the noise, where that of the text's word embeddings is 1."

SMOOTHGRAD = Method(
    "smoothgrad",
    "SmoothGrad",
    "Smilkov et al., SmoothGrad: Removing Noise by Adding Noise, arXiv 1706.03825, 2017",
    "gradient",
    "The gradient by a token's embedding, averaged over texts whose embeddings have noise added, "
    "times the embedding.",
    _smoothgrad,
    (
        _SAMPLES,
        # less is hardly more than input x gradient, in sentences of the split "validation"
        Option("noise", 1.0, _NOISE, least=0, most=10),
        Option(
            "score",
            PRODUCT,
            "What of the averaged gradient is the score: its product with the embedding, which has "
            "a sign, or its length.",
            choices=(PRODUCT, LENGTH),
        ),
        _SEED,
    ),
)

GRADIENT_SHAP = Method(
    "gradient_shap",
    "GradientSHAP",
    "Lundberg and Lee, NeurIPS 2017; Erion et al., Improving Performance of Deep Learning Models "
    "with Axiomatic Attribution Priors and Expected Gradients, Nature Machine Intelligence 2021",
    "gradient",
    "As integrated gradients, at points drawn at random between the text without its tokens and "
    "the text with a little noise. The scores sum to about the difference of the two logits.",
    _gradient_shap,
    (_SAMPLES, Option("noise", 0.1, _NOISE, least=0, most=10), BASELINE, _SEED),
)
