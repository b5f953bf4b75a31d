import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks.handmade import explanation_of, proportional_flow
from benchmarks.networks import informations
from gaf_core.picture.reduction import reduce_flow, through_flow
from tests.support.tolerance import adding_up, assert_close

budgets = st.integers(1, 14)
relaxed = settings(max_examples=60, deadline=None)


def solved(information) -> tuple[gaf.FlowNetwork, gaf.FlowSolution]:
    network = gaf.FlowNetwork.from_information(information)
    return network, proportional_flow(network)


@relaxed
@given(informations, budgets)
def test_every_layer_carries_the_whole_flow_at_any_budget(information, budget):
    network, solution = solved(information)
    reduced = reduce_flow(network, solution, budget)
    how = {"roundings": adding_up(network)}
    for k in range(network.layers):
        links = [link for link in reduced.links if link.layer == k]
        assert_close(sum(link.flow for link in links), solution.value, **how)
        assert_close(sum(link.capacity for link in links), network.capacity[k].sum(), **how)
        assert sum(link.edges for link in links) == np.count_nonzero(network.capacity[k])
    for layer in reduced.nodes:
        assert_close(sum(node.flow for node in layer), solution.value, **how)


@relaxed
@given(informations, budgets)
def test_what_enters_a_drawn_node_leaves_it(information, budget):
    network, solution = solved(information)
    reduced = reduce_flow(network, solution, budget)
    for k, layer in enumerate(reduced.nodes):
        for index, node in enumerate(layer):
            entering = [x.flow for x in reduced.links if (x.layer, x.lower) == (k, index)]
            leaving = [x.flow for x in reduced.links if (x.layer + 1, x.upper) == (k, index)]
            for links in [entering] * (k < network.layers) + [leaving] * (k > 0):
                how = {"size": solution.value, "roundings": adding_up(network)}
                assert_close(sum(links) - node.flow, 0, **how)


@relaxed
@given(informations, budgets)
def test_groups_partition_the_live_tokens_and_respect_the_budget(information, budget):
    network, solution = solved(information)
    reduced = reduce_flow(network, solution, budget)
    for k, layer in enumerate(reduced.nodes):
        tokens = [token for node in layer for token in node.tokens]
        assert sorted(tokens) == np.flatnonzero(network.live[k]).tolist()
        assert len(layer) <= budget + 1
        singles = [node.tokens[0] for node in layer if not node.merged]
        assert singles == sorted(singles), "reading order"
        assert all(not node.merged for node in layer[:-1]), "the others come last"


@relaxed
@given(informations)
def test_a_large_budget_reproduces_the_flow_exactly(information):
    network, solution = solved(information)
    reduced = reduce_flow(network, solution, network.tokens)
    rebuilt = np.zeros_like(network.capacity)
    for link in reduced.links:
        (high,) = reduced.nodes[link.layer + 1][link.upper].tokens
        (low,) = reduced.nodes[link.layer][link.lower].tokens
        rebuilt[link.layer, high, low] = link.flow
        assert link.edges == 1
        assert link.capacity == network.capacity[link.layer, high, low]
    assert np.array_equal(rebuilt, solution.edge_flow)


@relaxed
@given(informations, budgets)
def test_the_largest_nodes_stay_on_their_own(information, budget):
    network, solution = solved(information)
    through = through_flow(solution)
    for k, layer in enumerate(reduce_flow(network, solution, budget).nodes):
        singles = {node.tokens[0] for node in layer if not node.merged}
        merged = [token for node in layer if node.merged for token in node.tokens]
        if merged:
            assert min(through[k][list(singles)]) >= max(through[k][merged])


@relaxed
@given(informations, budgets)
def test_the_barrier_flow_is_conserved_too(information, budget):
    network = gaf.FlowNetwork.from_information(information)
    solution = gaf.solve(network)
    reduced = reduce_flow(network, solution, budget)
    for k in range(network.layers):
        flow = sum(link.flow for link in reduced.links if link.layer == k)
        # every node on the way may keep as much as the certificate says
        kept = network.tokens * (network.layers + 1) * solution.conservation_residual
        assert_close(flow, solution.value, roundings=adding_up(network), error=kept)


def test_focus_keeps_a_token_on_its_own_in_every_layer_it_is_live_in():
    explanation = explanation_of("one two three four five six seven eight nine ten")
    weakest = int(np.argmin(explanation.scores))
    reduced = reduce_flow(explanation.network, explanation.solution, 2, focus=[weakest])
    for k, layer in enumerate(reduced.nodes):
        if explanation.network.live[k, weakest]:
            assert any(node.tokens == (weakest,) for node in layer)


def test_one_left_over_token_is_shown_instead_of_merged():
    explanation = explanation_of("one two three")
    reduced = reduce_flow(explanation.network, explanation.solution, 4)
    assert not any(node.merged for layer in reduced.nodes for node in layer)
    assert reduced.summary == "Every token that carries flow is drawn."


def test_the_summary_says_what_is_merged():
    explanation = explanation_of("one two three four five six seven eight nine ten")
    reduced = reduce_flow(explanation.network, explanation.solution, 3)
    assert reduced.summary.startswith("At most 3 of 12 tokens a layer are drawn on their own")
    assert 0 < min(reduced.shown_shares) < 1


def test_a_flow_of_zero_has_no_nodes():
    network = gaf.FlowNetwork.from_information(np.zeros((2, 3, 3)))
    reduced = reduce_flow(network, proportional_flow(network), 5)
    assert reduced.nodes == ((), (), ())
    assert reduced.links == ()
    assert reduced.shown_shares == (1.0, 1.0, 1.0)


def test_a_budget_below_one_is_refused():
    explanation = explanation_of("one two")
    with pytest.raises(gaf.SettingsError, match="of at least 1"):
        reduce_flow(explanation.network, explanation.solution, 0)
