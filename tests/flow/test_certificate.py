"""The certificate must notice a flow that is not what it claims to be."""

import itertools

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks import oracles
from benchmarks.networks import information
from gaf_core.flow.certificate import (
    CONSERVATION_TOLERANCE,
    certify,
    cut_capacity,
    threshold_cut,
)
from gaf_core.flow.layout import NetworkFlow
from tests.support.tolerance import adding_up, assert_close


@pytest.fixture(params=["attention", "causal", "one row on top"])
def solved(request):
    network = gaf.FlowNetwork.from_information(information(request.param, 4, 8, seed=4))
    assert network.live.any()
    return network, gaf.solve(network)


def recertify(network, solution, **changes):
    parts = {
        "edges": solution.edge_flow,
        "source": solution.source_flow,
        "target": solution.scores,
        "potential": solution.potential,
    } | changes
    return certify(
        network, NetworkFlow(**parts), solution.mu, solution.epsilon, 1, gaf.Status.OPTIMAL, 0.0
    )


def test_the_returned_flow_certifies_itself(solved):
    network, solution = solved
    again = recertify(network, solution)
    assert again.status is gaf.Status.OPTIMAL
    assert again.duality_gap == solution.duality_gap
    assert again.centrality == solution.centrality


def test_a_flow_that_leaks_is_not_optimal(solved):
    network, solution = solved
    leaking = solution.edge_flow.copy()
    leaking[1][leaking[1] > 0] *= 1 - 1e-6
    assert recertify(network, solution, edges=leaking).status is gaf.Status.NUMERICAL_FAILURE


def test_a_smaller_flow_is_not_optimal(solved):
    network, solution = solved
    smaller = recertify(
        network,
        solution,
        edges=0.9 * solution.edge_flow,
        source=0.9 * solution.source_flow,
        target=0.9 * solution.scores,
    )
    assert smaller.duality_gap > 0.1
    assert smaller.status is gaf.Status.NUMERICAL_FAILURE


def widest_circulation(network, solution):
    """Two rows and two columns of a layer between which most flow can be exchanged."""
    room = network.capacity - solution.edge_flow
    best = (0.0, 0, 0, 0, 0, 0)
    tokens = range(network.tokens)
    pairs = list(itertools.permutations(tokens, 2))
    for k, (i, a), (j, b) in itertools.product(range(network.layers), pairs, pairs):
        flow = solution.edge_flow[k]
        if flow[i, b] and flow[a, j]:
            size = min(flow[i, j], flow[a, b], room[k, i, b], room[k, a, j])
            best = max(best, (size, k, i, a, j, b))
    return best


def test_another_maximum_flow_is_not_central(solved):
    """A circulation keeps the value and the conservation, and only centrality can see it."""
    network, solution = solved
    size, k, i, a, j, b = widest_circulation(network, solution)
    assert size > 0
    edges = solution.edge_flow.copy()
    edges[k, [i, a], [j, b]] -= 0.5 * size
    edges[k, [i, a], [b, j]] += 0.5 * size
    moved = recertify(network, solution, edges=edges)
    assert moved.conservation_residual <= CONSERVATION_TOLERANCE
    assert moved.duality_gap == solution.duality_gap
    assert moved.centrality > 0.1
    assert moved.status is gaf.Status.NUMERICAL_FAILURE


def test_the_cut_separates_and_its_capacity_is_the_maximum_flow(solved):
    network, solution = solved
    by_hand = sum(
        network.capacity[k, i, j]
        for k, i, j in zip(*network.edges, strict=True)
        if solution.cut[k + 1, i] and not solution.cut[k, j]
    )
    by_hand += network.u_inf * (network.live[-1] & ~solution.cut[-1]).sum()
    by_hand += network.u_inf * (network.live[0] & solution.cut[0]).sum()
    assert_close(solution.cut_capacity, by_hand, roundings=adding_up(network))
    maximum = oracles.graph_value(network)
    assert_close(solution.cut_capacity, maximum, error=solution.duality_gap)


def test_the_threshold_cut_is_the_best_of_all_thresholds():
    random = np.random.default_rng(3)
    network = gaf.FlowNetwork.from_information(random.random((3, 5, 5)))
    potential = np.sort(random.random((4, 5)), axis=0)
    side, capacity = threshold_cut(network, potential, limit=1e9)
    assert capacity == cut_capacity(network, side)
    levels = [0.0, *potential[potential < 1]]
    best = min(cut_capacity(network, potential > level) for level in levels)
    assert_close(capacity, best, roundings=adding_up(network))
