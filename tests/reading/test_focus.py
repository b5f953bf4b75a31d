import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks.handmade import explanation_of, proportional_flow
from benchmarks.networks import KINDS, information
from gaf_core.reading.focus import Edge, Node, Paths, along, part_of, through
from gaf_core.reading.selection import from_text, to_text
from gaf_core.reading.sentences import focus_in_words, in_words
from tests.support.tolerance import assert_close, summed


@st.composite
def solved(draw) -> tuple[gaf.FlowNetwork, gaf.FlowSolution]:
    """A small network and a flow on it that is conserved to the last digit or nearly so."""
    kind = draw(st.sampled_from([kind for kind in KINDS if kind != "no path"]))
    tensor = information(
        kind, draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(0, 2**32 - 1))
    )
    network = gaf.FlowNetwork.from_information(tensor)
    return network, proportional_flow(network)


def paths_of(solution: gaf.FlowSolution) -> list[tuple[tuple[int, ...], float]]:
    """Every path, input first, with what proportional mixing sends along it."""
    flow = solution.edge_flow
    layers, tokens, _ = flow.shape
    found = []
    for nodes in itertools.product(range(tokens), repeat=layers + 1):
        carried = flow[-1, nodes[-1]].sum()
        for k in range(layers):
            out = flow[k, nodes[k + 1]].sum()
            carried *= flow[k, nodes[k + 1], nodes[k]] / out if out > 0 else 0.0
        if carried > 0:
            found.append((nodes, float(carried)))
    return found


def of(solution: gaf.FlowSolution) -> dict:
    """How parts of a flow add up: to rounding of the whole flow."""
    layers, tokens, _ = solution.edge_flow.shape
    return {"size": solution.value, "roundings": (layers + 1) * summed((layers + 1) * tokens**2)}


def along_all(paths: list[tuple[tuple[int, ...], float]], shape: tuple[int, ...]) -> np.ndarray:
    part = np.zeros(shape)
    for nodes, carried in paths:
        for k in range(shape[0]):
            part[k, nodes[k + 1], nodes[k]] += carried
    return part


@settings(max_examples=60, deadline=None)
@given(solved(), st.data())
def test_a_node_has_exactly_the_paths_through_it(case, data):
    _, solution = case
    layers, tokens, _ = solution.edge_flow.shape
    node = Node(data.draw(st.integers(0, layers)), data.draw(st.integers(0, tokens - 1)))
    part = through(solution, node)
    passing = [path for path in paths_of(solution) if path[0][node.layer] == node.token]
    assert_close(part - along_all(passing, part.shape), 0, **of(solution))
    check_part(solution, part, sum(carried for _, carried in passing))


@settings(max_examples=60, deadline=None)
@given(solved(), st.data())
def test_an_edge_has_exactly_the_paths_along_it(case, data):
    _, solution = case
    layers, tokens, _ = solution.edge_flow.shape
    one = st.integers(0, tokens - 1)
    edge = Edge(data.draw(st.integers(0, layers - 1)), data.draw(one), data.draw(one))
    part = through(solution, edge)
    passing = [
        path
        for path in paths_of(solution)
        if path[0][edge.layer + 1] == edge.query and path[0][edge.layer] == edge.key
    ]
    assert_close(part - along_all(passing, part.shape), 0, **of(solution))
    check_part(solution, part, float(solution.edge_flow[edge]))


def check_part(solution: gaf.FlowSolution, part: np.ndarray, total: float) -> None:
    assert (part <= solution.edge_flow).all()
    assert (part >= 0).all()
    assert_close(part.sum(axis=(1, 2)) - total, 0, **of(solution))
    entering, leaving = part[1:].sum(axis=1), part[:-1].sum(axis=2)
    assert_close(entering - leaving, 0, message="conserved at inner nodes", **of(solution))


@settings(max_examples=20, deadline=None)
@given(solved())
def test_the_parts_of_a_layer_make_up_the_flow(case):
    _, solution = case
    layers, tokens, _ = solution.edge_flow.shape
    for k in range(layers + 1):
        parts = [through(solution, Node(k, token)) for token in range(tokens)]
        assert_close(sum(parts), solution.edge_flow, **of(solution) | {"size": solution.edge_flow})


