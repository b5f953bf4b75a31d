"""First-order residuals, node capacities, the net sum and the depth average, up to the readers."""

import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of, trace_of
from gaf_core.figures import flow_graph, sankey
from gaf_core.files.exports import edge_table, to_json
from gaf_core.files.graphml import to_graphml
from gaf_core.picture.view import View
from gaf_core.reading.bottleneck import bottleneck
from gaf_core.reading.focus import Edge
from gaf_core.reading.sentences import cut_in_words, in_words
from tests.support.tolerance import assert_close, rounding

IN_LOGITS = gaf.Settings(aggregate="net", residual="first order", node_capacities=True)


@pytest.fixture(scope="module")
def traced():
    """A trace whose relevances are partly negative, as those of a model."""
    trace = trace_of("one lovely three", layers=3)
    random = np.random.default_rng(7)
    shape = (trace.layers, len(trace.tokens))
    return replace(
        trace,
        relevance=random.normal(0.4, 0.3, shape).astype(np.float32),
        residual=random.normal(0.2, 0.2, shape).astype(np.float32),
    )


@pytest.fixture(scope="module")
def explanation(traced):
    return gaf.explain_trace(traced, IN_LOGITS)


def test_the_net_sum_cancels_between_heads(traced):
    tensor = gaf.information_tensor(traced, aggregate="net")
    for layer, i, j in np.ndindex(*tensor.shape):
        terms = traced.attention[layer, :, i, j].astype(float) * traced.gradient[layer, :, i, j]
        assert_close(tensor[layer, i, j], max(terms.sum(), 0.0), size=np.abs(terms).sum())
    assert (tensor <= gaf.information_tensor(traced, aggregate="sum") + rounding(1.0)).all()


def test_the_network_has_the_clipped_contributions_of_its_layers(traced):
    network = gaf.explain_trace(traced, replace(IN_LOGITS, layers=(1, 3))).network
    live = network.live[:-1]
    assert network.node_capacity is not None
    assert_close(network.node_capacity[live], np.maximum(traced.relevance[1:], 0)[live])
    plain = gaf.information_tensor(traced, aggregate="net", layers=(1, 3))
    total = gaf.information_tensor(traced, aggregate="net", layers=(1, 3), residual="first order")
    own = np.maximum(traced.residual[1:], 0)
    assert_close(total - plain, own[:, :, None] * np.eye(5), size=total.max())
    edges = network.edges
    assert_close(network.capacity[edges], total[edges])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"aggregate": "mean"}, '"sum" or "net"'),
        ({"variant": "GF"}, 'variant "AGF"'),
        ({"aggregate": "mean", "residual": "none"}, "Node capacities"),
        ({"gradients": "frozen"}, "exact ones"),
        ({"gradients": "smooth"}, "exact, frozen"),
    ],
)
def test_what_does_not_go_together_says_what_does(traced, change, words):
    with pytest.raises(gaf.SettingsError, match=words):
        gaf.explain_trace(traced, replace(IN_LOGITS, **change))


def test_a_trace_without_contributions_is_refused(traced):
    with pytest.raises(gaf.SettingsError, match="residual=True"):
        gaf.explain_trace(replace(traced, residual=None), IN_LOGITS)
    with pytest.raises(gaf.SettingsError, match="without node capacities"):
        gaf.explain_trace(replace(traced, relevance=None), IN_LOGITS)


def test_the_depth_average_is_that_of_separate_solves(traced):
    found = gaf.explain_trace(traced, replace(IN_LOGITS, depth_average=True))
    alone = [gaf.explain_trace(traced, replace(IN_LOGITS, layers=(first, 3))) for first in range(3)]
    carrying = [one.shares for one in alone if one.solution.value > 0]
    assert_close(found.scores, np.mean(carrying, axis=0))
    assert_close(found.scores.sum(), 1.0)
    assert np.array_equal(found.shares, found.scores)
    assert np.array_equal(found.solution.scores, alone[0].solution.scores)
    assert found.depths.shares.shape == (3, 5)
    assert found.certified


def test_a_depth_average_is_as_proven_as_the_least_of_its_flows(traced):
    found = gaf.explain_trace(traced, replace(IN_LOGITS, depth_average=True))
    assert found.depths is not None
    statuses = (*found.depths.statuses[:-1], gaf.Status.ITERATION_LIMIT)
    assert not replace(found, depths=replace(found.depths, statuses=statuses)).certified


