"""The choice between words and tokens on the Explore page."""

from tests.support.tolerance import assert_close, summed
from tests.ui.test_app import (
    explained_well,
    figures_of,
    heatmap_of,
    html_of,
    messages,
    opened,
    sankey_of,
    visible,
)

TEXT = "Don't watch it 🛸: unwatchably bad."


def hovers(app) -> str:
    return " ".join(figures_of(app)[1]["data"][0]["customdata"])


def test_words_are_shown_first_and_tokens_on_request():
    app = opened(text=TEXT)
    assert explained_well(app)
    assert app.radio(key="show").value == "words"
    assert "each word gets" in html_of(app)
    assert 'title="Don&#x27;t · ' in heatmap_of(app)
    assert "tokens " in hovers(app)
    flow = sankey_of(app)["link"]["value"]
    app.radio(key="show").set_value("tokens").run()
    assert explained_well(app)
    assert "each token gets" in html_of(app)
    assert 'title="Don&#x27;t · ' not in heatmap_of(app)
    assert "token don" in heatmap_of(app)
    assert "position 1" in hovers(app)
    assert sankey_of(app)["link"]["value"] == flow, "the flow is between tokens either way"


def test_words_and_tokens_sum_to_the_same():
    app = opened(text=TEXT)
    by_words = sum(figures_of(app)[1]["data"][0]["x"])
    app.radio(key="show").set_value("tokens").run()
    by_tokens = figures_of(app)[1]["data"][0]["x"]
    assert_close(sum(by_tokens), by_words, roundings=summed(len(by_tokens)))


def test_the_choice_is_part_of_the_link():
    app = opened(text=TEXT, show="tokens")
    assert explained_well(app)
    assert app.radio(key="show").value == "tokens"
    assert "each token gets" in html_of(app)
    app = opened(text=TEXT, show="letters")
    assert "asks for show “letters”" in messages(app)
    assert app.radio(key="show").value == "words"


def test_special_tokens_can_be_hidden_among_words():
    app = opened(text=TEXT, special="false")
    assert explained_well(app)
    assert "[CLS]" not in visible(heatmap_of(app))
    assert "special (2)" in figures_of(app)[1]["layout"]["yaxis"]["ticktext"]


def test_an_emoji_that_the_model_does_not_know_is_shown_everywhere():
    app = opened(text=TEXT, nodes="40")
    labels = [note["text"] for note in figures_of(app)[2]["layout"]["annotations"]]
    assert any("🛸" in label for label in labels)
    assert not any("[UNK]" in label for label in labels)
    assert any("🛸" in label for label in figures_of(app)[1]["layout"]["yaxis"]["ticktext"])
