"""The flow network on the Explore page, driven without a browser."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.support.tolerance import assert_close, summed
from tests.ui.test_app import figures_of, messages, opened, sankey_of

TEXT = "A lovely film, and the music is superb."


def captions(app) -> str:
    return " ".join(one.value for one in app.main.get("caption"))


def test_a_link_holds_view_and_focus():
    app = opened(text=TEXT, view="Graph", focus="n4.3")
    assert not app.exception
    assert not messages(app)
    assert app.selectbox(key="focus").value == "n4.3"
    assert "In focus: **‘film’ after layer 4**" in captions(app).replace("\\", "")
    assert any(
        one.get("name") == "selection" for figure in figures_of(app) for one in figure["data"]
    )


def test_focus_from_the_picker_fades_the_rest_and_clear_brings_it_back():
    app = opened(text=TEXT)
    before = sankey_of(app)["link"]
    app.selectbox(key="focus").set_value("n3.2").run()
    assert app.query_params["focus"] in ("n3.2", ["n3.2"])
    assert sankey_of(app)["link"]["color"] != before["color"]
    next(one for one in app.button if one.label == "Clear").click().run()
    assert "focus" not in app.query_params
    assert sankey_of(app)["link"] == before


@pytest.mark.parametrize("focus", ["n9.0", "n2.0", "e3.0.1", "e4.0.99", "p99", "nonsense<b>"])
def test_a_focus_that_this_flow_does_not_have_is_said_and_dropped(focus):
    app = opened(text=TEXT, focus=focus)
    assert not app.exception
    assert "not in this flow" in messages(app)
    assert app.selectbox(key="focus").value is None
    assert "focus" not in app.query_params


def test_a_focus_stays_what_it_was_when_the_range_of_layers_moves():
    app = opened(text=TEXT, focus="n4.3")
    app.slider(key="layers").set_value((2, 6)).run()
    assert app.query_params["focus"] in ("n4.3", ["n4.3"])
    assert "‘film’ after layer 4" in captions(app).replace("\\", "")
    assert not messages(app)
    app.slider(key="layers").set_value((6, 6)).run()
    assert "It is after layer 4, and the flow is that of layer 6." in messages(app).replace(
        "\\", ""
    )
    assert "focus" not in app.query_params


def test_an_edge_in_focus_has_its_numbers_and_its_heads_by_product():
    app = opened(text=TEXT, view="Edges", focus="e6.0.2")
    metrics = {metric.label: metric.value for metric in app.metric}
    assert {"Capacity", "Flow", "Saturation", "On the minimum cut"} <= metrics.keys()
    heads = next(one.value for one in app.dataframe if "A · G" in one.value)
    assert heads["A · G"].is_monotonic_decreasing
    assert_close(heads["A"] * heads["G"], heads["A · G"], precision=np.float32)
    button = next(one for one in app.button if one.label.startswith("See head"))
    button.click().run()
    assert not app.exception
    assert app.session_state["view"] == "Matrices"
    assert app.selectbox(key="head").value == str(heads["head"].iloc[0])
    assert app.selectbox(key="matrix_layer").value == "6"


def test_the_edge_table_is_filtered_and_says_how_much_it_shows():
    app = opened(text=TEXT, view="Edges", edge_layer="5")
    table = next(one.value for one in app.dataframe if "on cut" in one.value)
    assert set(table["layer"]) == {5}
    assert f"{len(table)} edges" in captions(app)
    app.selectbox(key="edge_token").set_value("2").run()
    fewer = next(one.value for one in app.dataframe if "on cut" in one.value)
    assert 0 < len(fewer) < len(table)
    assert (fewer[["from", "to"]] == "‘lovely’").any(axis=1).all()


def test_paths_are_listed_with_what_they_carry_together():
    app = opened(text=TEXT)
    table = next(one.value for one in app.dataframe if "together" in one.value)
    assert len(table) == 10
    assert table["share"].is_monotonic_decreasing
    assert_close(table["share"].cumsum(), table["together"], roundings=summed(len(table)))


@pytest.mark.parametrize(
    ("focus", "left"), [("n3.2", "n3.2"), ("e4.7.5", "e4.7.5"), ("p1.4", None), (None, None)]
)
def test_an_empty_table_of_paths_takes_only_paths_out_of_focus(focus, left):
    """A new table is empty at first, and its browser may say so as if a mark had gone."""
    script = f"""
import streamlit as st
from gaf_core.reading.focus import Paths
from gaf_core.ui.explore.selection import release
st.session_state.focus = {focus!r}
release(Paths, "paths")
"""
    app = AppTest.from_string(script).run()
    assert not app.exception
    assert app.session_state.focus == left


def test_looking_around_computes_nothing_again(monkeypatch):
    app = opened(text=TEXT)

    def never(*_):
        raise AssertionError("computed again")

    for name in ("explore.selection.max_flow", "explore.panels.score_intervals",
                 "explore.selection.widest_paths", "cache.explain_trace"):  # fmt: skip
        monkeypatch.setattr(f"gaf_core.ui.{name}", never)
    for focus in ("n3.2", None):
        app.selectbox(key="focus").set_value(focus).run()
        assert not app.exception
        assert not messages(app)
    for view in ("Graph", "Edges", "Matrices"):
        app.get("button_group")[0].set_value([view]).run()
        assert not app.exception
        assert not messages(app)


def test_a_long_text_begins_with_spans_and_keeps_a_choice():
    long = " ".join(["A lovely film, and the music is superb."] * 6)
    app = opened(text=TEXT)
    assert app.selectbox(key="by").value == "tokens"
    app.text_area(key="text").set_value(long).run()
    assert app.selectbox(key="by").value == "spans"
    assert "joined to" in captions(app)
    app.text_area(key="text").set_value(TEXT).run()
    assert app.selectbox(key="by").value == "tokens"
    app.selectbox(key="by").set_value("words").run()
    app.text_area(key="text").set_value(long).run()
    assert app.selectbox(key="by").value == "words"
    sent = opened(text=long, by="tokens")
    assert sent.selectbox(key="by").value == "tokens"


@pytest.mark.parametrize("view", ["Sankey", "Graph", "Matrices"])
@pytest.mark.parametrize(("save_as", "scale"), [("PNG", 3), ("SVG", 1)])
def test_every_figure_is_saved_in_the_format_that_the_link_asks_for(view, save_as, scale):
    app = opened(text=TEXT, view=view, save_as=save_as)
    configurations = [json.loads(one.proto.config) for one in app.main.get("plotly_chart")]
    assert len(configurations) == 3
    options = [one["toImageButtonOptions"] for one in configurations]
    assert len({one["filename"] for one in options}) == 3
    for one in options:
        assert (one["format"], one["scale"]) == (save_as.lower(), scale)


def test_several_paths_are_shown_together_with_what_they_carry():
    app = opened(text=TEXT, focus="p1.2.3")
    table = next(one.value for one in app.dataframe if "together" in one.value)
    assert "paths 1, 2 and 3" in captions(app)
    assert f"{table['together'][2]:.1%}" in captions(app).replace("\\", "")
    opened_too_far = opened(text=TEXT, focus="p1.99")
    assert "ends before path 99" in " ".join(one.value for one in opened_too_far.warning)
