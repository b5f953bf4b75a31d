"""Answers of a language model in the app; without a browser."""

import json

import pytest

import gaf_core as gaf
from tests.support.speaking import ANSWER, PROMPT, save_speaking
from tests.ui.test_app import figures_of, heatmap_of, html_of, messages, opened, sankey_of, visible
from tests.ui.test_app_compare import opened as compared
from tests.ui.test_app_compare import table
from tests.ui.test_app_edit import opened as edited

WHOLE, RATHER = "a whole answer", "one answer rather than another"


@pytest.fixture(scope="module")
def speaking(tmp_path_factory) -> str:
    return str(save_speaking(tmp_path_factory.mktemp("speaking")))


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> str:
    return str(save_speaking(tmp_path_factory.mktemp("base"), template=None))


def verdict(app) -> str:
    return visible(html_of(app).split('class="gaf-verdict"')[1].split("</p>")[0]).lstrip(">")


def map_of(app) -> dict:
    return next(
        figure
        for figure in figures_of(app)
        if any(one["type"] == "heatmap" for one in figure["data"])
    )


def has_map(app) -> bool:
    return any(one["type"] == "heatmap" for figure in figures_of(app) for one in figure["data"])


def captions(app) -> str:
    return " ".join(one.value for one in app.caption)


def answering(speaking, **query):
    given = {"model": speaking, "text": PROMPT, "target": WHOLE}
    return opened(**{**given, **query})


def test_the_next_token_is_what_is_seen_first(speaking):
    app = opened(model=speaking, text=PROMPT)
    assert verdict(app).startswith("The model continues with Paris, ")
    assert not [area for area in app.text_area if area.key == "answer"]
    assert not has_map(app)
    assert not messages(app)


def test_without_an_answer_the_next_token_is_explained(speaking):
    app = answering(speaking)
    assert verdict(app).startswith("The model continues with Paris, ")
    assert "While there is no answer" in messages(app)


def test_the_model_answers_and_its_answer_is_explained(speaking):
    app = answering(speaking)
    (button,) = [one for one in app.button if one.label == "Let the model answer"]
    button.click().run()
    assert not app.exception
    assert app.text_area(key="answer").value == ANSWER
    assert verdict(app).startswith(f"The model would say {ANSWER.strip()} with a probability of ")
    assert "The model ended its answer itself." in captions(app)
    assert f"{PROMPT}{ANSWER}" in visible(heatmap_of(app))
    assert "of the flow reaches the prompt" in captions(app)
    assert "Every flow is proven." in captions(app)
    assert sankey_of(app)["link"]["value"]
    columns = map_of(app)["layout"]["xaxis"]["ticktext"]
    assert len(columns) == len(ANSWER.replace(".", " .").split())


def test_a_typed_answer_gets_the_space_that_it_needs(speaking):
    app = answering(speaking, answer="London")
    assert verdict(app).startswith("The model would say London")
    assert "city · of | London" in captions(app).replace("\\", "")
    expected = gaf.trace(gaf.load_model(speaking), PROMPT, gaf.Span(" London"))
    assert f"{len(expected.tokens) - expected.continuation.prompt:,} of the answer" in captions(app)


def test_a_word_of_it_is_chosen_and_the_link_keeps_it(speaking):
    app = answering(speaking, answer=ANSWER)
    (pills,) = [one for one in app.get("button_group") if one.key == "part"]
    part = pills.options.index("Big")
    model = gaf.load_model(speaking)
    trace = gaf.trace(model, PROMPT, gaf.Span(ANSWER, part="Big"))
    (branch,) = trace.continuation.branches
    asked = f"{branch.start - branch.first}-{branch.stop - branch.first}"
    again = answering(speaking, answer=ANSWER, part=asked)
    assert verdict(again).endswith("Explained here: why Big.")
    assert not messages(again)
    assert again.session_state["part"] == asked
    assert part >= 0
    shapes = [one for one in map_of(again)["layout"]["shapes"] if one["type"] == "rect"]
    assert len(shapes) == 1, "it is outlined in the map"


@pytest.mark.parametrize("part", ["90-99", "3-1", "x", "1"])
def test_a_part_that_is_not_there_is_said(speaking, part):
    app = answering(speaking, answer=" Paris and", part=part)
    assert not app.exception
    assert verdict(app).startswith("The model would say Paris and")
    assert "all of it is explained" in messages(app)


def test_an_answer_is_contrasted_with_another(speaking):
    app = opened(model=speaking, text=PROMPT, target=RATHER, answer="Paris", other="London and Big")
    assert verdict(app).endswith("Explained here: why Paris against London and Big.")
    assert not has_map(app)
    assert not messages(app)
    app.text_area(key="other").set_value("").run()
    assert not app.exception
    assert verdict(app).startswith("The model would say Paris")


