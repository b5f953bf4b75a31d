"""Faithful GAF on the Explore page: one choice for all ingredients, and both methods beside."""

import base64
import json
import re
import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import gaf_core as gaf
from gaf_core.figures.deletion import deletion_curves
from gaf_core.figures.step import token_step
from gaf_core.flow import FlowSolution
from gaf_core.picture.step import Way, ways_in, widest_residual
from gaf_core.tracing.cancelling import left_after_cancelling
from gaf_core.ui import cache
from gaf_core.ui.explore.side_by_side import NAMES, WHY
from tests.support.models import in_float64
from tests.support.tolerance import adding_up, assert_close, through
from tests.ui.test_app import (
    ROOT,
    figures_of,
    heatmap_of,
    html_of,
    messages,
    opened,
    visible,
)

SENTENCE = "A lovely film, and the music is superb."
FAITHFUL = {
    "tensor": "AGF", "gradients": "frozen", "residual": "first order", "node_capacities": True,
    "depth_average": True, "heads": "net", "source": "classification",
}  # fmt: skip
PUBLISHED = {
    "gradients": "exact", "residual": "none", "node_capacities": False, "depth_average": False,
    "heads": "mean", "source": "all",
}  # fmt: skip


@pytest.fixture(scope="module")
def bundled(tmp_path_factory) -> Iterator[str]:
    """The bundled model under a name of its own: the app computes it in float64.

    What a page shows, rounded for people, is compared with another computation of it.
    """
    folder = tmp_path_factory.mktemp("bundled") / "minilm-reviews"
    shutil.copytree(ROOT / "assets" / "models" / "minilm-reviews", folder)
    usual = cache.load_model

    def load_model(name: str, **how) -> gaf.Model:
        return in_float64(usual(name, **how)) if name == str(folder) else usual(name, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "load_model", load_model)
        yield str(folder)


@pytest.fixture(scope="module")
def model(bundled) -> gaf.Model:
    return cache.model(cache.choice_of(bundled))


@pytest.fixture(scope="module")
def faithful(model) -> gaf.Explanation:
    return gaf.explain(model, SENTENCE, gaf.FAITHFUL)


def chosen(app: AppTest) -> dict:
    toggles = ("node_capacities", "depth_average")
    return {
        key: app.toggle(key=key).value if key in toggles else app.radio(key=key).value
        for key in FAITHFUL
    }


def captions(app: AppTest) -> str:
    return " ".join(element.value for element in app.main.caption)


def colours(html: str) -> list[str]:
    return re.findall(r"background-color:light-dark\((#\w+),", html)


def test_the_published_method_is_the_default_and_choosing_faithful_sets_every_ingredient(
    bundled, faithful
):
    app = opened(model=bundled, text=SENTENCE)
    assert app.radio(key="method").value == "published"
    assert app.radio(key="method").options == ["published", "faithful", "path"]
    assert app.slider(key="layers").value == (4, 6)
    app.radio(key="method").set_value("faithful").run()
    assert not app.exception
    assert not messages(app)
    assert chosen(app) == FAITHFUL
    assert app.slider(key="layers").value == (1, 6), "a mean over depths has the small ranges in it"
    bars = next(one for one in figures_of(app) if "superb" in json.dumps(one))
    assert f"{faithful.shares.max():.1%}" in json.dumps(bars)
    app.radio(key="method").set_value("published").run()
    assert chosen(app).items() >= PUBLISHED.items()
    assert app.slider(key="layers").value == (4, 6)


def test_a_range_that_somebody_chose_stays_when_the_method_changes():
    app = opened(text=SENTENCE)
    app.slider(key="layers").set_value((5, 6)).run()
    app.radio(key="method").set_value("faithful").run()
    assert app.slider(key="layers").value == (5, 6)


def test_a_link_with_the_method_alone_restores_it():
    app = opened(text=SENTENCE, method="faithful")
    assert not messages(app)
    assert app.radio(key="method").value == "faithful"
    assert chosen(app) == FAITHFUL
    assert app.slider(key="layers").value == (1, 6)
    assert "mean share over 6 flows" in captions(app)


