"""Rounding passes and an error of 1e-3 of the value does not, however the tolerance is used."""

import numpy as np
import pytest
import torch

import gaf_core as gaf
from tests.support.models import save_tiny
from tests.support.tolerance import (
    DELIBERATE,
    FEW,
    STORED,
    TooLooseError,
    assert_apart,
    assert_close,
    log_probability_size,
    probability_size,
    rounding,
    summed,
    through,
)

VALUES = np.random.default_rng(0).normal(size=(40, 30))
LOGITS = np.array([3.0, -2.0, 0.5])


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny")))


# name: (exact value, the same but for rounding, how they are compared)
USES = {
    "stored": (VALUES, VALUES.astype(np.float32), {"precision": np.float32, "roundings": STORED}),
    "few operations": (0.1 + 0.2, 0.3, {}),
    "sum": (
        VALUES.sum(axis=1),
        VALUES[:, ::-1].astype(np.float32).sum(axis=1),
        {
            "precision": np.float32,
            "roundings": summed(30),
            "size": np.abs(VALUES).sum(axis=1),
        },
    ),
    "tensor": (VALUES, torch.tensor(VALUES).float(), {"precision": np.float32}),
    "every entry": (10.0 * VALUES, VALUES * 3 / 0.3, {"size": 10 * np.abs(VALUES)}),
    "probability": (
        softmax(LOGITS),
        softmax(LOGITS.astype(np.float32)),
        {"precision": np.float32, "size": probability_size(LOGITS)},
    ),
    "log probability": (
        np.log(softmax(LOGITS)),
        np.log(softmax(LOGITS.astype(np.float32))),
        {"precision": np.float32, "size": log_probability_size(LOGITS)},
    ),
    "inexact": (VALUES, VALUES * (1 + 1e-6), {"error": 1e-6}),
    "nothing": (0.0, 0.1 + 0.2 - 0.3, {"size": 0.3}),
}


@pytest.mark.parametrize("use", USES)
def test_rounding_passes_and_a_deliberate_error_fails(use):
    exact, rounded, how = USES[use]
    assert_close(rounded, exact, **how)
    assert_close(exact, exact, **how)
    reference = np.abs(exact).max() or how["size"]
    for wrong in (rounded + DELIBERATE * reference, rounded - DELIBERATE * reference):
        with pytest.raises(AssertionError, match="times what may be"):
            assert_close(wrong, exact, **how)


def test_one_wrong_entry_fails():
    wrong = VALUES.copy()
    wrong[3, 4] += DELIBERATE * np.abs(VALUES).max()
    with pytest.raises(AssertionError, match="times what may be"):
        assert_close(wrong, VALUES, precision=np.float32)


def test_a_pass_of_the_tiny_model_and_a_deliberate_error_in_one_weight(tiny):
    encoded = tiny.tokenizer("a good film", return_tensors="pt")
    single = tiny.module(**encoded).logits
    how = {"precision": np.float32, "roundings": through(tiny)}
    exact = tiny.module.double()(**encoded).logits
    assert_close(single, exact, **how)
    with torch.no_grad():
        tiny.module.classifier.weight *= 1 + DELIBERATE
        wrong = tiny.module(**encoded).logits
        tiny.module.float()
    with pytest.raises(AssertionError, match="times what may be"):
        assert_close(wrong, exact, **how)


@pytest.mark.parametrize(
    "how",
    [
        {"precision": np.float32, "roundings": 1e4},
        {"error": 1e-3},
        {"size": 1e13},
        {"precision": np.float16},
    ],
    ids=str,
)
def test_a_tolerance_that_passes_a_deliberate_error_is_refused(how):
    with pytest.raises(TooLooseError):
        assert_close(VALUES, VALUES, **how)
    with pytest.raises(TooLooseError):
        assert_close(0.0, 0.0, **{"size": 1.0, "error": 1e-3} | how)


def test_a_sum_that_cancels_to_less_than_its_rounding_is_refused():
    with pytest.raises(TooLooseError):
        assert_close(1e-6, 1e-6, size=1.0, precision=np.float32)


def test_shapes_and_what_is_not_finite_must_agree():
    holes = [1.0, np.nan, np.inf, -np.inf]
    assert_close(holes, holes)
    for other in ([1.0, 1.0, np.inf, -np.inf], [1.0, np.nan, -np.inf, -np.inf]):
        with pytest.raises(AssertionError, match="not finite"):
            assert_close(holes, other)
    with pytest.raises(AssertionError, match="is not"):
        assert_close([1.0, 1.0], [1.0])
    assert_close([1.0, 1.0], 1.0)
    assert_close([], [])


def test_what_differs_differs_by_more_than_any_tolerance():
    assert_apart(VALUES, VALUES * (1 + 2 * DELIBERATE))
    with pytest.raises(AssertionError, match="apart by only"):
        assert_apart(VALUES, VALUES * (1 + DELIBERATE / 2))


def test_the_rounding_of_a_bound_grows_with_its_size():
    assert rounding(-2.0, FEW) == 2 * FEW * np.finfo(float).eps
    assert rounding([1.0, 3.0], 1, np.float32).tolist() == [2.0**-23, 3 * 2.0**-23]
    with pytest.raises(TooLooseError):
        rounding(1.0, 1e13)
