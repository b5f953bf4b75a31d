"""The Compare page, driven without a browser: entries, slow work, failures, links between pages."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gaf_core.evaluation import aopc_limits
from gaf_core.methods import METHODS, Method, Scored
from gaf_core.ui import visitors
from gaf_core.ui.compare import bounds, watch, work
from gaf_core.ui.jobs import Desk
from tests.support.gate import Gate
from tests.support.models import save_tiny
from tests.support.patience import HANG

ROOT = Path(__file__).resolve().parents[2]
TEXT = "a good films not bad"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny"), labels=("bad", "so-so", "good")))


@pytest.fixture
def gate(monkeypatch) -> Gate:
    """The work of two methods, one slow and one quick, in fifty steps."""
    gate = Gate(50)

    def compute(_model, trace, progress) -> Scored:
        gate(progress)
        return Scored(np.arange(len(trace.tokens), dtype=float))

    for name, slow in (("steps", True), ("quick", False)):
        method = Method(name, "Fifty steps", "nobody", "chance", "Counts.", compute, slow=slow)
        monkeypatch.setitem(METHODS, name, method)
    return gate


def opened(model: str, **query) -> AppTest:
    return settled(opened_at_once(model, **query))


def opened_at_once(model: str, **query) -> AppTest:
    """The page after its first run, while methods may still run."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=HANG)
    app.switch_page("pages/compare.py")
    for key, value in {"model": model, "text": TEXT, **query}.items():
        app.query_params[key] = value
    return app.run()


def settled(app: AppTest) -> AppTest:
    """The page when nothing runs any more; it draws itself anew in a browser, not here."""
    while any("Stop" in button.label for button in app.button):
        wait_for_jobs(app)
        app.run()
    return app


def wait_for_jobs(app: AppTest) -> None:
    desk = visitors.VISITORS.own(app.session_state["visit"], "desk", Desk)
    assert desk.wait(list(desk._jobs), HANG), "a method does not end"


def table(app: AppTest):
    return app.dataframe[0].value


def compared(app: AppTest) -> list[str]:
    """The codes of the entries that are chosen, whatever their family."""
    families = [one for one in app.pills if str(one.key).startswith("family_")]
    return [code for one in families for code in one.value]


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


def test_what_a_user_has_to_know_of_a_method_stands_beside_it(tiny):
    app = opened(tiny, methods=["attnlrp", "gim:baseline=zero", "AF"])
    assert not app.exception
    assert table(app).method.tolist() == ["AttnLRP", "GIM (baseline zero)", "AF"]
    about = {
        name: next(one.value for one in app.markdown if one.value.startswith(f"**{name}** ("))
        for name in ("AttnLRP", "GIM", "AF")
    }
    assert "ICML 2024" in about["AttnLRP"]
    assert "LRP carries a patent claim by its authors, free for personal" in about["AttnLRP"]
    assert "patent" not in about["GIM"] + about["AF"]


def test_entries_are_added_with_settings_and_removed(tiny):
    app = opened(tiny, methods=["AF"])
    app.selectbox(key="new_method").set_value("GF").run()
    app.number_input(key="new_GF_first_layer").set_value(3).run()
    button(app, "Add").click().run()
    settled(app)
    assert app.query_params["methods"] == ["AF", "GF:first_layer=3"]
    assert table(app).method.tolist() == ["AF", "GF (first layer 3)"]
    assert compared(app) == ["AF", "GF:first_layer=3"]
    app.pills(key="family_flow").set_value(["GF:first_layer=3"]).run()
    assert table(settled(app)).method.tolist() == ["GF (first layer 3)"]
    app.pills(key="family_flow").set_value([]).run()
    assert "Pick at least one" in messages(app)
    assert not app.exception


def test_a_slow_method_waits_runs_stops_and_runs_again(tiny, gate):
    app = opened(tiny, methods=["AF", "steps"])
    assert table(app).note.tolist() == ["", "not computed"]
    button(app, "Run").click().run()
    gate.open(10)
    gate.reach(10)
    app.run()
    assert table(app).AOPC.notna().tolist() == [True, False], "the page is there meanwhile"
    assert "step 10 of 50" in app.get("progress")[0].proto.text
    button(app, "Stop").click().run()
    assert "stopped" in " ".join(one.value for one in app.markdown)
    gate.open(1 + 50)  # the step at which the first one ends, and all of the second
    button(app, "Run").click().run()
    settled(app)
    assert table(app).AOPC.notna().all()
    assert not app.exception


