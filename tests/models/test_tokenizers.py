"""How many tokens a model takes, and where the tokens of any tokenizer stand in the text."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    CamembertConfig,
    CTRLConfig,
    CTRLForSequenceClassification,
    CTRLTokenizer,
    DistilBertConfig,
    GPT2Config,
    MPNetConfig,
    OPTConfig,
    RobertaConfig,
    T5Config,
    XLMRobertaConfig,
)
from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY, tiny_tokenizer
from gaf_core.models.offsets import OffsetFinder, find_offsets
from tests.support.models import save_tiny

NO_LIMIT = 10**30  # what transformers saves when a tokenizer has none
ENCODER = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "pad_token_id": 1,
}


def saved(folder, config, limit=NO_LIMIT):
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    tiny_tokenizer(limit).save_pretrained(folder)
    return folder


DISTILBERT = {"vocab_size": 11, "dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 8}
GPT2 = {"vocab_size": 11, "n_embd": 8, "n_layer": 1, "n_head": 2}
OPT = {"vocab_size": 11, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.mark.parametrize(
    "config",
    [
        BertConfig(**ENCODER, max_position_embeddings=20),
        DistilBertConfig(**DISTILBERT, max_position_embeddings=20),
        RobertaConfig(**ENCODER, max_position_embeddings=22),
        XLMRobertaConfig(**ENCODER, max_position_embeddings=22),
        CamembertConfig(**ENCODER, max_position_embeddings=22),
        MPNetConfig(**ENCODER, max_position_embeddings=22),
        GPT2Config(**GPT2, n_positions=20),
        OPTConfig(**OPT, ffn_dim=8, word_embed_proj_dim=8, max_position_embeddings=20),
    ],
    ids=lambda config: config.model_type,
)
def test_the_limit_is_the_longest_input_that_runs(config, tmp_path):
    model = gaf.load_model(saved(tmp_path, config))
    assert model.max_tokens == 20
    with torch.no_grad():
        assert torch.isfinite(model.module(torch.full((1, 20), 5)).logits).all()
        with pytest.raises((IndexError, RuntimeError)):
            model.module(torch.full((1, 21), 5))


def test_relative_positions_fall_back_to_512_or_to_the_tokenizer(tmp_path):
    config = T5Config(
        vocab_size=11, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2,
        eos_token_id=3, decoder_start_token_id=0,
    )  # fmt: skip
    assert gaf.load_model(saved(tmp_path, config)).max_tokens == 512
    assert gaf.load_model(saved(tmp_path, config, limit=100)).max_tokens == 100


def test_a_tokenizer_with_a_lower_limit_decides(tmp_path):
    config = BertConfig(**ENCODER, max_position_embeddings=20)
    assert gaf.load_model(saved(tmp_path, config, limit=10)).max_tokens == 10


def test_the_tokenizer_of_another_model_is_refused(tmp_path):
    config = BertConfig(**ENCODER | {"vocab_size": 5})
    with pytest.raises(gaf.ModelError, match=r"11 entries and the network 5.*belong together"):
        gaf.load_model(saved(tmp_path, config))


@pytest.fixture
def slow(tmp_path):
    """A classifier whose tokenizer exists in Python alone; it knows two words and all of "film"."""
    tokens = ["good", "bad", "fi@@", "lm", "<unk>"]
    merges = ["g o", "go o", "goo d</w>", "b a", "ba d</w>", "f i", "l m</w>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    tokenizer = CTRLTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    config = CTRLConfig(vocab_size=len(tokens), n_positions=8, n_embd=8, dff=8, n_layer=2, n_head=2)
    CTRLForSequenceClassification(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_a_tokenizer_in_python_works_with_found_offsets(slow):
    model = gaf.load_model(slow)
    assert not model.exact_offsets
    text = "good  film bad"
    traced = gaf.trace(model, text)
    assert traced.tokens == ("good", "fi@@", "lm", "bad")
    assert [text[start:end] for start, end in traced.offsets] == ["good", "fi", "lm", "bad"]
    cut = gaf.trace(model, "good film " * 5, truncate=True)
    assert (len(cut.tokens), cut.truncated) == (8, 7)
    assert cut.text == "good film good film good fi"


def test_fast_offsets_are_exact(tmp_path):
    assert gaf.load_model(save_tiny(tmp_path)).exact_offsets


def test_the_offsets_of_a_pair_are_each_in_its_own_text(tmp_path):
    file = tmp_path / "vocab.txt"
    file.write_text("\n".join(VOCABULARY))
    texts = ("A good film", "not bad films")
    slow = OffsetFinder(BertTokenizerLegacy(str(file)))
    options = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
    found = slow(*texts, return_tensors="pt", **options)
    expected = tiny_tokenizer()(*texts, **options)
    ordinary = [span for span in found["offset_mapping"][0].tolist() if span != [0, 0]]
    assert ordinary == [list(span) for span in expected["offset_mapping"] if span != (0, 0)]
    assert found["input_ids"].shape == found["special_tokens_mask"].shape


def found(text, *pieces):
    spans = find_offsets(text, list(pieces), [piece == "<s>" for piece in pieces])
    return [text[start:end] for start, end in spans]


def test_offsets_are_found_whatever_the_tokenizer_makes_of_the_text():
    assert found("Café au lait", "<s>", "cafe", "au", "lait", "<s>") == [
        "",
        "Café",
        "au",
        "lait",
        "",
    ]
    # unknown words, alone and side by side, and more pieces than words
    assert found("a xyz film", "a", "", "film") == ["a", "xyz", "film"]
    assert found("a xyz uvw film", "a", "", "", "film") == ["a", "xyz", "uvw", "film"]
    assert found("a 🙂 film", "a", "", "", "film") == ["a", "🙂", "🙂", "film"]
    # a piece that was rewritten must not be found further on, nor take the next ones with it
    assert found("½ of 1 film", "1/2", "of", "1", "film") == ["½", "of", "1", "film"]
    assert found("x e film e", "x", "ë", "movie", "e") == ["x", "e", "film", "e"]
    assert found("word", "word", "more") == ["word", ""]


@given(st.lists(st.lists(st.text("abcXYZéß漢", min_size=1, max_size=4), min_size=1), max_size=6))
def test_pieces_as_written_are_found_where_they_are(words):
    text = " \n".join("".join(pieces) for pieces in words)
    expected, cursor = [], 0
    for pieces in words:
        expected += [(cursor, cursor := cursor + len(piece)) for piece in pieces]
        cursor += 2
    flat = [piece for pieces in words for piece in pieces]
    assert find_offsets(text, flat, [False] * len(flat)) == expected


@given(st.text(), st.lists(st.tuples(st.text(max_size=3), st.booleans())))
def test_found_offsets_are_in_order_and_in_the_text(text, pieces):
    spans = find_offsets(text, [piece for piece, _ in pieces], [mark for _, mark in pieces])
    ordinary = [span for span, (_, special) in zip(spans, pieces, strict=True) if not special]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert ordinary == sorted(ordinary)