@settings(max_examples=20, deadline=None)
@given(solved(), st.integers(1, 5))
def test_paths_carry_what_they_say_and_never_more_than_the_flow(case, count):
    _, solution = case
    paths = gaf.widest_paths(solution.edge_flow, count)
    part = along(solution, paths)
    check_part(solution, part, sum(path.flow for path in paths))


def test_a_solved_flow_through_a_token_is_its_score():
    random = np.random.default_rng(1)
    network = gaf.FlowNetwork.from_information(random.random((3, 5, 5)))
    solution = gaf.solve(network)
    for token, score in enumerate(solution.scores):
        part = through(solution, Node(0, token))
        # what nodes keep of the flow, by its certificate
        how = {"size": solution.value, "error": 15 * solution.conservation_residual}
        assert_close(part.sum(axis=(1, 2)), [score] * 3, **how)


@pytest.mark.parametrize("selection", [Node(0, 4), Node(3, 0), Edge(2, 0, 3), Paths((2, 7))])
def test_a_link_gives_back_what_was_selected(selection):
    explanation = explanation_of("one two three", gaf.Settings(layers=(2, 5)), layers=6)
    assert from_text(explanation, to_text(explanation, selection)) == selection


def test_a_link_names_layers_of_the_model_whatever_range_is_shown():
    texts = "n2.1", "e3.1.2", "p1"
    for first in (0, 1, 2):
        explanation = explanation_of("one two three", gaf.Settings(layers=(first, 5)), layers=6)
        node, edge, paths = (from_text(explanation, text) for text in texts)
        assert in_words(explanation, node) == "‘one’ after layer 2"
        assert in_words(explanation, edge) == "layer 3: ‘one’ reads ‘two’"
        assert tuple(to_text(explanation, one) for one in (node, edge, paths)) == texts
    for text in texts[:2]:
        later = explanation_of("one two three", gaf.Settings(layers=(3, 5)), layers=6)
        with pytest.raises(gaf.SettingsError, match="the flow is that of layers 4 to 5"):
            from_text(later, text)


def test_a_selection_of_any_kind_has_its_part_of_the_flow():
    explanation = explanation_of("one two three")
    paths = gaf.widest_paths(explanation.solution.edge_flow, 4)
    node, chosen = Node(1, 2), Paths((2, 4))
    found = part_of(explanation, node)
    assert np.array_equal(found, through(explanation.solution, node))
    expected = along(explanation.solution, [paths[1], paths[3]])
    assert np.array_equal(part_of(explanation, chosen), expected)
    assert np.array_equal(part_of(explanation, chosen, paths), expected)
    with pytest.raises(gaf.SettingsError, match="ends before path 9"):
        part_of(explanation, Paths((9,)), paths)
    share = expected[0].sum() / explanation.solution.value
    words = focus_in_words(explanation, chosen, expected, lambda name: f"<{name}>")
    assert words.startswith(f"In focus: <paths 2 and 4>. {share:.1%} of the flow runs along them")
    assert "mix in proportion" in focus_in_words(explanation, node, found)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no part"), ("x1", "no part"), ("n1", "no part"), ("n1.2.3", "no part"),
        ("e1.2", "no part"), ("n-1.2", "no part"), ("n1.²", "no part"), ("p0", "counted from 1"),
        ("n4.0", "layers are 1 to 3"), ("e4.0.0", "layers are 1 to 3"),
        ("e0.0.0", "has no layer 0"), ("n0.5", "from 0 to 4"), ("e1.0.5", "from 0 to 4"),
        ("n99999999999.0", "no part"),
    ],
)  # fmt: skip
def test_a_link_to_what_a_flow_does_not_have_says_what_it_has(text, problem):
    with pytest.raises(gaf.SettingsError, match=problem):
        from_text(explanation_of("one two three"), text)


def test_names_are_words_that_tell_two_equal_tokens_apart():
    explanation = explanation_of("good bad good", gaf.Settings(layers=(1, 3)), layers=3)
    assert in_words(explanation, Node(0, 2)) == "‘bad’ after layer 1"
    assert in_words(explanation, Edge(0, 0, 2)) == "layer 2: ‘[CLS]’ reads ‘bad’"
    assert in_words(explanation, Node(2, 1)) == "‘good’ (position 1) after layer 3"
    assert in_words(explanation_of("one"), Node(0, 1)) == "‘one’ in the input"
    assert "widest" in in_words(explanation, Paths((1,)))
    assert in_words(explanation, Paths((1, 2, 5))) == "paths 1, 2 and 5"