def test_a_quick_method_that_takes_longer_than_the_page_waits(tiny, gate, monkeypatch):
    monkeypatch.setattr(work, "_PATIENCE", 0.0)
    app = opened_at_once(tiny, methods=["quick"])
    assert not app.exception
    assert table(app).note.tolist() == ["not computed"]
    gate.open(50)
    assert table(settled(app)).AOPC.notna().all()


def test_a_method_that_ends_while_the_page_is_drawn_is_not_missed(tiny, gate, monkeypatch):
    monkeypatch.setattr(work, "_PATIENCE", 0.0)
    show_work = watch.show_work

    def late(todo):
        gate.open(50)
        assert work.desk().wait([task.key for task in todo], HANG)
        show_work(todo)

    monkeypatch.setattr(watch, "show_work", late)
    app = opened_at_once(tiny, methods=["quick"])
    assert not any("Stop" in button.label for button in app.button), "nothing looks again"
    assert table(app).AOPC.notna().all()


@pytest.mark.parametrize("text", ["good", "?!", "<script>alert(1)</script> $x$ **b**"])
def test_awkward_texts(tiny, text):
    app = opened(tiny, text=text)
    assert not app.exception
    assert not app.error
    assert len(table(app)) > 5


def test_a_model_with_one_output_is_measured_by_its_value(tmp_path):
    app = settled(opened(str(save_tiny(tmp_path, labels=("stars",))), text="a good film"))
    assert not messages(app)
    assert table(app)["AOPC"].notna().all()
    assert table(app)["LOdds"].isna().all()
    assert "the value of “stars”" in " ".join(caption.value for caption in app.caption)
    assert kinds(app)[:2] == ["heatmap", "bar"]


def test_a_text_that_is_too_long_is_said_as_on_the_explore_page(tiny):
    app = opened(tiny, text="good " * 60)
    assert "62 tokens" in messages(app)
    button(app, "Explain the first 32 tokens").click().run()
    assert kinds(settled(app))


def test_naopc_is_a_column_on_request(tiny):
    app = opened(tiny, methods=["AF", "GF", "random"])
    assert "NAOPC" not in table(app)
    app.toggle(key="naopc").set_value(True).run()
    found = table(settled(app))
    assert found.columns.tolist()[1:3] == ["AOPC", "NAOPC"]
    assert found.NAOPC.between(0, 1).all()
    assert (found.NAOPC.argsort() == found.AOPC.argsort()).all()
    captions = " ".join(caption.value for caption in app.caption)
    assert "over all orders of these tokens: found exactly" in captions
    assert "NAOPC" in table(opened(tiny, methods=["AF"], naopc="true"))
    assert "NAOPC" not in table(app.toggle(key="naopc").set_value(False).run())
    assert not app.exception


def test_the_search_for_limits_runs_beside_the_methods_and_can_be_stopped(tiny, monkeypatch):
    gate = Gate(50)

    def search(*arguments, progress, **options):
        gate(progress)
        return aopc_limits(*arguments, **options)

    monkeypatch.setattr(bounds, "aopc_limits", search)
    app = opened_at_once(tiny, text="not bad a good film", methods=["AF"], naopc="true")
    assert table(app).AOPC.notna().all(), "the measures do not wait for it"
    gate.open(10)
    gate.reach(10)
    app.run()
    assert "step 10 of 50" in app.get("progress")[0].proto.text
    button(app, "Stop").click().run()
    assert "stopped" in " ".join(one.value for one in app.markdown)
    assert "NAOPC" not in table(app)
    gate.open(1 + 50)  # the step at which the first one ends, and all of the second
    button(app, "Run").click().run()
    assert "NAOPC" in table(settled(app))
    assert not app.exception


def test_one_token_has_no_naopc_and_the_page_says_so(tiny):
    app = opened(tiny, text="good", naopc="true")
    assert "no NAOPC" in " ".join(caption.value for caption in app.caption)
    assert not app.exception
