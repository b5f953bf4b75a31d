"""Tokens as people write them and words, with real tokenizers of each kind, trained here."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from benchmarks.handmade import explanation_of, trace_of
from benchmarks.tiny import tiny_tokenizer
from gaf_core.models.model import PRESETS
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.picture.labels import scored_words, unit_text
from gaf_core.text.signs import has_no_width
from gaf_core.text.words import group_pieces, group_words, word_scores, word_table, written
from tests.picture.test_heatmap import Visible
from tests.support.tolerance import assert_close, summed

CORPUS = [
    "The acting was terrible, but I don't hate it; a state-of-the-art film.",
    "naïve café, cafe\u0301 👍🏽 🙂 rocket 👩‍🚀\nand more\tof it",
    "价格很好 日本語です สวัสดี نور نظيف नमस्ते दुनिया",
] * 4
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
ENDS = ["<unk>", "<s>", "</s>"]
TEXTS = [
    "I don't hate it.",
    "a state-of-the-art film, 3.5 of 1,000",
    "👍🏽 👩‍🚀 ❤️ 🇩🇪!",
    " 🙂🙃",
    "café cafe\u0301",
    "价格很好。日本語です",
    "نور نظيف جداً",
    "नमस्ते दुनिया",
    "สวัสดี ครับ",
    "tabs\tand\n\nlines\r\nand  double  spaces ",
    "https://a.example/b?c=1&d",
    "<b>bold</b> & <script>",
    "zero\u200bwidth \u00a0 \u3000 x",
    "end.\n",
]


def fast(tokenizer: Tokenizer, first: str = "<s>", last: str = "</s>") -> PreTrainedTokenizerFast:
    ends = [(name, tokenizer.token_to_id(name)) for name in (first, last)]
    ordinary = tokenizer.post_processor
    framed = processors.TemplateProcessing(single=f"{first} $A {last}", special_tokens=ends)
    tokenizer.post_processor = processors.Sequence([ordinary, framed]) if ordinary else framed
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=first, eos_token=last)


def byte_level() -> PreTrainedTokenizerFast:
    """As GPT-2: every text is bytes, and a token may hold a part of a character."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=340, initial_alphabet=alphabet, special_tokens=ENDS, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return fast(tokenizer)


