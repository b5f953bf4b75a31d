"""The page that compares a text with an edited copy, driven without a browser."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.handmade import explanation_of, trace_of
from gaf_core.text.edits import compare_models
from gaf_core.ui.edit import models
from tests.support.models import save_tiny
from tests.support.patience import HANG
from tests.ui.test_app import ROOT, figures_of, html_of, messages, visible


def opened(**query) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=HANG)
    app.switch_page("pages/edit.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def change_of(app: AppTest) -> dict:
    return next(f for f in figures_of(app) if {"original", "edited"} <= {*names(f)})


def names(figure: dict) -> list[str]:
    return [trace.get("name", "").strip("\u2068\u2069") for trace in figure["data"]]


def works(app: AppTest) -> bool:
    return not app.exception and not app.error


def test_first_paint_drops_the_strongest_word():
    app = opened()
    assert works(app)
    original, edited = app.text_area(key="text").value, app.text_area(key="edited").value
    assert len(edited.split()) in (len(original.split()), len(original.split()) - 1)
    assert edited != original
    assert any("−" in label for label in change_of(app)["layout"]["yaxis"]["ticktext"])
    assert [metric.label.split()[0] for metric in app.metric] == ["Probability", "Logit", "Flow"]


def test_an_edit_that_turns_the_prediction_is_said():
    app = opened(text="The film is not good.", edited="The film is good.", target="positive")
    assert works(app)
    assert "changes what the model says" in messages(app)
    old, new = app.metric[0].value.split(" → ")
    assert float(old.rstrip("%")) < 50 < float(new.rstrip("%"))


def test_without_a_target_both_explain_what_the_original_says():
    app = opened(text="The film is not good.", edited="The film is good.")
    assert "Explained here: why negative" in visible(html_of(app))


def test_a_new_original_brings_a_new_proposal_but_keeps_what_somebody_wrote():
    app = opened()
    app.text_area(key="text").set_value("A dull story, badly told.").run()
    proposed = app.text_area(key="edited").value
    assert proposed != "A dull story, badly told."
    assert "story" in proposed
    app.text_area(key="edited").set_value("My own words.").run()
    app.text_area(key="text").set_value("Another text that is lovely.").run()
    assert app.text_area(key="edited").value == "My own words."


def test_back_to_the_original():
    app = opened(text="A good film.", edited="A bad film.")
    next(button for button in app.button if button.label == "Back to the original").click().run()
    assert app.text_area(key="edited").value == "A good film."
    assert "Both texts are the same" in messages(app)


@pytest.mark.parametrize("edited", ["", "   "])
def test_an_empty_copy_is_a_sentence_and_loses_nothing(edited):
    app = opened(text="A good film.", edited="A bad film.")
    app.text_area(key="edited").set_value(edited).run()
    assert not app.exception
    assert "empty" in " ".join(error.value for error in app.error)
    assert app.text_area(key="text").value == "A good film."


def test_a_small_model_and_a_text_of_one_word(tmp_path):
    app = opened(model=str(save_tiny(tmp_path / "tiny")), text="film", edited="bad film not")
    assert works(app)


def models_of(tmp_path, **other) -> tuple[str, str]:
    return str(save_tiny(tmp_path / "first")), str(save_tiny(tmp_path / "second", seed=1, **other))


def compared(tmp_path, other: dict | None = None, **query) -> AppTest:
    first, second = models_of(tmp_path, **(other or {}))
    return opened(model=first, other=second, text="a good film", what_if="another model", **query)


def test_two_models_read_one_text(tmp_path):
    app = compared(tmp_path, target="positive")
    assert works(app)
    assert html_of(app).count("gaf-heatmap") == 2
    (figure,) = [one for one in figures_of(app) if {"first", "second"} <= {*names(one)}]
    assert "film" in str(figure["layout"]["yaxis"]["ticktext"])
    assert "The largest differences, by first and second" in captions(app)


def test_without_a_second_model_it_says_what_to_choose(tmp_path):
    app = opened(model=models_of(tmp_path)[0], what_if="another model")
    assert works(app)
    assert "Choose a second model" in messages(app)


def test_labels_are_matched_by_name_and_not_by_index(tmp_path):
    app = compared(tmp_path, {"labels": ("Positive", "Negative", "mixed")}, target="positive")
    assert works(app)
    assert "different things" not in messages(app)


def test_models_without_a_common_label_each_explain_what_they_say(tmp_path):
    app = compared(tmp_path, {"labels": ("dog", "cat")})
    assert works(app)
    assert "They explain different things" in messages(app)


def test_a_label_that_only_one_has_is_a_sentence(tmp_path):
    app = compared(tmp_path, {"labels": ("dog", "cat")}, target="positive")
    said = " ".join(error.value for error in app.error).replace("\\", "")
    assert "has no label 'positive'" in said


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_the_first_word_and_no_special_token_is_among_the_largest_differences():
    traces = [trace_of("bad film") for _ in range(2)]
    shares = np.array([9.0, 1.0, 1.0, 1.0]), np.array([1.0, 9.0, 1.0, 1.0])
    edit = compare_models((traces[0], shares[0]), (traces[1], shares[1]), ("one", "other"))
    assert edit.words[0].text == ("[CLS]", "bad", "film", "[SEP]")
    assert models._largest(edit) == [1]
    bare = [explanation_of("bad film") for _ in range(2)]
    assert models._marked(bare[0], edit, 0, [0]) == [0], "a first word is marked as any other"
