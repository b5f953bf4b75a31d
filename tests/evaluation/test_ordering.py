"""The order of a comparison: every entry once, and where it says it comes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks.handmade import trace_of
from gaf_core.evaluation import Curves, Evaluation, Perturbation
from gaf_core.evaluation.agreement import agreement
from gaf_core.evaluation.comparison import Comparison
from gaf_core.evaluation.ordering import ORDERS, ordered
from gaf_core.methods import Attribution

TRACE = trace_of("one two three four")  # with [CLS] and [SEP]
COUNT = len(TRACE.tokens)
ENTRY = st.tuples(
    st.none() | st.lists(st.integers(-3, 3), min_size=COUNT, max_size=COUNT),
    st.none() | st.integers(-2, 2),
    st.sampled_from("abc"),
)


def evaluated(aopc: float) -> Evaluation:
    curves = Curves(np.array([0.0, 1.0]), np.zeros(2), np.zeros(2), 0.0, 0.0)
    return Evaluation(Perturbation(), aopc, 0.0, 0.0, 0.0, curves, 0)


@given(st.lists(ENTRY, max_size=6))
def test_orders_are_what_they_say(entries):
    named = {f"m{number}": entry for number, entry in enumerate(entries)}
    families = {name: family for name, (_, _, family) in named.items()}
    attributions = {
        name: Attribution(name, name, "", {}, np.array(scores, dtype=float), 0.0)
        for name, (scores, _, _) in named.items()
        if scores is not None
    }
    evaluations = {
        name: evaluated(float(aopc)) for name, (_, aopc, _) in named.items() if aopc is not None
    }
    compared = Comparison(TRACE, tuple(named), Perturbation(), attributions, evaluations)
    for order in ORDERS:
        found = ordered(compared, order, families).names
        assert sorted(found) == sorted(named)
        if order == "as chosen":
            assert found == tuple(named)
        if order == "by family":
            assert list(dict.fromkeys(families[n] for n in found)) == list(
                dict.fromkeys(families.values())
            )
            runs = [n for n, m in pairwise(found) if families[n] != families[m]]
            assert len(runs) <= len(set(families.values())) - 1 or not found
        if order == "by AOPC":
            values = [evaluations[name].aopc for name in found if name in evaluations]
            assert values == sorted(values, reverse=True)
            assert set(found[: len(values)]) == set(evaluations)
        if order == "by agreement" and attributions:
            first = next(name for name in named if name in attributions)
            assert found[0] == first
            scored = compared.scored
            row = dict(zip(scored, agreement(TRACE, scored).spearman[0], strict=True))
            values = [row[name] for name in found if name in scored]
            assert values[1:] == sorted(values[1:], reverse=True)
            assert set(found[: len(values)]) == set(attributions)


def test_an_order_that_does_not_exist():
    with pytest.raises(gaf.SettingsError, match="by heart"):
        ordered(Comparison(TRACE, (), Perturbation(), {}), "by heart", {})
