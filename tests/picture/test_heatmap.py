import re
import tomllib
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.handmade import trace_of
from gaf_core.picture.colours import DARK_SHADES, LIGHT_SHADES, contrast, ink, shade
from gaf_core.picture.heatmap import heatmap_html

CONFIG = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"


class Visible(HTMLParser):
    """The text that a reader sees, the part that is copied, tags, and the hover texts."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.text, self.copied, self.tags, self.titles = "", "", [], []
        self._open: list[bool] = []  # whether each element that is open can be copied
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.titles += [value for name, value in attrs if name == "title"]
        self._open.append("user-select:none" not in dict(attrs).get("style", ""))

    def handle_endtag(self, _tag):
        self._open.pop()

    def handle_data(self, data):
        self.text += data
        self.copied += data if all(self._open) else ""


def scores(count: int) -> np.ndarray:
    return np.linspace(0.0, 1.0, count)


@pytest.mark.parametrize("dark", [False, True])
def test_every_shade_can_be_read(dark):
    for intensity in np.linspace(0, 1, 256):
        background = shade(intensity, dark=dark)
        assert contrast(ink(background), background) >= 4.5


@pytest.mark.parametrize("stops", [LIGHT_SHADES, DARK_SHADES])
def test_shades_are_perceptually_uniform_and_ordered_by_lightness(stops):
    colours = np.array([oklab(stop) for stop in stops])
    steps = np.linalg.norm(np.diff(colours, axis=0), axis=1)
    assert steps.std() < 0.05 * steps.mean()
    lightness = np.diff(colours[:, 0])
    assert np.all(lightness < 0) or np.all(lightness > 0)


@pytest.mark.parametrize("vision", ["protan", "deutan", "tritan", "none"])
@pytest.mark.parametrize("stops", [LIGHT_SHADES, DARK_SHADES])
def test_shades_keep_their_order_for_every_kind_of_colour_vision(stops, vision):
    seen = np.array([simulated(stop, vision) for stop in stops])
    brightness = np.diff(seen @ [0.2126, 0.7152, 0.0722])
    assert np.all(brightness < 0) or np.all(brightness > 0)


def test_the_theme_of_the_app_has_the_same_shades():
    theme = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
    assert tuple(theme["light"]["chartSequentialColors"]) == LIGHT_SHADES
    assert tuple(theme["dark"]["chartSequentialColors"]) == DARK_SHADES


def test_the_sentence_stands_as_it_was_written():
    text = "  The\nActing  was TERRIBLE… \t truly. "
    seen = Visible(heatmap_html(trace_of(text), scores(9), show_special=False))
    assert seen.copied.startswith(text)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(str.strip), st.booleans())
def test_any_text_is_shown_and_never_interpreted(text, by_words):
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    traced = trace_of(text, spans)
    seen = Visible(
        heatmap_html(traced, scores(len(spans) + 2), show_special=False, by_words=by_words)
    )
    assert seen.copied.startswith(text)
    assert set(seen.tags) <= {"div", "span"}


@pytest.mark.parametrize("by_words", [False, True])
def test_markup_in_text_and_tokens_is_escaped(by_words):
    text = '<script>alert("1")</script> <b> & " \''
    html = heatmap_html(trace_of(text), scores(len(trace_of(text).tokens)), by_words=by_words)
    assert "<script" not in html
    assert "<b>" not in html
    seen = Visible(html)
    assert set(seen.tags) == {"div", "span", "bdi"}
    assert any(title.startswith('" ·') for title in seen.titles)


def test_hovering_gives_token_share_score_and_position():
    traced = trace_of("good film")
    html = heatmap_html(traced, np.array([0.5, 0.25, 0.25, 0.0]))
    assert "good · 25.0% of the flow\nscore 0.25 · position 1" in Visible(html).titles


def test_pieces_of_a_word_touch_and_words_do_not():
    traced = trace_of(
        "unbelievably good", [(0, 2), (2, 12), (13, 17)], ["un", "##believably", "good"]
    )
    html = heatmap_html(traced, scores(5), show_special=False)
    joined = re.findall(
        r"border-start-start-radius:([^;]+);.*?border-start-end-radius:([^;]+);", html
    )
    assert joined == [(".22em", "0"), ("0", ".22em"), (".22em", ".22em")]
    assert unescape(re.sub(r"<[^>]*>", "|", html)).count("un||believably| |good") == 1


def test_special_tokens_are_chips_that_can_be_hidden():
    traced = trace_of("good film")
    assert "[CLS]" in Visible(heatmap_html(traced, scores(4))).text
    hidden = Visible(heatmap_html(traced, scores(4), show_special=False))
    assert "[CLS]" not in hidden.text
    assert "bdi" not in hidden.tags


def test_hiding_special_tokens_stretches_the_scale_to_the_words():
    traced = trace_of("good film")
    weights = np.array([0.8, 0.1, 0.05, 0.05])
    assert shade(1.0) in span_of("good", heatmap_html(traced, weights, show_special=False))
    assert shade(1.0) not in span_of("good", heatmap_html(traced, weights))
    assert "80 %" in heatmap_html(traced, weights)


def test_an_unknown_token_shows_the_emoji_that_was_written():
    traced = trace_of("wow 🎉🎉 !", [(0, 3), (4, 6), (7, 8)], ["wow", "[UNK]", "!"])
    html = heatmap_html(traced, scores(5))
    assert ">🎉🎉" in span_of("🎉🎉", html)
    assert "position 2 · token [UNK]" in span_of("🎉🎉", html)


def test_tokens_of_the_same_characters_are_one_piece():
    traced = trace_of("a 🎉", [(0, 1), (2, 3), (2, 3), (2, 3)], ["a", "ð", "Ł", "ī"])
    seen = Visible(heatmap_html(traced, scores(6), show_special=False))
    assert seen.text.startswith("a 🎉share")
    assert len(seen.titles) == 2
    assert seen.titles[1].count("of the flow") == 3


def test_a_token_without_text_is_a_chip_even_when_special_ones_are_hidden():
    traced = trace_of("a b", [(0, 1), (1, 1), (2, 3)], ["a", "▁", "b"])
    assert "␣" in Visible(heatmap_html(traced, scores(5), show_special=False)).text


def test_a_word_has_the_sum_of_its_pieces_and_one_colour():
    spans = [(0, 2), (2, 12), (13, 17)]
    traced = trace_of("unbelievably good", spans, ["un", "##believably", "good"])
    weights = np.array([0.0, 0.2, 0.3, 0.4, 0.1])
    html = heatmap_html(traced, weights, by_words=True)
    word = span_of("unbelievably", html)
    assert shade(1.0) in word, "0.2 and 0.3 are more than 0.4"
    assert "50.0% of the flow&#10;score 0.5&#10;tokens un 20.0% + ##believably 30.0%" in word
    assert "share of the flow: 0 %50 %" in Visible(html).text
    assert "good · 40.0% of the flow\nscore 0.4 · position 3" in Visible(html).titles


def test_the_space_before_a_token_is_not_coloured():
    traced = trace_of("good film", [(0, 4), (4, 9)], ["good", "Ġfilm"])
    assert ">film" in span_of("film", heatmap_html(traced, scores(4)))


@pytest.mark.parametrize("by_words", [False, True])
def test_a_token_of_line_breaks_can_be_seen(by_words):
    traced = trace_of("a\n\nb", [(0, 1), (1, 3), (3, 4)], ["a", "ĊĊ", "b"])
    html = heatmap_html(traced, scores(5), show_special=False, by_words=by_words)
    assert Visible(html).text.startswith("a↵↵\n\nb")
    assert '<span style="user-select:none">↵↵</span>' in html, "not copied with the text"


@pytest.mark.parametrize("text", ["שלום עולם", "شكرا جزيلا"])
def test_right_to_left_text_keeps_its_order_and_is_not_boxed(text):
    html = heatmap_html(trace_of(text), scores(4))
    sentence = html.split("share of the flow:")[0]
    assert 'dir="auto"' in sentence
    assert "inline-block" not in sentence
    assert all("padding:.22em 0" in span for span in re.findall(r"<span[^>]*>", sentence)[:2])
    assert Visible(html).text.startswith(f"[CLS]{text}[SEP]")


def test_no_flow_is_no_colour():
    html = heatmap_html(trace_of("good film"), np.zeros(4))
    assert set(re.findall(r"background-color:(#\w+)", html)) == {shade(0.0)}
    assert "0.0% of the flow" in html


def span_of(token: str, html: str) -> str:
    """The element whose hover text starts with a token."""
    return next(
        part for part in re.findall(r"<(?:span|bdi)[^>]*title=[^>]*>[^<]*", html)
        if f'title="{token} ·' in part
    )  # fmt: skip


def linear(colour: str) -> np.ndarray:
    """`[3]` linear sRGB."""
    value = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def oklab(colour: str) -> np.ndarray:
    """`[3]` lightness, a, b (Ottosson 2020)."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    mixing = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return mixing @ np.cbrt(cones @ linear(colour))


def simulated(colour: str, vision: str) -> np.ndarray:
    """`[3]` linear sRGB as seen without one kind of cone (Machado et al. 2009), or without any."""
    matrices = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                   [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
        "none": [[0.2126, 0.7152, 0.0722]] * 3,
    }  # fmt: skip
    return np.array(matrices[vision]) @ linear(colour)


@pytest.mark.parametrize(
    "hidden", ["\ufeff", "\u200b", "\u2060\u2060", "\u00ad", "\u200f", "\u2800"]
)
@pytest.mark.parametrize("by_words", [False, True])
def test_a_character_of_no_width_is_a_sign_that_is_not_copied(hidden, by_words):
    text = f"{hidden} word"
    seen = Visible(
        heatmap_html(trace_of(text, [(0, len(hidden)), (len(hidden) + 1, len(text))]), scores(4),
                     show_special=False, by_words=by_words)
    )  # fmt: skip
    sign = f"U+{ord(hidden[0]):04X}"
    assert seen.text.startswith(sign)
    assert any(title.startswith(sign) for title in seen.titles)
    assert seen.copied.startswith(text)
