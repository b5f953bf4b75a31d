"""Residual edges and node capacities: against linear programs, networkx and the plain network."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks import oracles
from benchmarks.networks import information, informations
from gaf_core.flow import barrier, cut_capacity, cut_edges, cut_nodes, exact
from gaf_core.flow.certificate import CONSERVATION_TOLERANCE
from tests.support.node_networks import extremes, limited, limited_networks, limits, maximum
from tests.support.tolerance import adding_up, assert_close, proven, rounding

EPSILON = 1e-6


def flowing(network):
    assume(network.live.any())
    return network


def in_all(network, value, error=0.0):
    """How sums of parts of a flow of this value agree."""
    return {"size": value, "roundings": adding_up(network), "error": error}


def assert_is_flow(network, flow, kept=0.0):
    """Conserved but for a part that is kept, inside every edge and node, as large as it says."""
    how = in_all(network, flow.value, kept)
    slack = rounding(flow.value, adding_up(network)) + kept * flow.value
    assert flow.edge_flow.shape == network.capacity.shape
    assert (flow.edge_flow >= 0).all()
    assert (flow.edge_flow <= network.capacity + rounding(network.capacity)).all()
    assert flow.node_flow.shape == network.node_capacity.shape
    assert (flow.node_flow <= network.node_capacity + slack).all()
    leaving, arriving = flow.edge_flow.sum(axis=2), flow.edge_flow.sum(axis=1)
    assert_close(leaving[:-1] - arriving[1:], 0, **how)
    assert_close(arriving[0] - flow.scores, 0, **how)
    assert_close(flow.scores.sum(), flow.value, **how)


@given(limited_networks)
@settings(max_examples=60, deadline=None)
def test_the_maximum_flow_is_that_of_networkx_and_of_a_linear_program(network):
    flowing(network)
    found = gaf.max_flow(network)
    assert_is_flow(network, found)
    assert_close(found.value, oracles.graph_value(network), **in_all(network, found.value))
    # the program keeps its constraints to 1e-7 of capacities of about 1
    assert_close(found.value, maximum(network), size=max(found.value, 1e-3), error=1e-6)


@given(limited_networks)
@settings(max_examples=60, deadline=None)
def test_the_extreme_cuts_cut_edges_and_nodes_that_hold_exactly_the_flow(network):
    flowing(network)
    found = gaf.max_flow(network)
    for cut in (found.cut_near_prediction, found.cut_near_input):
        assert cut.shape == network.live.shape
        assert_close(cut_capacity(network, cut), found.value, **in_all(network, found.value))
        edges, nodes = cut_edges(network, cut), cut_nodes(network, cut)
        empty = found.edge_flow[edges] - network.capacity[edges]
        assert_close(empty, 0, **in_all(network, found.value))
        empty = found.node_flow[nodes] - network.node_capacity[nodes]
        assert_close(empty, 0, **in_all(network, found.value))
    assert not (found.cut_near_prediction & ~found.cut_near_input).any()


@given(limited_networks)
@settings(max_examples=40, deadline=None)
def test_without_what_a_cut_cuts_nothing_flows(network):
    flowing(network)
    cut = gaf.max_flow(network).cut_near_prediction
    cut = cut | (np.arange(len(cut)) == network.layers)[:, None]  # edges of the source hold enough
    open_nodes = np.where(cut_nodes(network, cut), 0.0, network.node_capacity)
    rest = np.where(cut_edges(network, cut), 0.0, network.capacity)
    left = gaf.FlowNetwork.from_information(rest, node_capacity=open_nodes)
    ends = left.live[0] & ~cut_nodes(network, cut)[0] & ~cut[0]
    assert not ends.any()
    assert not left.live[0].any() or cut[0].any()


@given(limited_networks)
@settings(max_examples=60, deadline=None)
def test_the_barrier_flow_is_certified_and_inside_every_interval(network):
    flowing(network)
    solution, found = gaf.solve(network, EPSILON), gaf.max_flow(network)
    assert solution.status is gaf.Status.OPTIMAL
    assert solution.conservation_residual <= CONSERVATION_TOLERANCE
    assert_is_flow(network, solution, kept=solution.conservation_residual)
    assert solution.potential.shape == solution.cut.shape == network.live.shape
    how = in_all(network, solution.value, (network.layers + 1) * solution.conservation_residual)
    assert_close(solution.source_flow.sum(), solution.value, **how)
    tiny = rounding(found.value, adding_up(network)) + how["error"] * found.value
    assert found.value * (1 - 1.01 * EPSILON) <= solution.value <= found.value + tiny
    assert solution.cut_capacity == cut_capacity(network, solution.cut)
    assert solution.duality_gap <= 1.01 * EPSILON
    assert found.value - tiny <= solution.cut_capacity
    assert solution.cut_capacity <= solution.value * (1 + solution.duality_gap) + tiny
    bounds, slack = gaf.ambiguity(network), 1e-5 * found.value
    assert (bounds[:, 0] <= solution.scores + slack).all()
    assert (solution.scores <= bounds[:, 1] + slack).all()


@pytest.mark.parametrize("limit", ["plain", "holes", "endless"])
@pytest.mark.parametrize("seed", range(5))
def test_the_intervals_are_those_of_linear_programs(limit, seed):
    network = limited("attention", limit, 3, 4, seed)
    assert network.live.any()
    # the programs allow flows that are 1e-9 too small
    how = {"size": gaf.max_flow(network).value, "error": 1e-6}
    assert_close(gaf.ambiguity(network), extremes(network), **how)


@given(limited_networks)
@settings(max_examples=25, deadline=None)
def test_the_extreme_flows_reach_the_ends_of_the_interval(network):
    flowing(network)
    bounds, value = gaf.ambiguity(network), gaf.max_flow(network).value
    token = int((bounds[:, 1] - bounds[:, 0]).argmax())
    assume(network.live[0, token])
    for end, flow in enumerate(gaf.extreme_flows(network, token)):
        assert_is_flow(network, flow)
        assert_close(flow.scores[token] - bounds[token, end], 0, **in_all(network, value))


@given(informations)
@settings(max_examples=40, deadline=None)
def test_nodes_without_a_limit_that_binds_change_nothing(tensor):
    plain = flowing(gaf.FlowNetwork.from_information(tensor))
    for unlimited in (np.inf, 1e3 * plain.u_inf):
        limit = np.full(tensor.shape[:2], unlimited)
        network = gaf.FlowNetwork.from_information(tensor, node_capacity=limit)
        assert np.array_equal(network.live, plain.live)
        value = gaf.max_flow(plain).value
        assert_close(gaf.max_flow(network).value, value, **in_all(network, value))
        bounds = gaf.ambiguity(plain)
        assert_close(gaf.ambiguity(network), bounds, **in_all(network, value))
        solution = gaf.solve(network)
        assert_close(solution.value, gaf.solve(plain).value, error=1.01 * EPSILON)
        assert not cut_nodes(network, solution.cut).any()


@given(limited_networks, st.sampled_from([1e-9, 7.0, 1e6]))
@settings(max_examples=30, deadline=None)
def test_scaling_all_capacities_scales_the_flow(network, factor):
    flowing(network)
    scaled = replace(
        network,
        capacity=factor * network.capacity,
        node_capacity=factor * network.node_capacity,
        u_inf=factor * network.u_inf,
    )
    one, other = gaf.solve(network), gaf.solve(scaled)
    how = {"size": other.value, "error": proven(one, other)}
    assert_close(other.scores, factor * one.scores, **how)
    assert_close(other.node_flow, factor * one.node_flow, **how)


def test_a_node_that_nothing_may_pass_is_pruned_with_its_edges():
    limit = np.ones((3, 4))
    limit[1, 2] = 0.0
    network = gaf.FlowNetwork.from_information(np.ones((3, 4, 4)), node_capacity=limit)
    assert not network.live[1, 2]
    assert not network.capacity[1, :, 2].any()
    assert not network.capacity[0, 2].any()
    assert network.pruned == 8
    blocked = gaf.FlowNetwork.from_information(np.ones((3, 4, 4)), node_capacity=np.zeros((3, 4)))
    solution = gaf.solve(blocked)
    assert solution.status is gaf.Status.NO_PATH
    assert solution.edge_flow.shape == (3, 4, 4)
    assert solution.cut.shape == (4, 4)
    assert not gaf.ambiguity(blocked).any()


def test_a_planted_bottleneck_is_found_in_the_node():
    limit = np.full((3, 4), 10.0)
    limit[1] = [0.25, 0.5, 0.0, 0.0]
    network = gaf.FlowNetwork.from_information(np.ones((3, 4, 4)), node_capacity=limit)
    found = gaf.max_flow(network)
    assert_close(found.value, 0.75)
    for cut in (found.cut_near_input, found.cut_near_prediction, gaf.solve(network).cut):
        assert np.argwhere(cut_nodes(network, cut)).tolist() == [[1, 0], [1, 1]]
        assert not cut_edges(network, cut).any()
    assert_close(gaf.solve(network).node_flow[1], [0.25, 0.5, 0, 0], error=2 * EPSILON)


def test_the_central_path_and_many_solves_are_the_single_solves():
    networks = [limited("attention", "plain", 3, 6, seed) for seed in range(4)]
    networks.append(gaf.FlowNetwork.from_information(information("attention", 3, 6, 9)))
    together = gaf.solve_many(networks)
    for network, solution in zip(networks, together, strict=True):
        alone = gaf.solve(network)
        assert np.array_equal(solution.edge_flow, alone.edge_flow)
        *_, last = gaf.central_path(network, [0.1, 1e-3, EPSILON])
        assert last.edge_flow.shape == network.capacity.shape
        how = {"size": alone.value, "error": proven(alone, last)}
        assert_close(last.scores, alone.scores, **how)


def test_paths_of_a_flow_through_limited_nodes_add_up():
    network = limited("attention", "plain", 4, 6, 3)
    solution = gaf.solve(network)
    paths = gaf.widest_paths(solution.edge_flow)
    assert_close(sum(path.flow for path in paths), solution.value, error=1e-8)
    assert {len(path.nodes) for path in paths} == {5}


def test_solvers_behind_the_door_refuse_what_they_would_ignore():
    network = limited("attention", "plain", 2, 3, 0)
    for solver in (barrier.solve, exact.max_flow, exact.ambiguity):
        with pytest.raises(ValueError, match="by the functions of gaf_core"):
            solver(network)


def test_a_graph_splits_the_nodes_that_have_a_limit_and_no_others():
    limit = np.array([[0.5, np.inf], [np.inf, 2.0]])
    network = gaf.FlowNetwork.from_information(np.ones((2, 2, 2)), node_capacity=limit)
    graph = network.to_networkx()
    assert set(graph) - {"source", "target"} == {
        (0, 0, "in"), (0, 0, "out"), (0, 1), (1, 0), (1, 1, "in"), (1, 1, "out"), (2, 0), (2, 1),
    }  # fmt: skip
    assert graph[0, 0, "in"][0, 0, "out"]["capacity"] == 0.5
    assert graph[1, 1, "out"][0, 0, "in"]["capacity"] == 1.0
    assert nx.maximum_flow_value(graph, "source", "target") == 2.5


def test_residual_edges_join_the_diagonal_and_are_remembered():
    tensor, residual = information("attention", 3, 4, 0), limits("plain", 3, 4, 0)
    network = gaf.FlowNetwork.from_information(tensor, residual=residual)
    together = gaf.FlowNetwork.from_information(tensor + residual[:, :, None] * np.eye(4))
    assert np.array_equal(network.capacity, together.capacity)
    assert network.u_inf == together.u_inf
    assert network.residual is not None
    assert np.array_equal(network.residual, residual)
    own = tensor.diagonal(axis1=1, axis2=2)
    assert_close(network.residual_share, residual / (own + residual))
    assert np.array_equal(gaf.solve(network).scores, gaf.solve(together).scores)
    assert not together.residual_share.any()


def test_a_residual_edge_on_no_path_is_pruned():
    tensor = np.ones((2, 3, 3))
    tensor[1] = 0.0
    residual = np.array([[1.0, 1.0, 1.0], [0.0, 2.0, 0.0]])
    network = gaf.FlowNetwork.from_information(tensor, residual=residual)
    assert network.residual.tolist() == [[0, 1, 0], [0, 2, 0]]
    assert network.residual_share.tolist() == [[0, 0.5, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"residual": np.ones((2, 3))}, r"residual capacity .*\[2, 2\]"),
        ({"node_capacity": np.ones(2)}, r"node capacity .*\[2, 2\]"),
        ({"residual": np.array([[1, 1], [np.inf, 1]])}, "layer 1, token 0.* is inf"),
        ({"residual": np.array([[1, -1], [1, 1]])}, "layer 0, token 1.* is -1"),
        ({"node_capacity": np.array([[1, 1], [np.nan, 1]])}, "layer 1, token 0.* is nan"),
    ],
)
def test_capacities_that_are_none_are_refused_by_name_and_place(options, words):
    with pytest.raises(gaf.CapacityError, match=words):
        gaf.FlowNetwork.from_information(np.ones((2, 2, 2)), **options)
