"""The maths of the lesson against independent ways to compute the same."""

from itertools import permutations
from math import factorial

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from gaf_core.errors import CapacityError
from gaf_core.lesson import agreeing, puzzle
from gaf_core.lesson.answers import between, path_of
from gaf_core.lesson.cells import cell_of
from gaf_core.lesson.lesson import Lesson, lesson_settings
from gaf_core.lesson.presets import BOTTLENECK, NULL, PAIR, PRESETS, TWO, random_toy
from gaf_core.lesson.promises import outflow_values, promises, removal_values
from gaf_core.lesson.questions import question_of
from gaf_core.lesson.solved import solve_toy
from gaf_core.lesson.stops import IDS, STOPS
from gaf_core.network import FlowNetwork
from gaf_core.reading.focus import Edge
from tests.support.models import in_float64
from tests.support.tolerance import SOLVED, assert_apart, assert_close, probability_size

SEEDS = st.integers(0, 10_000)
TEXT = "A lovely film: the acting is superb, even if the plot is thin."


@pytest.fixture(scope="module")
def model() -> gaf.Model:
    return gaf.load_model("minilm-reviews")


@pytest.fixture(scope="module")
def explanation(model) -> gaf.Explanation:
    return gaf.explain(model, TEXT, lesson_settings(model.layers))


def largest(network: FlowNetwork) -> float:
    """By networkx, another program."""
    graph = network.to_networkx()
    return nx.maximum_flow_value(graph, "source", "target") if network.live.any() else 0.0


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_pushing_way_after_way_fills_the_cut(seed):
    solved = solve_toy(random_toy(seed))
    assert_close(solved.value, largest(solved.network))
    full = solved.pushed(len(solved.pushes))
    for count in range(len(solved.pushes) + 1):
        part = solved.pushed(count)
        assert (part <= solved.network.capacity * (1 + 1e-12)).all()
        assert_close(part[1].sum(axis=0), part[0].sum(axis=1), size=solved.value)
    assert_close(full[0].sum(), solved.value)
    held = [solved.toy.capacity(edge) for edge in solved.cut]
    assert_close(sum(held), solved.value)
    assert_close([full[edge] for edge in solved.cut], held)
    assert all(solved.toy.capacity(edge) > 0 for edge in solved.dead)
    assert set(solved.dead) == dead_by_reachability(solved)


def dead_by_reachability(solved) -> set[Edge]:
    graph = nx.DiGraph()
    for edge in solved.toy.edges:
        graph.add_edge((edge.layer + 1, edge.query), (edge.layer, edge.key))
    top, bottom = solved.toy.layers, 0
    used = set()
    for edge in solved.toy.edges:
        tail, head = (edge.layer + 1, edge.query), (edge.layer, edge.key)
        above = any(node[0] == top for node in nx.ancestors(graph, tail) | {tail})
        below = any(node[0] == bottom for node in nx.descendants(graph, head) | {head})
        if above and below:
            used.add(edge)
    return set(solved.toy.edges) - used


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0, 1))
def test_between_two_largest_flows_all_are_largest(seed, part):
    solved = solve_toy(random_toy(seed))
    token = next(iter(solved.ambiguous), int(solved.network.live[0].argmax()))
    two = between(solved.network, token)
    flow = two.at(part)
    assert_close(flow[0].sum(), solved.value)
    assert (flow <= solved.network.capacity * (1 + 1e-12)).all()
    assert_close(
        [two.scores(0)[token], two.scores(1)[token]], solved.bounds[token], size=solved.value
    )


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_central_path_ends_at_the_answer_inside_the_intervals(seed):
    solved = solve_toy(random_toy(seed))
    path = path_of(solved.network)
    assert path.certified
    assert (np.diff(path.mus) < 0).all()
    assert (np.diff(path.values) > -1e-9 * solved.value).all(), "the value grows as mu falls"
    assert_close(path.scores[-1], solved.solution.scores, size=solved.value, error=SOLVED)
    slack = 1e-5 * solved.value
    assert (path.scores[-1] >= path.bounds[:, 0] - slack).all()
    assert (path.scores[-1] <= path.bounds[:, 1] + slack).all()


def test_two_answers_are_apart_and_the_pair_has_one():
    two = solve_toy(PRESETS[TWO]())
    assert two.ambiguous
    chosen = between(two.network, two.ambiguous[0])
    assert_apart(chosen.scores(0), chosen.scores(1))
    assert not solve_toy(PRESETS[PAIR]()).ambiguous


def test_the_bottleneck_is_its_cut_and_the_null_token_gets_nothing():
    assert solve_toy(PRESETS[BOTTLENECK]()).cut == [Edge(1, 0, 0)]
    null = solve_toy(PRESETS[NULL]())
    assert null.solution.scores[2] == 0
    assert {edge.query for edge in null.dead} == {2}


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_every_promise_holds_for_the_scores_of_the_solver(seed):
    assert all(one.holds in (True, None) for one in promises(solve_toy(random_toy(seed))))


@pytest.mark.parametrize("name", PRESETS)
def test_a_score_changed_by_hand_breaks_promises(name):
    solved = solve_toy(PRESETS[name]())
    changed = solved.solution.scores.copy()
    changed[-1] += 0.01 * solved.value
    broken = {one.name for one in promises(solved, changed) if one.holds is False}
    assert {"Efficiency", "Scaling", "Shapley values of this flow"} <= broken
    assert ("Nullity" in broken) == (name in (NULL, TWO))
    changed = solved.solution.scores.copy()
    changed[0], changed[1] = changed[0] + 0.01, changed[1] - 0.01
    broken = {one.name for one in promises(solved, changed) if one.holds is False}
    assert "Efficiency" not in broken
    assert ("Symmetry" in broken) == (name == PAIR)