def test_the_tables_hold_residual_parts_and_nodes(explanation):
    network, solution = explanation.network, explanation.solution
    edges, nodes = explanation.edge_table(), explanation.node_table()
    diagonal = edges[edges["key"] == edges["query"]]
    part = diagonal["residual_capacity"] / diagonal["capacity"]
    assert_close(diagonal["residual_flow"], part * diagonal["flow"])
    assert not edges.loc[edges["key"] != edges["query"], "residual_flow"].any()
    assert_close(edges["residual_capacity"].sum(), network.residual.sum())
    assert len(nodes) == network.live[:-1].sum()
    assert nodes["saturation"].between(0, 1 + rounding(1.0)).all()
    arriving = edges.groupby(["layer", "key"])["flow"].sum()
    assert_close(nodes.set_index(["layer", "position"])["flow"], arriving)
    assert_close(nodes["flow"][nodes["layer"] == 0].sum(), solution.value)


def test_the_files_hold_them_too(explanation):
    read = json.loads(to_json(explanation))
    assert read["edges"]["residual_flow"] == edge_table(explanation)["residual_flow"].tolist()
    assert read["nodes"]["capacity"] == explanation.node_table()["capacity"].tolist()
    found = nx.parse_graphml(to_graphml(explanation).decode())
    layer, token = np.argwhere(explanation.network.live[:-1])[0].tolist()
    capacity = found.nodes[f"{layer}/{token}"]["capacity"]
    assert capacity == explanation.network.node_capacity[layer, token]
    assert any(data.get("residual_flow", 0) > 0 for *_, data in found.edges(data=True))


def limited_at(explanation, layer, token):
    """Wide edges everywhere and one narrow node that everything must pass."""
    capacity, nodes = np.ones((3, 5, 5)), np.full((3, 5), 1e2)
    nodes[layer] = 0.0
    nodes[layer, token] = 1e-3
    network = gaf.FlowNetwork.from_information(
        capacity, residual=np.full((3, 5), 4.0), node_capacity=nodes
    )
    return replace(explanation, network=network, solution=gaf.solve(network))


def test_the_cut_in_words_names_the_node(explanation):
    narrow = limited_at(explanation, 1, 2)
    found = bottleneck(narrow.network, gaf.max_flow(narrow.network))
    assert_close(found.capacity, 1e-3)
    assert np.argwhere(found.nodes).tolist() == [[1, 2]]
    assert not found.edges.any()
    assert cut_in_words(narrow, found) == (
        "The flow is limited by the node ‘lovely’ at the entry of layer 2 (100 % of the cut). "
        "No other cut is as small."
    )


@pytest.mark.parametrize("layer", [0, 2])
def test_the_cut_stays_in_a_node_of_the_input_and_adds_up(explanation, layer):
    narrow = limited_at(explanation, layer, 1)
    exact = gaf.max_flow(narrow.network)
    found = bottleneck(narrow.network, exact)
    assert_close(found.capacity, exact.value)
    assert_close(found.entries[layer], 1e-3)


def test_an_edge_that_is_mostly_residual_is_called_so(explanation):
    narrow = limited_at(explanation, 1, 2)
    assert in_words(narrow, Edge(2, 2, 2)) == "residual of ‘lovely’ at layer 3"
    assert in_words(narrow, Edge(2, 1, 2)) == "layer 3: ‘one’ reads ‘lovely’"
    plain = explanation_of("one lovely three")
    assert in_words(plain, Edge(2, 2, 2)) == "layer 3: ‘lovely’ reads ‘lovely’"


def test_pictures_show_the_node_that_limits(explanation):
    narrow = limited_at(explanation, 1, 2)
    cut = bottleneck(narrow.network, gaf.max_flow(narrow.network)).cut
    figure = flow_graph(narrow, View(5, cut=cut))
    (ring,) = [trace for trace in figure.data if trace.name == "limited nodes"]
    assert list(ring.x) == [1.0]
    hovers = [text for _, text in next(t for t in figure.data if t.name == "nodes").customdata]
    (hover,) = [text for text in hovers if "on the minimum cut" in text]
    assert "lovely" in hover
    assert "capacity of its own 0.001, 100.0% used" in hover
    assert not any(trace.name == "cut" for trace in figure.data), "no edge is on the cut"
    shown = sankey(narrow, View(5, cut=cut)).data[0].node.customdata
    assert sum("on the minimum cut" in text for text in shown) == 1


def test_the_faithful_flow_of_the_bundled_model():
    model = gaf.load_model("minilm-reviews")
    found = gaf.explain(model, "A lovely film.", gaf.FAITHFUL)
    assert found.trace.frozen is not None
    assert found.certified
    assert_close(found.scores.sum(), 1.0)
    assert found.network.source.nonzero()[0].tolist() == [0]
    with pytest.raises(gaf.SettingsError, match="frozen ones"):
        gaf.explain_trace(found.trace, gaf.Settings())