def test_an_own_mix_is_called_that_and_the_published_tensors_are_not():
    app = opened(text=SENTENCE, method="faithful", node_capacities="false")
    assert app.radio(key="method").value == "own mix"
    assert not messages(app)
    app.toggle(key="node_capacities").set_value(True).run()
    assert app.radio(key="method").value == "faithful"
    assert "own mix" not in app.radio(key="method").options
    app.radio(key="method").set_value("published").run()
    app.radio(key="tensor").set_value("GF").run()
    assert app.radio(key="method").value == "published"
    app.radio(key="heads").set_value("max").run()
    assert app.radio(key="method").value == "own mix"


def test_a_link_with_ingredients_restores_each_and_what_does_not_exist_is_said():
    wanted = {"gradients": "frozen", "heads": "sum", "depth_average": "true"}
    app = opened(text=SENTENCE, **wanted, residual="second order", method="magic")
    assert app.radio(key="method").value == "own mix"
    assert app.radio(key="gradients").value == "frozen"
    assert app.radio(key="heads").value == "sum"
    assert app.toggle(key="depth_average").value is True
    assert "residual “second order”" in messages(app)
    assert "method “magic”" in messages(app)


@pytest.mark.parametrize("asked", [{"residual": "first order"}, {"node_capacities": "true"}])
def test_ingredients_that_do_not_go_together_are_said_in_a_sentence(asked):
    app = opened(text=SENTENCE, **asked)
    assert not app.exception
    assert len(app.error) == 1
    assert "sum" in app.error[0].value
    assert "net" in app.error[0].value
    app.radio(key="heads").set_value("net").run()
    assert not app.error
    assert heatmap_of(app)


def test_the_picture_says_that_the_scores_are_of_several_flows_and_so_does_the_proof():
    app = opened(text=SENTENCE, method="faithful", layers=["3", "6"])
    assert "mean over 4 flows, which end at the entry of layer 3" in captions(app)
    assert "the bars have no intervals" in captions(app)
    proven = next(one.value for one in app.markdown if "Proven" in one.value)
    assert "mean over 4 such flows" in proven


def test_a_mean_with_one_flow_that_is_not_proven_is_warned_about(monkeypatch):
    def unproven(flows: list[FlowSolution]) -> gaf.DepthShares:
        statuses = tuple(one.status for one in flows)
        shares = np.stack([one.scores / one.value for one in flows])
        return gaf.DepthShares(shares, (*statuses[:-1], gaf.Status.ITERATION_LIMIT))

    monkeypatch.setattr(gaf.DepthShares, "of", staticmethod(unproven))
    app = opened(text="a mean of flows of which one has no proof", method="faithful")
    assert "1 of the 6 flows that the scores are the mean of is not proven" in messages(app)
    assert "Proven" not in " ".join(one.value for one in app.markdown)


@pytest.fixture(scope="module")
def beside(bundled) -> AppTest:
    return opened(model=bundled, text=SENTENCE, side="true", tensor="GF")


def test_side_by_side_has_both_heatmaps_whatever_the_page_explains(beside, model, faithful):
    assert not messages(beside)
    heatmaps = [
        one.proto.body for one in beside.main.get("html") if "gaf-heatmap" in one.proto.body
    ]
    assert len(heatmaps) == 3
    published = gaf.explain(model, SENTENCE, gaf.Settings(variant="GF"))
    for html, one in zip(heatmaps[1:], (published, faithful), strict=True):
        words = gaf.word_scores(gaf.group_words(one.trace), one.shares)
        assert f"{words.max() * 100:.3g} %" in visible(html)
        assert len(set(colours(html))) > 3
        assert "#223d81" in colours(html), "each has its own strongest shade"


def test_the_reason_is_three_sentences(beside):
    text = next(one.value for one in beside.markdown if one.value.startswith(WHY[0]))
    assert text == " ".join(WHY)
    assert len(re.findall(r"[.!?](?: |$)", text)) == len(WHY) == 3


