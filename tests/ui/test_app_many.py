"""The page of many texts, driven without a browser: choice, price, run, stop, resume, results."""

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.corpus.importance import word_importance
from gaf_core.corpus.results import Results
from gaf_core.ui import runs, visitors
from gaf_core.ui.jobs import Desk
from gaf_core.ui.many import work
from gaf_core.ui.turns import TURNS
from gaf_core.ui.visitors import Visitors
from tests.support.models import save_tiny
from tests.support.patience import HANG
from tests.ui.test_app import ROOT, messages

EVIL = "<b>good</b> *film* =1+1"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(runs.FOLDER, str(tmp_path / "runs"))
    return tmp_path / "runs"


def opened(model: str = "minilm-reviews", **query) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=HANG)
    app.switch_page("pages/many.py")
    for key, value in {"model": model, **query}.items():
        app.query_params[key] = value
    return app.run()


def content(number: int = 24, more: str = "") -> bytes:
    lines = [f"{n},{random_text(4 + n % 4, n)},{'positive' if n % 2 else 'bad'}"
             for n in range(number)]  # fmt: skip
    return ("\n".join(["id,body,stars", *lines]) + "\n" + more).encode()


def uploaded(app: AppTest, data: bytes, name: str = "mine.csv") -> AppTest:
    app.segmented_control(key="many_from").set_value("Your file").run()
    return app.file_uploader(key="many_file").set_value((name, data, "text/csv")).run()


def asked(model: str, methods=("relevance", "AGF"), data: bytes | None = None) -> AppTest:
    app = uploaded(opened(model), content() if data is None else data)
    app.multiselect(key="many_methods").set_value(list(methods)).run()
    app.selectbox(key="many_label").set_value("stars").run()
    app.selectbox(key="many_id").set_value("id").run()
    button(app, "Look through them").click()
    return app.run()


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label == label)


