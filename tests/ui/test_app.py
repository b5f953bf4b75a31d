"""The Explore page, driven without a browser: what is shown, and how often the model runs."""

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.files.exports import to_csv
from gaf_core.flow.solution import Status
from gaf_core.ui import cache
from gaf_core.ui.failures import literal
from tests.support.models import counting, save_tiny
from tests.support.patience import HANG
from tests.support.tolerance import adding_up, assert_close, summed

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = json.loads((ROOT / "assets" / "examples.json").read_text(encoding="utf-8"))
SENTENCE = "A lovely film, and the music is superb."


def opened(**query) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=HANG)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.main.get("html"))


def heatmap_of(app: AppTest) -> str:
    return next(e.proto.body for e in app.main.get("html") if "gaf-heatmap" in e.proto.body)


def figures_of(app: AppTest) -> list[dict]:
    return [json.loads(element.proto.spec) for element in app.main.get("plotly_chart")]


def sankey_of(app: AppTest) -> dict:
    return next(f["data"][0] for f in figures_of(app) if f["data"][0]["type"] == "sankey")


def visible(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def messages(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.error, *app.warning, *app.info])


def explained_well(app: AppTest) -> bool:
    return not app.exception and not app.error and len(figures_of(app)) == 3


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    """The path of a small model: 3 layers, 32 tokens, 3 classes."""
    return str(save_tiny(tmp_path_factory.mktemp("tiny"), labels=("bad", "so-so", "good")))


def test_first_paint_is_an_explained_example():
    app = opened()
    assert explained_well(app)
    assert not messages(app)
    assert visible(heatmap_of(app)).replace("[CLS]", "").startswith(EXAMPLES[0]["text"])
    assert "The model says" in html_of(app)
    assert sankey_of(app)["link"]["value"]
    assert [metric.label for metric in app.metric][:3] == [
        "Flow value",
        "Duality gap",
        "Conservation",
    ]
    assert app.slider(key="layers").value == (4, 6), "the upper half reads at a glance"
    assert "The paper takes all 6" in " ".join(caption.value for caption in app.sidebar.caption)
    assert not dict(app.query_params), "defaults stay out of the link"


def test_tensor_and_layers_change_the_picture_without_running_the_model_again():
    app = opened(text=SENTENCE)
    calls = counting(cache.model(cache.choice_of("minilm-reviews")))
    seen = [heatmap_of(app)]
    for change in (
        lambda: app.radio(key="tensor").set_value("AF"),
        lambda: app.radio(key="tensor").set_value("GF"),
        lambda: app.slider(key="layers").set_value((5, 6)),
        lambda: app.slider(key="layers").set_value((2, 4)),
        lambda: app.radio(key="source").set_value("classification"),
        lambda: app.radio(key="residual").set_value("half"),
        lambda: app.radio(key="heads").set_value("max"),
    ):
        change().run()
        assert explained_well(app)
        seen.append(heatmap_of(app))
    assert len(set(seen)) == len(seen), "every setting shows in the scores"
    app.selectbox(key="epsilon").set_value("1e-4").run()
    app.slider(key="nodes").set_value(5).run()
    app.toggle(key="special").set_value(False).run()
    assert explained_well(app)
    assert not calls
    app.selectbox(key="target").set_value("negative").run()
    assert len(calls) == 1, "another target is another gradient"


def test_a_cached_view_comes_back_without_solving_again(monkeypatch):
    app = opened(text=SENTENCE, tensor="AF")
    first = heatmap_of(app)
    app.radio(key="tensor").set_value("GF").run()

    def never(*_):
        raise AssertionError("solved again")

    monkeypatch.setattr("gaf_core.ui.cache.explain_trace", never)
    app.radio(key="tensor").set_value("AF").run()
    assert heatmap_of(app) == first


def test_node_budget_and_special_tokens_are_only_views():
    app = opened(text=SENTENCE)
    before = sankey_of(app)
    app.slider(key="nodes").set_value(4).run()
    after = sankey_of(app)
    assert len(after["node"]["x"]) < len(before["node"]["x"])
    assert_close(max(after["link"]["value"]), max(before["link"]["value"]))
    assert "[CLS]" in visible(heatmap_of(app))
    app.toggle(key="special").set_value(False).run()
    assert "[CLS]" not in visible(heatmap_of(app))
    assert "special (2)" in json.dumps(figures_of(app)[1])


