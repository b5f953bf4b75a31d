"""One signed network: what it is without negative edges, and what a negative edge does."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import trace_of
from benchmarks.oracles import PROGRAM
from benchmarks.path_variants import one_signed_network
from benchmarks.signed_network import SignedNetwork, barrier_flow, maximum_flow
from gaf_core.models.model import Task
from gaf_core.tracing.path import PathTrace
from tests.support.architectures import SUPPORTED, build
from tests.support.tolerance import SOLVED, assert_close

LAYERS, TOKENS, HEADS = 3, 5, 2


def random_path(seed: int, least: float) -> PathTrace:
    """Relevances of which none is below `least`, of a text read at its first position."""
    random, made = np.random.default_rng(seed), trace_of("one two three", layers=LAYERS)

    def drawn(*shape: int) -> np.ndarray:
        return np.maximum(random.normal(0.3, 0.5, shape), least).astype(np.float32)

    gradient = np.zeros_like(made.gradient)
    gradient[-1, :, 0] = 1.0
    return PathTrace(
        trace=replace(made, gradient=gradient),
        terms=drawn(LAYERS, HEADS, TOKENS, TOKENS),
        relevance=4 * drawn(LAYERS, TOKENS),
        residual=drawn(LAYERS, TOKENS),
        values=np.array([0.0, 1.0]),
    )


@pytest.mark.parametrize("seed", range(6))
def test_without_a_negative_edge_it_is_the_flow_of_the_library(seed):
    path = random_path(seed, least=0.0)
    network, expected = SignedNetwork.of_path(path), gaf.explain_path(path).toward
    flow = barrier_flow(network)
    assert expected.certified
    assert len(flow) == expected.network.edge_count
    assert_close(network.scores(flow), expected.solution.scores, error=SOLVED)
    assert_close(maximum_flow(network), gaf.max_flow(expected.network).value, error=PROGRAM)


def test_a_negative_input_sends_what_the_edge_up_lets_through():
    """1 comes from above, and the second token sends 2 of its 3 to the node over both."""
    terms, relevance = np.zeros((2, 2, 2)), np.zeros((2, 2))
    terms[1, 0, 0], terms[0, 0] = 1.0, [5.0, -2.0]
    relevance[1, 0], relevance[0] = 9.0, [7.0, -3.0]
    network = SignedNetwork.of(terms, relevance, np.array([0]))
    flow = barrier_flow(network)
    assert_close(maximum_flow(network), 3.0, error=PROGRAM)
    assert_close(network.scores(flow), [3.0, -2.0], error=2e-6)  # twice the usual epsilon
    blocked = SignedNetwork.of(np.abs(terms), relevance, np.array([0]))
    assert_close(blocked.scores(barrier_flow(blocked)), [1.0, 0.0], error=2e-6)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_barrier_optimum_by_a_convex_solver(seed):
    network, epsilon = SignedNetwork.of_path(random_path(seed, least=-9.0)), 0.1
    assert (network.token < 0).any()
    unit = maximum_flow(network)
    flow, capacity = cp.Variable(len(network.tail)), network.capacity / unit
    barrier = cp.sum(cp.log(flow)) + cp.sum(cp.log(capacity - flow))
    mu = epsilon / (2 * len(capacity))
    program = cp.Problem(
        cp.Maximize(network.leaving @ flow + mu * barrier), [network.conservation @ flow == 0]
    )
    program.solve(solver=cp.CLARABEL)
    assert program.status == "optimal"
    assert_close(barrier_flow(network, epsilon) / unit, flow.value, error=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_the_flow_is_one_and_the_scores_have_the_signs_of_the_relevances(seed):
    path = random_path(seed, least=-9.0)
    network = SignedNetwork.of_path(path)
    flow, value = barrier_flow(network), maximum_flow(network)
    graph = nx.DiGraph()
    for tail, head, capacity in zip(network.tail, network.head, network.capacity, strict=True):
        before = graph.get_edge_data(tail, head, {"capacity": 0.0})["capacity"]
        graph.add_edge(tail, head, capacity=before + capacity)
    assert not nx.is_directed_acyclic_graph(graph)
    exact = nx.maximum_flow_value(graph, network.source, network.target)
    assert_close(value, exact, error=PROGRAM)
    assert (1 - 1e-6) * value <= network.leaving @ flow <= value * (1 + PROGRAM)
    assert ((flow > 0) & (flow < network.capacity)).all()
    assert_close(network.conservation @ flow, 0.0, size=value, error=1e-6)
    scores = network.scores(flow)
    from_outputs = flow[(network.leaving > 0) & (network.token == 0)].sum()
    assert_close(scores.sum(), from_outputs, size=value, error=1e-6)
    assert (scores * path.relevance[0] >= 0).all()
    assert (scores < 0).any()


def test_a_prediction_without_a_path_scores_nothing():
    nothing = SignedNetwork.of(np.zeros((2, 3, 3)), np.ones((2, 3)), np.array([0]))
    assert not nothing.scores(barrier_flow(nothing)).any()


def test_it_is_a_method_of_a_model():
    model = build(next(row for row in SUPPORTED if row.model_type == "bert"), Task.CLASSIFICATION)
    traced = gaf.trace(model, "a good film not bad")
    scores = one_signed_network()(model, traced).scores
    relevance = gaf.trace_path(model, traced).relevance[0]
    assert scores.any()
    assert (scores * relevance >= 0).all()
    assert (np.abs(scores) <= np.abs(relevance) * (1 + 1e-6)).all()
