"""Labels of pictures: shortened between characters as people see them, and literal."""

import pytest

from gaf_core.picture.labels import abridged, shortened, wrapped
from gaf_core.text.clusters import clusters

SEEN = [
    "👩\u200d🚀",
    "👍🏽",
    "🇩🇪",
    "e\u0301",
    "❤\ufe0f",
    "क्\u200dष",
    "ก็",
    "שָ",
    "한",
    "1\ufe0f\u20e3",
]


def bare(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize("cluster", SEEN)
@pytest.mark.parametrize("characters", [2, 5, 16])
def test_a_character_is_kept_whole_or_not_at_all(cluster, characters):
    for cut in (shortened, abridged):
        short = bare(cut(cluster * 40, characters))
        assert not short.replace(cluster, "").replace("…", "")
        assert short.count("…") == 1
        assert len(clusters(short)) == characters
        assert bare(cut(cluster * characters, characters)) == cluster * characters


def test_both_ends_of_a_long_text_are_kept():
    assert bare(abridged("the first words and the last", 16)) == "the first…e last"
    assert bare(shortened("the first words and the last", 16)) == "the first words…"


@pytest.mark.parametrize("cluster", SEEN)
def test_a_hover_is_broken_between_characters(cluster):
    rows = [bare(row) for row in wrapped(cluster * 600).split("<br>")]
    assert len(rows) == 8
    for row in rows:
        assert not row.replace(cluster, "").strip(" …")


def test_a_hover_is_literal_and_obeys_nothing():
    assert wrapped("<b> $x$ \x1b[31mred") == "\u2068&lt;b&gt; &#36;x&#36; \x1b[31mred\u2069"
