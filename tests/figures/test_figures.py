import re
from dataclasses import replace
from html import unescape
from itertools import pairwise

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of, trace_of
from gaf_core.figures import probability_bars, sankey, token_bars
from gaf_core.flow.solution import Status
from gaf_core.picture.colours import LIGHT_SHADES, NEUTRAL, PALETTE
from gaf_core.picture.labels import literal
from gaf_core.picture.sankey import SankeyPicture
from gaf_core.picture.scene import Scene
from gaf_core.picture.view import View
from tests.support.tolerance import assert_close, summed

WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
LONG = " ".join(f"w{i}" for i in range(88))
NASTY = "<b> & %{x} $y$ :smile: </script>"


def zero_flow(text: str = "one two") -> gaf.Explanation:
    explanation = explanation_of(text)
    network = gaf.FlowNetwork.from_information(np.zeros_like(explanation.network.capacity))
    nothing = replace(
        explanation.solution,
        scores=np.zeros(len(explanation.tokens)),
        edge_flow=np.zeros_like(network.capacity),
        source_flow=np.zeros(len(explanation.tokens)),
        value=0.0,
        status=Status.NO_PATH,
    )
    return replace(explanation, network=network, solution=nothing)


@pytest.mark.parametrize("layers", [1, 2, 6, 12])
@pytest.mark.parametrize("text", ["one", WORDS, LONG])
def test_every_column_of_the_sankey_carries_the_whole_flow(text, layers):
    explanation = explanation_of(text, layers=layers)
    (drawn,) = sankey(explanation, View(10)).data
    columns = sorted(set(drawn.node.x))
    assert len(columns) == layers + 2
    source = np.array(drawn.node.x)[list(drawn.link.source)]
    target = np.array(drawn.node.x)[list(drawn.link.target)]
    for left, right in pairwise(columns):
        between = (source == left) & (target == right)
        value = np.array(drawn.link.value)[between].sum()
        assert_close(value, explanation.solution.value, roundings=summed(1000))


def test_every_drawn_node_has_a_link_and_a_place_that_plotly_accepts():
    (drawn,) = sankey(explanation_of(LONG, layers=6)).data
    assert set(drawn.link.source) | set(drawn.link.target) == set(range(len(drawn.node.x)))
    assert min(drawn.link.value) > 0, "plotly drops links of zero and then misplaces nodes"
    for place in (*drawn.node.x, *drawn.node.y):
        assert 0 < place <= 1, "plotly ignores the place of a node at exactly 0"


def test_input_is_left_and_prediction_is_right():
    explanation = explanation_of(WORDS, gaf.Settings(layers=(1, 3)), layers=4)
    figure = sankey(explanation)
    headers = [note.text for note in figure.layout.annotations if note.y == 1.0]
    assert headers == ["after layer 1", "layer 2", "layer 3", "prediction"]
    assert explanation.trace.target.name in figure.layout.annotations[-1].text


@pytest.mark.parametrize("layers", [2, 6, 12])
@pytest.mark.parametrize("text", ["one", WORDS, LONG])
@pytest.mark.parametrize("budget", [3, 10, 40])
def test_labels_of_a_column_never_overlap(text, layers, budget):
    figure = sankey(explanation_of(text, layers=layers), View(budget))
    height = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    rows: dict[tuple, list[float]] = {}
    for note in figure.layout.annotations:
        if note.y != 1.0:
            rows.setdefault((note.x, note.xanchor), []).append(note.y * height)
    for places in rows.values():
        assert np.all(np.diff(sorted(places)) >= 14), "labels are 12 pixels high"


def test_every_input_token_drawn_has_its_label():
    figure = sankey(explanation_of(WORDS), View(5))
    labels = [note.text for note in figure.layout.annotations if note.xanchor == "right"]
    assert len(labels) == 6
    assert labels[-1] == "others (12)"


def test_the_largest_words_are_coloured_and_bands_follow_the_token_they_leave():
    explanation = explanation_of(WORDS)
    scene = Scene.of(explanation, View(30))
    picture = SankeyPicture(scene)
    words = np.flatnonzero(~explanation.trace.special)
    largest = words[np.argsort(-explanation.scores[words])][: len(PALETTE)]
    assert list(scene.colours) == largest.tolist()
    nodes, links = picture.nodes(), picture.links()
    for source, colour in zip(links["source"], links["color"], strict=True):
        red, green, blue, _ = re.findall(r"[\d.]+", colour)
        assert nodes["color"][source] == f"#{int(red):02x}{int(green):02x}{int(blue):02x}"


def test_the_others_are_grey_and_named_on_hover():
    (drawn,) = sankey(explanation_of(LONG), View(3)).data
    others = [i for i, text in enumerate(drawn.node.customdata) if "other tokens" in text]
    assert others
    for index in others:
        assert drawn.node.color[index].startswith("rgba(138,148,163")
        assert re.search(r"… and \d+ more", drawn.node.customdata[index])
    assert NEUTRAL == "#8a94a3"


def test_hover_of_a_link_says_where_how_much_and_how_full():
    explanation = explanation_of("one two", gaf.Settings("AF"), layers=2)
    (drawn,) = sankey(explanation).data
    network, solution = explanation.network, explanation.solution
    text = drawn.link.customdata[0]
    flow, capacity = solution.edge_flow[0, 0, 0], network.capacity[0, 0, 0]
    assert "[CLS]" in text
    assert "layer 1" in text
    assert f"flow {flow:.4g}" in text
    assert f"capacity {capacity:.4g}, {flow / capacity:.1%} used" in text
    assert "sum of" not in text


