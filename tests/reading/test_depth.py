"""Depth: each row is the flow of its own range, and the numbers beside it follow from it."""

from dataclasses import replace

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.figures.depth import cut_heatmap, depth_heatmap, depth_lines
from gaf_core.flow import max_flow
from gaf_core.lesson.lesson import lesson_settings
from gaf_core.reading.bottleneck import bottleneck
from gaf_core.reading.depth import (
    AVERAGE,
    depth_in_words,
    depth_of,
    effective_number,
    measure_depths,
)
from tests.support.models import in_float64
from tests.support.tolerance import assert_close, probability_size, summed

TEXT = "A lovely film, and the music is superb."


@pytest.fixture(scope="module")
def model() -> gaf.Model:
    return gaf.load_model("minilm-reviews")


@pytest.fixture(scope="module", params=["published", "faithful"])
def explanation(request, model) -> gaf.Explanation:
    usual = lesson_settings(model.layers) if request.param == "published" else gaf.FAITHFUL
    return gaf.explain(model, TEXT, usual)


def test_each_row_is_the_explanation_of_its_range(model, explanation):
    depth = depth_of(explanation)
    assert depth.count == model.layers
    for start in range(depth.count):
        settings = replace(explanation.settings, layers=(start, depth.last), depth_average=False)
        alone = gaf.explain_trace(explanation.trace, settings)
        assert np.array_equal(depth.shares[start], alone.shares)
        assert depth.values[start] == alone.solution.value
        limit = bottleneck(alone.network, max_flow(alone.network))
        assert_close(depth.cut[start].sum(), 1.0, roundings=summed(limit.edges.sum() + 9))
        assert not depth.cut[start, :start].any()
    assert depth.certified.all()
    if explanation.depths is not None:
        assert_close(depth.average, explanation.scores, roundings=summed(depth.count))


def test_the_range_of_the_explanation_ends_where_its_own_does(model):
    depth = depth_of(gaf.explain(model, TEXT, gaf.Settings(layers=(2, 4))))
    assert depth.count == depth.last == 4
    assert depth.layers(1) == (2, 4)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_equal_shares_count_as_many_tokens_as_have_one(count):
    shares = np.zeros(9)
    shares[:count] = 1 / count
    assert_close(effective_number(shares), float(count))
    shares[0] += 1e-3
    assert effective_number(shares / shares.sum()) <= count + 1e-9


def test_every_depth_and_their_mean_are_measured_as_by_evaluate(model, explanation):
    model = in_float64(model)
    explanation = gaf.explain(model, TEXT, explanation.settings)
    depth = depth_of(explanation)
    found = measure_depths(model, explanation, depth)
    assert set(found) == {*range(depth.count), AVERAGE}
    how = gaf.Perturbation(target="explained")
    size = probability_size(explanation.trace.logits)
    for name, scores in ((0, depth.shares[0]), (AVERAGE, depth.average)):
        alone = gaf.evaluate(model, explanation.trace, scores, how)
        assert_close(found[name].aopc, alone.aopc, precision=np.float32, size=size)
    figure = depth_lines(depth, found)
    assert {trace.yaxis for trace in figure.data} == {"y", "y2", "y3"}


def test_the_figures_hold_the_numbers_and_say_which_layers_a_click_takes(explanation):
    depth = depth_of(explanation)
    figure = depth_heatmap(explanation, depth, chosen=2)
    heat, marks = figure.data
    assert np.array_equal(np.array(heat.z), depth.shares.T)
    assert [one[0] for one in marks.customdata] == [str(k + 1) for k in range(depth.count)]
    assert "Take" in marks.customdata[0][1]
    halves = [list(range(4)), list(range(4, len(explanation.tokens)))]
    joined = depth_heatmap(explanation, depth, units=halves).data[0]
    assert_close(np.array(joined.z).sum(axis=0), np.ones(depth.count), roundings=summed(20))
    cut = np.array(cut_heatmap(depth).data[0].z, dtype=float)
    assert np.isnan(cut[0, 1])
    assert_close(np.nansum(cut, axis=0), np.ones(depth.count), roundings=summed(500))


def test_where_nothing_flows_it_says_so(explanation):
    depth = depth_of(explanation)
    empty = replace(depth, values=np.zeros(depth.count), effective=np.zeros(depth.count))
    assert depth_in_words(empty) == "Nothing flows at any depth."
    assert "with equal shares" in depth_in_words(depth)
