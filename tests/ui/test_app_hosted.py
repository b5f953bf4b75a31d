"""The app as others reach it: what is offered, what is refused, and that nothing is given away."""

import pytest

from gaf_core.ui import cache, visitors
from gaf_core.ui.visitors import Visitors
from tests.support.models import save_tiny
from tests.ui.test_app import heatmap_of, html_of, messages, opened, visible
from tests.ui.test_app_compare import button, settled
from tests.ui.test_app_compare import compared as chosen
from tests.ui.test_app_compare import opened as compared

SENTENCE = "A lovely film."


@pytest.fixture(autouse=True)
def hosted(monkeypatch):
    monkeypatch.setenv("GAF_HOSTED", "1")
    # without those whom other tests let in and who are not seen to leave
    monkeypatch.setattr(visitors, "VISITORS", Visitors(lambda _: True))


def test_a_folder_a_file_and_nothing_are_answered_alike(tmp_path):
    (tmp_path / "file").write_text("secret")
    folder = save_tiny(tmp_path / "model")
    asked = [
        tmp_path,
        folder,
        tmp_path / "file",
        tmp_path / "nothing",
        "~",
        "~nobody/x",
        "a/b",
        "..",
    ]
    said = set()
    for name in map(str, asked):
        app = opened(model=name, text=SENTENCE)
        assert not app.exception
        assert name == "." or name not in messages(app) + html_of(app)
        assert app.selectbox(key="model").value == "minilm-reviews"
        assert "model" not in app.query_params
        said.add(messages(app))
    assert len(said) == 1
    assert "does not offer" in said.pop()


def test_nothing_can_be_typed_and_no_hub_is_asked():
    app = opened(text=SENTENCE)
    assert not app.selectbox(key="model").proto.accept_new_options
    assert not any(one.label == "Revision" for one in app.text_input)


def test_the_host_offers_models_by_name_and_their_place_stays_unknown(tmp_path, monkeypatch):
    folder = save_tiny(tmp_path / "here")
    monkeypatch.setenv("GAF_MODELS", f"mine={folder}, broken={tmp_path / 'gone'}")
    app = opened(model="mine", text="a good film")
    assert not messages(app)
    assert "good" in visible(heatmap_of(app))
    assert cache.model(cache.choice_of("mine")).name == "mine"
    app = opened(model="broken", text="a good film")
    assert "cannot be loaded here" in messages(app)
    assert str(tmp_path) not in messages(app) + html_of(app)


def test_long_texts_are_refused_with_the_numbers(monkeypatch):
    monkeypatch.setenv("GAF_MAX_CHARACTERS", "100")
    assert "101 characters and this app takes 100" in messages(opened(text="a" * 101))
    monkeypatch.setenv("GAF_MAX_CHARACTERS", "5000")
    monkeypatch.setenv("GAF_MAX_TOKENS", "8")
    cache._models().clear()
    try:
        app = opened(text="one two three four five six seven eight nine ten")
        assert "the model takes 8" in messages(app)
    finally:
        cache._models().clear()


def test_a_method_with_too_many_samples_is_left_out_with_the_limit(monkeypatch):
    monkeypatch.setenv("GAF_MAX_SAMPLES", "600")
    app = compared("minilm-reviews", methods=["AF", "lime:samples=601"])
    assert "at most 600" in messages(app)
    assert chosen(app) == ["AF"]


def test_so_many_slow_methods_at_once_and_no_more(monkeypatch):
    monkeypatch.setenv("GAF_MAX_JOBS", "2")
    monkeypatch.setenv("GAF_MAX_SAMPLES", "100000")
    slow = [f"kernel_shap:samples=100000,seed={seed}" for seed in range(1, 5)]
    app = compared("minilm-reviews", methods=["AF", *slow])
    assert "at most 2 slow methods" in " ".join(one.value for one in app.caption)
    button(app, "Run all of them").click().run()
    labels = [one.label for one in app.button]
    assert (labels.count("Stop"), labels.count("Run")) == (2, 2)
    next(one for one in app.button if one.label == "Stop").click().run()
    assert [one.label for one in app.button].count("Stop") == 1
    while stops := [one for one in app.button if one.label == "Stop"]:
        stops[0].click().run()


def test_what_another_visitor_has_computed_does_not_count(monkeypatch):
    monkeypatch.setenv("GAF_MAX_JOBS", "1")
    monkeypatch.setenv("GAF_MAX_SAMPLES", "100000")
    known = ["lime:samples=20", "lime:samples=30"]
    for code in known:  # one at a time, as the limit wants it
        first = compared("minilm-reviews", methods=["AF", code])
        settled(button(first, "Run").click().run())
    slow = [f"kernel_shap:samples=100000,seed={seed}" for seed in (1, 2)]
    app = compared("minilm-reviews", methods=[*known, *slow])
    assert app.dataframe[0].value["AOPC"].notna().tolist() == [True, True, False, False]
    button(app, "Run all of them").click().run()
    labels = [one.label for one in app.button]
    assert (labels.count("Stop"), labels.count("Run")) == (1, 1)
    while stops := [one for one in app.button if one.label == "Stop"]:
        stops[0].click().run()


def test_a_visitor_who_finds_no_room_is_told_and_comes_in_later(monkeypatch):
    here = set()
    monkeypatch.setattr(visitors, "VISITORS", Visitors(lambda _: bool(here)))
    monkeypatch.setenv("GAF_MAX_VISITORS", "1")
    here.add("somebody")
    first, second = opened(text=SENTENCE), opened(text=SENTENCE)
    assert not messages(first)
    assert "The app is full: it takes 1 visitor at once" in messages(second)
    assert not second.text_area
    here.clear()
    visitors.VISITORS._visits.pop(first.session_state["visit"])
    here.add("somebody")
    button(second, "Try again").click().run()
    assert not messages(second)
    assert "good" in visible(heatmap_of(second)) or "lovely" in visible(heatmap_of(second))


def test_limits_that_cannot_be_read_are_told(monkeypatch):
    monkeypatch.setenv("GAF_MAX_JOBS", "few")
    app = opened(text=SENTENCE)
    assert "GAF" in messages(app)
    assert not app.exception


def test_scores_may_be_uploaded_and_are_bound_by_the_text():
    app = compared("minilm-reviews", text="Good.", methods=["AF"])
    app.file_uploader[0].set_value([("mine.csv", b"word,score\nGood,1\n", "text/csv")]).run()
    assert chosen(app)[0] == "AF"
    assert chosen(app)[1].startswith("given:")
    rows = b"start,end,score\n" + b"0,4,1\n" * 1_000
    app.file_uploader[0].set_value([("many.csv", rows, "text/csv")]).run()
    assert "1,000 rows, and the text 4 tokens" in messages(app)
    assert len(chosen(app)) == 2


def test_limits_of_a_long_text_take_more_passes_than_the_app_allows(monkeypatch):
    monkeypatch.setenv("GAF_MAX_SAMPLES", "500")
    words = "one two three four five six seven eight nine ten eleven twelve"
    app = compared("minilm-reviews", methods=["AF"], naopc="true", text=words)
    assert "at most 500 texts with tokens removed for NAOPC" in " ".join(
        one.value for one in app.caption
    )
    assert "NAOPC" not in app.dataframe[0].value
    app = compared("minilm-reviews", methods=["AF"], naopc="true", text="A lovely film.")
    assert "NAOPC" in app.dataframe[0].value
