"""Exact flows, cuts, intervals and paths: against linear programs, networkx, and one another."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import gaf_core as gaf
from benchmarks import oracles
from benchmarks.networks import information, informations
from gaf_core.flow.certificate import cut_capacity
from gaf_core.flow.exact import ambiguity, extreme_flows, max_flow
from gaf_core.flow.paths import widest_paths
from tests.support.tolerance import adding_up, assert_close, rounding

# of the value: a barrier flow misses it by 1e-6, and a score may take more than its part of that
NEARLY = 1e-5
LEFT = 1e-8  # of a flow, by widest paths


def nontrivial(tensor):
    network = gaf.FlowNetwork.from_information(tensor)
    assume(network.live.any())
    return network


def in_all(network, value):
    """How sums of parts of a flow of this value agree."""
    return {"size": value, "roundings": adding_up(network)}


def assert_is_flow(network, flow):
    how = in_all(network, flow.value)
    assert (flow.edge_flow >= 0).all()
    assert (flow.edge_flow <= network.capacity + rounding(network.capacity)).all()
    leaving, arriving = flow.edge_flow.sum(axis=2), flow.edge_flow.sum(axis=1)
    assert_close(leaving[:-1] - arriving[1:], 0, **how)
    assert_close(arriving[0] - flow.scores, 0, **how)
    assert_close(flow.scores.sum(), flow.value, **how)


@given(informations)
@settings(max_examples=150, deadline=None)
def test_the_maximum_flow_is_a_flow_and_both_cuts_prove_it(tensor):
    network = nontrivial(tensor)
    found = max_flow(network)
    assert_is_flow(network, found)
    for cut in (found.cut_near_prediction, found.cut_near_input):
        assert_close(cut_capacity(network, cut), found.value, **in_all(network, found.value))
    assert not (found.cut_near_prediction & ~found.cut_near_input).any()
    assert_close(oracles.graph_value(network), found.value, **in_all(network, found.value))


@given(informations)
@settings(max_examples=60, deadline=None)
def test_no_minimum_cut_is_nearer(tensor):
    """Moving any node of a cut's rim towards its end makes the cut wider."""
    network = nontrivial(tensor)
    found = max_flow(network)
    for cut, other in (
        (found.cut_near_prediction, np.zeros_like(network.live)),
        (found.cut_near_input, network.live),
    ):
        for node in np.argwhere(cut != other):
            changed = cut.copy()
            changed[tuple(node)] = other[tuple(node)]
            slack = rounding(**in_all(network, found.value))
            assert cut_capacity(network, changed) > found.value - slack


@given(informations)
@settings(max_examples=60, deadline=None)
def test_the_barrier_flow_agrees_with_the_exact_one(tensor):
    network = nontrivial(tensor)
    solution, found, bounds = gaf.solve(network), max_flow(network), ambiguity(network)
    slack, tiny = NEARLY * found.value, rounding(**in_all(network, found.value))
    assert found.value * (1 - 1.01e-6) <= solution.value <= found.value + tiny
    assert (bounds[:, 0] <= solution.scores + slack).all()
    assert (solution.scores <= bounds[:, 1] + slack).all()
    assert (bounds[:, 0] <= found.scores + tiny).all()
    assert (found.scores <= bounds[:, 1] + tiny).all()
    assert bounds[:, 0].sum() - tiny <= found.value <= bounds[:, 1].sum() + tiny


def bounds_by_linear_programs(network, groups=None):
    """Least and most of each input, or group of them, over all maximum flows: a program each."""
    matrix = oracles.incidence(network).tocsr()
    capacity = oracles.edges(network)[2]
    unit = oracles.graph_value(network)
    value = np.asarray(matrix[[-2]].todense()).ravel()
    equal = np.vstack([np.asarray(matrix[:-2].todense()), value])
    limits = np.stack([np.zeros(len(capacity)), np.minimum(capacity / unit, 2.0)], axis=1)
    wanted = np.append(np.zeros(len(equal) - 1), 1.0 - 1e-8)  # rounding must not make it infeasible
    groups = [[token] for token in range(network.tokens)] if groups is None else groups
    found = np.zeros((len(groups), 2))
    inputs = np.flatnonzero(network.live[0])
    for token, group in enumerate(groups):
        objective = np.zeros(len(capacity))
        objective[len(capacity) - len(inputs) :] = np.isin(inputs, group)
        for column, sign in enumerate((1.0, -1.0)):
            result = linprog(
                sign * objective,
                A_eq=equal,
                b_eq=wanted,
                bounds=limits,
                options={"primal_feasibility_tolerance": 1e-10},
            )
            assert result.status == 0, result.message
            found[token, column] = sign * result.fun * unit
    return found


@pytest.mark.parametrize("kind", ["attention", "causal", "gradient", "sparse layers"])
@pytest.mark.parametrize("seed", range(6))
def test_the_intervals_are_those_of_linear_programs(kind, seed):
    network = gaf.FlowNetwork.from_information(information(kind, 3, 5, seed))
    if not network.live.any():
        pytest.skip("this seed gives no path")
    bounds = ambiguity(network)
    expected = bounds_by_linear_programs(network)
    # the programs allow flows that are 1e-8 too small
    assert_close(bounds, expected, size=max_flow(network).value, error=1e-6)