def test_hover_of_a_merged_link_counts_its_edges():
    (drawn,) = sankey(explanation_of(LONG, gaf.Settings("AF")), View(3)).data
    assert any(re.search(r"sum of [\d,]+ edges", text) for text in drawn.link.customdata)


def test_literal_text_reads_as_it_was_written():
    assert unescape(literal(NASTY)).strip("\u2068\u2069") == NASTY
    assert not set("<>$%") & set(literal(NASTY))


@pytest.mark.parametrize("figure", ["sankey", "bars"])
def test_markup_of_plotly_in_tokens_is_shown_literally(figure):
    explanation = explanation_of(NASTY, gaf.Settings("AF"))
    drawn = sankey(explanation, View(40)) if figure == "sankey" else token_bars(explanation)
    labels = [note.text for note in drawn.layout.annotations] + list(
        drawn.layout.yaxis.ticktext or []
    )
    joined = " ".join(labels)
    assert not re.search(r"<(?!/?b>|br>)", joined)
    assert not re.search(r"[$%]", joined)
    assert "&lt;" in joined


def test_no_flow_is_a_sentence_instead_of_a_picture():
    figure = sankey(zero_flow())
    assert not figure.data
    assert figure.layout.annotations[0].text.startswith("No path leads")


def test_bars_fall_and_sum_to_the_whole():
    explanation = explanation_of(WORDS)
    bars, lumps = token_bars(explanation).data
    assert list(bars.x) == sorted(explanation.shares, reverse=True)
    assert_close(sum(bars.x), 1.0)
    assert not lumps.x
    assert list(bars.marker.color) == list(bars.x), "coloured by share"


def test_bars_of_words_sum_to_the_whole_and_name_their_tokens():
    spans = [(0, 2), (2, 12), (13, 17)]
    explanation = explanation_of(
        "unbelievably good", spans=spans, tokens=["un", "##believably", "good"]
    )
    figure = token_bars(explanation, by_words=True)
    bars, _ = figure.data
    shares = explanation.shares
    assert_close(sum(bars.x), 1.0)
    nearest = min(bars.x, key=lambda share: abs(share - shares[1] - shares[2]))
    assert_close(nearest, shares[1] + shares[2])
    word = next(hover for hover in bars.customdata if "unbelievably" in hover)
    assert "tokens " in word
    assert literal("##believably") in word
    hidden = token_bars(explanation, by_words=True, show_special=False)
    assert hidden.layout.yaxis.ticktext[-1] == "special (2)"


def test_tokens_are_named_as_written_with_the_tokenizers_name_on_hover():
    explanation = explanation_of("Good 🎉", spans=[(0, 4), (5, 6)], tokens=["good", "[UNK]"])
    bars, _ = token_bars(explanation).data
    assert any("🎉" in hover and "token \u2068[UNK]" in hover for hover in bars.customdata)
    (drawn,) = sankey(explanation).data
    labels = [note.text for note in sankey(explanation).layout.annotations]
    assert literal("Good") in labels
    assert literal("🎉") in labels
    assert any("🎉" in hover and "token \u2068[UNK]" in hover for hover in drawn.node.customdata)


def test_many_tokens_end_in_one_row_of_others():
    explanation = explanation_of(LONG)
    bars, lumps = token_bars(explanation, limit=25).data
    assert len(bars.x) == 25
    rest = 1.0 - sum(bars.x)
    assert lumps.text == (f" {rest:.1%} together",)
    assert token_bars(explanation).layout.yaxis.ticktext[-1] == "others (65)"


def test_hidden_special_tokens_become_one_row_that_keeps_the_total():
    explanation = explanation_of("one two three")
    figure = token_bars(explanation, show_special=False)
    bars, lumps = figure.data
    special = explanation.shares[explanation.trace.special].sum()
    assert_close(sum(bars.x) + special, 1.0)
    assert lumps.text == (f" {special:.1%} together",)
    assert figure.layout.yaxis.ticktext[-1] == "special (2)"


def test_bars_have_the_colours_of_the_heatmap():
    scale = token_bars(explanation_of(WORDS)).layout.coloraxis
    assert tuple(colour for _, colour in scale.colorscale) == LIGHT_SHADES
    assert scale.cmax == max(explanation_of(WORDS).shares)
    themed = token_bars(explanation_of(WORDS), themed=True).layout.coloraxis
    assert themed.colorscale is None, "left to the theme of the page"


def test_bars_of_no_flow_are_empty_not_broken():
    bars, _ = token_bars(zero_flow()).data
    assert set(bars.x) == {0.0}


def test_probabilities_sum_to_one_and_the_explained_class_stands_out():
    labels = tuple(f"class {i}" for i in range(12))
    traced = trace_of("one", labels=labels)
    bars, lumps = probability_bars(traced, limit=8).data
    rest = float(lumps.text[0].split("%")[0]) / 100
    assert abs(sum(bars.x) + rest - 1) < 1e-3, "the text has one digit of a percent"
    assert [colour != NEUTRAL for colour in bars.marker.color] == [True] + [False] * 7


def test_long_labels_are_cut_and_whole_on_hover():
    label = "an extraordinarily long name of a class"
    figure = probability_bars(trace_of("one", labels=("b", label)))
    assert all(len(text) <= 18 for text in figure.layout.yaxis.ticktext)
    assert any(label in text for text in figure.data[0].customdata)


@pytest.mark.parametrize("figure", [sankey, token_bars])
def test_figures_take_background_and_font_colour_from_the_page(figure):
    layout = figure(explanation_of(WORDS)).layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.font.color is None
