"""What the target does when tokens are removed, by captum: occlusion, LIME and KernelSHAP.

A text is the vector of its `k` ordinary tokens, 1 for present and 0 for removed; a removed token
becomes the one that means "nothing" (`gaf_core.removal`). Special tokens stay and score 0.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch

from gaf_core.baselines.attribution import Method, Option, Progress, Scored
from gaf_core.baselines.inputs import EmbeddedText
from gaf_core.baselines.regression import WeightedRegression
from gaf_core.models import Model
from gaf_core.trace import Trace

_KERNEL_WIDTH = 0.25  # of LIME for texts, in cosine distance
_PENALTY = 1.0  # of LIME's ridge regression
_DRAWING = threading.Lock()


class _Presence:
    """The target as a function of `[n, k]` 0 or 1: which ordinary tokens are there."""

    def __init__(self, model: Model, trace: Trace, progress: Progress, passes: int | None = None):
        self.text = EmbeddedText(model, trace)
        self.tokens = int(self.text.ordinary.sum())
        self.batch = self.text.batch
        self._absent = self.text.baseline()
        self._target = self.text.reporting(progress, passes or self.tokens + 1)

    def all_present(self) -> torch.Tensor:
        """`[1, k]` the whole text."""
        return torch.ones(1, self.tokens, dtype=torch.float64)

    @torch.no_grad()
    def __call__(self, present: torch.Tensor) -> torch.Tensor:
        kept = (~self.text.ordinary).repeat(len(present), 1)
        kept[:, self.text.ordinary] = present.bool().to(kept.device)
        embeddings = torch.where(kept[..., None], self.text.embeddings, self._absent)
        return self._target(embeddings).double().cpu()


def _occlusion(model: Model, trace: Trace, progress: Progress) -> Scored:
    from captum.attr import Occlusion  # slow to import, as it brings matplotlib

    present = _Presence(model, trace, progress)
    drops = Occlusion(present).attribute(
        present.all_present(),
        sliding_window_shapes=(1,),
        baselines=0,
        perturbations_per_eval=present.batch,
    )
    return Scored(present.text.on_tokens(drops[0]))


def _lime(model: Model, trace: Trace, progress: Progress, samples: int, seed: int) -> Scored:
    from captum.attr import Lime

    present = _Presence(model, trace, progress, samples)
    surrogate: Any = WeightedRegression(_PENALTY)
    explainer = Lime(present, surrogate, similarity_func=_closeness)
    _draw_at_once(explainer, samples, seed)
    slopes = explainer.attribute(
        present.all_present(), n_samples=samples, perturbations_per_eval=present.batch
    )
    return Scored(present.text.on_tokens(slopes[0]), {"R squared": surrogate.r_squared})


def _kernel_shap(model: Model, trace: Trace, progress: Progress, samples: int, seed: int) -> Scored:
    from captum.attr import KernelShap

    present = _Presence(model, trace, progress, samples + 2)
    ends = torch.cat([present.all_present(), torch.zeros(1, present.tokens)])
    whole, empty = torch.cat([present(end[None]) for end in ends]).tolist()
    if present.tokens == 1:  # nothing to share, and captum has no distribution to draw from
        values = torch.tensor([whole - empty])
    else:
        explainer = KernelShap(present)
        explainer.interpretable_model = WeightedRegression(penalty=0.0)
        _draw_at_once(explainer, samples, seed)
        values = explainer.attribute(
            present.all_present(), n_samples=samples, perturbations_per_eval=present.batch
        )[0]
    delta = float(values.double().sum()) - (whole - empty)
    return Scored(present.text.on_tokens(values), {"convergence delta": delta})


def _closeness(original: torch.Tensor, perturbed: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    """LIME's kernel `exp(-d^2 / 2 w^2)` of the cosine distance d from the whole text."""
    distance = 1 - torch.cosine_similarity(original, perturbed)
    return torch.exp(-(distance**2) / (2 * _KERNEL_WIDTH**2))


def _draw_at_once(explainer: Any, samples: int, seed: int) -> None:
    """Let captum draw all its samples before the first pass, so that they depend on the seed alone.

    captum draws from the random numbers of the whole process, which other threads use too.
    """
    draw = explainer.perturb_func

    def drawn(original: torch.Tensor, **options: Any) -> Iterator[torch.Tensor]:
        with _DRAWING, torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            if inspect.isgeneratorfunction(draw):
                found = list(islice(draw(original, **options), samples))
            else:
                found = [draw(original, **options) for _ in range(samples)]
        yield from found

    explainer.perturb_func = drawn


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
    "orders in which the tokens can be put in.",
    _kernel_shap,
    _SAMPLING,
    slow=True,
)