def test_each_target_and_the_contrast_of_two():
    app = opened(text=SENTENCE)
    for label in ("negative", "positive"):
        app.selectbox(key="target").set_value(label).run()
        assert explained_well(app)
        assert label in figures_of(app)[2]["layout"]["annotations"][-1]["text"]
    app.selectbox(key="target").set_value("a contrast of two").run()
    app.selectbox(key="for").set_value("positive").run()
    assert explained_well(app)
    assert "why positive against negative" in visible(html_of(app))


def test_a_picked_example_becomes_the_text():
    app = opened()
    picker = app.selectbox(key="example")
    assert len(picker.options) == len([one for one in EXAMPLES if "task" not in one]) >= 12
    picker.set_value(picker.options[4]).run()
    assert app.text_area(key="text").value == EXAMPLES[4]["text"]
    assert EXAMPLES[4]["text"] in visible(heatmap_of(app))
    assert app.selectbox(key="example").value is None


def test_a_link_restores_every_setting():
    wanted = {
        "text": "Not bad at all", "tensor": "GF", "target": "negative", "layers": ["2", "5"],
        "special": "false", "nodes": "6", "source": "classification", "residual": "half",
        "heads": "max", "epsilon": "1e-4",
    }  # fmt: skip
    app = opened(**wanted)
    assert explained_well(app)
    assert app.text_area(key="text").value == "Not bad at all"
    assert app.slider(key="layers").value == (2, 5)
    assert app.slider(key="nodes").value == 6
    assert app.toggle(key="special").value is False
    for key in ("tensor", "source", "residual", "heads"):
        assert app.radio(key=key).value == wanted[key]
    for key in ("target", "epsilon"):
        assert app.selectbox(key=key).value == wanted[key]


@pytest.mark.parametrize(
    "text",
    [
        "word",
        "😀😀",
        "مرحبا بالعالم",
        "שלום עולם, this is mixed",
        "<script>alert(1)</script> <b>bold</b>",
        "**bold** _it_ $x^2$ :smile: :red[red] [a](http://b.c) # no heading",
        "%{customdata} {curly} \\ ` ~",
        "line one\n\n    line two",
    ],
)
def test_text_is_data(text):
    app = opened(text=text)
    assert explained_well(app)
    assert text in visible(heatmap_of(app))
    assert "<script" not in html_of(app)
    assert "<b>bold" not in html_of(app)
    markdown = " ".join(element.value for element in [*app.markdown, *app.caption])
    assert ":smile:" not in markdown
    assert "$x" not in markdown


@pytest.mark.parametrize("text", ["", "   ", "\n\t \n"])
def test_no_text_is_a_sentence(text):
    app = opened()
    app.text_area(key="text").set_value(text).run()
    assert not app.exception
    assert "Write at least one word" in messages(app)
    app.text_area(key="text").set_value("good film").run()
    assert explained_well(app), "and the page recovers"


def test_a_text_of_characters_that_the_model_ignores_is_a_sentence():
    app = opened(text="\u200b\u200b")
    assert not app.exception
    assert "finds no token" in messages(app)


def test_five_thousand_words_are_counted_and_their_beginning_offered():
    app = opened(text="good film " * 2500)
    assert not app.exception
    assert "5,002 tokens" in messages(app)
    assert "the model takes 512" in messages(app)


def test_the_first_tokens_of_a_long_text_are_explained_on_request(tiny):
    app = opened(model=tiny, text=random_text(100))
    assert "102 tokens" in messages(app)
    (button,) = [b for b in app.button if b.label == "Explain the first 32 tokens"]
    button.click().run()
    assert explained_well(app)
    assert "first 32 tokens are explained, the last 70 were cut off" in messages(app)


def test_a_folder_is_a_model_with_its_own_labels_and_layers(tiny):
    app = opened(model=tiny, text="a good film", layers=["2", "3"], target="so-so")
    assert explained_well(app)
    assert app.slider(key="layers").value == (2, 3)
    assert app.selectbox(key="target").value == "so-so"
    app.selectbox(key="model").set_value("minilm-reviews").run()
    assert explained_well(app)
    assert app.slider(key="layers").max == 6
    assert app.selectbox(key="target").value == "the predicted class"
    app.slider(key="layers").set_value((5, 6)).run()
    app.selectbox(key="target").set_value("negative").run()
    app.selectbox(key="model").set_value(tiny).run()
    assert explained_well(app), "layers and labels that the other model does not have"
    assert app.selectbox(key="target").value == "the predicted class"


@pytest.mark.parametrize("name", ["/no/such/folder", ":smile: *x* <b>"])
def test_an_unknown_model_is_a_sentence(name):
    app = opened(model=name)
    assert not app.exception
    assert literal(f"There is no preset and no folder called '{name}'.") in messages(app)