def labels(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def started(app: AppTest) -> AppTest:
    button(app, "Start").click()
    return app.run()


def token(app: AppTest) -> str:
    found = app.query_params["run"]
    return found[0] if isinstance(found, list) else found


def finished(app: AppTest) -> AppTest:
    """The page once the run has ended."""
    desk = visitors.VISITORS.own(app.session_state["visit"], "many", Desk)
    assert desk.wait(list(desk._jobs), HANG), "the run does not end"
    return app.run()


def said(app: AppTest) -> str:
    parts = [*app.main.markdown, *app.caption, *app.main.get("html")]
    return " ".join(getattr(one, "value", "") or one.proto.body for one in parts)


def seen(app: AppTest, view: str) -> AppTest:
    return app.segmented_control(key="view").set_value(view).run()


def test_a_file_is_priced_run_and_shown(tiny):
    app = asked(tiny, data=content(more=f'7,"{EVIL}",meh\n25,,bad\n26,a,b,c\n'))
    assert not app.exception
    assert not messages(app)
    assert "25 texts" in said(app)
    assert "MB of rows" in said(app)
    assert "bad 12, positive 12, meh 1" in said(app)
    assert [one.label for one in app.expander] == ["2 lines are left out"]
    assert app.dataframe[0].value["line"].tolist() == [27, 28]
    assert "1 texts are called what another one is called" in said(app)
    app = finished(started(app))
    assert not app.exception
    assert not messages(app)
    results = Results.of(runs.find(token(app)).folder.path)
    assert results.rows["position"].nunique() == 25
    assert results.methods == ["relevance", "AGF"]
    assert "25 texts of “mine.csv”" in said(app)
    assert f"{runs.KEPT} hours" in said(app), "how long the link holds"
    words = word_importance(results.scored("relevance"), least=5)
    table = app.dataframe[0].value
    first = words["class"].iloc[0]
    assert set(table["word"]) == set(words.loc[words["class"] == first, "word"])
    assert len(app.get("plotly_chart")) == min(2, words["class"].nunique())
    app.number_input(key="many_least").set_value(1000).run()
    assert "Ask for fewer" in messages(app)
    app.number_input(key="many_least").set_value(1).run()
    app.toggle(key="case").set_value(True).run()
    assert not app.exception
    assert [one.label for one in app.get("download_button")] == [
        "Report (HTML)", "Rows (CSV)", "Words (CSV)", "Everything (Parquet)",
    ]  # fmt: skip


def test_each_view_shows_what_the_library_says_and_a_text_opens_in_explore(tiny):
    app = finished(started(asked(tiny, data=content(more=f'30,"{EVIL}",meh\n'))))
    seen(app, "Faithfulness")
    heads = [one.value for one in app.header]
    assert heads[:3] == [
        "How faithful each method is", "What relevance has more than the others",
        "How it is spread over the texts",
    ]  # fmt: skip
    assert app.dataframe[0].value["method"].tolist() == ["relevance", "AGF"]
    assert app.dataframe[0].value["AOPC"].str.contains(r"\[", regex=True).all()
    for measure in ("log_odds", "comprehensiveness", "sufficiency"):
        app.selectbox(key="many_measure").set_value(measure).run()
        assert not app.exception
    seen(app, "Texts")
    worst, disagreeing = (one.value for one in app.dataframe)
    assert worst["AOPC"].is_monotonic_increasing
    assert disagreeing["agreement"].is_monotonic_increasing
    assert len(worst) == 25
    evil = worst.loc[worst["id"] == "30", "open"].item()
    assert urlsplit(evil).path == "/explore"
    assert parse_qs(urlsplit(evil).query) == {"model": [tiny], "text": [EVIL]}
    seen(app, "Accuracy")
    table = app.dataframe[0].value
    assert table["label"].tolist() == ["positive", "all"]
    assert "“bad” (12), “meh” (1)" in said(app).replace("\\", "")
    assert not app.exception


def test_a_view_is_a_link_for_another_visitor_as_long_as_the_run_is_kept(tiny):
    app = finished(started(asked(tiny)))
    other = opened(tiny, run=token(app), view="Faithfulness")
    assert not other.exception
    assert other.segmented_control(key="view").value == "Faithfulness"
    assert other.header[0].value == "How faithful each method is"
    button(other, "Delete").click()
    other.run()
    assert "run" not in other.query_params
    assert "Look through them" in labels(other)
    app.run()
    assert "not kept here any more" in messages(app)
    assert app.file_uploader(key="many_file"), "and the page is there for another file"


@pytest.mark.parametrize("token", ["x", "../../etc/passwd", "A" * 22, "a" * 21 + "/"])
def test_a_link_to_no_run_is_said(tiny, token):
    app = opened(tiny, run=token)
    assert not app.exception
    assert "not kept here any more" in messages(app)


def test_a_run_is_stopped_and_goes_on_by_whoever_has_the_link(tiny, monkeypatch):
    monkeypatch.setattr(work, "part_for", lambda _: 4)
    app = asked(tiny)
    with TURNS.turn():  # somebody else computes
        app = started(app)
        assert "Stop" in labels(app)
        wait_until(lambda: len(TURNS) == 2)
        assert "0 of 24 texts, in turns with 1 other" in told(app.run())
        button(app, "Stop").click()
        app.run()
        assert "0 of 24" in said(app)
    kept = runs.find(token(app))
    model = gaf.load_model(tiny)
    explainer = work.explainer_of(kept.plan, model)
    with pytest.raises(KeyboardInterrupt):
        work.run(kept.source(), explainer, kept.folder, part=4, told=stop_at(8))
    app = opened(tiny, run=token(app))
    assert "8 of 24" in said(app)
    assert "What there is" not in messages(app)
    assert app.dataframe, "what is done is shown"
    button(app, "Go on").click()
    app = finished(app.run())
    assert "Stopped" not in said(app)
    results = Results.of(kept.folder.path)
    at = list(zip(results.rows["position"], results.rows["method"], strict=True))
    assert at == [(n, name) for n in range(24) for name in ("relevance", "AGF")]


def told(app: AppTest) -> str:
    return " ".join(one.proto.text for one in app.get("progress"))


def wait_until(there) -> None:
    end = time.monotonic() + HANG
    while not there():
        assert time.monotonic() < end, "it never comes"
        time.sleep(0.01)


def stop_at(texts: int):
    def stop(progress):
        if progress.texts >= texts:
            raise KeyboardInterrupt

    return stop


def test_a_run_ends_with_its_visitor_and_keeps_what_is_done(tiny, monkeypatch):
    monkeypatch.setattr(work, "part_for", lambda _: 4)
    app = asked(tiny)
    with TURNS.turn():
        app = started(app)
        desk = visitors.VISITORS.own(app.session_state["visit"], "many", Desk)
        assert work.active(token(app))
        desk.close()
        assert not work.active(token(app))
    app = opened(tiny, run=token(app))
    assert "Go on" in labels(app)


def test_held_out_texts_by_kind(tiny):
    app = opened(tiny)
    app.selectbox(key="many_kind").set_value("tweet").run()
    app.number_input(key="many_count_tweet").set_value(5).run()
    app.multiselect(key="many_methods").set_value(["relevance"]).run()
    app.selectbox(key="many_removed").set_value("not measured").run()
    button(app, "Look through them").click()
    app.run()
    assert "5 texts" in said(app)
    app = finished(started(app))
    assert "tweets, 5 of them" in said(app)
    kept = runs.find(token(app))
    lines = [json.loads(line) for line in (kept.path / kept.plan.file).read_text().splitlines()]
    assert {line["kind"] for line in lines} == {"tweet"}
    seen(app, "Faithfulness")
    assert "not measured" in messages(app)
    seen(app, "Texts")
    assert not app.exception


def test_another_question_is_priced_anew(tiny):
    app = asked(tiny)
    assert "Start" in labels(app)
    app.multiselect(key="many_methods").set_value(["AGF:first_layer=2"]).run()
    assert "Start" not in labels(app)
    app.multiselect(key="many_methods").set_value(["relevance", "AGF"]).run()
    assert "Start" in labels(app), "nothing has changed after all"


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "a.csv", "is empty"),
        (b"text,label\n", "a.csv", "holds no text to explain"),
        (b"\x00\xff\xfe", "a.parquet", "no Parquet file that can be read"),
        (b"[1]\n", "a.jsonl", "Write one object a line"),
        (b"a,b\n1,2\n3,4\n", "a.csv", "holds numbers and no texts"),
        (b"text,text\nx,y\n", "a.csv", "Two columns"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_sentence(tiny, data, name, message):
    app = uploaded(opened(tiny), data, name)
    if "Look through them" in labels(app) and not app.error:
        button(app, "Look through them").click()
        app.run()
    assert not app.exception
    assert message in messages(app)
    assert "Start" not in labels(app)


def test_methods_that_mean_nothing_are_said(tiny):
    app = opened(tiny)
    app.multiselect(key="many_methods").set_value(["AFG"]).run()
    assert not app.exception
    assert "AFG" in messages(app)


def test_texts_that_are_too_long_are_refused_by_their_line(tiny):
    app = uploaded(opened(tiny), b"text\na film\n" + b"good " * 60 + b"\n")
    app.multiselect(key="many_methods").set_value(["relevance"]).run()
    app.selectbox(key="many_long").set_value("refuse").run()
    button(app, "Look through them").click()
    app = finished(started(app.run()))
    assert "Line 3: The text has 62 tokens" in messages(app)
    assert not app.exception


def test_a_hosted_app_takes_so_many_texts_and_runs(monkeypatch):
    monkeypatch.setenv("GAF_HOSTED", "1")
    monkeypatch.setenv("GAF_MAX_TEXTS", "3")
    monkeypatch.setenv("GAF_MAX_JOBS", "1")
    monkeypatch.setattr(visitors, "VISITORS", Visitors(lambda _: True))
    app = opened()
    assert app.number_input(key="many_count_all").max == 3
    app = uploaded(app, b"text\nA film.\nGood.\nBad.\nDull.\n")
    app.multiselect(key="many_methods").set_value(["relevance"]).run()
    button(app, "Look through them").click()
    app.run()
    assert "4 texts and this app takes 3" in messages(app)
    app.segmented_control(key="many_from").set_value("Held-out texts").run()
    button(app, "Look through them").click()
    app.run()
    with TURNS.turn():
        app = started(app)
        button(app, "Another run").click()
        app = started(app.run())
        assert "This app runs at most 1 of a visitor" in messages(app)
        assert len(list(runs.home().glob("[!d]*"))) == 1, "and nothing is kept of it"
        visitors.VISITORS.own(app.session_state["visit"], "many", Desk).close()


def test_runs_nobody_opens_go(tiny):
    app = finished(started(asked(tiny)))
    kept = runs.find(token(app))
    runs.sweep(time.time() + runs.KEPT * 3600 - 60)
    assert runs.find(kept.token)
    runs.sweep(time.time() + runs.KEPT * 3600 + 60)
    assert runs.find(kept.token) is None
    assert not kept.path.exists()
