"""The barrier flow: right value, unique, certified; against independent solvers."""

from threading import Thread

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

import gaf_core as gaf
from benchmarks import oracles
from benchmarks.networks import KINDS, information, informations, stress
from gaf_core.flow import team
from gaf_core.flow.barrier import MAX_ITERATIONS, routed_start, solve, state_from
from gaf_core.flow.certificate import CENTRALITY_TOLERANCE, CONSERVATION_TOLERANCE
from gaf_core.flow.layout import compile_problem
from gaf_core.flow.steps import ARRIVED, CENTRALITY, WIDE, follow
from tests.support.tolerance import adding_up, assert_close, proven, rounding

EPSILON = 1e-6
GAP = EPSILON * (1 + 1e-6) + 1e-12  # what a certificate calls optimal


def network_of(tensor) -> gaf.FlowNetwork:
    return gaf.FlowNetwork.from_information(tensor)


def nontrivial(tensor):
    network = network_of(tensor)
    assume(network.live.any())
    return network


def random_start(problem):
    random = np.random.default_rng(7)
    share = random.uniform(0.05, 0.6, problem.capacity.shape)
    return state_from(problem, share * np.minimum(problem.capacity, 1.0))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "no path"])
@pytest.mark.parametrize("layers", [1, 2, 6])
@pytest.mark.parametrize("tokens", [1, 2, 7, 16])
def test_the_value_is_the_maximum_flow_of_two_other_solvers(kind, layers, tokens):
    solved = 0
    for seed in range(3):
        network = network_of(information(kind, layers, tokens, seed))
        if not network.live.any():
            continue
        solution = solve(network, EPSILON)
        assert solution.status is gaf.Status.OPTIMAL
        for maximum in (oracles.linear_program_value(network), oracles.graph_value(network)):
            assert solution.value <= maximum * (1 + oracles.PROGRAM)
            assert solution.value >= maximum * (1 - EPSILON - oracles.PROGRAM)
        solved += 1
    assert solved or kind == "sparse layers" or tokens < 7


@given(informations)
@settings(max_examples=200, deadline=None)
def test_every_answer_is_a_flow_with_its_certificate(tensor):
    network = nontrivial(tensor)
    solution = solve(network, EPSILON)
    flow, value = solution.edge_flow, solution.value
    assert solution.status is gaf.Status.OPTIMAL, solution
    # bounds: strictly inside on every edge that is not negligible, zero where there is none
    assert (flow >= 0).all()
    assert (flow <= network.capacity).all()
    assert (flow[network.capacity > 1e-9 * value] > 0).all()
    # conservation, by summing the returned flow: as the certificate says, and it says enough
    leaving, arriving = flow.sum(axis=2), flow.sum(axis=1)
    adding = {"size": value, "roundings": adding_up(network)}
    kept = adding | {"error": solution.conservation_residual}
    assert solution.conservation_residual <= CONSERVATION_TOLERANCE
    assert_close(leaving[:-1] - arriving[1:], 0, **kept)
    assert_close(leaving[-1] - solution.source_flow, 0, **kept)
    # efficiency: the scores are the flow into the inputs and sum to the value
    assert_close(arriving[0] - solution.scores, 0, **kept)
    assert_close(solution.scores.sum(), value, **adding)
    # the dual proof: a cut no wider than the promised gap allows
    assert solution.cut_capacity >= value - rounding(**adding)
    assert solution.cut_capacity <= value * (1 + GAP)
    assert solution.duality_gap <= GAP
    assert solution.centrality <= CENTRALITY_TOLERANCE
    # edges below 1e-13 of the flow are not part of the barrier problem
    edges = np.count_nonzero(flow) + np.count_nonzero(solution.source_flow)
    edges += np.count_nonzero(solution.scores)
    assert_close(solution.mu, EPSILON * value / (2 * edges), error=2 * CENTRALITY)


def assert_the_same(one, other, factor=1.0):
    """Two flows are at one optimum, as near as each proves that it is to it."""
    how = {"size": other.value, "error": proven(one, other)}
    assert_close(other.scores, factor * one.scores, **how)
    assert_close(other.edge_flow, factor * one.edge_flow, **how)


@given(informations)
@settings(max_examples=60, deadline=None)
def test_two_starting_points_give_one_answer(tensor):
    network = nontrivial(tensor)
    one, other = solve(network), solve(network, start=random_start)
    assert_the_same(one, other)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "no path"])
