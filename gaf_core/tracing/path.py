"""Relevances on the way from the text without its tokens to the text: one batch, forward and back.

Relevance `h . dy/dh` at the text alone compares with a hidden state of zero, which no text has.
Here the word embeddings go from those `b` of the text with every ordinary token removed to those of
the text, `b + a (x - b)` at evenly spaced points `a`, and what each step changes is added up, as in
integrated gradients, but at every layer. With `h_k` the state that enters a layer at point `k`,
`m_k = (h_k+1 - h_k-1) / 2` the step there, half of one at both ends (the trapezoid rule),
`p = dy/dh`, `o = A v` what attention makes of the values `v`, and `w = dy/do`:

    R[l, i]       = sum_k  p_k[i] . m_k[i]                            of a token
    E[l, h, i, j] = sum_k  A_k[h, i, j] w_k[h, i] . (dv/dh m_k)[h, j]   by the attention of a head
    r[l, j]       = sum_k  (p_k - (do/dh)' w_k)[j] . m_k[j]            past the attention

Where attention is constant in the backward pass (`Frozen`), `sum_hi E + r = R`: what is relevant
leaves a token by the attention or past it. With exact gradients and many points `sum_i R[l, i]` is
the difference of the two logits in every layer, R[0] integrated gradients (Sundararajan et al.,
ICML 2017) and R[l] the conductance of a layer (Dhamdhere et al., ICLR 2019); frozen ones do not add
up to it.

Of an encoder with a decoder, the words of both change and the relevances are the encoder's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import ModelError
from gaf_core.models.model import Model
from gaf_core.settings import SETTINGS
from gaf_core.tracing.embeddings import absent, look_up
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.memory import rows_of_a_path
from gaf_core.tracing.prediction import failures_in_a_sentence, takes_batches
from gaf_core.tracing.steps import relevances_on, states_on, steps_between
from gaf_core.tracing.threads import threads_that_fit
from gaf_core.tracing.trace import Trace


@dataclass(frozen=True, eq=False)
class PathTrace:
    """What the way to a text says of `L` layers, `H` heads and `t` tokens, in units of the logit.

    All of it has a sign: above 0 what speaks for the target.

    Attributes:
        trace: of the text, which the way ends at.
        terms: `[L, H, t, t]` float32, `[layer, head, query, key]`: what passes by the attention.
        relevance: `[L, t]` float32, of each token as it enters a layer.
        residual: `[L, t]` float32, the part of it that does not pass through the attention.
        values: `[n]` float64, the target's logit, or difference of two, at each point.
        baseline: what stands where a token was, at the first point.
        frozen: what is constant in the backward pass; None for exact gradients.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> path = gaf.trace_path(model, gaf.trace(model, "A lovely film."))
    >>> path.terms.shape, path.relevance.shape, len(path.values)
    ((6, 12, 6, 6), (6, 6), 5)
    >>> path.trace.tokens[path.relevance[0].argmax()]
    'lovely'
    """

    trace: Trace
    terms: NDArray[np.float32]
    relevance: NDArray[np.float32]
    residual: NDArray[np.float32]
    values: NDArray[np.float64]
    baseline: str = "mask"
    frozen: Frozen | None = None

    @property
    def points(self) -> int:
        """Number of points `n` on the way, both ends included."""
        return len(self.values)

    @property
    def difference(self) -> float:
        """By how much the target is higher at the text than at the text without its tokens."""
        return float(self.values[-1] - self.values[0])

    @cached_property
    def toward(self) -> Trace:
        """The trace with what speaks for the target in place of its gradient at the text."""
        return self._side(1)

    @cached_property
    def against(self) -> Trace:
        """The trace with what speaks against the target, every sign turned round."""
        return self._side(-1)

    def _side(self, sign: int) -> Trace:
        return replace(
            self.trace,
            terms=sign * self.terms,
            relevance=sign * self.relevance,
            residual=sign * self.residual,
        )


def trace_path(
    model: Model,
    trace: Trace,
    *,
    points: int = 5,
    baseline: str = "mask",
    frozen: Frozen | None = Frozen(),
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> PathTrace:
    """Relevances on the way to a traced text; see `gaf_core.tracing.path`.

    All points are one batch, or several where they do not fit into memory or the network reads one
    text at a time; then the hidden states are found first, by one more forward pass.

    A language model without a mask token goes from its padding by default, which it may have no
    use for. From the mean of all word embeddings, path GAF of SmolLM2-135M was better on the 30
    prompts on which settings are chosen, AOPC .363 against .321, and hardly on the 120 others,
    .359 against .351 (`python -m benchmarks.path_choice` and `benchmarks.next_token`).

    Args:
        model: that was traced.
        trace: of the text and target; with whatever gradients.
        points: on the way, both ends included; at least 2.
        baseline: what stands where a token was: "mask" for the token that the perturbation of the
            text uses (mask, else padding, else unknown), "pad" for the padding, "zero" for zeros,
            "mean" for the mean of all word embeddings of the model.
        frozen: what is constant in the backward pass; None for exact gradients.
        progress: called with (points done, points in all) after each batch; what it raises stops.

    Raises:
        SettingsError: no such number of points or baseline, the vocabulary has no such token, or
            two answers are contrasted, which are two texts.
        TextError: the text has no token that can be removed.
        MemoryLimitError: not even one of the points fits into memory.
        ModelError: the model does not show its hidden states or the products of attention and
            values, looks up other words than those of the text, or a number overflows.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> path = gaf.trace_path(model, trace, frozen=None, points=50)
    >>> bool(abs(path.relevance.sum(axis=1) - path.difference).max() < 0.01)  # in every layer
    True
    """
    for name, value in (("points", points), ("baseline", baseline)):
        SETTINGS[name].check(value)
    tokens = len(trace.tokens)
    rows = rows_of_a_path(model, tokens, points)
    if not takes_batches(model):
        rows = 1
    with _held(model, rows * tokens):
        batches = _way(model, trace, points, baseline).split(rows)
    steps: list[list[torch.Tensor] | None] = [None]
    if rows < points:
        states = []
        for one in batches:
            with _held(model, rows * tokens):
                states.append(states_on(model, trace, one))
        steps = [*steps_between(states)]
    found = []
    for number, (one, step) in enumerate(zip(batches, steps, strict=True), start=1):
        with _held(model, rows * tokens):
            found.append(relevances_on(model, trace, one, frozen, step))
        progress(min(number * rows, points), points)
    terms, relevance, residual = (
        _summed([getattr(one, name) for one in found])
        for name in ("terms", "relevance", "residual")
    )
    if not all(np.isfinite(one).all() for one in (terms, relevance, residual)):
        raise ModelError(
            "The relevances on the way to this text are not finite: a number overflowed, as it "
            "does where hidden states are nearly zero and a norm divides by them. Begin with "
            f'another text than baseline="{baseline}" does, or compute in float32.'
        )
    return PathTrace(
        trace=trace,
        terms=terms,
        relevance=relevance,
        residual=residual,
        values=torch.cat([one.values for one in found]).double().cpu().numpy(),
        baseline=baseline,
        frozen=frozen,
    )


@contextmanager
def _held(model: Model, tokens: int) -> Iterator[None]:
    """Where a batch is computed; between two of them others may run the model."""
    with model.lock, failures_in_a_sentence(model), threads_that_fit(model, tokens):
        yield


def _way(model: Model, trace: Trace, points: int, baseline: str) -> torch.Tensor:
    """`[n, t, d]` embeddings at each point."""
    ids = trace.encoding.inputs["input_ids"].to(model.device)
    ordinary = torch.as_tensor(trace.varied, device=model.device)
    start, end = absent(model, ids, ordinary, baseline), look_up(model, ids)
    share = torch.linspace(0, 1, points, dtype=end.dtype, device=end.device)[:, None, None]
    return torch.lerp(start, end, share)  # both ends are exact


def _summed(batches: list[list[torch.Tensor]]) -> NDArray[np.float32]:
    """`[L, ...]` sums over batches, read-only."""
    layers = [torch.stack(of_layer).sum(dim=0) for of_layer in zip(*batches, strict=True)]
    summed = torch.stack(layers).detach().float().cpu().numpy()
    summed.flags.writeable = False
    return summed