def test_curves_and_aopc_are_those_of_the_library(beside, model, faithful):
    published = gaf.explain(model, SENTENCE, gaf.Settings(variant="GF"))
    measured = gaf.evaluate_all(
        model, faithful.trace, {NAMES[0]: published.scores, NAMES[1]: faithful.scores}
    )
    shown = {one.label: one.value for one in beside.metric}
    for name, one in measured.items():
        assert shown[f"AOPC, {name}"] == f"{one.aopc:.3f}"
    figure = next(one for one in figures_of(beside) if "random orders" in json.dumps(one))
    traces = {one.get("name"): one for one in figure["data"]}
    expected = deletion_curves(measured, [], "positive")
    for trace in expected.data:
        sent = traces[trace.name]["y"]
        values = np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"])
        assert_close(values, trace.y, roundings=through(model))
    chance = [gaf.METHODS["random"](model, faithful.trace, seed=seed).scores for seed in range(10)]
    floor = [gaf.evaluate(model, faithful.trace, one).aopc for one in chance]
    assert shown["AOPC, random"] == f"{np.mean(floor):.3f}"


def test_side_by_side_is_computed_once(beside, monkeypatch):
    def never(*_args, **_kwargs):
        raise AssertionError("measured again")

    monkeypatch.setattr("gaf_core.ui.explore.side_by_side.evaluate", never)
    monkeypatch.setattr("gaf_core.ui.explore.side_by_side.evaluate_all", never)
    assert not beside.slider(key="nodes").set_value(6).run().exception
    assert not messages(beside)


def test_text_is_data_in_the_comparison():
    app = opened(text="<b>superb</b> $x$ :smile: %{y}", side="true")
    assert not app.exception
    assert not app.error
    assert "<b>superb" not in html_of(app)
    assert "$x" not in captions(app)
    assert ":smile:" not in captions(app)


def test_the_ways_into_a_token_are_all_of_its_flow(faithful):
    token = int(np.argmax(np.where(faithful.trace.special, 0.0, faithful.scores)))
    layer = widest_residual(faithful, token)
    ways = ways_in(faithful, layer, token, most=2)
    whole = faithful.solution.node_flow[layer, token] / faithful.solution.value
    assert_close(sum(way.share for way in ways), whole, roundings=adding_up(faithful.network))
    table = faithful.edge_table()
    own = table[(table["layer"] == layer) & (table["key"] == token) & (table["query"] == token)]
    assert ways[0].residual
    assert_close(ways[0].share, own["residual_flow"].iloc[0] / faithful.solution.value)
    residual = table[(table["key"] == token) & (table["query"] == token)]["residual_flow"]
    assert own["residual_flow"].iloc[0] == residual.max()
    assert [way.residual for way in ways[1:]] == [False] * (len(ways) - 1)


def test_a_network_without_residual_edges_has_attention_only(model):
    explanation = gaf.explain(model, SENTENCE, gaf.Settings(layers=(2, 6)))
    ways = ways_in(explanation, 3, 2)
    assert not any(way.residual for way in ways)
    whole = explanation.solution.node_flow[1, 2] / explanation.solution.value
    assert_close(sum(way.share for way in ways), whole, roundings=adding_up(explanation.network))


def test_widths_of_a_step_are_in_proportion_and_its_text_is_literal():
    figure = token_step("<i>x", 2, [Way("<i>x", 0.4, residual=True), Way("$y$", 0.1)], full=0.4)
    wide, thin = (trace.line.width for trace in figure.data[:2])
    assert_close(wide, 4 * thin)
    assert figure.data[0].line.color != figure.data[1].line.color
    texts = " ".join(note.text for note in figure.layout.annotations)
    assert "<i>" not in texts
    assert "$y$" not in texts


def test_layer_norm_cancels_with_exact_gradients_and_not_with_frozen(model, faithful):
    exact = gaf.trace(model, SENTENCE, residual=True)
    assert left_after_cancelling(exact) < 0.3
    assert left_after_cancelling(faithful.trace) > 0.8
    with pytest.raises(gaf.SettingsError, match="residual=True"):
        left_after_cancelling(gaf.trace(model, SENTENCE))


def test_the_method_is_kept_on_the_way_to_another_page_and_back():
    app = opened(text=SENTENCE, method="faithful", depth_average="false", gradients="frozen")
    before = chosen(app)
    app.switch_page("pages/edit.py").run()
    assert not app.exception
    assert chosen(app) == before
    app.switch_page("pages/explore.py").run()
    assert chosen(app) == before
    assert app.radio(key="method").value == "own mix"