def unigram() -> PreTrainedTokenizerFast:
    """As T5 and XLM-R: a space is a mark before the token, and one stands before the text."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=150, special_tokens=ENDS, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return fast(tokenizer)


def without_pre_tokenizer() -> PreTrainedTokenizerFast:
    """As Llama 2: nothing divides the text before the merges, and rare characters are bytes."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    space = normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")
    tokenizer.normalizer = normalizers.Sequence(list(space))
    trainer = trainers.BpeTrainer(
        vocab_size=450, special_tokens=[*ENDS, *BYTES], show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return fast(tokenizer)


KINDS = {
    "byte level": byte_level,
    "unigram": unigram,
    "no pre-tokenizer": without_pre_tokenizer,
    "word pieces": tiny_tokenizer,
    "bundled": lambda: AutoTokenizer.from_pretrained(
        PRESETS["minilm-reviews"], local_files_only=True
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request) -> PreTrainedTokenizerFast:
    return KINDS[request.param]()


@pytest.fixture(scope="module")
def bpe() -> PreTrainedTokenizerFast:
    return byte_level()


@pytest.fixture(scope="module")
def bundled():
    return KINDS["bundled"]()


def traced(tokenizer, text: str):
    """A trace whose tokens are those of a tokenizer."""
    encoding = tokenizer(
        text, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False
    )
    assert encoding["special_tokens_mask"][0] == encoding["special_tokens_mask"][-1] == 1
    return trace_of(
        text,
        [tuple(span) for span in encoding["offset_mapping"][1:-1]],
        tokenizer.convert_ids_to_tokens(encoding["input_ids"])[1:-1],
        layers=1,
    )


def words_of(trace) -> list[str]:
    words = group_words(trace)
    return [text for text, special in zip(words.text, words.special, strict=True) if not special]


@pytest.mark.parametrize("text", TEXTS)
def test_every_token_is_written_so_that_it_can_be_seen(tokenizer, text):
    for name in written(traced(tokenizer, text)):
        assert name.strip()
        assert not set("ĠĊ▁") & set(name)
        assert not any(mark in name for mark in ("##", "<0x", "[UNK]", "<unk>", "\n"))
        assert name != "\u200b"


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_stretches_of_the_text_in_order(tokenizer, text):
    trace = traced(tokenizer, text)
    words = group_words(trace)
    assert words.token_word.tolist() == sorted(words.token_word), "tokens of a word are neighbours"
    assert set(words.token_word) == set(range(len(words.text))), "no word without a token"
    placed = words.start < words.end
    assert np.all(words.start[placed][1:] >= words.end[placed][:-1]), "and words do not overlap"
    for name, start, end in zip(words.text, words.start, words.end, strict=True):
        stretch = text[start:end]
        if stretch.strip() and not stretch.startswith("\u200b"):
            assert name == stretch == stretch.strip()
            assert "\n" not in stretch, "no word crosses a line break"


@pytest.mark.parametrize("by_words", [True, False])
@pytest.mark.parametrize("text", TEXTS)
def test_the_heatmap_shows_the_text_of_every_tokenizer(tokenizer, text, by_words):
    trace = traced(tokenizer, text)
    scores = np.ones(len(trace.tokens))
    seen = Visible(heatmap_html(trace, scores, show_special=False, by_words=by_words))
    shown = seen.copied.split("share of the flow")[0]
    assert shown.replace("␣", "") == text
    assert set(seen.tags) <= {"div", "span", "bdi"}


@given(st.text(min_size=1).filter(str.strip), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_the_sum_over_words_is_the_sum_over_tokens(bpe, text, seed):
    trace = traced(bpe, text)
    scores = np.random.default_rng(seed).exponential(size=len(trace.tokens))
    for division in (group_words(trace), group_pieces(trace)):
        added = word_scores(division, scores)
        assert len(added) == len(division.text)
        how = {"size": np.abs(scores).sum(), "roundings": summed(len(scores))}
        assert_close(added.sum(), scores.sum(), **how)
    shares = word_table(trace, scores)["share"]
    assert_close(shares.sum(), 1.0, size=np.abs(shares).sum(), roundings=summed(len(scores)))


def test_bytes_of_an_emoji_are_numbered_and_one_word(bpe):
    trace = traced(bpe, "so 🙃")
    parts = [name for name in written(trace) if "🙃" in name]
    assert len(parts) >= 2
    assert parts == [f"🙃 {number}/{len(parts)}" for number in range(1, len(parts) + 1)]
    assert words_of(trace) == ["so", "🙃"]


@pytest.mark.parametrize("emoji", ["👍🏽", "👩‍🚀", "🇩🇪", "❤️", "1️⃣"])
def test_an_emoji_of_several_characters_is_one_word(tokenizer, emoji):
    assert words_of(traced(tokenizer, f"ok {emoji} yes")) == ["ok", emoji, "yes"]


def test_an_emoji_that_the_model_does_not_know_is_shown(bundled):
    trace = traced(bundled, "wow 🛸 nice")
    assert trace.tokens[2] == "[UNK]"
    assert written(trace) == ("[CLS]", "wow", "🛸", "nice", "[SEP]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't, you don’t.", ["I", "don't", ",", "you", "don’t", "."]),
        ("state-of-the-art -x- ", ["state-of-the-art", "-", "x", "-"]),
        ("3.5 or 1,000. 'Yes'", ["3.5", "or", "1,000", ".", "'", "Yes", "'"]),
        ("a.b/c", ["a", ".", "b", "/", "c"]),
        ("<b> unbelievably", ["<", "b", ">", "unbelievably"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("نور نظيف", ["نور", "نظيف"]),
        ("a  b", ["a", "b"]),
        ("a\tb\nc", ["a", "⇥", "b", "↵", "c"]),
    ],
)
def test_words_are_those_of_the_text_whatever_the_tokens(bpe, text, expected):
    assert [word for word in words_of(traced(bpe, text)) if word != "␣"] == expected


@pytest.mark.parametrize("text", ["caf\u00e9", "cafe\u0301"])
def test_accents_belong_to_their_letter(tokenizer, text):
    assert words_of(traced(tokenizer, f"a {text} b")) == ["a", text, "b"]


def test_an_accent_that_the_tokenizer_removed_is_still_written(bundled):
    assert "cafe\u0301" in written(traced(bundled, "The cafe\u0301 opens"))


def test_scripts_without_spaces_have_a_word_a_token():
    trace = trace_of("价格很好。สวัสดี", [(0, 2), (2, 3), (3, 5), (5, 8), (8, 11)])
    assert words_of(trace) == ["价格", "很", "好。", "สวั", "สดี"]


def test_a_vowel_sign_stays_with_its_letter():
    trace = trace_of("สวัส", [(0, 1), (1, 2), (2, 3), (3, 4)])
    assert written(trace)[1:-1] == ("ส", "ว", "◌ั", "ส")
    assert words_of(trace) == ["ส", "วั", "ส"]


def test_a_token_that_spans_words_joins_them_but_not_across_a_line_break():
    joined = trace_of("one of the best", [(0, 3), (3, 10), (10, 15)], ["one", "▁of▁the", "▁best"])
    assert words_of(joined) == ["one", "of the", "best"]
    pair = trace_of("good.\nBad", [(0, 4), (4, 9)], ["good", ".ĊBad"])
    assert words_of(pair) == ["good", "."]


def test_the_space_that_stands_before_a_text_belongs_to_its_first_word():
    trace = trace_of("x yes", [(0, 1), (0, 1), (1, 2), (2, 5)], ["▁", "x", "▁", "yes"])
    assert written(trace) == ("[CLS]", "␣", "x", "␣", "yes", "[SEP]")
    assert words_of(trace) == ["x", "yes"]
    assert group_words(trace).token_word.tolist() == [0, 1, 1, 2, 2, 3]


def test_hidden_characters_and_lone_accents_are_made_visible():
    trace = trace_of("a\u200d\u0301", [(0, 1), (1, 2), (2, 3)], ["a", "b", "c"])
    assert written(trace)[1:-1] == ("a", "U+200D", "◌\u0301")


def test_without_offsets_the_names_are_made_readable():
    names = ["Ġgood", "▁film", "##s", "Ċ", "▁", "end</w>", "##"]
    trace = trace_of("good films", [(0, 0)] * 7, names)
    assert written(trace)[1:-1] == ("good", "film", "s", "↵", "␣", "end", "##")
    words = group_words(trace)
    assert words.text[:4] == ("[CLS]", "good", "film", "s")
    assert np.all(words.start == words.end)


def test_special_tokens_are_words_of_their_own():
    words = group_words(trace_of("one two"))
    assert words.text == ("[CLS]", "one", "two", "[SEP]")
    assert words.special.tolist() == [True, False, False, True]
    assert words.members == [[0], [1], [2], [3]]


def test_the_table_of_words_keeps_the_tokens():
    explanation = explanation_of(
        "Unbelievably good", spans=[(0, 2), (2, 12), (13, 17)], tokens=["un", "##b", "good"]
    )
    table = explanation.word_table()
    assert list(table) == ["word", "start", "end", "score", "share", "tokens"]
    assert table["word"].tolist() == ["[CLS]", "Unbelievably", "good", "[SEP]"]
    assert table["tokens"][1] == "un ##b"
    assert (table["start"][1], table["end"][1]) == (0, 12)
    assert table["score"][1] == explanation.scores[1] + explanation.scores[2]
    assert_close(table["share"].sum(), 1.0)


def test_no_flow_has_no_shares():
    assert not word_table(trace_of("one two"), np.zeros(4))["share"].any()


HIDDEN = ["\ufeff", "\u200b", "\u2060", "\u00ad", "\u200e", "\u200f", "\u061c", "\u202a", "\ufe0f",
          "\u180e", "\u2800", "\ufff9", "\u2028", "\x07", "\u3164", "\U000e0041"]  # fmt: skip


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("kind", ["byte level", "no pre-tokenizer"])
@pytest.mark.parametrize("form", ["{}a film", "a {} film", "a film {}", "a {} {} film"])
def test_no_token_or_word_of_hidden_characters_looks_empty(kind, hidden, form):
    trace = traced(KINDS[kind](), form.format(hidden, hidden))
    for name in (*written(trace), *group_words(trace).text):
        assert not has_no_width(name)
        assert name.strip()
        assert name.strip("".join(HIDDEN)), "something is to be seen"
    sign = "␣" if hidden.isspace() else f"U+{ord(hidden):04X}"
    assert any(sign in name for name in written(trace))


@pytest.mark.parametrize(
    "word", ["می\u200cخواهم", "क्\u200dष", "👩\u200d🚀", "❤\ufe0f", "co\u00adop"]
)
def test_joiners_inside_a_word_stay_what_they_are(bpe, word):
    assert words_of(traced(bpe, f"a {word} b")) == ["a", word, "b"]


def test_the_network_and_the_bars_show_what_is_hidden():
    explanation = explanation_of("\u200b\u2060 film")
    assert [scored.text for scored in scored_words(explanation)][1:3] == ["U+200B", "U+2060"]
    assert unit_text(explanation, [1, 2]) == "U+200B U+2060"
    assert explanation.word_table()["word"].tolist()[1:3] == ["U+200B", "U+2060"]