@pytest.mark.parametrize("seed", range(4))
def test_wide_networks_started_in_single_precision_are_as_exact(kind, seed):
    network = network_of(information(kind, 3, WIDE + 20 * seed, seed))
    if not network.live.any():
        return
    solution, maximum = solve(network, EPSILON), gaf.max_flow(network).value
    assert solution.status is gaf.Status.OPTIMAL
    assert solution.conservation_residual <= CONSERVATION_TOLERANCE
    assert solution.centrality <= CENTRALITY_TOLERANCE
    slack = rounding(maximum, adding_up(network))
    assert maximum * (1 - GAP) - slack <= solution.value <= maximum + slack


@pytest.mark.parametrize("tokens", [WIDE - 1, WIDE])
def test_wide_layers_begin_in_single_precision_and_end_in_double(tokens):
    problem = compile_problem(network_of(information("attention", 3, tokens, seed=1)))
    state = routed_start(problem)
    found = follow(problem.layout, state, EPSILON, problem.edges, MAX_ITERATIONS)
    assert found.ending == ARRIVED
    assert 0 < found.single < found.steps if tokens == WIDE else found.single == 0


@given(informations, st.sampled_from([1e-9, 1e-3, 7.0, 1e6]))
@settings(max_examples=40, deadline=None)
def test_scaling_the_capacities_scales_the_flow(tensor, factor):
    network = nontrivial(tensor)
    one, other = solve(network), solve(network_of(tensor * factor))
    assert_the_same(one, other, factor)


