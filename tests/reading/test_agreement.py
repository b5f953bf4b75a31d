"""Edges of a flow kept and cut on the model, and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of
from gaf_core.reading.agreement import (
    DRAWS,
    KEPT,
    agreement,
    edges_of,
    is_probability,
    kept_flow,
    ranked_edges,
    trial,
    watched,
)
from gaf_core.reading.agreement_words import kept_in_words, trial_in_words
from gaf_core.reading.bottleneck import bottleneck
from gaf_core.reading.focus import Edge, Node, Paths, within
from tests.support import planted
from tests.support.models import counting, in_float64
from tests.support.tolerance import adding_up, assert_close, through

SENTENCE = "A lovely film, and the music is superb."


@pytest.fixture(scope="module")
def model():
    return in_float64(gaf.load_model("minilm-reviews"))


@pytest.fixture(scope="module")
def upper(model):
    """The flow of the upper half of the layers."""
    return gaf.explain(model, SENTENCE, gaf.Settings(layers=(3, 6)))


@pytest.fixture(scope="module")
def found(model, upper):
    return agreement(model, upper)


def probability(logits, index=1):
    return np.exp(logits[:, index]) / np.exp(logits).sum(axis=1)


def test_the_curves_are_those_of_masks_made_by_hand(model, upper, found):
    flow = upper.solution.edge_flow
    assert found.edges == flow.size
    assert found.counts.tolist() == [max(1, round(share * flow.size)) for share in KEPT]
    masks = np.ones((2, 6, 12, 12))
    masks[0, 3:] = flow >= np.sort(flow.ravel())[-found.counts[3]]
    masks[1, 3:] = 0
    logits = gaf.intervene(model, upper.trace, masks)
    expected = probability(logits)
    assert_close(found.kept["flow"][3], expected[0], roundings=through(model))
    assert_close(found.nothing, expected[1], roundings=through(model))
    assert_close(found.whole, upper.trace.probabilities[1])
    assert found.chance.shape == (DRAWS, len(KEPT))
    assert found.parts is not None
    whole, none, kept = (
        np.diff(one)[0] for one in (upper.trace.logits.astype(float), logits[1], logits[0])
    )
    part = (kept - none) / (whole - none)
    assert_close(found.parts["flow"][3], part, size=np.abs(logits).max(), roundings=through(model))


def test_it_costs_what_is_said(model, upper):
    calls, told = counting(model), []
    agreement(model, upper, lambda *counts: told.append(counts))
    masks = 1 + (2 + DRAWS) * len(KEPT)
    assert told[-1] == (masks, masks)
    assert len(calls) == len(told) + 1


def test_the_edges_of_each_part_of_a_flow(upper):
    def listed(what, paths=None):
        return [tuple(edge) for edge in np.argwhere(edges_of(upper, what, paths)).tolist()]

    assert listed(Edge(2, 0, 4)) == [(5, 0, 4)]
    assert listed(Node(0, 2)) == [(3, query, 2) for query in range(12)]
    assert listed(Node(3, 0)) == [(5, 0, key) for key in range(12)]
    paths = gaf.widest_paths(upper.solution.edge_flow, 2)
    steps = {
        (5 - step, path.nodes[step], path.nodes[step + 1]) for path in paths for step in range(3)
    }
    assert set(listed(Paths((1, 2)))) == set(listed(Paths((1, 2)), paths)) == steps
    with pytest.raises(gaf.SettingsError, match="ends before path"):
        edges_of(upper, Paths((3,)), paths)


def test_a_cut_has_its_edges_and_what_is_read_of_its_nodes(model):
    explanation = gaf.explain(model, SENTENCE, replace(gaf.FAITHFUL, depth_average=False))
    limit = bottleneck(explanation.network, gaf.max_flow(explanation.network))
    assert limit.nodes.any()
    edges = edges_of(explanation, limit)
    for layer, token in np.argwhere(limit.nodes).tolist():
        assert edges[layer, :, token].all()
    others = edges & ~np.broadcast_to(limit.nodes[:, None, :], edges.shape)
    assert np.array_equal(others, limit.edges & ~limit.nodes[:, None, :])


def test_a_part_is_cut_or_kept_alone_in_the_layers_of_the_flow(model, upper):
    edges = edges_of(upper, Node(1, 2))
    cut, alone = (trial(model, upper, "it", edges, cut=cut) for cut in (True, False))
    masks = np.array([~edges, edges], dtype=float)
    masks[1, :3] = 1
    expected = probability(gaf.intervene(model, upper.trace, masks))
    for one, value in zip((cut, alone), expected, strict=True):
        assert_close(one.after, value, roundings=through(model))
        assert one.count == 12
        assert one.edges == 3 * 144
        assert len(one.chance) == DRAWS
        assert_close(one.before, upper.trace.probabilities[1])


def test_edges_of_other_layers_do_not_count(model, upper):
    edges = np.zeros((6, 12, 12), dtype=bool)
    edges[0] = True
    found = trial(model, upper, "it", edges, cut=True)
    assert found.count == 0
    assert_close(found.after, found.before, precision=np.float32)
    assert trial_in_words(upper, found) == (
        "No attention runs through it, so there is nothing to cut or keep."
    )


def test_hidden_edges_are_no_random_ones():
    model = planted.causal()
    explanation = gaf.explain(model, planted.TEXTS[0])
    count = len(explanation.tokens)
    found = agreement(model, explanation)
    assert found.edges == count * (count + 1)  # of two layers
    place = ranked_edges(explanation, "chance", seed=3)
    hidden = np.broadcast_to(np.triu(np.ones((count, count), dtype=bool), 1), place.shape)
    assert place[hidden].min() == found.edges


def test_what_is_watched():
    trace = planted_trace()
    logits = np.array([[1.0, 3.0], [0.0, 0.0]])
    assert_close(watched(trace, logits), [1 / (1 + np.exp(2.0)), 0.5])
    assert is_probability(trace)
    labels = replace(trace, output=gaf.Output.SIGMOID)
    assert_close(watched(labels, logits), [1 / (1 + np.exp(-1.0)), 0.5])
    values = replace(trace, output=gaf.Output.VALUE)
    assert watched(values, logits).tolist() == [1.0, 0.0]
    assert not is_probability(values)
    contrast = replace(trace, target=gaf.Target(0, 1, "one against the other"))
    assert watched(contrast, logits).tolist() == [-2.0, 0.0]
    assert not is_probability(contrast)


def planted_trace():
    trace = explanation_of("one lovely").trace
    return replace(trace, target=gaf.Target(0, None, "one"))


def test_the_flow_whose_whole_way_is_kept_is_conserved(upper):
    solution = upper.solution
    for count in (5, 40, 200):
        part = kept_flow(upper, count)
        assert (part <= solution.edge_flow * (1 + 1e-12)).all()
        into, out = part[1:].sum(axis=1), part[:-1].sum(axis=2)
        assert_close(into, out, size=solution.value, roundings=adding_up(upper.network))
        assert np.count_nonzero(part) <= count
    whole = within(solution, np.ones_like(solution.edge_flow))
    assert_close(whole, solution.edge_flow, size=solution.value, roundings=adding_up(upper.network))


def test_residual_edges_are_always_kept(model):
    explanation = gaf.explain(model, SENTENCE, gaf.FAITHFUL)
    part = kept_flow(explanation, 1)
    apart = ~np.eye(12, dtype=bool)
    assert np.count_nonzero(part[:, apart]) <= 1
    assert np.count_nonzero(part) > 1


def test_the_sentences(upper, found):
    said = kept_in_words(upper, found, 4, mark=str.upper, strong=lambda text: f"*{text}*")
    assert said.startswith("*POSITIVE 97.")
    assert "with the 43 edges with the most flow alone, of the 432 in layers 4 to 6." in said
    assert "As many by capacity:" in said
    one = replace(found, counts=np.ones(len(KEPT), dtype=int))
    assert "with the edge with the most flow alone" in kept_in_words(upper, one, 0)


def test_edges_that_speak_against_the_prediction_are_told_in_numbers(upper, found):
    parts = {"flow": np.full(len(KEPT), 1.083), "capacities": np.ones(len(KEPT))}
    said = kept_in_words(upper, replace(found, parts=parts), 2)
    assert said.endswith(
        "They do 108 % of what all these edges do to the logit: those that were cut speak against "
        "it on balance, and take 8 % off."
    )
    assert "%" not in kept_in_words(upper, replace(found, parts=None), 2).split("With none")[1][9:]
    parts = {"flow": np.ones(len(KEPT)), "capacities": np.ones(len(KEPT))}
    assert "against" not in kept_in_words(upper, replace(found, parts=parts), 2)


def test_a_trial_says_how_large_it_was_and_what_chance_does(model, upper):
    found = trial(model, upper, "‘a*b’", edges_of(upper, Edge(2, 0, 2)), cut=True)
    said = trial_in_words(upper, found, mark=lambda text: text.replace("*", "\\*"))
    assert "without ‘a\\*b’ (1 edge of the 432 in layers 4 to 6)." in said
    assert "Without 1 random edge instead:" in said
    kept = trial_in_words(upper, replace(found, cut=False, count=3, chance=np.full(DRAWS, 0.5)))
    assert "with ‘a*b’ alone (3 edges" in kept
    assert kept.endswith("With 3 random edges alone: 50.0 %.")
