"""Contrast-CAT (Han, Lee and Lee, UAI 2025): hidden states less those of texts of another class.

With `h^l` the state entering layer `l`, `r^l` that of a reference text at the same position,

    M_i(r) = sum_l a_li * sum_d (h^l - r^l)_id * dy / dh^l_id,    a_li as in AttCAT (`hidden`)

scaled to [0, 1] over the text. References are those texts, of several, to which the model gives the
least of what is explained. Each map is then put to a test: its first 10 %, 20 %, .., 90 % of the
ordinary tokens are removed and the falls of the logit are averaged. The maps whose fall is at least
one standard deviation above the mean of all are averaged (all of them where there is none), and
scaled again. So the method has seen a test like the one that AOPC puts it to, and others have not.

The paper takes its references from the training data of the model, the 30 of another class with the
least probability of the target. `contrast_cat_with` does that with texts that are given to it. For
a model without known data, the method of `METHODS` makes its references of the text itself, which
is this project's extension: half or more of its ordinary tokens replaced at random, and all of
them. Tokens are removed by replacing them here, and what falls is the logit; the paper deletes
tokens and takes the probability.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from gaf_core.errors import ModelError, SettingsError
from gaf_core.methods.inputs import EmbeddedText
from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.methods.perturbing import Presence
from gaf_core.models.model import Model
from gaf_core.settings import TextLike
from gaf_core.tracing.attention import gradients
from gaf_core.tracing.trace import Trace, trace

_CANDIDATES = 4  # texts of which one becomes a reference
_FRACTIONS = tuple(step / 10 for step in range(1, 10))
_ROUNDING = 1e-5  # of a fall, which must not decide what is kept
_MOST = 30  # references of given texts, as in the paper


def contrast_cat_with(texts: Sequence[TextLike]) -> Method:
    """Contrast-CAT with references from given texts, as in the paper.

    Args:
        texts: texts, or pairs of them, some of which the model takes for another class than what is
            explained. The 30 with the smallest logit of it are taken; one that is shorter than the
            text explained ends in zeros, as in the code of the paper.

    Returns:
        A method for `measure` and `benchmark`, or to be called.

    Raises:
        SettingsError: no texts.

    >>> import gaf_core as gaf
    >>> from gaf_core.methods.contrast import contrast_cat_with
    >>> model = gaf.load_model("minilm-reviews")
    >>> method = contrast_cat_with(["A dull film.", "It broke at once.", "I love it."])
    >>> found = method(model, gaf.trace(model, "A lovely film."))
    >>> found.scores.shape, found.details["references"]
    ((6,), 2.0)
    """
    if isinstance(texts, str) or not texts:
        raise SettingsError("Give a list of at least one text to contrast with.")
    told = hashlib.sha256(repr(list(texts)).encode("utf-8", "replace")).hexdigest()[:8]
    what = f"{len(texts):,} texts, {told}"
    return Method(
        "contrast_cat_with",
        "Contrast-CAT with texts",
        _REFERENCE,
        "gradient",
        f"{_SUMMARY} from given texts.",
        partial(_with_texts, list(texts)),
        # what it depends on is a part of its settings
        (Option("texts", what, "The texts that references are taken from.", choices=(what,)),),
        slow=True,
    )


class _Contrast:
    """The text's own states and gradients, and what contrasts with them.

    Attributes:
        present: the text with tokens removed.
        tokens: number of its ordinary tokens.
    """

    def __init__(self, model: Model, traced: Trace, progress: Progress):
        self.present = Presence(model, traced, progress)
        self.tokens = self.present.tokens
        self._model, text = model, self.present.text
        with torch.enable_grad(), text.threads():
            values, states = text.with_states(text.embeddings.requires_grad_())
            (found,) = gradients(values.sum(), states)
        self._gradients = torch.stack(_all_known(model, found))
        self._states = torch.stack([state.detach() for state in states])
        received = torch.from_numpy(traced.attention.mean(axis=(1, 2), dtype=np.float64))
        self._received = received.to(self._states.device)
        self._ordinary = np.flatnonzero(traced.removable)

    @torch.no_grad()
    def maps(self, states: torch.Tensor) -> NDArray[np.float64]:
        """`[n, t]` a map for each reference `[L, n, t, d]`, scaled to [0, 1]."""
        products = (self._gradients * (self._states - states)).double().sum(dim=-1)
        return _scaled((self._received[:, None] * products).sum(dim=0).cpu().numpy())

    def refined(self, maps: NDArray[np.float64]) -> Scored:
        """The mean of the maps that the model bears out."""
        counts = [max(1, int(np.ceil(one * self.tokens - 1e-9))) for one in _FRACTIONS]
        falls = np.empty(len(maps))
        whole = float(self.present(self.present.all_present()))
        for number, one in enumerate(maps[:, self._ordinary]):
            place = np.argsort(np.argsort(-one, kind="stable"))
            there = torch.from_numpy(place >= np.unique(counts)[:, None])
            left = _in_batches(self.present, there)
            # every fraction counts, where several are of as many tokens
            falls[number] = whole - left[np.searchsorted(np.unique(counts), counts)].mean()
        kept = falls >= falls.mean() + falls.std()
        if falls.std() <= _ROUNDING * np.abs(falls).max() or not kept.any():
            kept[:] = True
        scores = maps[kept].mean(axis=0)
        details = {"references": len(maps), "kept by the test": int(kept.sum())}
        return Scored(_scaled(scores[None])[0], details)


def _in_batches(present: Presence, rows: torch.Tensor) -> NDArray[np.float64]:
    """`[n]` logits of texts with tokens removed, `[n, k]` True for those that are there."""
    size = present.batch
    return torch.cat([present(rows[k : k + size]) for k in range(0, len(rows), size)]).numpy()


def _all_known(model: Model, found: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        raise ModelError(
            f"{type(model.module).__name__} does not return the hidden states that its prediction "
            "used, so they cannot be contrasted. Use a method that reads attention."
        )
    return known


def _scaled(maps: NDArray[np.float64]) -> Float[np.ndarray, "n t"]:
    """Each row from 0 to 1; one that is the same everywhere is 0."""
    low = maps.min(axis=1, keepdims=True)
    width = maps.max(axis=1, keepdims=True) - low
    return (maps - low) / np.where(width > 0, width, 1.0)


def _contrast_cat(
    model: Model, traced: Trace, progress: Progress, references: int, seed: int
) -> Scored:
    contrast = _Contrast(model, traced, progress)
    present, text = contrast.present, contrast.present.text
    candidates = _removed_at_random(contrast.tokens, _CANDIDATES * references, seed)
    least = min(references, len(candidates))
    present.passes = len(candidates) + 1 + least * min(contrast.tokens, len(_FRACTIONS))
    order = np.argsort(_in_batches(present, candidates), kind="stable")[:least]
    maps = []
    with torch.no_grad(), text.threads(rows=text.batch):
        for start in range(0, least, text.batch):
            rows = candidates[order[start : start + text.batch]]
            maps.append(contrast.maps(torch.stack(text.with_states(present.embedded(rows))[1])))
    return contrast.refined(np.concatenate(maps))


def _removed_at_random(tokens: int, count: int, seed: int) -> torch.Tensor:
    """`[n, k]` True for tokens that are there: at most half of them, each choice once."""
    generator = torch.Generator().manual_seed(seed)
    there = torch.zeros(count, tokens, dtype=torch.bool)
    for row in there[1:]:
        most = int(torch.randint(0, tokens // 2 + 1, (), generator=generator))
        row[torch.randperm(tokens, generator=generator)[:most]] = True
    return torch.from_numpy(np.unique(there.numpy(), axis=0))


def _with_texts(
    texts: list[TextLike], model: Model, traced: Trace, progress: Progress, /, **_: object
) -> Scored:
    contrast = _Contrast(model, traced, progress)
    target = traced.target
    if target.place is not None or model.task.kind.classes == "tokens":
        raise SettingsError(
            "Given texts have no place that could be compared with the one that is explained. Use "
            "contrast_cat, which makes its references of the text itself."
        )
    found = []
    for text in texts:
        reference = trace(model, text, truncate=True)
        value = float(reference.logits[target.index])
        if target.against is not None:
            value -= float(reference.logits[target.against])
        if reference.predicted != target.index:
            found.append((value, len(found), EmbeddedText(model, reference)))
    if not found:
        raise SettingsError(
            f"The model takes all {len(texts):,} texts for '{target.name}', so there is nothing to "
            "contrast with. Give texts of another class."
        )
    chosen = [text for _, _, text in sorted(found, key=lambda one: one[:2])[:_MOST]]
    present = contrast.present
    present.passes = 1 + len(chosen) * min(contrast.tokens, len(_FRACTIONS))
    with torch.no_grad():
        states = [torch.stack(text.with_states(text.embeddings)[1]) for text in chosen]
    length = present.text.embeddings.shape[1]
    maps = [contrast.maps(_as_long(one, length)) for one in states]
    return contrast.refined(np.concatenate(maps))


def _as_long(states: torch.Tensor, length: int) -> torch.Tensor:
    """`[L, 1, t, d]` cut, or with zeros behind it."""
    missing = max(0, length - states.shape[2])
    return torch.nn.functional.pad(states, (0, 0, 0, missing))[:, :, :length]


_REFERENCE = (
    "Han, Lee and Lee, Contrast-CAT: Contrasting Activations for Enhanced Interpretability in "
    "Transformer-based Text Classifiers, UAI 2025"
)
_SUMMARY = (
    "As AttCAT, with the hidden states of references taken off that speak least for what is "
    "explained, and the mean of those maps whose first tokens the logit needs most. References are"
)

CONTRAST_CAT = Method(
    "contrast_cat",
    "Contrast-CAT",
    f"{_REFERENCE}; here without training data",
    "gradient",
    f"{_SUMMARY} the text itself with half or more of its tokens replaced.",
    _contrast_cat,
    (
        Option("references", 30, "Texts to contrast with.", least=1, most=100),
        Option("seed", 0, "Of the random choice of tokens.", least=0, most=2**31 - 1),
    ),
    slow=True,
    extension=True,
)