def test_shapley_values_are_those_of_all_orders():
    for toy in (PRESETS[TWO](), PRESETS[NULL](), random_toy(5)):
        solved = solve_toy(toy)

        def worth(members, toy=toy):
            closed = toy.tensor
            closed[0][:, [one for one in range(toy.tokens) if one not in members]] = 0
            return largest(FlowNetwork.from_information(closed))

        tokens = toy.tokens
        gains = np.zeros(tokens)
        for order in permutations(range(tokens)):
            for place, player in enumerate(order):
                gains[player] += worth(order[: place + 1]) - worth(order[:place])
        assert_close(removal_values(toy), gains / factorial(tokens), size=solved.value)
        assert_close(outflow_values(solved), solved.solution.scores, size=solved.value)
    two = solve_toy(PRESETS[TWO]())
    assert_apart(removal_values(two.toy), two.solution.scores, message="two different games")


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_puzzle_is_judged_by_solving_again(seed):
    solved = solve_toy(random_toy(seed))
    token = puzzle.hardest(solved)
    right = puzzle.solutions(solved, token)
    for edge in solved.toy.edges:
        attempt = puzzle.raise_pipe(solved, edge, 1.0, token)
        again = gaf.solve(attempt.after.network).scores
        gain = float(again[token] - gaf.solve(solved.network).scores[token])
        assert_close(attempt.after.solution.scores, again, size=attempt.after.value, error=SOLVED)
        assert (edge in right) == attempt.right
        assert attempt.right == (gain >= puzzle.NOTICED * attempt.after.value)
        grows = largest(attempt.after.network) - largest(solved.network)
        assert ("the whole flow grows" in attempt.why) == (
            grows > puzzle.NOTICED * attempt.after.value
        )


def test_a_dead_end_gives_nothing_and_no_pipe_can_be_raised_without_end():
    null = solve_toy(PRESETS[NULL]())
    attempt = puzzle.raise_pipe(null, Edge(0, 2, 2), 1.0, token=0)
    assert not attempt.right
    assert "dead end" in attempt.why
    for by in (0, -1, 1000, float("nan")):
        with pytest.raises(CapacityError, match="can be raised"):
            puzzle.raise_pipe(null, Edge(0, 0, 0), by, token=0)


def test_a_toy_without_any_way_has_no_flow_and_no_error():
    toy = PRESETS[TWO]()
    for edge in [edge for edge in toy.edges if edge.layer == 1]:
        toy = toy.with_capacity(edge, 0)
    solved = solve_toy(toy)
    assert not solved.flows
    assert solved.dead == toy.edges
    assert all(one.holds in (True, None) for one in promises(solved))
    assert path_of(solved.network).certified


def test_the_cell_is_the_edge_of_the_network(explanation):
    cell = cell_of(explanation)
    attention, gradient = explanation.trace.attention[5], explanation.trace.gradient[5]
    row = attention[:, cell.query].astype(float) * gradient[:, cell.query].astype(float)
    assert_close(cell.terms, np.maximum(row, 0))
    assert_close(cell.capacity, explanation.network.capacity[-1, cell.query, cell.key])
    assert cell.terms[:, cell.key].argmax() == cell.head
    assert {cell.query, cell.key} <= set(cell.columns)
    assert sorted([*cell.columns, *cell.others]) == list(range(len(explanation.tokens)))


def test_the_texts_are_short_and_each_stop_has_all_its_parts():
    assert len(IDS) == len(set(IDS)) == 10
    for stop in STOPS:
        assert 40 <= len(stop.text.split()) <= 80, stop.id
        assert stop.formula
        assert stop.plain
        assert stop.words


def test_every_question_has_an_answer_that_is_accepted_and_no_other(model, explanation):
    said = agreeing.test_of(model, explanation)
    for toy in (*(make() for make in PRESETS.values()), random_toy(3)):
        lesson = Lesson(explanation, toy, said)
        for stop in STOPS:
            asked = question_of(stop, lesson)
            if stop.id == "puzzle":
                assert asked is None
                continue
            assert asked is not None
            assert asked.accepts(asked.answer), stop.id
            assert asked.verdict(asked.answer).startswith("Right.")
            if isinstance(asked.answer, str):
                assert asked.answer in asked.choices
                assert not any(asked.accepts(one) for one in asked.choices if one != asked.answer)
            else:
                assert not asked.accepts(asked.answer * 1.05 + 0.1)


def test_what_the_model_says_is_what_it_says_when_asked_directly():
    model = in_float64(gaf.load_model("minilm-reviews"))
    explanation = gaf.explain(model, TEXT, lesson_settings(model.layers))
    said = agreeing.test_of(model, explanation)
    assert said.tops[agreeing.FAITHFUL_NAME] == int(
        np.where(explanation.trace.removable, said.faithful.scores, -1).argmax()
    )
    whole = gaf.trace(model, TEXT)
    stored = {"precision": np.float32, "size": probability_size(whole.logits)}  # the logits are
    assert_close(said.whole, whole.probabilities[whole.target.index], **stored)
    for name, token in said.tops.items():
        start, end = whole.offsets[token]
        masked = gaf.trace(model, f"{TEXT[:start]}[MASK]{TEXT[end:]}", whole.target.index)
        expected = masked.probabilities[whole.target.index]
        assert_close(said.alone[name], expected, **stored, message=name)
    assert said.ways is not None
    assert 0 < said.carried < 1
