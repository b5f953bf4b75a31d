"""Masked words, labels of tokens and answers in the app; without a browser."""

import pytest

from tests.support.models import save_tiny, tiny_module
from tests.support.tiny_tokenizers import pair_tokenizer
from tests.ui.test_app import figures_of, heatmap_of, html_of, messages, opened, sankey_of, visible
from tests.ui.test_app_compare import opened as compared
from tests.ui.test_app_compare import table

GIVEN = {
    "masked word": {"text": "so a then blue and so [MASK] then"},
    "tokens": {"text": "the old mr anna was quiet in clara so"},
    "question answering": {"text": "where was it", "second": "so delhi a and david and"},
}


def verdict(app) -> str:
    return visible(html_of(app).split('class="gaf-verdict"')[1].split("</p>")[0]).lstrip(">")


def test_a_masked_word_is_filled_in_and_others_can_be_named(trained):
    app = opened(model=trained("masked word"), **GIVEN["masked word"])
    assert not messages(app)
    assert verdict(app).startswith("The model fills the mask with sun, ")
    assert "[MASK]" in visible(heatmap_of(app))
    assert sankey_of(app)["link"]["value"]
    assert not [box for box in app.selectbox if box.key == "at"], "there is one mask"
    app.selectbox(key="target").set_value("a token").run()
    app.selectbox(key="for").set_value("rain").run()
    assert verdict(app).endswith("Explained here: why rain.")
    app.text_area(key="text").set_value("no gap here").run()
    assert "no mask" in messages(app)
    assert "Write \\[MASK\\]" in messages(app)


def test_one_of_several_masks_is_chosen(trained):
    app = opened(model=trained("masked word"), text="the grey [MASK] then so [MASK] was")
    assert not messages(app)
    assert app.selectbox(key="at").options == ["mask 1 (3)", "mask 2 (6)"]
    assert "the mask at position 3" in verdict(app)
    app.selectbox(key="at").set_value("mask 2 (6)").run()
    assert "the mask at position 6" in verdict(app)
    app.text_area(key="text").set_value("grey so [MASK]").run()
    assert not app.exception
    assert "fills the mask with" in verdict(app)


def test_a_token_is_chosen_by_its_word_and_gets_a_label(trained):
    app = opened(model=trained("tokens"), **GIVEN["tokens"])
    assert not messages(app)
    assert verdict(app).startswith("The model labels anna as B-PER, ")
    assert app.selectbox(key="at").options[:4] == [
        "the first with a label", "the (1)", "old (2)", "mr (3)",
    ]  # fmt: skip
    app.selectbox(key="at").set_value("clara (8)").run()
    assert verdict(app).startswith("The model labels clara as B-LOC, ")
    app.selectbox(key="target").set_value("O").run()
    assert verdict(app).endswith("Explained here: why O for clara.")
    app.text_area(key="text").set_value("so quiet mr anna day").run()
    assert not app.exception
    assert verdict(app).startswith("The model labels anna as B-PER, ")


def test_both_ends_of_an_answer_can_be_explained(trained):
    app = opened(model=trained("question answering"), **GIVEN["question answering"])
    assert not messages(app)
    assert verdict(app).startswith("The model answers delhi, ")
    assert "why it starts at delhi" in verdict(app)
    app.selectbox(key="at").set_value("end").run()
    assert "why it ends at delhi" in verdict(app)
    app.selectbox(key="target").set_value("a contrast of two").run()
    app.selectbox(key="for").set_value("david (9)").run()
    assert not messages(app)
    assert verdict(app).endswith("why it ends at david against delhi.")
    app.text_area(key="second").set_value("").run()
    assert "empty" in messages(app)


@pytest.mark.parametrize("task", list(GIVEN))
def test_a_task_begins_with_an_example_of_its_own(task, trained):
    app = opened(model=trained(task))
    assert not app.exception
    app.selectbox(key="model").set_value("minilm-reviews").run()
    assert not messages(app)
    assert "The model says" in verdict(app)
    app.selectbox(key="model").set_value(trained(task)).run()
    assert not app.exception
    assert not app.error


def test_a_link_to_a_place_that_is_not_there_is_said(trained):
    app = opened(model=trained("tokens"), at="boris (3)", **GIVEN["tokens"])
    assert "boris" in messages(app)
    assert not app.exception


@pytest.mark.parametrize("task", list(GIVEN))
def test_rankings_are_compared_by_the_output_of_the_task(task, trained):
    app = compared(trained(task), **GIVEN[task])
    assert not app.exception
    assert not messages(app)
    assert table(app)["AOPC"].notna().all()
    said = " ".join(caption.value for caption in app.caption)
    assert "the token that is asked about stay" in said
    watched = {
        "masked word": "the probability of “sun”",
        "tokens": "the probability of “B\\-PER” for “anna”",
        "question answering": "the probability that the answer starts at “delhi”",
    }
    assert watched[task] in said or watched[task].replace("\\", "") in said


@pytest.mark.parametrize("task", list(GIVEN))
def test_an_edited_text_is_asked_the_same(task, trained):
    app = opened(model=trained(task), **GIVEN[task])
    app.switch_page("pages/edit.py").run()
    assert not app.exception
    assert not app.error
    assert "Probability of" in " ".join(metric.label for metric in app.metric)


def several(folder, problem):
    module = tiny_module(labels=("toxic", "insult", "threat"))
    module.config.problem_type = problem
    module.save_pretrained(folder)
    pair_tokenizer().save_pretrained(folder)
    return str(folder)


def test_labels_that_do_not_exclude_each_other(tmp_path):
    app = opened(model=several(tmp_path, "multi_label_classification"), text="a good film not bad")
    assert not messages(app)
    assert "How probable each label is by itself" in html_of(app)
    bars = figures_of(app)[0]["data"][0]
    assert len(bars["x"]) == 3


def test_values_of_several_outputs(tmp_path):
    app = opened(model=several(tmp_path, "regression"), text="a good film not bad")
    assert not messages(app)
    assert "Which value each output has" in html_of(app)
    assert "the value" in verdict(app)
    assert not any("%" in text for text in figures_of(app)[0]["data"][0]["text"])


def test_one_value_can_be_measured_side_by_side(tmp_path):
    folder = str(save_tiny(tmp_path, labels=("stars",)))
    app = opened(model=folder, text="a good film", side="true")
    assert not app.exception
    assert not app.error
    said = " ".join(caption.value for caption in app.caption)
    assert "found what the value of “stars” needs" in said
