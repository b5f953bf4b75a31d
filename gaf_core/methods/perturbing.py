"""What the target does when tokens are removed, by captum: occlusion, LIME and KernelSHAP.

A text is the vector of its `k` ordinary tokens, 1 for present and 0 for removed; a removed token
becomes the one that means "nothing" (`gaf_core.tracing.removal`). Special tokens stay and
score 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from gaf_core.methods.inputs import EmbeddedText
from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.methods.regression import WeightedRegression
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace

_KERNEL_WIDTH = 0.25  # of LIME for texts, in cosine distance
_PENALTY = 1.0  # of LIME's ridge regression

# Draws subsets of tokens, `[1, k]` 0 or 1 each, for captum. captum itself draws from the random
# numbers of the whole process, which other threads use and set too; these have their own.
Subsets = Callable[..., Iterator[torch.Tensor]]


class Presence:
    """The target as a function of `[n, k]` 0 or 1: which ordinary tokens are there.

    Attributes:
        text: the text that is taken apart.
        tokens: number `k` of its ordinary tokens.
        batch: rows that one call is given at most.
        passes: how many rows there will be in all, for the progress.
    """

    def __init__(self, model: Model, trace: Trace, progress: Progress):
        self.text = EmbeddedText(model, trace)
        self.tokens = int(self.text.ordinary.sum())
        self.batch = self.text.batch
        self._absent = self.text.baseline()
        self._progress, self._done, self.passes = progress, 0, self.tokens + 1

    def all_present(self) -> torch.Tensor:
        """`[1, k]` the whole text."""
        return torch.ones(1, self.tokens, dtype=torch.float64)

    def embedded(self, present: torch.Tensor) -> torch.Tensor:
        """`[n, t, d]` the embeddings of texts with tokens removed."""
        kept = (~self.text.ordinary).repeat(len(present), 1)
        kept[:, self.text.ordinary] = present.bool().to(kept.device)
        return torch.where(kept[..., None], self.text.embeddings, self._absent)

    @torch.no_grad()
    def __call__(self, present: torch.Tensor) -> torch.Tensor:
        values = self.text(self.embedded(present)).double().cpu()
        self._done += len(values)
        self._progress(self._done, self.passes)
        return values


def _occlusion(model: Model, trace: Trace, progress: Progress) -> Scored:
    from captum.attr import Occlusion  # slow to import, as it brings matplotlib

    present = Presence(model, trace, progress)
    drops = Occlusion(present).attribute(
        present.all_present(),
        sliding_window_shapes=(1,),
        baselines=0,
        perturbations_per_eval=present.batch,
    )
    return Scored(present.text.on_tokens(drops[0]))


def _lime(model: Model, trace: Trace, progress: Progress, samples: int, seed: int) -> Scored:
    from captum.attr import Lime

    present = Presence(model, trace, progress)
    present.passes = samples
    surrogate: Any = WeightedRegression(_PENALTY)
    explainer = Lime(
        present, surrogate, similarity_func=_closeness, perturb_func=_independently(seed)
    )
    slopes = explainer.attribute(
        present.all_present(), n_samples=samples, perturbations_per_eval=present.batch
    )
    return Scored(present.text.on_tokens(slopes[0]), {"R squared": surrogate.r_squared})


def _kernel_shap(model: Model, trace: Trace, progress: Progress, samples: int, seed: int) -> Scored:
    from captum.attr import KernelShap

    present = Presence(model, trace, progress)
    enumerated = 2**present.tokens <= samples
    samples = 2**present.tokens if enumerated else samples
    present.passes = 2 + (samples if present.tokens > 1 else 0)
    whole = present(present.all_present()).item()
    empty = present(0 * present.all_present()).item()
    if present.tokens == 1:  # nothing to share, and captum has no distribution to draw from
        values = torch.tensor([whole - empty])
    else:
        explainer = KernelShap(present)
        explainer.interpretable_model = WeightedRegression(penalty=0.0)
        if enumerated:
            _take_all_subsets(explainer, present.tokens)
        else:
            explainer.perturb_func = _by_shapley(seed)
        values = explainer.attribute(
            present.all_present(), n_samples=samples, perturbations_per_eval=present.batch
        )[0]
    delta = float(values.double().sum()) - (whole - empty)
    return Scored(present.text.on_tokens(values), {"convergence delta": delta})


def _closeness(original: torch.Tensor, perturbed: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    """LIME's kernel `exp(-d^2 / 2 w^2)` of the cosine distance d from the whole text."""
    distance = 1 - torch.cosine_similarity(original, perturbed)
    return torch.exp(-(distance**2) / (2 * _KERNEL_WIDTH**2))


