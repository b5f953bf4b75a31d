"""Scores of several methods for one text -> how far they agree about its ordinary tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from gaf_core.errors import SettingsError, TextError
from gaf_core.evaluation.ranking import check_scores, ranked
from gaf_core.tracing.trace import Trace


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement of each of `m` methods with each; symmetric matrices whose diagonal is 1.

    Scores that are all equal order nothing, and no correlation is defined for them: they count as
    agreeing with other such scores (1) and with no order (0), so no entry is NaN.

    Attributes:
        names: the `m` methods, in the order of rows and columns.
        spearman: `[m, m]` Spearman's rank correlation, -1 to 1; ties share their mean rank.
        kendall: `[m, m]` Kendall's tau-b, -1 to 1, which corrects for ties.
        overlap: `[m, m]` share of the `top` highest-ranked tokens that two methods have in common.
        top: how many tokens `overlap` looks at.
    """

    names: tuple[str, ...]
    spearman: Float[np.ndarray, "m m"]
    kendall: Float[np.ndarray, "m m"]
    overlap: Float[np.ndarray, "m m"]
    top: int


def agreement(traced: Trace, rankings: Mapping[str, ArrayLike], top: int = 5) -> Agreement:
    """Compare the scores of several methods for one text, special tokens left out.

    Args:
        traced: the text that was scored.
        rankings: `[t]` signed scores by the name of the method.
        top: tokens that `overlap` looks at, ties by position; all tokens of a shorter text.

    Raises:
        SettingsError: scores of another length or that are not numbers, or `top` below 1.
        TextError: the text has special tokens only.
    """
    if top < 1:
        raise SettingsError(f"The overlap of the first {top} tokens means nothing. Use 1 or more.")
    ordinary = ~traced.special
    if not ordinary.any():
        raise TextError("The text has only special tokens, so there is nothing to compare.")
    scores = [check_scores(traced, values) for values in rankings.values()]
    top = min(top, int(ordinary.sum()))
    first = [set(ranked(ordinary, values)[:top].tolist()) for values in scores]
    ranks = np.array([rankdata(values[ordinary]) for values in scores])
    ranks = ranks.reshape(len(scores), int(ordinary.sum()))
    shared = [[len(one & other) / top for other in first] for one in first]
    return Agreement(
        tuple(rankings),
        _correlation(_covariances(ranks)),
        _correlation(_concordances(ranks)),
        np.array(shared).reshape(len(scores), len(scores)),
        top,
    )


def _covariances(ranks: Float[np.ndarray, "m n"]) -> Float[np.ndarray, "m m"]:
    """Covariances of mean ranks, times 4 n: whole numbers, so that 0 is 0."""
    centred = 2 * ranks - (ranks.shape[1] + 1)
    return centred @ centred.T


def _concordances(ranks: Float[np.ndarray, "m n"]) -> Float[np.ndarray, "m m"]:
    """Pairs of tokens in the same order less those in the reverse; untied pairs on the diagonal."""
    found = np.zeros((len(ranks), len(ranks)))
    for token in range(ranks.shape[1]):
        signs = np.sign(ranks[:, token + 1 :] - ranks[:, token : token + 1])
        found += signs @ signs.T
    return found


def _correlation(products: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m m"]:
    """Products over the root of both their sizes, and what is said of scores that are all equal."""
    sizes = np.diag(products)
    constant = sizes == 0
    scale = np.sqrt(np.outer(sizes, sizes))
    found = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    found[np.outer(constant, constant)] = 1.0
    return np.clip(found, -1.0, 1.0)
