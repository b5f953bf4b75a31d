"""Scores -> which tokens go first: the order, how many a fraction is, and what may be removed."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from gaf_core.errors import SettingsError, TextError, check_kind
from gaf_core.models.model import Model
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.trace import Trace


def removed_count(fraction: float, ordinary: int) -> int:
    """How many of the ordinary tokens a fraction is: rounded up, and 0 only for 0.

    >>> removed_count(0.3, 10), removed_count(0.01, 10), removed_count(0.0, 10)
    (3, 1, 0)
    """
    # 0.3 * 10 is a little more than 3 in binary, and that is not meant
    return max(math.ceil(fraction * ordinary - 1e-9), 1 if fraction > 0 else 0)


def ranked(
    ordinary: Bool[np.ndarray, " t"], scores: Float[np.ndarray, " t"]
) -> Int[np.ndarray, " kept"]:
    """Positions of the ordinary tokens, by signed score, highest first, ties by position."""
    positions = np.flatnonzero(ordinary)
    return positions[np.argsort(-scores[positions], kind="stable")]


def check_scores(traced: Trace, scores: ArrayLike) -> Float[np.ndarray, " t"]:
    """The scores as float64, one of each token.

    Raises:
        SettingsError: another number of them, or values that are not numbers.
    """
    try:
        checked = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError):
        checked = np.full(len(traced.tokens), np.nan)
    if checked.shape != (len(traced.tokens),):
        raise SettingsError(
            f"Scores of shape {list(checked.shape)} do not fit a text of {len(traced.tokens)} "
            "tokens. Give one score a token, special tokens included."
        )
    if np.isnan(checked).any():
        raise SettingsError(
            "Some scores are not numbers (NaN), so they rank nothing. Give every token a number."
        )
    return checked


def check_encoding(model: Model, traced: Trace) -> Encoding:
    """What the model was given, if it can be given again with tokens removed.

    Raises:
        SettingsError: the trace was made without a model, or by another one.
        TextError: the text has special tokens only.
    """
    check_kind(model, Model, "gaf_core.load_model returns one.")
    check_kind(traced, Trace, "gaf_core.trace returns one.")
    _ = traced.encoding.inputs  # refuses a trace that was made without a model
    if model.task.kind.classes != "tokens" and len(traced.labels) != len(model.labels):
        raise SettingsError(
            f"The trace has {len(traced.labels):,} labels and '{model.name}' has "
            f"{len(model.labels):,}. Use the model that was traced."
        )
    if traced.special.all():
        raise TextError("The text has only special tokens, so none can be removed. Write a word.")
    if not traced.removable.any():
        raise TextError(
            "The text has no token beside the one that is asked about, so none can be removed. "
            "Write more of it."
        )
    return traced.encoding


def removed_and_kept(
    ordinary: Bool[np.ndarray, " t"], scores: Float[np.ndarray, " t"], counts: Int[np.ndarray, " c"]
) -> Bool[np.ndarray, "2*c t"]:
    """`[2 c, t]` tokens that remain: with the highest-ranked ones removed, then only they kept."""
    place = np.zeros(len(ordinary), dtype=np.int64)
    order = ranked(ordinary, scores)
    place[order] = np.arange(len(order))
    highest = place < counts[:, None]
    return np.concatenate([~ordinary | ~highest, ~ordinary | highest])
