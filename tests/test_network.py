"""The network: capacities, pruning, and what is refused."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

import gaf_core as gaf
from benchmarks.networks import informations
from tests.support.tolerance import assert_close


@given(informations)
@settings(max_examples=100, deadline=None)
def test_pruning_keeps_exactly_the_edges_on_a_path(tensor):
    network = gaf.FlowNetwork.from_information(tensor)
    graph = nx.DiGraph()
    layers, tokens, _ = tensor.shape
    graph.add_nodes_from(["s", "e"])
    graph.add_edges_from(("s", (layers, i)) for i in range(tokens))
    graph.add_edges_from(((0, j), "e") for j in range(tokens))
    for k, i, j in np.argwhere(tensor > 0).tolist():
        graph.add_edge((k + 1, i), (k, j))
    useful = nx.descendants(graph, "s") & nx.ancestors(graph, "e")
    expected = np.zeros_like(tensor)
    for k, i, j in np.argwhere(tensor > 0).tolist():
        if {(k + 1, i), (k, j)} <= useful:
            expected[k, i, j] = tensor[k, i, j]
    assert np.array_equal(network.capacity, expected)
    assert network.pruned == np.count_nonzero(tensor) - np.count_nonzero(expected)
    assert {tuple(node) for node in np.argwhere(network.live).tolist()} == useful


def test_u_inf_is_the_papers_for_attention_and_scales_with_the_tensor():
    attention = np.random.default_rng(0).dirichlet(np.ones(7), size=(2, 7))
    network = gaf.FlowNetwork.from_information(attention)
    assert_close(network.u_inf, 7.0)
    scaled = gaf.FlowNetwork.from_information(1e-5 * attention)
    assert_close(scaled.u_inf, 7e-5)


def test_to_networkx_has_every_edge_with_its_capacity():
    tensor = np.random.default_rng(0).random((2, 3, 3))
    network = gaf.FlowNetwork.from_information(tensor)
    graph = network.to_networkx()
    assert graph.number_of_nodes() == 3 * 3 + 2
    assert graph.number_of_edges() == 2 * 9 + 6 == network.edge_count
    assert graph[2, 0][1, 2]["capacity"] == tensor[1, 0, 2]
    assert graph["source"][2, 1]["capacity"] == network.u_inf


def test_one_source_prunes_the_other_outputs():
    tensor = np.random.default_rng(0).random((2, 3, 3))
    network = gaf.FlowNetwork.from_information(tensor, source=1)
    assert network.live[-1].tolist() == [False, True, False]
    assert np.count_nonzero(network.capacity[1]) == 3
    assert network.pruned == 6


@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "NaN"), (np.inf, "infinite"), (-1e-9, "negative")]
)
def test_a_capacity_that_is_none_is_refused_by_name_and_place(value, word):
    tensor = np.ones((2, 3, 3))
    tensor[1, 2, 0] = value
    with pytest.raises(gaf.CapacityError, match=rf"\[layer 1, query 2, key 0\] is {word}"):
        gaf.FlowNetwork.from_information(tensor)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 4), (0, 3, 3), (1, 0, 0)])
def test_another_shape_is_refused(shape):
    with pytest.raises(gaf.CapacityError, match="shape"):
        gaf.FlowNetwork.from_information(np.ones(shape))


@pytest.mark.parametrize("source", ["some", -1, 3, [], [0, 9]])
def test_a_source_that_does_not_exist_is_refused(source):
    with pytest.raises(gaf.SettingsError, match="source"):
        gaf.FlowNetwork.from_information(np.ones((1, 3, 3)), source=source)