def test_a_link_to_a_hub_model_downloads_nothing_before_somebody_says_so(monkeypatch):
    asked = []

    def refused(name, **_):
        asked.append(name)
        raise gaf.ModelError("No connection.")

    monkeypatch.setattr("gaf_core.ui.cache.load_model", refused)
    app = opened(model="somebody/some-model")
    assert "somebody" in messages(app)
    assert not asked
    next(button for button in app.button if button.label == "Download it").click().run()
    assert asked == ["somebody/some-model"]
    assert messages(app) == literal("No connection.")
    assert app.text_input(key="revision").value == ""


def test_a_folder_without_a_model_is_a_sentence(tmp_path):
    app = opened(model=str(tmp_path))
    assert not app.exception
    assert literal("has no config.json") in messages(app)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target", "happy"),
        ("tensor", "XYZ"),
        ("layers", ["0", "99"]),
        ("layers", "abc"),
        ("layers", ["nan", "2"]),
        ("source", "nowhere"),
        ("residual", "double"),
        ("heads", "median"),
        ("epsilon", "7"),
        ("nodes", "9000"),
        ("special", "maybe"),
    ],
)
def test_what_a_link_asks_for_in_vain_is_said(key, value):
    app = opened(**{key: value})
    assert explained_well(app)
    first = value if isinstance(value, str) else value[0]
    assert f"This link asks for {key} “{literal(first)}”" in messages(app)


def test_a_reversed_layer_range_is_read_in_order():
    app = opened(layers=["5", "2"])
    assert explained_well(app)
    assert app.slider(key="layers").value == (2, 5)


def test_an_unexpected_failure_is_a_polite_sentence(monkeypatch):
    def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("gaf_core.ui.cache.explain_trace", broken)
    app = opened(text="something never explained before")
    assert not app.exception
    assert "Something unexpected went wrong" in messages(app)
    assert "secret detail" not in messages(app)


def test_an_answer_without_proof_is_warned_about(monkeypatch):
    def unproven(*args):
        explanation = gaf.explain_trace(*args)
        solution = replace(explanation.solution, status=Status.ITERATION_LIMIT)
        return replace(explanation, solution=solution)

    monkeypatch.setattr("gaf_core.ui.cache.explain_trace", unproven)
    app = opened(text="a text whose flow does not converge")
    assert "Do not rely on these scores" in messages(app)
    assert "Proven" not in " ".join(element.value for element in app.markdown)


def test_no_path_is_said_and_shown_as_zero(monkeypatch):
    def no_path(trace, settings):
        return gaf.explain_trace(replace(trace, gradient=-np.abs(trace.gradient)), settings)

    monkeypatch.setattr("gaf_core.ui.cache.explain_trace", no_path)
    app = opened(text="a text that nothing speaks for")
    assert explained_or_empty(app)
    assert "No path leads from the prediction to the input" in messages(app)
    assert app.metric[0].value == "0"


def explained_or_empty(app: AppTest) -> bool:
    return not app.exception and not app.error


def test_csv_is_exact_and_sums_to_the_flow_value(tmp_path):
    explanation = gaf.explain(cache.model(cache.choice_of("minilm-reviews")), SENTENCE)
    (tmp_path / "scores.csv").write_bytes(to_csv(explanation.score_table()))
    scores = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False)
    assert scores["score"].to_numpy().tolist() == explanation.scores.tolist()
    assert_close(scores["score"].sum(), explanation.solution.value, roundings=summed(len(scores)))
    (tmp_path / "edges.csv").write_bytes(to_csv(explanation.edge_table()))
    edges = pd.read_csv(tmp_path / "edges.csv", keep_default_na=False)
    for _, layer in edges.groupby("layer"):
        roundings = adding_up(explanation.network)
        assert_close(layer["flow"].sum(), explanation.solution.value, roundings=roundings)


@pytest.mark.parametrize("token", ["=1+1", "+", "-", "@cmd", "\tx", "\r=x"])
def test_csv_never_holds_a_formula(token):
    table = pd.DataFrame({"position": [0, 1], "token": [token, "plain"], "score": [-1.5, 2.0]})
    text = to_csv(table).decode()
    assert f"'{token}" in text
    assert "-1.5" in text
    assert "'-1.5" not in text
    assert "'plain" not in text


def test_literal_leaves_words_alone_and_escapes_the_rest():
    assert literal("good film 12") == "good film 12"
    assert literal("a*b") == "a\\*b"
    assert ":smile:" not in literal(":smile:")
    assert ":red[" not in literal(":red[x]")
