"""How far two computations of one number may be apart: units of rounding of what is compared.

Another processor, another number of threads or another batch adds the same terms in another order,
so what floats compute is equal only up to rounding. The difference may be at most

    (roundings * eps(precision) + error) * size

    precision   of the less precise of the two computations
    size        of what was rounded: by default the largest magnitude that is compared. A difference
                or a sum that cancels is given the size of its terms instead.
    roundings   how many units of rounding both computations collect together: `STORED`, `FEW`,
                `summed`, `adding_up`, `through`
    error       relative, of a computation that is not exact even without rounding: the step of a
                finite difference, the gap that a solver stops at: `differenced`, `proven`, `SOLVED`

A tolerance that an error of 1e-3 of the value would pass proves nothing and raises `TooLooseError`:
such a place needs a float64 model (`tests.support.models.in_float64`) or a better size.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

import gaf_core as gaf

DELIBERATE = 1e-3  # an error of this part of the value must fail

STORED = 1  # one number, rounded to `precision` on both sides, by half an eps each
FEW = 16  # closed forms of up to about ten operations on both sides, each rounded by half an eps

# The `error` of two barrier flows of up to about 1000 edges at epsilon 1e-6, where certificates are
# out of reach (`proven`): rounding over mu, eps * 2 edges / epsilon = 4e-7 of each, and some.
SOLVED = 1e-5

_PRODUCTS = 24  # matrix products one after another in a layer: 8 forward, twice as many backward
_SPREAD = 3  # standard deviations
# What is rounded early is amplified by random weights, whose attention is peaked: measured between
# float32 and float64 over all architectures of the tests, up to 3 times.
_AMPLIFIED = 8


class TooLooseError(Exception):
    """The tolerance lets a deliberate error pass: a mistake in the test, not in what it tests."""


def summed(terms: int) -> int:
    """Roundings of a sum of `terms` products in any order, of the size of the sum of magnitudes.

    Either side is off by at most `terms` halves of eps: Higham, Accuracy and Stability of Numerical
    Algorithms (2002), section 4.2.
    """
    return terms + 1


def adding_up(network: gaf.FlowNetwork) -> int:
    """Roundings of a flow handed on from layer to layer, of its size: sums over edges in each."""
    return (network.layers + 1) * (FEW + network.tokens**2)


def through(model: gaf.Model) -> int:
    """Roundings of a pass forward and backward, of the size of the largest of its results.

    `n` roundings of either sign leave about `sqrt(n)`: Higham & Mary, SIAM J. Sci. Comput. 41
    (2019) A2815. Here n is the layers times the matrix products of a layer times the terms of each,
    and what they leave may be amplified by those that follow.
    """
    width = max(weight.shape[-1] for weight in model.module.parameters() if weight.ndim > 1)
    return round(_AMPLIFIED * _SPREAD * (model.layers * _PRODUCTS * width) ** 0.5)


def proven(*solutions: gaf.FlowSolution) -> float:
    """The `error` of barrier flows, of the size of their value, that their certificates allow.

    No edge is further from the optimum than c / (1 - c) times its distance to its nearer bound,
    with c the centrality, whatever the rounding was (`gaf_core.flow.certificate`). And the optimum
    of another mu is further by at most sqrt(2 edges) of the change of log mu, measured alike
    (Nesterov & Nemirovskii 1994, section 2.3).
    """
    heights = [np.log(one.mu / one.value) for one in solutions]
    edges = max(one.epsilon * one.value / one.mu for one in solutions)  # twice their number
    apart = sum(one.centrality / (1 - one.centrality) for one in solutions)
    return float(apart + np.sqrt(edges) * np.ptp(heights))


def differenced(model: gaf.Model, logit: float, step: float, size: float) -> float:
    """The `error` of a logit's central difference, of a given size: its rounding over the step."""
    return float(rounding(logit, through(model))) / step / size


def rounding(
    size: ArrayLike, roundings: float = FEW, precision: type = np.float64
) -> NDArray[np.float64]:
    """The largest difference that rounding explains, for a bound that holds up to rounding."""
    if not roundings * np.finfo(precision).eps < DELIBERATE / 2:
        raise TooLooseError(f"{roundings} roundings of {np.dtype(precision).name} are no tolerance")
    return roundings * np.finfo(precision).eps * np.abs(np.asarray(size, dtype=np.float64))


def assert_close(
    computed: ArrayLike | torch.Tensor,
    expected: ArrayLike | torch.Tensor,
    *,
    roundings: float = FEW,
    precision: type = np.float64,
    size: ArrayLike | None = None,
    error: float = 0.0,
    message: str = "",
) -> None:
    """Assert that two computations of one number, or of one array of a shape, agree.

    A scalar `expected` stands for an array of it. NaN agrees with NaN and infinity with itself. An
    array `size` judges every entry by its own.

    Raises:
        AssertionError: they differ by more than the tolerance.
        TooLooseError: the tolerance would pass `expected` times 1 + `DELIBERATE`, or, where
            `expected` is 0, an error of that part of `size`.
    """
    one, other = _array(computed), _array(expected)
    assert one.shape == other.shape or other.ndim == 0, f"{one.shape} is not {other.shape}"
    finite = np.isfinite(one) & np.isfinite(other)
    assert np.array_equal(np.where(finite, 0, one), np.where(finite, 0, other), equal_nan=True), (
        f"{message} what is not finite differs:\n{one}\n{other}"
    )
    magnitude = np.abs(np.where(finite, other, 0.0))
    largest = max(magnitude.max(initial=0), np.abs(one[finite]).max(initial=0))
    unit = np.abs(_array(largest if size is None else size))
    limit = rounding(unit, roundings, precision) + error * unit
    _refuse_loose(limit, magnitude if magnitude.any() else unit)
    apart = np.abs(np.where(finite, one, 0.0) - np.where(finite, other, 0.0))
    times = np.max(apart / np.maximum(limit, np.finfo(float).tiny), initial=0)
    assert times <= 1, (
        f"{message} apart by {apart.max():.3g}, {times:.3g} times what may be:\n{one}\n{other}"
    )


def assert_apart(
    one: ArrayLike | torch.Tensor, other: ArrayLike | torch.Tensor, *, message: str = ""
) -> None:
    """Assert that two arrays differ by more than any tolerance here lets pass."""
    one, other = _array(one), _array(other)
    size, apart = np.max(np.abs([one, other])), np.abs(one - other).max()
    assert apart > DELIBERATE * size, f"{message} apart by only {apart:.3g} of {size:.3g}"


def probability_size(logits: ArrayLike | torch.Tensor) -> float:
    """What the rounding of a probability is relative to.

    A probability p moves by p (1 - p), at most 1/4, of what the difference of two logits moves by,
    which is at most twice what a logit does; and it is itself a number up to 1.
    """
    return 1.0 + float(np.abs(_array(logits)).max()) / 2


def log_probability_size(logits: ArrayLike | torch.Tensor) -> float:
    """What the rounding of a log probability, or of log-odds, is relative to: two logits."""
    return 1.0 + 2 * float(np.abs(_array(logits)).max())


def _array(values: ArrayLike | torch.Tensor) -> NDArray[np.float64]:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64)


def _refuse_loose(limit: NDArray[np.float64], value: NDArray[np.float64]) -> None:
    """Twice the limit: rounding may hide as much of a deliberate error as it may explain."""
    if value.any() and not (2 * limit < DELIBERATE * value).any():
        raise TooLooseError(
            f"a tolerance of {limit.max():.3g} passes an error of {DELIBERATE} of {value.max():.3g}"
        )
