"""Path GAF on the Explore page: a third method, two networks, signed scores everywhere."""

import json
import re

import pandas as pd
import pytest

import gaf_core as gaf
from gaf_core.ui import cache
from tests.ui.test_app import figures_of, heatmap_of, messages, opened

SENTENCE = "A lovely film, but it is too long."
PATH = {
    "tensor": "AGF", "gradients": "path", "residual": "first order", "heads": "net",
    "source": "classification",
}  # fmt: skip


@pytest.fixture(scope="module")
def explanation() -> gaf.SignedExplanation:
    model = cache.model(cache.choice_of("minilm-reviews"))
    return gaf.explain_signed(model, SENTENCE)


def captions(app) -> str:
    return " ".join(one.value for one in app.caption)


def test_the_method_sets_its_ingredients_and_shows_both_sides(explanation):
    app = opened(text=SENTENCE)
    app.radio(key="method").set_value("path").run()
    assert not messages(app)
    assert {key: app.radio(key=key).value for key in PATH} == PATH
    assert not app.toggle(key="depth_average").value
    assert app.toggle(key="node_capacities").value
    assert "against the target below 0" in heatmap_of(app)
    assert f"Blue speaks for {explanation.trace.target.name}" in captions(app)
    sides = app.segmented_control(key="flow_side")
    assert sides.value == "for"
    assert len(figures_of(app)) == 3
    flow = [one.value for one in app.metric if one.label == "Flow value"]
    assert flow == [f"{explanation.toward.solution.value:.4g}"]
    sides.set_value("against").run()
    flow = [one.value for one in app.metric if one.label == "Flow value"]
    assert flow == [f"{explanation.against.solution.value:.4g}"]
    assert "Against the target: Proven" in captions(app)


def test_a_link_names_the_method_the_side_and_the_path():
    app = opened(text=SENTENCE, method="path", flow_side="against", points="3", baseline="pad")
    assert not messages(app)
    assert app.radio(key="gradients").value == "path"
    assert app.segmented_control(key="flow_side").value == "against"
    assert "The path has 3 points, from the text with the padding" in captions(app)
    assert app.radio(key="method").value == "path"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"points": "7"}, "asks for points “7”"),
        ({"baseline": "mean"}, "asks for baseline “mean”"),
    ],
)
def test_what_a_link_asks_for_that_is_not_there_is_said(query, said):
    assert said in messages(opened(text=SENTENCE, method="path", **query))


def test_a_mix_that_means_nothing_is_a_sentence():
    app = opened(text=SENTENCE, method="path", tensor="AF")
    assert "Relevances on a path are in units of the logit" in messages(app)
    app = opened(text=SENTENCE, method="path", residual="half")
    assert "first order" in messages(app)


def test_every_view_of_either_network_is_drawn():
    for side in ("for", "against"):
        for view in ("Sankey", "Graph", "Edges", "Matrices"):
            app = opened(text=SENTENCE, method="path", flow_side=side, view=view, matrix="A · G")
            assert not messages(app), (side, view)
            assert not app.exception


def test_what_if_has_the_faithful_flow_in_its_place():
    app = opened(text=SENTENCE, method="path")
    app.switch_page("pages/edit.py").run()
    assert not app.exception
    assert "Frozen gradients at the text stand in its place" in messages(app)
    assert app.radio(key="method").value == "faithful"
    assert "path" not in app.radio(key="method").options
    assert "path" not in app.radio(key="gradients").options


def test_files_have_signed_scores_and_both_networks(explanation, monkeypatch):
    from gaf_core.ui.explore import signed_files

    made = {}
    monkeypatch.setattr(
        signed_files, "file_button", lambda _label, name, make, **_more: made.update({name: make})
    )
    app = opened(text=SENTENCE, method="path")
    assert not app.exception
    content = json.loads(made["explanation.json"]())
    assert content["format"] == "gaf-signed-explanation"
    scores = pd.DataFrame(content["tokens"])["score"].to_numpy()
    assert (scores < 0).any()
    assert scores.tolist() == explanation.scores.tolist()
    for name, side in explanation.sides.items():
        network = content["networks"][name]
        assert network["certificate"]["certified"]
        assert len(network["edges"]["flow"]) == len(side.edge_table())
    assert content["path"]["values"] == explanation.path.values.tolist()
    table = made["edges.csv"]().decode()
    assert table.startswith("side,layer")
    report = made["report.html"]().decode()
    assert "What speaks for the target and against it" in report
    for side in ("for", "against"):
        assert f"How the flow gets there, {side} the target" in report
        assert f'data-name="gaf-sankey-{side}"' in report
    assert len(re.findall(r"<h2>How sure this is", report)) == 1
    assert made["network.graphml"]().startswith(b"<graphml")
    assert b",for,against" in made["scores.csv"]()