@given(informations, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_renaming_the_tokens_renames_the_scores(tensor, random):
    network = nontrivial(tensor)
    order = np.array(random.sample(range(tensor.shape[1]), tensor.shape[1]))
    permuted = solve(network_of(tensor[:, order][:, :, order]))
    one = solve(network)
    how = {"size": one.value, "error": proven(one, permuted)}
    assert_close(permuted.scores, one.scores[order], **how)


@given(informations, st.integers(0, 11))
@settings(max_examples=40, deadline=None)
def test_a_token_that_no_path_reaches_gets_nothing(tensor, token):
    token %= tensor.shape[1]
    tensor = tensor.copy()
    tensor[0, :, token] = 0.0
    assert solve(network_of(tensor)).scores[token] == 0.0


@given(st.integers(2, 8), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_tokens_that_cannot_be_told_apart_get_the_same(tokens, layers, seed):
    tensor = information("attention", layers, tokens, seed)
    tensor[:, :, 1] = tensor[:, :, 0]
    tensor[:, 1] = tensor[:, 0]
    solution = solve(network_of(tensor))
    how = {"size": solution.value, "error": proven(solution, solution)}
    assert_close(solution.scores[0] - solution.scores[1], 0, **how)


@pytest.mark.parametrize("kind", ["attention", "causal", "one row on top", "sparse layers"])
@pytest.mark.parametrize("epsilon", [1e-1, 1e-2, 1e-3])
def test_the_optimum_is_that_of_a_general_convex_solver(kind, epsilon):
    pattern = information(kind, 3, 5, seed=3) > 0
    # moderate capacities: the general solver loses the small ones
    network = network_of(pattern * np.random.default_rng(0).uniform(0.1, 1.0, pattern.shape))
    assert network.live.any()
    solution = solve(network, epsilon)
    reference = oracles.barrier_optimum(network, solution.mu, scale=solution.value)
    ours = oracles.all_flows(network, solution)
    # the general solver stops at a gap of 1e-8, which over mu is up to 1e-4 of the flow
    assert_close(ours, reference, size=solution.value, error=1e-4)


@pytest.mark.parametrize("epsilon", [0.5, 1e-3, 1e-8, 1e-10])
def test_the_gap_follows_epsilon(epsilon):
    network = network_of(information("attention", 6, 20, seed=0))
    solution = solve(network, epsilon)
    assert solution.status is gaf.Status.OPTIMAL
    assert solution.duality_gap <= epsilon * (1 + 1e-6) + 1e-12


@pytest.mark.parametrize("epsilon", [0.0, -1e-6, 0.6, float("nan")])
def test_a_meaningless_epsilon_is_refused(epsilon):
    with pytest.raises(gaf.SettingsError, match="epsilon"):
        solve(network_of(np.ones((1, 2, 2))), epsilon)


def test_a_network_without_a_path_scores_zero_and_says_so():
    solution = solve(network_of(information("no path", 4, 6, seed=1)))
    assert solution.status is gaf.Status.NO_PATH
    assert solution.certified
    assert "No path" in solution.message
    assert solution.value == 0.0
    assert not solution.scores.any()
    assert solution.cut_capacity == 0.0


def test_a_flow_that_runs_out_of_iterations_says_so(monkeypatch):
    monkeypatch.setattr("gaf_core.flow.barrier.MAX_ITERATIONS", 3)
    solution = solve(network_of(information("attention", 3, 8, seed=0)))
    assert solution.status is gaf.Status.ITERATION_LIMIT
    assert not solution.certified


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_known_flows(seed):
    """One path carries its narrowest capacity; parallel tokens carry theirs each."""
    path = information("single path", 5, 6, seed)
    assert_close(solve(network_of(path)).value, path[path > 0].min(), error=GAP)
    random = np.random.default_rng(seed)
    widths = random.uniform(0.1, 1.0, 6)
    parallel = np.stack([np.diag(np.full(6, 1.0)), np.diag(widths)])
    assert_close(solve(network_of(parallel)).scores, widths, size=widths.sum(), error=GAP)


@pytest.mark.parametrize("kind", ["attention", "gradient", "causal"])
def test_the_central_path_is_the_single_solves(kind):
    network = network_of(information(kind, 4, 12, seed=1))
    epsilons = [0.5, 1e-1, 1e-3, 1e-6]
    path = gaf.central_path(network, epsilons)
    for epsilon, solution in zip(epsilons, path, strict=True):
        alone = solve(network, epsilon)
        assert solution.status is gaf.Status.OPTIMAL
        assert solution.epsilon == epsilon
        assert_the_same(alone, solution)
    values = [solution.value for solution in path]
    assert values == sorted(values)
    # warm starts: the path takes fewer steps than its solutions alone, 32 of 56 at most
    alone = sum(solve(network, epsilon).iterations for epsilon in epsilons)
    assert sum(solution.iterations for solution in path) < 0.8 * alone


def test_a_central_path_must_fall():
    with pytest.raises(gaf.SettingsError, match="fall"):
        gaf.central_path(network_of(np.ones((1, 2, 2))), [1e-3, 1e-3])


def test_many_networks_at_once_have_the_bits_of_one_at_a_time(monkeypatch):
    networks = [network_of(information("gradient", 4, size, size)) for size in (5, 9, 70, 70, 12)]
    together = gaf.solve_many(networks)
    monkeypatch.setenv("GAF_THREADS", "1")
    for network, solution in zip(networks, together, strict=True):
        alone = solve(network)
        assert np.array_equal(solution.scores, alone.scores)
        assert np.array_equal(solution.edge_flow, alone.edge_flow)
        assert np.array_equal(solution.potential, alone.potential)


def helpers(monkeypatch) -> list[bool]:
    """Whether each solve from now on has a helper."""
    found: list[bool] = []
    made = team.team_of

    def team_of(helped):
        found.append(helped)
        return made(helped)

    monkeypatch.setattr(team, "team_of", team_of)
    return found


def test_a_helper_is_for_large_networks(monkeypatch):
    monkeypatch.setenv("GAF_THREADS", "2")
    helped = helpers(monkeypatch)
    for tokens in (96, 160):
        solve(network_of(information("attention", 8, tokens, seed=5)))
    assert helped == [False, True]


@pytest.mark.parametrize("tokens", [100, WIDE])
def test_one_thread_and_two_give_the_same_bits(monkeypatch, tokens):
    network = network_of(information("attention", 8, tokens, seed=5))
    helped = helpers(monkeypatch)
    monkeypatch.setattr("gaf_core.flow.team.WORTHWHILE", 0)
    monkeypatch.setenv("GAF_THREADS", "2")
    two = solve(network)
    monkeypatch.setenv("GAF_THREADS", "1")
    one = solve(network)
    assert helped == [True, False]
    assert np.array_equal(one.edge_flow, two.edge_flow)
    assert one.iterations == two.iterations


@pytest.mark.parametrize("seed", range(260))
def test_generated_networks_are_certified_or_refused_truly(seed):
    kind, tensor = stress(seed)
    solution = solve(network_of(tensor))
    if kind == "extreme within layers" and not solution.certified:
        assert solution.status is gaf.Status.NUMERICAL_FAILURE
        assert "Do not rely" in solution.message
        return
    assert solution.certified


def test_solves_that_overlap_leave_blas_as_it_was():
    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    networks = [network_of(information("attention", 3, size, 0)) for size in (40, 5, 30, 8) * 3]
    sessions = [Thread(target=gaf.solve, args=(network,)) for network in networks]
    for session in sessions:
        session.start()
    for session in sessions:
        session.join()
    assert threads() == before
