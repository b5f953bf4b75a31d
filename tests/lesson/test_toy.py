"""A toy is a value; its text in a link is the whole of it, and what is no toy is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from gaf_core.errors import CapacityError, SettingsError
from gaf_core.lesson import presets
from gaf_core.lesson.toy import MOST_LAYERS, MOST_TOKENS, Toy, from_link, to_link
from gaf_core.reading.focus import Edge

HUNDREDTHS = st.integers(0, 10_000).map(lambda count: count / 100)


@st.composite
def toys(draw) -> Toy:
    tokens, layers = draw(st.integers(1, MOST_TOKENS)), draw(st.integers(1, MOST_LAYERS))
    names = draw(st.lists(st.text(max_size=20), min_size=tokens, max_size=tokens))
    count = layers * tokens * tokens
    numbers = draw(st.lists(HUNDREDTHS, min_size=count, max_size=count))
    return Toy.of(names, np.reshape(numbers, (layers, tokens, tokens)).tolist())


@settings(max_examples=60, deadline=None)
@given(toys())
def test_a_link_holds_the_whole_toy(toy):
    text = to_link(toy)
    assert from_link(text) == toy
    assert text.isascii()
    assert not set(text) & set(" <>&\"'/\\#?+")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "written as its names"),
        ("a_b", "written as its names"),
        ("a_b~1_2_3", "has 3 capacities; 2 tokens need 4"),
        ("a~x", "no number"),
        ("a~nan", "no capacity"),
        ("a~1e999", "no capacity"),
        ("a~-1", "no capacity"),
        ("a~101", "no capacity"),
        ("~".join(["a", *["1"] * 5]), "1 to 4 layers, and not 5"),
        ("_".join("abcdefg") + "~" + "_".join(["1"] * 49), "1 to 6 tokens, and not 7"),
    ],
)
def test_what_is_no_toy_is_refused_in_a_sentence(text, said):
    with pytest.raises(SettingsError, match=said):
        from_link(text)


def test_every_change_makes_another_toy():
    toy = presets.PRESETS[presets.TWO]()
    raised = toy.with_capacity(Edge(1, 0, 2), 7)
    assert raised.capacity(Edge(1, 0, 2)) == 7
    assert toy.capacity(Edge(1, 0, 2)) == 1
    assert np.count_nonzero(raised.tensor != toy.tensor) == 1
    assert toy.with_capacity(Edge(0, 2, 0), 1).edges != toy.edges, "a pipe is made"
    gone = toy.with_capacity(Edge(0, 0, 0), 0)
    assert Edge(0, 0, 0) not in gone.edges
    larger = toy.with_tokens(5)
    assert larger.tokens == 5
    assert len(set(larger.names)) == 5
    assert larger.with_tokens(4) == toy
    assert toy.with_layers(4).with_layers(2) == toy
    assert toy.swapped(0, 2).swapped(0, 2) == toy


@pytest.mark.parametrize("capacity", [-1, float("nan"), float("inf"), 101])
def test_a_capacity_that_cannot_be_is_refused(capacity):
    with pytest.raises(CapacityError, match="from 0 to 100"):
        presets.PRESETS[presets.TWO]().with_capacity(Edge(0, 0, 0), capacity)


@pytest.mark.parametrize("edge", [Edge(2, 0, 0), Edge(0, 4, 0), Edge(0, 0, -1)])
def test_a_pipe_that_has_no_place_is_refused(edge):
    with pytest.raises(CapacityError, match="no place for a pipe"):
        presets.PRESETS[presets.TWO]().with_capacity(edge, 1)


@pytest.mark.parametrize("text", ["A lovely film.", "good good good", "Bad"])
def test_the_toy_of_a_text_has_the_pipes_of_its_network(text):
    model = gaf.load_model("minilm-reviews")
    explanation = gaf.explain(model, text, gaf.Settings(layers=(3, 6)))
    toy = presets.toy_of_text(explanation)
    assert len(set(toy.names)) == toy.tokens
    assert toy.tensor.max() == 10.0
    capacity = explanation.network.capacity[-2:] * (10.0 / _most(explanation, toy))
    assert np.isin(toy.tensor, np.round(np.append(capacity.ravel(), 0.0), 2)).all()


def _most(explanation, toy) -> float:
    """The capacity that became 10: the largest between the tokens of the toy."""
    places = [
        index
        for index, name in enumerate(explanation.written)
        if any(one == name or one.endswith(f" {index}") for one in toy.names)
    ]
    capacity = explanation.network.capacity[-2:]
    return float(capacity[:, places][:, :, places].max())
