"""Edges kept and cut on the model, on the Explore page, driven without a browser."""

import json
import re

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.ui.explore import agree
from tests.ui.test_app import figures_of, messages, opened, sankey_of

TEXT = "A lovely film, and the music is superb."


def sentences(app) -> list[str]:
    return [
        one.value.replace("\\", "").replace("\u2060", "")
        for one in app.main.get("markdown")
        if " → " in one.value
    ]


def test_it_is_asked_for_and_the_model_is_not_run_before(monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(agree, "agreement", never)
    app = opened(text=TEXT)
    assert not app.exception
    assert not sentences(app)


def test_the_strongest_edges_are_kept_and_the_picture_sets_them_off():
    plain = opened(text=TEXT)
    app = opened(text=TEXT, agree="true")
    assert not app.exception
    assert not messages(app)
    (said,) = sentences(app)
    assert re.match(r"\*\*positive 97\.\d % → \d\d\.\d %\*\* with the 43 edges", said)
    assert "At random" in said
    assert "With none" in said
    assert sankey_of(app)["link"]["color"] != sankey_of(plain)["link"]["color"]
    app.select_slider(key="kept").set_value("0.5 %").run()
    (fewer,) = sentences(app)
    assert "with the 2 edges" in fewer
    figure = next(
        one for one in figures_of(app) if "edges kept" in json.dumps(one["layout"].get("xaxis"))
    )
    names = [one.get("name") for one in figure["data"] if one.get("showlegend") is not False]
    assert names == ["at random", "by flow", "by capacity"]


@pytest.mark.parametrize(
    ("focus", "name"),
    [
        ("p1", "path 1, the widest"),
        ("n3.2", "‘lovely’ after layer 3"),
        ("n6.0", "‘[CLS]’ after layer 6"),
        ("e6.0.2", "layer 6: ‘[CLS]’ reads ‘lovely’"),
    ],
)
def test_what_is_in_focus_is_cut_or_kept_alone(focus, name):
    app = opened(text=TEXT, agree="true", focus=focus)
    _, cut = sentences(app)
    assert f"without {name} (" in cut
    assert "instead:" in cut
    app.segmented_control(key="act").set_value("Keep nothing else").run()
    _, alone = sentences(app)
    assert f"with {name} alone (" in alone
    before = re.compile(r"^\*\*positive (\S+) %")
    assert before.match(cut).group(1) == before.match(alone).group(1)


def test_a_link_holds_what_was_asked():
    app = opened(
        text=TEXT, agree="true", kept="2 %", tried="the minimum cut", act="Keep nothing else"
    )
    kept, tried = sentences(app)
    assert "with the 9 edges" in kept
    assert "with the minimum cut alone (" in tried


def test_the_minimum_cut_needs_no_focus():
    app = opened(text=TEXT, agree="true")
    assert "Nothing is in focus" in " ".join(one.value for one in app.main.get("caption"))
    app.segmented_control(key="tried").set_value("the minimum cut").run()
    assert "without the minimum cut (" in sentences(app)[1]


def test_the_numbers_are_those_of_an_intervention():
    app = opened(text=TEXT, agree="true", focus="e6.0.2")
    model = gaf.load_model("minilm-reviews")
    trace = gaf.trace(model, TEXT)
    logits = gaf.intervene(model, trace, ~gaf.edge_set(trace, edges=[(5, 0, 2)]))[0]
    probability = np.exp(logits[1]) / np.exp(logits).sum()
    assert f"→ {probability:.1%}".replace("%", " %") in sentences(app)[1]


def test_a_model_that_cannot_be_asked_is_said(monkeypatch):
    def refuses(*_):
        raise gaf.ModelError("This attention cannot be cut.")

    monkeypatch.setattr(agree, "agreement", refuses)
    app = opened(text="A film that nobody asked about.", agree="true")
    assert "cannot be cut" in " ".join(one.value for one in app.info)
    assert not app.exception
