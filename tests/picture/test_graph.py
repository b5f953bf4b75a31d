"""The graph and the matrices, read from the figures."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of, proportional_flow
from gaf_core.figures import flow_graph, head_matrix, layer_matrix, token_bars
from gaf_core.picture.scene import Scene
from gaf_core.picture.spans import partition
from gaf_core.picture.view import View
from gaf_core.reading.focus import Edge, Node, through
from gaf_core.reading.selection import from_text
from tests.support.tolerance import assert_close

WORDS = "one two three four five six seven eight nine ten eleven twelve"
LONG = " ".join(f"w{i}" for i in range(93))


def named(figure: go.Figure, name: str) -> list:
    return [trace for trace in figure.data if trace.name == name]


def strokes(figure: go.Figure, name: str) -> int:
    return sum(len(trace.x) // 3 for trace in named(figure, name))


@pytest.mark.parametrize("layers", [1, 6, 12])
@pytest.mark.parametrize("text", ["one", WORDS, LONG])
def test_a_graph_stays_small_at_any_length(text, layers):
    explanation = explanation_of(text, layers=layers)
    part = through(explanation.solution, Node(0, 1))
    cut = gaf.max_flow(explanation.network).cut_near_input
    figure = flow_graph(explanation, View(10, part=part, cut=cut))
    assert len(figure.data) <= 60
    assert strokes(figure, "capacity") + strokes(figure, "flow") <= 3000


def test_it_has_the_nodes_of_the_sankey_and_each_says_what_it_selects():
    explanation = explanation_of(WORDS, layers=4)
    figure = flow_graph(explanation, View(5))
    (marks,) = named(figure, "nodes")
    reduced = Scene.of(explanation, View(5)).reduced
    assert len(marks.x) == sum(map(len, reduced.nodes)) + 1, "and the prediction"
    chosen = [from_text(explanation, row[0]) for row in marks.customdata if row[0]]
    alone = [
        Node(k, node.tokens[0])
        for k, layer in enumerate(reduced.nodes)
        for node in layer
        if len(node.tokens) == 1
    ]
    assert chosen == alone
    (edges,) = named(figure, "edges")
    assert edges.marker.opacity == 0
    assert any(isinstance(from_text(explanation, row[0]), Edge)
               for row in edges.customdata if row[0])  # fmt: skip


def test_flow_lies_inside_capacity_and_widths_are_linear():
    explanation = explanation_of("one two", layers=2)
    figure = flow_graph(explanation, View(10))
    widest = max(trace.line.width for trace in named(figure, "flow"))
    assert widest == 12
    assert max(trace.line.width for trace in named(figure, "capacity")) <= 26
    order = [trace.name for trace in figure.data]
    assert order.index("capacity") < order.index("flow"), "drawn first, so it lies below"
    assert "12 pixels" in figure.layout.meta["summary"]


def test_the_part_is_drawn_over_grey_and_a_cut_is_dotted():
    explanation = explanation_of(WORDS, layers=3)
    plain = flow_graph(explanation)
    assert not named(plain, "selection")
    assert not named(plain, "cut")
    part = through(explanation.solution, Node(1, 2))
    cut = np.zeros_like(explanation.network.live)
    cut[2:] = True
    figure = flow_graph(explanation, View(part=part, cut=cut))
    assert 0 < strokes(figure, "selection") < strokes(figure, "flow")
    assert named(figure, "flow")[0].line.color != named(plain, "flow")[0].line.color
    (outline,) = named(figure, "cut")
    assert outline.line.dash == "dot"
    spans = {tuple(outline.x[i : i + 2]) for i in range(0, len(outline.x), 3)}
    assert spans == {(1.0, 2.0)}, "only between the second and the third layer of nodes"


def test_matrices_show_the_numbers_with_zero_in_the_middle_of_signed_ones():
    explanation = explanation_of("one <b> two", gaf.Settings(layers=(1, 3)), layers=3)
    (flow,) = layer_matrix(explanation, 0, "Flow").data
    edges = explanation.network.capacity[0] > 0
    assert np.array_equal(np.isfinite(np.array(flow.z, dtype=float)), edges)
    assert_close(np.array(flow.z)[edges], explanation.solution.edge_flow[0][edges])
    (drawn,) = head_matrix(explanation, 0, 1, "A · G").data
    attention, gradient = explanation.trace.attention[1, 1], explanation.trace.gradient[1, 1]
    assert_close(drawn.z, attention * gradient, precision=np.float32)
    assert drawn.zmin == -drawn.zmax < 0
    assert head_matrix(explanation, 0, 1, "A").data[0].zmin == 0
    assert "<b>" not in str(drawn.customdata)


def test_a_matrix_of_a_long_text_names_at_most_sixty_tokens():
    figure = layer_matrix(explanation_of(LONG), 0)
    assert 40 <= len(figure.layout.xaxis.ticktext) <= 60


@pytest.mark.parametrize(
    ("draw", "problem"),
    [
        (lambda e: layer_matrix(e, 3), "from 0 to 2"),
        (lambda e: layer_matrix(e, 0, "A"), "no matrix of a layer"),
        (lambda e: head_matrix(e, 0, 2), "from 0 to 1"),
        (lambda e: head_matrix(e, 0, 0, "Flow"), "no matrix of a head"),
    ],
)
def test_a_matrix_that_does_not_exist_says_what_does(draw, problem):
    with pytest.raises(gaf.SettingsError, match=problem):
        draw(explanation_of("one two"))


def test_bars_show_how_far_a_plain_flow_could_move_each_token():
    explanation = explanation_of("one two three")
    value = explanation.solution.value
    bounds = np.column_stack([0.5 * explanation.scores, 1.5 * explanation.scores])
    bars = token_bars(explanation, bounds=bounds).data[0]
    shares = np.sort(explanation.scores / value)[::-1]
    assert_close(bars.error_x.array, 0.5 * shares)
    assert_close(bars.error_x.arrayminus, 0.5 * shares)
    assert "could give it" in bars.customdata[0]
    assert token_bars(explanation).data[0].error_x.array is None


def test_bars_of_words_have_the_intervals_of_words():
    spans = [(0, 2), (2, 12), (13, 17)]
    explanation = explanation_of(
        "unbelievably good", spans=spans, tokens=["un", "##believably", "good"]
    )
    scores = gaf.word_scores(gaf.group_words(explanation.trace), explanation.scores)
    bounds = np.column_stack([0.5 * scores, 1.5 * scores])
    drawn = token_bars(explanation, by_words=True, bounds=bounds).data[0]
    word = next(i for i, hover in enumerate(drawn.customdata) if "unbelievably" in hover)
    value, score = explanation.solution.value, explanation.scores[1:3].sum()
    assert_close(drawn.x[word], score / value)
    assert_close(drawn.error_x.array[word], (bounds[1, 1] - score) / value)
    with pytest.raises(gaf.SettingsError, match="Words need the intervals"):
        token_bars(explanation, bounds=bounds)


def with_capacity(capacity: np.ndarray) -> gaf.Explanation:
    explanation = explanation_of(WORDS, layers=1)
    network = gaf.FlowNetwork.from_information(capacity[None])
    return replace(explanation, network=network, solution=proportional_flow(network))


def test_one_cell_that_dwarfs_the_others_does_not_take_all_colours():
    capacity = np.random.default_rng(0).uniform(0.5, 1.0, (14, 14))
    plain = layer_matrix(with_capacity(capacity), 0, "Capacity")
    assert plain.data[0].zmax == capacity.max()
    assert plain.layout.meta["summary"] == ""
    capacity[3, 4] = 50.0
    figure = layer_matrix(with_capacity(capacity), 0, "Capacity")
    assert 0.9 < figure.data[0].zmax <= 1.0
    assert "2 cells go beyond it, up to 50" in figure.layout.meta["summary"]
    assert np.nanmax(np.array(figure.data[0].z)) == 50, "the hover still tells the value"
    few = layer_matrix(with_capacity(np.diag([*[1.0] * 13, 40.0])), 0, "Capacity")
    assert few.data[0].zmax == 1.0, "one of fourteen edges"
    assert "1 cell goes beyond it, up to 40" in few.layout.meta["summary"]


def test_a_matrix_of_joined_tokens_has_the_sums():
    explanation = explanation_of(LONG)
    units = partition(explanation.trace, "spans", 20)
    capacity, flow = explanation.network.capacity[1], explanation.solution.edge_flow[1]
    drawn = {
        quantity: np.array(layer_matrix(explanation, 1, quantity, units).data[0].z, dtype=float)
        for quantity in ("Capacity", "Flow", "Saturation")
    }
    assert drawn["Flow"].shape == (len(units), len(units))
    assert len(units) <= 20
    for row, reading in enumerate(units):
        for column, read in enumerate(units):
            part = np.ix_(reading, read)
            if capacity[part].any():
                assert_close(drawn["Capacity"][row, column], capacity[part].sum())
                assert_close(drawn["Flow"][row, column], flow[part].sum())
            else:
                assert np.isnan(drawn["Capacity"][row, column])
    ratio = drawn["Flow"] / drawn["Capacity"]
    assert_close(drawn["Saturation"], ratio)


def test_the_summary_says_how_wide_a_faint_focus_is_drawn():
    explanation = explanation_of(WORDS, layers=3)
    part = through(explanation.solution, Node(0, int(explanation.scores.argmin())))
    figure = flow_graph(explanation, View(part=part))
    assert (
        "at least 2 pixels wide where an edge carries 20 % of it" in figure.layout.meta["summary"]
    )
    assert max(trace.line.width for trace in named(figure, "selection")) >= 2
    assert "in focus" not in flow_graph(explanation).layout.meta["summary"]