@pytest.mark.parametrize("kind", ["attention", "causal", "gradient", "sparse layers"])
@pytest.mark.parametrize("seed", range(4))
def test_the_intervals_of_groups_are_those_of_linear_programs(kind, seed):
    network = gaf.FlowNetwork.from_information(information(kind, 3, 6, seed))
    if not network.live.any():
        pytest.skip("this seed gives no path")
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(random.random(6) < 0.5).tolist() for _ in range(5)]
    groups += [[], [2], [0, 1, 2], list(range(6))]
    found = ambiguity(network, groups)
    expected = bounds_by_linear_programs(network, groups)
    assert_close(found, expected, size=max_flow(network).value, error=1e-6)


@given(informations, st.data())
@settings(max_examples=60, deadline=None)
def test_groups_share_the_flow_with_their_complements(tensor, data):
    network = nontrivial(tensor)
    tokens, value = list(range(network.tokens)), max_flow(network).value
    inside = data.draw(st.lists(st.sampled_from(tokens), unique=True))
    outside = [token for token in tokens if token not in inside]
    group, rest = ambiguity(network, [inside, outside])
    assert_close(group[0] + rest[1], value, **in_all(network, value))
    assert_close(group[1] + rest[0], value, **in_all(network, value))
    alone = ambiguity(network)
    slack = rounding(**in_all(network, value))
    assert alone[inside, 0].sum() - slack <= group[0] <= group[1] <= alone[inside, 1].sum() + slack
    assert np.array_equal(ambiguity(network, [[token] for token in tokens]), alone)
    scores = gaf.solve(network).scores[inside].sum()
    assert group[0] - NEARLY * value <= scores <= group[1] + NEARLY * value


def test_a_group_of_tokens_that_do_not_exist_is_refused():
    network = gaf.FlowNetwork.from_information(np.ones((2, 3, 3)))
    for wrong in ([0, 3], [-1]):
        with pytest.raises(gaf.SettingsError, match="from 0 to 2"):
            ambiguity(network, [[0], wrong])
    assert ambiguity(network, []).shape == (0, 2)
    assert np.array_equal(ambiguity(network, [[0, 0]]), ambiguity(network, [[0]])), "each once"


@given(informations)
@settings(max_examples=50, deadline=None)
def test_the_extreme_flows_reach_the_ends_of_the_interval(tensor):
    network = nontrivial(tensor)
    bounds, value = ambiguity(network), max_flow(network).value
    token = int((bounds[:, 1] - bounds[:, 0]).argmax())
    assume(network.live[0, token])
    least, most = extreme_flows(network, token)
    for flow, end in ((least, 0), (most, 1)):
        assert_is_flow(network, flow)
        assert_close(flow.value, value, **in_all(network, value))
        assert_close(flow.scores[token] - bounds[token, end], 0, **in_all(network, value))


def test_a_token_that_no_path_reaches_has_no_flow_to_show():
    tensor = np.ones((2, 3, 3))
    tensor[0, :, 1] = 0.0
    network = gaf.FlowNetwork.from_information(tensor)
    assert ambiguity(network)[1].tolist() == [0.0, 0.0]
    with pytest.raises(gaf.SettingsError, match="token 1"):
        extreme_flows(network, 1)


def test_a_network_without_a_path():
    network = gaf.FlowNetwork.from_information(np.zeros((2, 3, 3)))
    assert max_flow(network).value == 0.0
    assert not ambiguity(network).any()
    assert widest_paths(max_flow(network).edge_flow) == []


def test_small_capacities_are_not_lost():
    """Beside a flow of 1, capacities of 1e-12 keep their digits."""
    tensor = np.diag([1.0, 1e-12, 3e-12])[None]
    found = max_flow(gaf.FlowNetwork.from_information(tensor))
    expected = np.array([1.0, 1e-12, 3e-12])
    # each by its own size: rounding of the largest is 1e-4 of the smallest
    assert_close(found.scores, expected, size=expected, error=NEARLY)
    tiny = max_flow(gaf.FlowNetwork.from_information(1e-200 * tensor))
    assert_close(tiny.scores, found.scores * 1e-200, size=expected * 1e-200, error=NEARLY)


@given(informations)
@settings(max_examples=60, deadline=None)
def test_paths_add_up_to_the_flow(tensor):
    network = nontrivial(tensor)
    solution = gaf.solve(network)
    paths = widest_paths(solution.edge_flow)
    widths = [path.flow for path in paths]
    assert widths == sorted(widths, reverse=True)
    assert_close(sum(widths), solution.value, error=LEFT)
    rebuilt = np.zeros_like(solution.edge_flow)
    for path in paths:
        for k in range(network.layers):
            rebuilt[k, path.nodes[-2 - k], path.nodes[-1 - k]] += path.flow
    assert_close(rebuilt, solution.edge_flow, size=solution.value, error=LEFT)
    assert widest_paths(solution.edge_flow, count=3) == paths[:3]


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_large_networks_agree_with_the_barriers_cut(seed):
    network = nontrivial(information("gradient", 6, 60, seed))
    found, solution = max_flow(network), gaf.solve(network)
    how = in_all(network, found.value)
    assert_close(solution.cut_capacity, found.value, error=1.01e-6, **how)
    assert solution.cut_capacity >= found.value - rounding(**how)
