"""The AOPC that any order of a text's tokens can reach, and AOPC on the scale between its limits.

    NAOPC = (AOPC - lower) / (upper - lower)

with `lower` and `upper` the least and the greatest AOPC over all orders in which the tokens of the
text can be removed, with the same perturbation and the same model (Edin et al., Normalized AOPC,
arXiv 2408.08137, ACL 2025). AOPC itself has other limits for each text and model: a model that
clings to its prediction has a small AOPC whatever the explanation, so only NAOPC compares two
models.

The AOPC of an order is `mean_k f(S_k)`, as everywhere here (`metrics`): k are the fractions of the
perturbation, S_k the first `ceil(k n)` tokens, f the fall of the probability. An order is a chain
of growing sets, and its AOPC a sum over the sets on it. Up to 8 tokens f is computed of every set
of a size that counts, `2^n` texts at most, and the best chain is found by dynamic programming:
exact. Beyond, two beam searches, one for each limit, keep the best `width` sets of each size, which
takes about `width n^2` texts. What a beam finds is reached by an order, so the true limits are at
least as far apart; a ranking that does better than the beam has an NAOPC above 1 (or below 0).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaf_core.errors import SettingsError
from gaf_core.evaluation.perturbation import Perturbation, resolve_perturbation, watched_label
from gaf_core.evaluation.perturbed import DELETE, Progress, log_probabilities, values
from gaf_core.evaluation.ranking import check_encoding, removed_count
from gaf_core.models.model import Model
from gaf_core.models.outputs import Output
from gaf_core.settings import TextLike
from gaf_core.tracing.trace import Trace, trace

EXACT = 8  # tokens up to which every set of them is tried
WIDTH = 5  # of the beams, as in the code of the paper


@dataclass(frozen=True, eq=False)
class AopcLimits:
    """The least and the greatest AOPC that a text and a model allow.

    Attributes:
        perturbation: how tokens are removed, with the operator that was used.
        label: the class that was watched.
        lower, upper: the limits; equal where the order does not matter, as for one token.
        lower_order, upper_order: positions of the removable tokens in the orders that reach them.
        width: of the beams; None where the limits are exact.
        passes: texts that the model was asked for.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> limits = gaf.aopc_limits(model, trace)
    >>> trace.tokens[limits.upper_order[0]], limits.exact, limits.passes
    ('lovely', True, 16)
    """

    perturbation: Perturbation
    label: int
    lower: float
    upper: float
    lower_order: tuple[int, ...]
    upper_order: tuple[int, ...]
    width: int | None
    passes: int

    @property
    def exact(self) -> bool:
        """Whether every order was compared, not only what the beams kept."""
        return self.width is None

    def normalised(self, aopc: float) -> float:
        """An AOPC of the same text on the scale of the limits; NaN where they are equal.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> limits = gaf.aopc_limits(model, "A lovely film.")
        >>> limits.normalised(limits.lower), limits.normalised(limits.upper)
        (0.0, 1.0)
        """
        width = self.upper - self.lower
        return (aopc - self.lower) / width if width > 0 else math.nan


def aopc_limits(
    model: Model,
    text: TextLike | Trace,
    perturbation: Perturbation = Perturbation(),
    *,
    width: int = WIDTH,
    progress: Progress | None = None,
) -> AopcLimits:
    """Find the limits of AOPC: exact up to 8 tokens, by beam search for longer texts.

    Args:
        model: whose prediction is watched.
        text: the text or pair of texts, or a trace of it by this model.
        perturbation: how tokens are removed and what is watched.
        width: sets of each size that a beam keeps.
        progress: called with (steps done, steps in all) after each batch; what it raises ends it.

    Raises:
        SettingsError: a width below 1; or as `evaluate` does.
        GafError: as `evaluate` does.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> limits = gaf.aopc_limits(model, trace)
    >>> scores = gaf.METHODS["AGF"](model, trace).scores
    >>> found = gaf.evaluate_all(model, trace, {"AGF": scores}, limits=limits)["AGF"]
    >>> found.aopc_lower <= found.aopc <= found.aopc_upper, 0 <= found.naopc <= 1
    (True, True)
    """
    if isinstance(width, bool) or not isinstance(width, int) or width < 1:
        raise SettingsError(f"'{width}' is not the width of a beam. Use a whole number from 1.")
    traced = text if isinstance(text, Trace) else trace(model, text)
    search = _Search(model, traced, perturbation)
    exact = len(search.positions) <= EXACT
    lower, upper = search.exactly(progress) if exact else search.by_beams(width, progress)
    return AopcLimits(
        perturbation=search.perturbation,
        label=search.label,
        lower=float(lower.aopc),
        upper=float(upper.aopc),
        lower_order=search.order(lower),
        upper_order=search.order(upper),
        width=None if exact else width,
        passes=search.passes,
    )


def limit_passes(tokens: int, width: int = WIDTH) -> int:
    """Texts that the limits of a text with so many removable tokens take at most.

    >>> from gaf_core.evaluation import limit_passes
    >>> limit_passes(8), limit_passes(20)
    (256, 1912)
    """
    if tokens <= EXACT:
        return 2**tokens
    sizes = range(1, tokens + 1)
    return 1 + sum(min(2 * width * (tokens - size + 1), math.comb(tokens, size)) for size in sizes)


@dataclass(frozen=True)
class _Chain:
    """A set of removed tokens, in the order in which they go, and what they add to AOPC."""

    tokens: tuple[int, ...] = ()
    aopc: float = 0.0


class _Search:
    """Orders of the removable tokens of one text, numbered from 0.

    Attributes:
        positions: `[k]` of these tokens.
        perturbation: with the operator that is used.
        label: that is watched.
        passes: texts that the model was asked for by now.
    """

    def __init__(self, model: Model, traced: Trace, perturbation: Perturbation):
        self._model, self._traced = model, traced
        self._encoding = check_encoding(model, traced)
        self.perturbation = resolve_perturbation(model, perturbation)
        self.label = watched_label(model, traced, self.perturbation)
        self.positions, self.passes = np.flatnonzero(traced.removable), 0
        counts = [removed_count(one, len(self.positions)) for one in self.perturbation.fractions]
        self._share = np.bincount(counts, minlength=len(self.positions) + 1) / len(counts)
        self._last = max(counts)
        self._whole: float | None = None

    def order(self, chain: _Chain) -> tuple[int, ...]:
        """Positions in the text; those that do not count come last, as they stand there."""
        rest = [token for token in range(len(self.positions)) if token not in chain.tokens]
        return tuple(self.positions[[*chain.tokens, *rest]].tolist())

    def exactly(self, progress: Progress | None) -> tuple[_Chain, _Chain]:
        """The least and the greatest of all chains."""
        every = range(len(self.positions))
        sets = [
            frozenset(one)
            for size in range(1, self._last + 1)
            for one in itertools.combinations(every, size)
        ]
        counted = [one for one in sets if self._share[len(one)] > 0]
        falls = dict(zip(counted, self._falls(counted, progress), strict=True))
        return self._best_chain(sets, falls, least=True), self._best_chain(sets, falls, least=False)

    def _best_chain(
        self, sets: list[frozenset[int]], falls: dict[frozenset[int], float], least: bool
    ) -> _Chain:
        """By dynamic programming over sets, of which smaller ones come first."""
        sign = -1.0 if least else 1.0
        best = {frozenset[int](): _Chain()}
        for one in sets:
            token = max(sorted(one), key=lambda last: sign * best[one - {last}].aopc)
            before = best[one - {token}]
            gain = self._share[len(one)] * falls.get(one, 0.0)
            best[one] = _Chain((*before.tokens, token), before.aopc + gain)
        ends = (chain for chain in best.values() if len(chain.tokens) == self._last)
        return max(ends, key=lambda chain: sign * chain.aopc)

    def by_beams(self, width: int, progress: Progress | None) -> tuple[_Chain, _Chain]:
        """The least and the greatest chain that two beams find."""
        beams = [[_Chain()], [_Chain()]]

        for size in range(1, self._last + 1):

            def told(_done: int, _total: int, size: int = size) -> None:
                if progress is not None:
                    progress(size - 1, self._last)

            grown = [self._grown(beam, sign) for beam, sign in zip(beams, (-1, 1), strict=True)]
            sets = list({**grown[0], **grown[1]})
            falls = dict(zip(sets, self._falls(sets, told), strict=True))
            beams = [
                self._best(new, falls, sign, width)
                for new, sign in zip(grown, (-1, 1), strict=True)
            ]
            if progress is not None:
                progress(size, self._last)
        return beams[0][0], beams[1][0]

    def _grown(self, beam: list[_Chain], sign: int) -> dict[frozenset[int], _Chain]:
        """Each set with one token more, by the better of the chains that lead to it."""
        found: dict[frozenset[int], _Chain] = {}
        for chain in beam:
            for token in range(len(self.positions)):
                one = frozenset((*chain.tokens, token))
                if token in chain.tokens:
                    continue
                if one not in found or sign * chain.aopc > sign * found[one].aopc:
                    found[one] = _Chain((*chain.tokens, token), chain.aopc)
        return found

    def _best(
        self,
        grown: dict[frozenset[int], _Chain],
        falls: dict[frozenset[int], float],
        sign: int,
        width: int,
    ) -> list[_Chain]:
        """The best of the new chains. Where a size does not count, the next that does decides."""
        size = len(next(iter(grown)))
        share, ahead = self._share[size], self._share[size:]
        coming = float(ahead[np.flatnonzero(ahead)[0]])
        ranked = sorted(
            grown, key=lambda one: -sign * (grown[one].aopc + coming * falls[one])
        )  # stable: equal ones as they came
        return [
            _Chain(grown[one].tokens, grown[one].aopc + share * falls[one])
            for one in ranked[:width]
        ]

    def _falls(self, sets: Sequence[frozenset[int]], progress: Progress | None) -> list[float]:
        """How far the probability, or the value, falls when a set of tokens is removed."""
        kept = np.ones((len(sets) + 1, len(self._traced.tokens)), dtype=bool)
        for row, one in zip(kept[1:], sets, strict=True):
            row[self.positions[list(one)]] = False
        asked = kept[1:] if self._whole is not None else kept
        self.passes += len(asked)
        operator = self.perturbation.operator or DELETE
        given = self._model, self._encoding, asked, operator, self.label, progress
        if self._traced.output is Output.VALUE:
            found = values(*given)
        else:
            found = np.exp(log_probabilities(*given, self._traced.target.place))
        if self._whole is None:
            self._whole, found = float(found[0]), found[1:]
        drop = self._whole - found
        return (np.abs(drop) if self.perturbation.absolute else drop).tolist()
