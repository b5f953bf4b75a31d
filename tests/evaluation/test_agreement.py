"""Agreement of rankings: definitions by pairs, and no entry that is not a number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks.handmade import trace_of
from gaf_core.evaluation.agreement import agreement
from tests.support.tolerance import assert_close

WORDS = "one two three four five six"
TRACE = trace_of(WORDS)  # with [CLS] and [SEP]


def tau_b(one, other):
    """Kendall's tau-b by its definition over pairs."""
    signs = [
        (np.sign(one[i] - one[j]), np.sign(other[i] - other[j]))
        for i in range(len(one))
        for j in range(i)
    ]
    ties = [sum(pair[side] != 0 for pair in signs) for side in (0, 1)]
    return sum(a * b for a, b in signs) / np.sqrt(ties[0] * ties[1])


def rho(one, other):
    """Spearman's correlation: Pearson's of mean ranks, in whole numbers so that 0 is 0."""
    a, b = ([sum((v < x) + (v <= x) for x in values) for v in values] for values in (one, other))

    def covariance(x, y):
        return len(x) * sum(p * q for p, q in zip(x, y, strict=True)) - sum(x) * sum(y)

    return covariance(a, b) / np.sqrt(covariance(a, a) * covariance(b, b))


scores = st.lists(st.integers(-3, 3), min_size=6, max_size=6)


@given(scores, scores, st.floats(-9, 9))
def test_correlations_are_those_of_their_definitions(one, other, special):
    found = agreement(TRACE, {"a": [special, *one, 0], "b": [0, *other, special]})
    pair = found.spearman[0, 1], found.kendall[0, 1]
    constant = len(set(one)) == 1, len(set(other)) == 1
    if any(constant):
        assert pair == (all(constant), all(constant))
    else:
        assert_close(pair, (rho(one, other), tau_b(one, other)), size=1.0)
    for matrix in (found.spearman, found.kendall, found.overlap):
        assert (matrix == matrix.T).all()
        assert (np.diag(matrix) == 1).all()
        assert np.isfinite(matrix).all()


def test_overlap_counts_the_first_tokens():
    found = agreement(
        TRACE,
        {
            "up": [0, 1, 2, 3, 4, 5, 6, 0],
            "down": [9, 6, 5, 4, 3, 2, 1, 9],
            "flat": [0] * 8,
        },
        top=4,
    )
    assert found.names == ("up", "down", "flat")
    assert found.overlap[0, 1] == 2 / 4
    assert found.overlap[2].tolist() == [2 / 4, 4 / 4, 1], "ties by position"
    assert_close(found.spearman[0, 1], -1)
    assert_close(found.kendall[0], [1, -1, 0])
    assert agreement(TRACE, {"up": np.arange(8)}, top=50).top == 6


def test_mistakes_are_said():
    with pytest.raises(gaf.SettingsError, match="Use 1 or more"):
        agreement(TRACE, {"a": np.zeros(8)}, top=0)
    with pytest.raises(gaf.SettingsError, match="NaN"):
        agreement(TRACE, {"a": np.full(8, np.nan)})
