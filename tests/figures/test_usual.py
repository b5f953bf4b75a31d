"""What a notebook shows: the figures of an explanation as the app draws them."""

import sys

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of
from gaf_core.figures import flow_graph, sankey, token_bars
from gaf_core.picture.folding import usual_folds
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.picture.view import View
from gaf_core.reading.intervals import score_intervals
from gaf_core.text.words import group_words
from tests.figures.test_figures import LONG, zero_flow

SHORT = "one two three four"


@pytest.fixture(scope="module")
def traced() -> gaf.Trace:
    return gaf.trace(gaf.load_model("minilm-reviews"), "An unwatchably lovely film.")


def test_a_short_text_in_few_layers_is_drawn_token_by_token():
    explanation = explanation_of(SHORT, layers=3)
    assert explanation.sankey() == sankey(explanation)
    assert explanation.graph() == flow_graph(explanation)


def test_a_long_text_in_many_layers_is_joined_and_folded_as_in_the_app():
    explanation = explanation_of(LONG, layers=12)
    usual = {"by": "spans", "folded": usual_folds(12)}
    assert explanation.sankey() == sankey(explanation, View(**usual))
    assert explanation.graph() == flow_graph(explanation, View(**usual))


def test_options_overrule():
    explanation = explanation_of(LONG, layers=12)
    drawn = explanation.sankey(budget=4, by="words", folded=(), colour="saturation")
    assert drawn == sankey(explanation, View(4, by="words", colour="saturation"))
    assert explanation.graph(budget=4, folded=()) == flow_graph(explanation, View(4, by="spans"))
    assert explanation.bars(bounds=None, limit=3) == token_bars(explanation, limit=3)
    with pytest.raises(gaf.SettingsError, match="no unit of a picture"):
        explanation.sankey(by="letters")


def test_bars_have_the_intervals_of_their_rows(traced):
    explanation = gaf.explain_trace(traced)
    bounds = score_intervals(explanation)
    assert explanation.bars() == token_bars(explanation, bounds=bounds)
    words = score_intervals(explanation, group_words(explanation.trace).members)
    drawn = explanation.bars(by_words=True)
    assert drawn == token_bars(explanation, by_words=True, bounds=words)
    assert drawn.data[0].error_x.array is not None


def test_bars_have_no_intervals_where_there_are_none(traced, monkeypatch):
    nothing = zero_flow()
    assert nothing.bars() == token_bars(nothing)
    average = gaf.explain_trace(traced, gaf.Settings(depth_average=True))
    assert average.bars() == token_bars(average)
    monkeypatch.setattr("gaf_core.figures.usual.MOST_INTERVALS", len(traced.tokens) - 1)
    explanation = gaf.explain_trace(traced)
    assert explanation.bars() == token_bars(explanation)


def test_a_heatmap_is_shown_and_is_text():
    explanation = explanation_of("a <b> text")
    shown = explanation.heatmap(by_words=True)
    expected = heatmap_html(explanation.trace, explanation.scores, by_words=True)
    assert str(shown) == shown._repr_html_() == shown.html == expected
    assert "<b>" not in str(shown)
    assert "&lt;" in str(shown)


def test_a_heatmap_says_what_a_share_is_of(traced):
    average = gaf.explain_trace(traced, gaf.Settings(depth_average=True))
    assert "of the flow, on average" in str(average.heatmap())
    assert "of the light" in str(average.heatmap(of="of the light"))


def test_without_plotly_it_is_said_what_to_install(monkeypatch):
    explanation = explanation_of(SHORT)
    for name in [one for one in sys.modules if one.startswith("gaf_core.figures")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("gaf_core.figures", raising=False)
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    for draw in (explanation.sankey, explanation.graph, explanation.bars):
        with pytest.raises(gaf.MissingPackageError, match=r"pip install plotly`[.]$") as raised:
            draw()
        assert raised.value.extra is None
    assert np.isfinite(explanation.scores).all()
    assert "two" in str(explanation.heatmap())


def test_another_missing_module_is_not_called_plotly(monkeypatch):
    for name in [one for one in sys.modules if one.startswith("gaf_core.figures")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "gaf_core.figures", None)
    with pytest.raises(ModuleNotFoundError) as raised:
        explanation_of(SHORT).sankey()
    assert not isinstance(raised.value, gaf.GafError)
