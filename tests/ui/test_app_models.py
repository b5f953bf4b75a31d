"""Other models on the Explore page: language models, pairs, refusals; without a browser."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

import gaf_core as gaf
from gaf_core.ui import cache
from gaf_core.ui.failures import literal
from gaf_core.ui.shelf import Shelf
from tests.support.fake_hub import instead_of_the_hub
from tests.support.models import save_tiny, tiny_module
from tests.support.tiny_tokenizers import byte_tokenizer, pair_tokenizer
from tests.ui.test_app import EXAMPLES, figures_of, heatmap_of, html_of, messages, opened, visible

PROMPTS = [one["text"] for one in EXAMPLES if one.get("task") == "next token"]


@pytest.fixture(scope="module")
def language_model(tmp_path_factory) -> str:
    """The path of a small language model with a vocabulary of its own."""
    folder, tokenizer = tmp_path_factory.mktemp("language"), byte_tokenizer()
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "gpt2", vocab_size=len(tokenizer), n_embd=16, n_layer=3, n_head=2, n_positions=64,
        initializer_range=0.5, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def pair_model(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("pairs")
    tiny_module(labels=("entailment", "contradiction")).save_pretrained(folder)
    pair_tokenizer().save_pretrained(folder)
    return str(folder)


def test_a_language_model_is_asked_what_comes_next(language_model):
    app = opened(model=language_model, text="Paris is the")
    assert not app.exception
    assert not messages(app)
    assert "The model continues with" in html_of(app)
    assert "Paris is the" in visible(heatmap_of(app))
    bars = figures_of(app)[0]["data"][0]
    assert len(bars["x"]) == 8, "the likeliest tokens, not the whole vocabulary"
    assert set(app.selectbox(key="target").options) == {
        "the most likely next token",
        "a token",
        "a contrast of two",
        "a whole answer",
        "one answer rather than another",
    }


def test_another_task_brings_its_own_examples_and_keeps_what_somebody_wrote(language_model):
    app = opened(model=language_model)
    assert app.text_area(key="text").value == PROMPTS[0]
    assert len(app.selectbox(key="example").options) == len(PROMPTS)
    app.selectbox(key="model").set_value("minilm-reviews").run()
    assert app.text_area(key="text").value == EXAMPLES[0]["text"]
    app.selectbox(key="model").set_value(language_model).run()
    assert app.text_area(key="text").value == PROMPTS[0]
    app.text_area(key="text").set_value("Big Ben is").run()
    app.selectbox(key="model").set_value("minilm-reviews").run()
    assert app.text_area(key="text").value == "Big Ben is"
    assert "The model says" in html_of(app)


def test_any_token_can_be_explained_and_contrasted(language_model):
    prompt = {"model": language_model, "text": "Paris is the"}
    seen = [heatmap_of(opened(**prompt))]
    app = opened(**prompt, target="a token", **{"for": "London"})
    app.run()  # what is likely is known once the text has been read
    assert len(app.selectbox(key="for").options) > 1
    assert "why London" in visible(html_of(app))
    seen.append(heatmap_of(app))
    app.selectbox(key="target").set_value("a contrast of two").run()
    assert "Name both tokens" in " ".join(caption.value for caption in app.caption)
    app = opened(**prompt, target="a contrast of two", **{"for": "London", "against": "#40"})
    assert "why London against" in visible(html_of(app))
    seen.append(heatmap_of(app))
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    ("against", "reason"), [("London", "always zero"), ("Londonderry", "is one token")]
)
def test_a_contrast_that_means_nothing_says_why(language_model, against, reason):
    app = opened(
        model=language_model, text="Paris is the", target="a contrast of two",
        **{"for": "London", "against": against},
    )  # fmt: skip
    assert reason in messages(app)
    assert not app.exception


def test_the_vocabulary_can_be_searched(language_model):
    app = opened(model=language_model, text="Paris is the", target="a token")
    app.text_input(key="for_search").set_value("lond").run()
    found = app.get("button_group")[-1]
    assert any("London" in option for option in [one.content for one in found.proto.options])
    app.text_input(key="for_search").set_value("nothing like this").run()
    assert "No token contains" in " ".join(caption.value for caption in app.caption)


def test_two_texts_stand_one_under_the_other(pair_model):
    app = opened(model=pair_model, text="a good film", pair="true", second="not bad")
    assert not app.exception
    assert not messages(app)
    shown = visible(heatmap_of(app))
    assert shown.index("film") < shown.index("\n") < shown.index("bad")
    app.text_area(key="second").set_value("").run()
    assert "empty" in messages(app)
    app.toggle(key="pair").set_value(False).run()
    assert not messages(app)
    assert "bad" not in visible(heatmap_of(app))


def test_a_model_that_does_not_fit_says_the_numbers(monkeypatch):
    monkeypatch.setattr("gaf_core.tracing.memory.available_memory", lambda _: 10**6)
    app = opened(text="a film that nobody has traced before")
    assert "GB of memory" in messages(app)
    assert not app.exception


def test_a_folder_that_was_trained_again_is_another_model(tmp_path):
    folder = save_tiny(tmp_path / "model", labels=("bad", "good"))
    app = opened(model=str(folder), text="a good film")
    first = figures_of(app)[0]["data"][0]["x"]
    tiny_module(labels=("bad", "good"), seed=1).save_pretrained(folder)
    make_newer(folder / "config.json")
    app.run()
    assert figures_of(app)[0]["data"][0]["x"] != first


def make_newer(path: Path) -> None:
    """As if some time had passed before it was written: clocks of file systems are coarse."""
    later = path.stat().st_mtime_ns + 10**10
    os.utime(path, ns=(later, later))


def test_a_model_that_fails_keeps_the_text(tmp_path):
    app = opened(model=str(tmp_path), text="An excellent lamp.")
    assert literal("config.json") in messages(app)
    app.selectbox(key="model").set_value("minilm-reviews").run()
    assert app.text_area(key="text").value == "An excellent lamp."


def test_a_regression_head_gives_a_value(tmp_path):
    app = opened(model=str(save_tiny(tmp_path / "one", labels=("stars",))), text="a good film")
    assert not messages(app)
    assert "the value" in html_of(app)
    assert len(figures_of(app)) == 2


def test_a_shelf_keeps_what_was_used_last_up_to_its_weight():
    shelf: Shelf[np.ndarray] = Shelf(100, lambda one: one.nbytes)
    made = []

    def make(name: str, size: int) -> np.ndarray:
        return shelf.get(name, lambda: made.append(name) or np.zeros(size, dtype=np.uint8))

    make("a", 40), make("b", 40), make("a", 40)
    make("c", 40)  # b goes, a was used later
    make("a", 40), make("b", 40)
    assert made == ["a", "b", "c", "b"]
    assert make("huge", 1000).size == make("huge", 1000).size
    assert made.count("huge") == 1, "the last one is kept whatever it weighs"


def test_a_shelf_forgets_failures():
    shelf: Shelf[int] = Shelf(10, lambda _: 1)
    with pytest.raises(gaf.ModelError):
        shelf.get("bad", lambda: (_ for _ in ()).throw(gaf.ModelError("no")))
    assert shelf.get("bad", lambda: 3) == 3


def test_the_choice_is_the_cache_key(tmp_path):
    folder = save_tiny(tmp_path / "model")
    one, other = cache.choice_of(str(folder)), cache.choice_of(str(folder))
    assert one == other
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text())))
    make_newer(config)
    assert cache.choice_of(str(folder)) != one
    assert cache.choice_of("owner/name", "v1") != cache.choice_of("owner/name")


def test_layers_that_a_shallower_model_does_not_have_fall_back(language_model):
    app = opened(model=language_model)
    app.selectbox(key="model").set_value("minilm-reviews").run()
    app.slider(key="layers").set_value((5, 6)).run()
    app.selectbox(key="model").set_value(language_model).run()
    assert not messages(app)
    assert app.slider(key="layers").value == (2, 3)


LABELS = (
    "good",
    "bad",
    "good",
    "می\u200cخواهم",
    "no\u00a0break",
    "<b>x</b> *y* :red[z] $a$ & b",
    "very " * 60,
    "👩\u200d🚀",
    "the predicted class",
    "a contrast of two",
)


@pytest.fixture(scope="module")
def odd_labels(tmp_path_factory) -> str:
    folder = save_tiny(tmp_path_factory.mktemp("odd"), labels=tuple(map(str, range(len(LABELS)))))
    path = folder / "config.json"
    config = json.loads(path.read_text())
    label2id = {label: index for index, label in enumerate(LABELS)}
    path.write_text(
        json.dumps(config | {"id2label": dict(enumerate(LABELS)), "label2id": label2id})
    )
    return str(folder)


def test_labels_of_any_kind_are_chosen_contrasted_and_linked(odd_labels):
    app = opened(model=odd_labels, text="a good film")
    names = app.selectbox(key="target").options[1:-1]
    assert len(set(names)) == len(LABELS)
    assert (names[0], names[2]) == ("good (0)", "good (2)")
    assert [names[index] for index in (3, 4, 5, 7)] == [LABELS[index] for index in (3, 4, 5, 7)]
    model = cache.model(cache.choice_of(odd_labels))
    for index, name in enumerate(names):
        app.selectbox(key="target").set_value(name).run()
        assert not app.exception
        assert not messages(app)
        again = opened(model=odd_labels, text="a good film", target=name)
        assert not messages(again)
        assert again.selectbox(key="target").value == name
        title = gaf.label_name(model.labels, index)
        said = html_of(again)
        assert gaf.trace(model, "a good film", name if index < 8 else index).target.name == title
        assert str(title).split()[0] in visible(said)
    app.selectbox(key="target").set_value("a contrast of two").run()
    app.selectbox(key="for").set_value(names[9]).run()
    app.selectbox(key="against").set_value("good (2)").run()
    assert not messages(app)
    assert not app.exception
    link = {"target": "a contrast of two", "for": names[9], "against": "good (2)"}
    again = opened(model=odd_labels, text="a good film", **link)
    assert (again.selectbox(key="for").value, again.selectbox(key="against").value) == (
        names[9],
        "good (2)",
    )
    assert "a contrast of two against good (2)" in visible(html_of(again))


class Bar:
    """What would be on the page while a model is loaded, and is gone when it is there."""

    def __init__(self):
        self.told: list[tuple[float, str]] = []
        self.gone = False

    def progress(self, share: float, text: str) -> None:
        self.told.append((share, text))

    def empty(self) -> None:
        self.gone = True


def test_what_a_download_takes_is_said_before_it_starts(tmp_path, monkeypatch):
    folder, bar = save_tiny(tmp_path / "model"), Bar()
    with instead_of_the_hub({"someone/tiny": folder}, tmp_path / "cache", monkeypatch) as hub:
        app = opened(model="someone/tiny", text="a good film")
        assert "could be downloaded" in messages(app)
        assert not hub.requests, "a link asks nothing of the hub"
        monkeypatch.setattr(cache.st, "empty", lambda: bar)
        next(one for one in app.button if one.label == "Download it").click().run()
    assert not messages(app)
    assert "good" in visible(heatmap_of(app))
    share, text = bar.told[0]
    assert share == 0
    assert literal("'someone/tiny' is downloaded: 0.") in text
    assert literal("are free on the disk.") in text
    assert bar.told[-1][0] == 1
    assert bar.gone