def _take_all_subsets(explainer: Any, tokens: int) -> None:
    """Replace random subsets by each one once, with Shapley's weight: then the values are exact."""

    def subsets(_original: torch.Tensor, **_: Any) -> Iterator[torch.Tensor]:
        for kept in itertools.product((0, 1), repeat=tokens):
            yield torch.tensor([kept])

    def weight(_original: Any, _perturbed: Any, subset: torch.Tensor, **_: Any) -> torch.Tensor:
        size = int(subset.sum())
        if size in (0, tokens):
            return torch.tensor([explainer.inf_weight])
        weight = (tokens - 1) / (math.comb(tokens, size) * size * (tokens - size))
        return torch.tensor([weight])

    explainer.perturb_func, explainer.similarity_func = subsets, weight


def _independently(seed: int) -> Subsets:
    """Subsets that keep each token with the probability 1/2, as LIME draws them."""
    generator = torch.Generator().manual_seed(seed)

    def subsets(_original: torch.Tensor, **told: Any) -> Iterator[torch.Tensor]:
        share = torch.full((1, told["num_interp_features"]), 0.5)
        while True:
            yield torch.bernoulli(share, generator=generator).long()

    return subsets


def _by_shapley(seed: int) -> Subsets:
    """Subsets with the probability of their Shapley weight, after the whole text and nothing.

    Every other one is the complement of the one before, which has the same distribution and takes
    noise away (Covert and Lee, AISTATS 2021).
    """
    generator = torch.Generator().manual_seed(seed)

    def subsets(_original: torch.Tensor, **told: Any) -> Iterator[torch.Tensor]:
        tokens = told["num_interp_features"]
        yield torch.ones(1, tokens).long()
        yield torch.zeros(1, tokens).long()
        subset = torch.zeros(1, tokens).long()
        while True:
            yield subset
            yield 1 - subset
            sizes = told["num_select_distribution"].probs
            size = int(torch.multinomial(sizes, 1, replacement=True, generator=generator))
            drawn = torch.randn(1, tokens, generator=generator)
            subset = (drawn > torch.kthvalue(drawn, tokens - size).values).long()

    return subsets


_SAMPLING = (
    Option("samples", 500, "Texts with tokens removed at random.", least=2, most=100_000),
    Option("seed", 0, "Of the random choice of tokens.", least=0, most=2**31 - 1),
)

OCCLUSION = Method(
    "occlusion",
    "Occlusion",
    "Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
    "perturbation",
    "How much the logit falls when a token alone is removed.",
    _occlusion,
    slow=True,
)

LIME = Method(
    "lime",
    "LIME",
    "Ribeiro, Singh and Guestrin, Why Should I Trust You?, KDD 2016",
    "perturbation",
    "The slopes of a ridge regression of the logit on which tokens are there, over texts with "
    "tokens removed at random; texts that keep more tokens weigh more.",
    _lime,
    _SAMPLING,
    slow=True,
)

KERNEL_SHAP = Method(
    "kernel_shap",
    "KernelSHAP",
    "Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017",
    "perturbation",
    "An estimate of each token's Shapley value: what it adds to the logit, on average over all "
    "orders in which the tokens can be put in. Exact if there are as many samples as subsets, "
    "which 500 are up to 8 tokens.",
    _kernel_shap,
    _SAMPLING,
    slow=True,
)
