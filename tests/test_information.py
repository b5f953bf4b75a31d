"""The information tensor against its definition, written out with loops."""

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.trace import Target
from tests.support.tolerance import STORED, assert_close

L, H, T = 3, 4, 5


@pytest.fixture(scope="module")
def traced():
    random = np.random.default_rng(0)
    attention = random.dirichlet(np.ones(T), size=(L, H, T)).astype(np.float32)
    return gaf.Trace(
        encoding=Encoding(
            text="a b c",
            tokens=("[CLS]", "a", "b", "c", "[SEP]"),
            offsets=np.zeros((T, 2), dtype=np.int64),
            special=np.array([True, False, False, False, True]),
        ),
        attention=attention,
        gradient=random.normal(size=attention.shape).astype(np.float32),
        logits=np.array([0.0, 1.0], dtype=np.float32),
        labels=("negative", "positive"),
        target=Target(1, None, "positive"),
    )


def by_hand(traced, variant, layer, i, j, heads):
    values = []
    for h in heads:
        attention, gradient = traced.attention[layer, h, i, j], traced.gradient[layer, h, i, j]
        product = {"AF": attention, "GF": gradient, "AGF": float(attention) * float(gradient)}
        values.append(max(float(product[variant]), 0.0))
    return values


@pytest.mark.parametrize("variant", ["AF", "GF", "AGF"])
@pytest.mark.parametrize(("aggregate", "reduce"), [("mean", np.mean), ("max", max), ("sum", sum)])
@pytest.mark.parametrize("heads", [None, (0, 2)])
def test_each_variant_is_its_definition(traced, variant, aggregate, reduce, heads):
    tensor = gaf.information_tensor(
        traced, variant=variant, layers=(1, 3), heads=heads, aggregate=aggregate
    )
    assert tensor.shape == (2, T, T)
    assert tensor.dtype == np.float64
    for layer, i, j in np.ndindex(2, T, T):
        expected = reduce(by_hand(traced, variant, layer + 1, i, j, heads or range(H)))
        assert_close(tensor[layer, i, j], expected)


def test_attention_rows_sum_to_one(traced):
    rows = gaf.information_tensor(traced, "AF").sum(axis=-1)
    assert_close(rows, 1.0, precision=np.float32, roundings=STORED)


def test_half_residual_is_that_of_attention_rollout(traced):
    plain = gaf.information_tensor(traced, "AF")
    half = gaf.information_tensor(traced, "AF", residual="half")
    # rows of attention sum to 1 but for their storage in float32, and are made to
    assert_close(half, (plain + np.eye(T)) / 2, precision=np.float32, roundings=STORED)
    assert_close(gaf.information_tensor(traced, "GF", residual="half").sum(axis=-1), 1.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"variant": "XYZ"}, "AF, GF, AGF"),
        ({"layers": (2, 2)}, "holds no layer"),
        ({"layers": (2, 1)}, "holds no layer"),
        ({"layers": (0, 4)}, "end <= 3"),
        ({"layers": (-1, 2)}, "0 <= start"),
        ({"heads": ()}, "at least one"),
        ({"heads": (4,)}, "0 to 3"),
        ({"aggregate": "median"}, "mean, max, sum, net"),
        ({"residual": "full"}, "none, half, first order"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_setting_that_means_nothing_says_what_to_choose(traced, options, words):
    with pytest.raises(gaf.SettingsError, match=words):
        gaf.information_tensor(traced, **options)
