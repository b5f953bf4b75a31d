"""Two flows of one prediction: their proofs, their scores, and what is left where one is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.flow import Status
from gaf_core.signed import SignedExplanation
from gaf_core.tracing.path import PathTrace
from tests.support.models import in_float64
from tests.support.tolerance import FEW, SOLVED, assert_close, rounding

TEXT = "A lovely film with a dull ending, but the acting was not terrible."


@pytest.fixture(scope="module")
def model() -> gaf.Model:
    return in_float64(gaf.load_model("minilm-reviews"))


@pytest.fixture(scope="module")
def path(model) -> PathTrace:
    return gaf.path_for(model, gaf.trace_for(model, TEXT, gaf.PATH))


@pytest.fixture(scope="module")
def explanation(path) -> SignedExplanation:
    return gaf.explain_path(path)


def test_both_flows_are_proven_and_as_large_as_an_exact_maximum(explanation):
    assert explanation.certified
    assert explanation.statuses == (Status.OPTIMAL, Status.OPTIMAL)
    for side in explanation.sides.values():
        exact = gaf.max_flow(side.network).value
        gap = side.solution.epsilon * exact
        assert exact - gap <= side.solution.value <= exact + rounding(exact)
        assert side.solution.duality_gap <= 2 * side.solution.epsilon
        assert side.solution.value > 0


def test_scores_are_one_flow_less_the_other(explanation):
    one, other = (side.solution for side in explanation.sides.values())
    assert np.array_equal(explanation.scores, one.scores - other.scores)
    assert (explanation.scores > 0).any()
    assert (explanation.scores < 0).any()
    assert_close(explanation.whole, one.value + other.value)
    assert_close(explanation.shares.sum(), (one.value - other.value) / explanation.whole)


def test_capacities_are_the_parts_above_and_below_zero(explanation, path):
    edges = path.terms.astype(np.float64).sum(axis=1)
    own = path.residual.astype(np.float64)[:, :, None] * np.eye(len(path.trace.tokens))
    for sign, side in zip((1, -1), explanation.sides.values(), strict=True):
        network = side.network
        full = np.maximum(sign * edges, 0) + np.maximum(sign * own, 0)
        kept = network.capacity > 0
        assert_close(network.capacity[kept], full[kept], size=np.abs(edges).max())
        limit = np.maximum(sign * path.relevance, 0)
        live = network.live[:-1]
        assert_close(network.node_capacity[live], limit[live])
        assert np.flatnonzero(network.source).tolist() == path.trace.read_positions.tolist()
    assert not (explanation.toward.network.capacity * explanation.against.network.capacity)[
        :, ~np.eye(len(path.trace.tokens), dtype=bool)
    ].any()


def test_with_the_products_at_the_text_it_is_the_faithful_flow(model):
    """One point whose step is the state itself: attention times gradient, relevance, residual."""
    traced = gaf.trace_for(model, TEXT, gaf.FAITHFUL)
    one = PathTrace(
        traced, traced.attention * traced.gradient, traced.relevance, traced.residual, np.ones(1)
    )
    faithful = gaf.explain_trace(traced, replace(gaf.FAITHFUL, depth_average=False))
    toward = gaf.explain_path(one).toward
    how = {"precision": np.float32, "roundings": FEW}
    assert_close(toward.network.capacity, faithful.network.capacity, **how)
    assert_close(toward.solution.value, faithful.solution.value, **how, error=SOLVED)
    assert_close(toward.scores, faithful.scores, **how, error=10 * SOLVED)


def test_a_depth_average_is_the_mean_over_where_the_flows_end(path):
    averaged = gaf.explain_path(path, replace(gaf.PATH, depth_average=True))
    rows = []
    for start in range(path.trace.layers):
        one = gaf.explain_path(path, replace(gaf.PATH, layers=(start, path.trace.layers)))
        if one.whole > 0:
            rows.append(one.scores / one.whole)
    assert_close(averaged.scores, np.mean(rows, axis=0), error=SOLVED)
    assert averaged.whole == 1
    assert len(averaged.statuses) == 2 * path.trace.layers
    assert averaged.certified
    assert np.abs(averaged.shares).sum() <= 1 + rounding(1)


def test_heads_that_are_left_out_leave_their_terms_out(path):
    chosen = gaf.explain_path(path, replace(gaf.PATH, heads=(0, 3), residual="none"))
    edges = path.terms[:, [0, 3]].astype(np.float64).sum(axis=1)
    capacity = chosen.toward.network.capacity
    kept = capacity > 0
    assert_close(capacity[kept], np.maximum(edges, 0)[kept], size=np.abs(edges).max())


def test_tables_have_both_sides(explanation):
    scores, words = explanation.score_table(), explanation.word_table()
    assert_close(scores["score"], scores["for"] - scores["against"])
    assert_close(words["score"].sum(), scores["score"].sum(), size=explanation.whole)
    assert_close(words["share"].sum(), scores["share"].sum(), size=1)
    edges, nodes = explanation.edge_table(), explanation.node_table()
    for name, side in explanation.sides.items():
        assert (edges["side"] == name).sum() == len(side.edge_table())
        assert (nodes["side"] == name).sum() == len(side.node_table())
        own = edges[edges["side"] == name]
        assert_close(own["flow"].sum(), side.edge_table()["flow"].sum())


def test_a_side_without_a_path_is_said_and_scores_nothing(path):
    toward = replace(
        path,
        terms=np.abs(path.terms),
        relevance=np.abs(path.relevance),
        residual=np.abs(path.residual),
    )
    found = gaf.explain_path(toward)
    assert found.statuses == (Status.OPTIMAL, Status.NO_PATH)
    assert found.certified
    assert not found.against.scores.any()
    assert (found.scores >= 0).all()
    assert "Against the target: No path leads" in found.message
    assert len(found.edge_table()) == len(found.toward.edge_table())
    nothing = replace(path, relevance=np.zeros_like(path.relevance))
    empty = gaf.explain_path(nothing)
    assert empty.whole == 0
    assert not empty.shares.any()
    assert "For and against alike: No path leads" in empty.message
    assert len(empty.edge_table()) == 0
    assert "No path leads" in empty._repr_html_()


def test_a_notebook_shows_both_colours(explanation):
    html = explanation._repr_html_()
    assert "against the target below 0" in html
    assert "of both flows" in html


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (gaf.FAITHFUL, "frozen gradients at the text, and this is a path"),
        (gaf.Settings(), "exact gradients at the text, and this is a path"),
        (replace(gaf.PATH, variant="AF"), "Relevances on a path are in units of the logit"),
        (replace(gaf.PATH, aggregate="mean"), "Relevances on a path are in units of the logit"),
        (replace(gaf.PATH, residual="half"), 'Use "first order" or "none"'),
        (replace(gaf.PATH, layers=(4, 9)), "holds no layer of this model"),
        (replace(gaf.PATH, heads=(12,)), "not a selection of heads"),
        (replace(gaf.PATH, source=99), "not a position of this text"),
    ],
)
def test_settings_that_mean_nothing_are_refused(path, settings, said):
    with pytest.raises(gaf.SettingsError, match=said):
        gaf.explain_path(path, settings)


def test_one_flow_is_not_asked_of_a_path(model, path):
    with pytest.raises(gaf.SettingsError, match="make up two flows and not one"):
        gaf.explain(model, TEXT, gaf.PATH)
    with pytest.raises(gaf.SettingsError, match="explain_signed"):
        gaf.explain_trace(path.trace, gaf.PATH)