def test_the_map_is_by_any_method_or_away(speaking):
    app = answering(speaking, answer=ANSWER)
    flow = map_of(app)["data"]
    app.selectbox(key="map_by").set_value("CAT frozen").run()
    assert not app.exception
    assert map_of(app)["data"] != flow
    assert "CAT frozen" in captions(app)
    app.toggle(key="map").set_value(False).run()
    assert not has_map(app)


def test_a_chat_goes_through_the_template(speaking):
    app = answering(speaking, answer="Paris", chat="true")
    assert not app.exception
    assert visible(heatmap_of(app)).count("<|end|>") == 2
    app.toggle(key="special").set_value(False).run()
    assert "<|end|>" not in visible(heatmap_of(app))
    app.text_area(key="system").set_value("Big Ben is in London.").run()
    assert "Big Ben is in London." in visible(heatmap_of(app))
    assert not messages(app)


def test_a_base_model_and_a_classifier_have_no_switch(base):
    for app in (opened(model=base, text=PROMPT), opened()):
        assert not [one for one in app.toggle if one.key == "chat"]
    app = opened(model=base, text=PROMPT, chat="true")
    assert not app.exception
    assert verdict(app).startswith("The model continues with Paris")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"answer": "<|end|>"}, "special tokens only"),
        ({"text": "The Eiffel ", "answer": "Tower"}, "Take the space from the end"),
        ({"answer": " Paris" * 200}, "prompt with its answer has"),
        ({"text": " ", "answer": "Paris"}, "is empty"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_sentence(speaking, query, said):
    app = answering(speaking, **query)
    assert not app.exception
    assert said in messages(app)
    assert "unexpected" not in messages(app)


def test_a_model_that_stops_at_once_says_so(speaking):
    app = answering(speaking, text=f"{PROMPT}{ANSWER}")
    next(one for one in app.button if one.label == "Let the model answer").click().run()
    assert "ends its answer at once" in messages(app).replace("\\", "")
    assert not app.exception


def test_edges_are_not_cut_for_an_answer(speaking):
    app = answering(speaking, answer=ANSWER, agree="true")
    assert not app.exception
    assert not messages(app)


def test_published_and_faithful_stand_side_by_side(speaking):
    app = answering(speaking, answer=ANSWER, side="true")
    assert not app.exception
    assert not messages(app)
    assert "mean log-probability of a token" in captions(app).replace("\\", "")


def test_the_other_pages_explain_the_answer_too(speaking):
    given = {"model": speaking, "text": PROMPT, "target": WHOLE, "answer": ANSWER}
    app = compared(**given)
    assert not app.exception
    assert not app.error
    assert "mean log-probability of a token" in captions(app).replace("\\", "")
    assert table(app) is not None


def test_the_same_answer_to_another_prompt(speaking):
    given = {"model": speaking, "text": PROMPT, "target": WHOLE, "answer": ANSWER}
    app = edited(**given, edited="The Eiffel Tower is in the capital of")
    assert not app.exception
    assert not app.error
    labels = [one.label for one in app.metric]
    assert labels[0].startswith("Log-probability of ")
    chat = edited(**given, chat="true", edited="The Eiffel Tower is in the capital of")
    assert not chat.exception
    assert not chat.error
    assert visible(html_of(chat)).count("<|end|>") == 4


def test_the_files_hold_the_answer(speaking):
    model = gaf.load_model(speaking)
    settings = gaf.Settings(target=gaf.Span(ANSWER, part=(0, 2)))
    found = gaf.explain(model, PROMPT, settings)
    from gaf_core.files.exports import to_json
    from gaf_core.files.report import to_html

    content = json.loads(to_json(found))["continuation"]
    (answer,) = content["answers"]
    assert answer["text"] == ANSWER.strip()
    assert len(answer["explained"]) == 2
    assert content["prompt_share"] + content["answer_share"] == pytest.approx(1.0)
    mapped = gaf.answer_map(model, PROMPT, ANSWER, gaf.FAITHFUL)
    report = to_html(found, mapped=mapped)
    assert "Which word rests on which" in report
    assert "rests mostly on" in report
    assert "of the flow reaches the prompt" in report
    assert (
        "http" not in report.split("<main>")[1].split("Where this comes from")[0].split("script")[0]
    )


def test_a_map_that_takes_minutes_waits_to_be_asked_for(speaking, monkeypatch):
    from gaf_core.ui.explore import answer

    monkeypatch.setattr(answer, "_LONG", 0.0)
    app = answering(speaking, answer=" Paris and Big Ben")
    assert not has_map(app)
    (button,) = [one for one in app.button if one.label.startswith("Draw the map: about")]
    button.click().run()
    assert not app.exception
    assert has_map(app)
