"""What a Sankey draws, in every combination: conserved, split exactly, and never too much."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks.handmade import explanation_of, proportional_flow
from benchmarks.networks import informations
from gaf_core.figures import sankey
from gaf_core.flow.exact import max_flow
from gaf_core.flow.paths import widest_paths
from gaf_core.picture.folding import compose, kept_boundaries, usual_folds
from gaf_core.picture.reduction import reduce_flow, through_flow
from gaf_core.picture.scene import MARKS, Scene
from gaf_core.picture.view import View
from gaf_core.reading.focus import Node, along, through
from tests.support.tolerance import adding_up, assert_close, rounding

WORDS = "one two three, four five six. seven eight nine ten; eleven twelve thirteen fourteen"
LONG = " ".join(f"w{i}{'.' if i % 9 == 0 else ''}" for i in range(100))


@settings(max_examples=60, deadline=None)
@given(informations, st.integers(1, 14), st.data())
def test_what_enters_a_drawn_node_leaves_it_in_every_combination(information, budget, data):
    network = gaf.FlowNetwork.from_information(information)
    solution = proportional_flow(network)
    tokens, layers = network.tokens, network.layers
    ends = sorted(data.draw(st.sets(st.integers(1, max(1, tokens - 1)), max_size=5)) | {0, tokens})
    units = [tuple(range(a, b)) for a, b in pairwise(ends)]
    folded = data.draw(st.sets(st.integers(1, max(1, layers - 1)))) if layers > 1 else ()
    paths = widest_paths(solution.edge_flow, count=data.draw(st.integers(0, 5)))
    part = along(solution, paths)
    reduced = reduce_flow(
        network, solution, budget, partition=units, folded=folded, part=part, limit=9
    )
    how = {"size": solution.value, "roundings": adding_up(network)}
    for k, layer in enumerate(reduced.nodes):
        for index, node in enumerate(layer):
            below = [x for x in reduced.links if (x.layer, x.lower) == (k, index)]
            above = [x for x in reduced.links if (x.layer + 1, x.upper) == (k, index)]
            for links in filter(None, (below, above)):
                assert_close(sum(x.flow for x in links) - node.flow, 0, **how)
                assert_close(sum(x.part for x in links) - node.part, 0, **how)
        assert_close(sum(node.flow for node in layer), solution.value, **how)
    near = rounding(**how)
    assert all(-near <= x.part <= x.flow + near for x in reduced.links)


def test_folding_mixes_at_the_nodes_left_out():
    flow = np.array([[[1.0, 3.0], [2.0, 2.0]], [[4.0, 1.0], [0.0, 3.0]]])
    # 4 of the first and none of the second arrive in node 0, which sends a quarter to input 0
    expected = [[4 / 4 + 1 / 2, 4 * 3 / 4 + 1 / 2], [3 / 2, 3 / 2]]
    assert_close(compose(flow), expected)
    assert_close(compose(flow).sum(axis=0), flow[0].sum(axis=0))


def test_usual_folds_leave_about_eight_steps_of_equal_depth():
    assert usual_folds(6) == frozenset()
    kept = kept_boundaries(30, usual_folds(30))
    assert len(kept) == 9
    assert (kept[0], kept[-1]) == (0, 30)
    assert set(np.diff(kept)) <= {3, 4}
    with pytest.raises(gaf.SettingsError, match=r"cannot be folded away\. Choose from 1 to 5"):
        kept_boundaries(6, [6])


def test_folded_columns_are_named_and_their_links_have_no_capacity():
    explanation = explanation_of(WORDS, layers=6)
    figure = sankey(explanation, View(folded={3, 4}))
    titles = [note.text for note in figure.layout.annotations if note.y == 1.0]
    assert titles == ["input", "layer 1", "layer 2", "layers 3–5", "layer 6", "prediction"]
    (drawn,) = figure.data
    across = [text for text in drawn.link.customdata if "layers 3–5" in text]
    assert across
    assert all("across folded layers" in text for text in across)
    assert all("capacity 0" not in text and "used" not in text for text in across)
    assert "6 layers are drawn in 4 steps" in figure.layout.meta["summary"]


@pytest.mark.parametrize("by", ["tokens", "words", "spans"])
@pytest.mark.parametrize("folded", [(), (1,)])
def test_the_two_links_of_a_selection_add_up_to_the_link(by, folded):
    explanation = explanation_of(WORDS)
    solution = explanation.solution
    part = through(solution, Node(0, int(np.argmax(explanation.scores))))
    (drawn,) = sankey(explanation, View(part=part, by=by, folded=folded)).data
    value, total = np.array(drawn.link.value), {}
    for ends, each in zip(
        zip(drawn.link.source, drawn.link.target, strict=True), value, strict=True
    ):
        total.setdefault(ends, []).append(each)
    assert max(map(len, total.values())) == 2
    bright = [color for color in drawn.link.color if not color.startswith("rgba(138,148,163,0.1")]
    assert 0 < len(bright) < len(value)
    picture = Scene.of(explanation, View(10, part=part, by=by, folded=folded))
    flows = [link.flow for link in picture.reduced.links if link.flow > 0]
    flows += [node.flow for node in picture.reduced.nodes[-1]]
    assert_close(sorted(map(sum, total.values())), sorted(flows))


def test_the_selection_is_on_its_own_though_it_is_small():
    explanation = explanation_of(LONG)
    weakest = int(np.argmin(explanation.scores))
    part = through(explanation.solution, Node(0, weakest))
    picture = Scene.of(explanation, View(6, part=part))
    assert (weakest,) in [node.tokens for node in picture.reduced.nodes[0]]
    assert max(sum(not n.merged for n in layer) for layer in picture.reduced.nodes) <= 6
    hovers = sankey(explanation, View(6, part=part)).data[0].node.customdata
    assert any("100 % of it belongs to the selection" in text for text in hovers)
    assert any("belongs to the selection" not in text for text in hovers)


def test_the_cut_is_marked_without_colour_and_in_words():
    explanation = explanation_of(WORDS, layers=3)
    cut = max_flow(explanation.network).cut_near_input
    figure = sankey(explanation, View(30, cut=cut))
    labels = [note.text for note in figure.layout.annotations if note.text.startswith("cut: ")]
    # each is rounded to a whole percent
    assert abs(sum(int(text[5:-1]) for text in labels) - 100) <= len(labels) / 2
    (drawn,) = figure.data
    assert any("on the minimum cut" in text for text in drawn.link.customdata)
    assert figure.layout.shapes
    assert {shape.line.dash for shape in figure.layout.shapes} == {"solid", "dot"}
    for shape in figure.layout.shapes:
        assert 0 <= shape.y1 < shape.y0 <= 1
    assert not sankey(explanation, View(30)).layout.shapes


def test_crossing_edges_are_those_of_the_cut():
    explanation = explanation_of(WORDS, layers=3)
    network, cut = explanation.network, max_flow(explanation.network).cut_near_input
    reduced = reduce_flow(network, explanation.solution, 4, cut=cut)
    crossing = cut[1:, :, None] & ~cut[:-1, None, :] & (network.capacity > 0)
    assert sum(link.cut_edges for link in reduced.links) == crossing.sum()
    flow = explanation.solution.edge_flow[crossing].sum()
    assert_close(sum(link.cut_flow for link in reduced.links), flow)
    assert_close(sum(reduced.cut_shares or ()), 1)


def test_saturation_has_a_legend_and_says_what_is_full():
    explanation = explanation_of(WORDS)
    figure = sankey(explanation, View(30, colour="saturation"))
    legend = [note.text for note in figure.layout.annotations if "capacity used" in note.text]
    assert len(legend) == 1
    assert re.sub(r"<[^>]*>|&nbsp;", "", legend[0]).endswith("full")
    link = figure.data[0].link
    full = [c for c, text in zip(link.color, link.customdata, strict=True) if "saturated" in text]
    assert full, "the proportional flow fills an edge"
    assert all(color.startswith("rgba(213,94,0") for color in full)


@pytest.mark.parametrize("layers", [6, 30])
@pytest.mark.parametrize("budget", [10, 200])
@pytest.mark.parametrize("split", [False, True])
def test_no_picture_has_more_than_so_many_marks(layers, budget, split):
    explanation = explanation_of(LONG, layers=layers)
    part = through(explanation.solution, Node(0, 3)) if split else None
    figure = sankey(explanation, View(budget, part=part))
    assert len(figure.data[0].node.x) + len(figure.data[0].link.value) <= MARKS
    if budget == 200:
        assert "fold layers to see more" in figure.layout.meta["summary"]


def test_spans_replace_the_others_and_open_to_tokens():
    explanation = explanation_of(LONG)
    closed = Scene.of(explanation, View(10, by="spans"))
    assert not any(node.merged for layer in closed.reduced.nodes for node in layer)
    assert "joined to" in closed.summary
    span = next(node.tokens for node in closed.reduced.nodes[0] if len(node.tokens) > 1)
    opened = Scene.of(explanation, View(10, by="spans", opened=[span[0]]))
    shown = [node.tokens for node in opened.reduced.nodes[0] if not node.merged]
    assert {(token,) for token in span} <= set(shown)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"colour": "rainbow"}, "Use token or saturation"),
        ({"by": "letters"}, "Use tokens, words, spans"),
        ({"part": np.zeros((1, 2, 2))}, "has the shape"),
        ({"cut": np.zeros((1, 2), dtype=bool)}, "has the shape"),
        ({"folded": [0]}, "cannot be folded away"),
        ({"opened": [99], "by": "words"}, "cannot be opened"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(wrong, message):
    with pytest.raises(gaf.SettingsError, match=message):
        sankey(explanation_of("one two"), View(**wrong))


def test_a_part_that_is_none_is_refused():
    explanation = explanation_of("one two")
    flow = explanation.solution.edge_flow
    with pytest.raises(gaf.SettingsError, match="between 0 and the flow"):
        sankey(explanation, View(part=2 * flow))
    broken = flow.copy()
    broken[0] = 0.0
    with pytest.raises(gaf.SettingsError, match="conserved"):
        sankey(explanation, View(part=broken))


def test_through_flow_is_what_enters_each_node():
    solution = explanation_of("one two").solution
    assert_close(through_flow(solution)[0], solution.scores)
