"""The Compare page, driven without a browser: entries, slow work, failures, links between pages."""

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gaf_core.baselines import METHODS, Method, Scored
from tests.models import save_tiny

ROOT = Path(__file__).resolve().parent.parent
TEXT = "a good films not bad"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny"), labels=("bad", "so-so", "good")))


@pytest.fixture
def slow(monkeypatch) -> threading.Semaphore:
    """A method of 50 steps, one for each time that the semaphore is released."""
    steps = threading.Semaphore(0)

    def compute(_model, trace, progress) -> Scored:
        for step in range(50):
            steps.acquire(timeout=20)
            progress(step + 1, 50)
        return Scored(np.arange(len(trace.tokens), dtype=float))

    method = Method("steps", "Fifty steps", "nobody", "chance", "Counts.", compute, slow=True)
    monkeypatch.setitem(METHODS, "steps", method)
    return steps


def opened(model: str, **query) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/compare.py")
    for key, value in {"model": model, "text": TEXT, **query}.items():
        app.query_params[key] = value
    return settled(app.run())


def settled(app: AppTest) -> AppTest:
    """Wait for what runs by itself: the page draws itself anew in a browser, not here."""
    for _ in range(40):
        if not any("Stop" in button.label for button in app.button):
            return app
        time.sleep(0.3)
        app.run()
    raise AssertionError("quick methods did not end")


def table(app: AppTest):
    return app.dataframe[0].value


def kinds(app: AppTest) -> list[str]:
    return [json.loads(one.proto.spec)["data"][0]["type"] for one in app.get("plotly_chart")]


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label == label)


def messages(app: AppTest) -> str:
    return " ".join(one.value for one in [*app.error, *app.warning, *app.info])


def test_first_paint_compares_known_methods(tiny):
    app = opened(tiny)
    assert not app.exception
    assert not messages(app)
    assert kinds(app) == ["heatmap", "bar", "scatter", "heatmap"]
    found = table(app)
    assert found.method.tolist()[:3] == ["AF", "GF", "AGF"]
    assert found[["AOPC", "seconds"]].notna().all(axis=None)
    assert "methods" not in app.query_params, "the usual entries stay out of the link"
    assert "mask token" in " ".join(caption.value for caption in app.caption)


def test_a_link_restores_entries_and_says_what_is_broken(tiny):
    codes = ["AGF:first_layer=2,aggregate=max", "AF", "nothing", "AF:first_layer=9"]
    app = opened(tiny, methods=codes, watched="class bad", removed="pad", fractions="every 20 %")
    assert table(app).method.tolist() == [
        "AGF (first layer 2, aggregate max)", "AF", "AF (first layer 9)",
    ]  # fmt: skip
    assert "nothing" in messages(app)
    assert "3 layers" in messages(app), "the one that fails says why"
    assert table(app).AOPC.notna().tolist() == [True, True, False], "and stops no other"
    captions = " ".join(caption.value for caption in app.caption)
    assert "padding token" in captions
    assert "20, 40, 60, 80" in captions
    assert "“bad”" in captions
    assert app.query_params["methods"] == [codes[0], codes[1], codes[3]]
    assert "nothing" not in messages(app.run()), "said once"


def test_entries_are_added_with_settings_and_removed(tiny):
    app = opened(tiny, methods=["AF"])
    app.selectbox(key="new_method").set_value("GF").run()
    app.number_input(key="new_GF_first_layer").set_value(3).run()
    button(app, "Add").click().run()
    settled(app)
    assert app.query_params["methods"] == ["AF", "GF:first_layer=3"]
    assert table(app).method.tolist() == ["AF", "GF (first layer 3)"]
    app.multiselect(key="entries").set_value(["GF:first_layer=3"]).run()
    assert table(settled(app)).method.tolist() == ["GF (first layer 3)"]
    app.multiselect(key="entries").set_value([]).run()
    assert "Pick at least one" in messages(app)
    assert not app.exception


def test_a_slow_method_waits_runs_stops_and_runs_again(tiny, slow):
    app = opened(tiny, methods=["AF", "steps"])
    assert table(app).note.tolist() == ["", "not computed"]
    button(app, "Run").click().run()
    slow.release(10)
    time.sleep(0.5)
    app.run()
    assert table(app).AOPC.notna().tolist() == [True, False], "the page is there meanwhile"
    stop = next(one for one in app.button if one.label == "Stop")
    slow.release()
    stop.click().run()
    slow.release(2)
    time.sleep(0.5)
    app.run()
    assert "stopped" in " ".join(one.value for one in app.markdown)
    slow.release(200)
    button(app, "Run").click().run()
    settled(app)
    assert table(app).AOPC.notna().all()
    assert not app.exception


@pytest.mark.parametrize("text", ["good", "?!", "<script>alert(1)</script> $x$ **b**"])
def test_awkward_texts(tiny, text):
    app = opened(tiny, text=text)
    assert not app.exception
    assert not app.error
    assert len(table(app)) > 5


def test_a_model_with_one_output_has_scores_and_no_measure(tmp_path):
    app = settled(opened(str(save_tiny(tmp_path, labels=("stars",))), text="a good film"))
    assert table(app)["AOPC"].isna().all()
    assert "one output" in messages(app)
    assert kinds(app)[:2] == ["heatmap", "bar"]


def test_a_text_that_is_too_long_is_said_as_on_the_explore_page(tiny):
    app = opened(tiny, text="good " * 60)
    assert "62 tokens" in messages(app)
    button(app, "Explain the first 32 tokens").click().run()
    assert kinds(settled(app))
