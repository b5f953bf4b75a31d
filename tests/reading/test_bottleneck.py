from dataclasses import replace

import numpy as np
from hypothesis import given, settings

import gaf_core as gaf
from benchmarks.handmade import explanation_of
from benchmarks.networks import informations
from gaf_core.flow import cut_edges
from gaf_core.reading.bottleneck import bottleneck, largest_cut_edges
from gaf_core.reading.focus import Edge
from gaf_core.reading.sentences import cut_in_words
from tests.support.tolerance import adding_up, assert_close


@settings(max_examples=60, deadline=None)
@given(informations)
def test_the_edges_of_the_cut_hold_exactly_the_largest_flow(tensor):
    network = gaf.FlowNetwork.from_information(tensor)
    exact = gaf.max_flow(network)
    found = bottleneck(network, exact)
    how = {"size": exact.value, "roundings": adding_up(network)}
    assert_close(found.capacity, exact.value, **how)
    assert_close(exact.edge_flow[found.edges] - network.capacity[found.edges], 0, **how)
    rest = np.where(found.edges, 0.0, network.capacity)
    assert not gaf.FlowNetwork.from_information(rest).live.any(), "without them nothing flows"


def narrow(layer: int, queries: list[int], keys: list[int]) -> gaf.Explanation:
    """Four layers of wide edges, and one layer in which only some edges exist, all narrow."""
    explanation = explanation_of("one two three", layers=4)
    tokens = len(explanation.tokens)
    capacity = np.ones((4, tokens, tokens))
    capacity[layer] = 0.0
    for place, key in enumerate(keys):
        capacity[layer, queries, key] = 1e-3 * (place + 1)
    network = gaf.FlowNetwork.from_information(capacity)
    return replace(explanation, network=network, solution=gaf.solve(network))


def test_the_sentence_names_layer_reader_and_how_many_it_reads():
    explanation = narrow(2, [0], [1, 2, 3])
    found = bottleneck(explanation.network, gaf.max_flow(explanation.network))
    text = cut_in_words(explanation, found)
    assert text == (
        "The flow is limited in layer 3, where ‘[CLS]’ reads 3 tokens (100 % of the cut). "
        "No other cut is as small."
    )
    assert_close(found.layers, [0, 0, 6e-3, 0])
    largest = largest_cut_edges(explanation.network, found, 2)
    assert [edge for edge, _ in largest] == [Edge(2, 0, 3), Edge(2, 0, 2)]
    assert_close([capacity for _, capacity in largest], [3e-3, 2e-3])


def test_many_readers_are_counted_and_layers_are_those_of_the_model():
    explanation = replace(narrow(0, [1, 2], [3]), layers=(2, 6))
    found = bottleneck(explanation.network, gaf.max_flow(explanation.network))
    assert "layer 3, where 2 tokens read ‘three’" in cut_in_words(explanation, found)


def test_a_chain_of_equal_edges_has_more_than_one_smallest_cut():
    explanation = explanation_of("one", layers=3)
    capacity = np.zeros((3, 3, 3))
    capacity[:, 1, 1] = 1.0
    network = gaf.FlowNetwork.from_information(capacity)
    found = bottleneck(network, gaf.max_flow(network))
    assert not found.unique
    assert found.edges.sum() == 1
    assert found.edges[0, 1, 1], "the cut nearest the input"
    assert "nearest the input" in cut_in_words(replace(explanation, network=network), found)


def test_without_flow_nothing_is_limited():
    network = gaf.FlowNetwork.from_information(np.zeros((2, 4, 4)))
    found = bottleneck(network, gaf.max_flow(network))
    assert "Nothing flows" in cut_in_words(explanation_of("one two"), found)


def test_edges_towards_the_prediction_are_not_on_the_cut():
    network = gaf.FlowNetwork.from_information(np.ones((1, 2, 2)))
    cut = np.array([[True, False], [False, True]])
    assert np.argwhere(cut_edges(network, cut)).tolist() == [[0, 1, 1]]
