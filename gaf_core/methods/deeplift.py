"""DeepLIFT's rescale rule, by captum, which is refused where it does not hold.

The rule replaces the slope of an activation by its mean slope between the text and the text without
its tokens, so that the scores sum to the difference of the two logits. captum applies it to the
modules ReLU, ELU, LeakyReLU, Sigmoid, Tanh, Softplus and Softmax. In a transformer the softmax of
the attention, the layer norms, the products and mostly the activations are other things: there the
plain gradient stays, and what comes out is gradient x (x - b) under another name.
"""

from __future__ import annotations

import warnings

import torch

from gaf_core.errors import ModelError
from gaf_core.methods.gradients import BASELINE
from gaf_core.methods.inputs import Baseline, EmbeddedText
from gaf_core.methods.method import Method, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace

_TOLERANCE = 0.01  # of the difference of the logits that the scores may miss


class _Network(torch.nn.Module):
    """The target as a module, in which captum finds the activations."""

    def __init__(self, model: Model, text: EmbeddedText):
        super().__init__()
        self.network, self._text = model.module, text

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        return self._text.unlocked(embeddings)


def _deeplift(model: Model, trace: Trace, _progress: Progress, baseline: Baseline) -> Scored:
    from captum.attr import DeepLift  # slow to import, as it brings matplotlib

    text = EmbeddedText(model, trace)
    absent = text.baseline(baseline)
    if text.batch < 2:
        raise ModelError(
            f"DeepLIFT runs a text beside the text without its tokens, and '{model.name}' takes "
            "one text at a time: it classifies without a padding token, or memory is short."
        )
    with torch.no_grad():
        difference = (text(text.embeddings) - text(absent)).item()
    # captum keeps hooks and values on the modules for one forward and one backward pass
    with model.lock, warnings.catch_warnings(), text.threads(rows=2):
        warnings.simplefilter("ignore")  # it says so at every call
        products = DeepLift(_Network(model, text)).attribute(
            text.embeddings.requires_grad_(), absent
        )
    scores = products.sum(dim=-1)[0].detach().cpu().double()
    delta = float(scores.sum()) - difference
    if not abs(delta) <= _TOLERANCE * abs(difference):
        raise ModelError(
            f"DeepLIFT does not hold for '{model.name}': its scores sum to "
            f"{float(scores.sum()):.3g}, and removing the tokens changes the logit by "
            f"{difference:.3g}. Its rule reaches activations that are modules, and not the "
            "attention, the layer norms and the products of a transformer. Use integrated "
            "gradients, which has the same aim and needs no rule."
        )
    return Scored(scores.numpy(), {"convergence delta": delta})


DEEPLIFT = Method(
    "deeplift",
    "DeepLIFT",
    "Shrikumar, Greenside and Kundaje, Learning Important Features, ICML 2017 (rescale rule)",
    "gradient",
    "The embedding's change from the text without its tokens, times slopes that are exact for that "
    "change; refused where the scores do not sum to the difference of the two logits.",
    _deeplift,
    (BASELINE,),
)
