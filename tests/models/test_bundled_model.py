"""The model and the data that ship with the project: complete, small, offline, and honest."""

import copy
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from scipy import sparse
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.support.tolerance import assert_close, summed
from tools import evaluate_model, reviews, splits, texts, write_card

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "assets/models/minilm-reviews"
DATA = ROOT / "assets/data"


@pytest.fixture(autouse=True, scope="module")
def offline():
    """Any attempt to open a connection fails, in the fixtures below too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("socket.socket.connect", lambda *_: pytest.fail("opened a connection"))
        yield


@pytest.fixture(scope="module")
def model():
    return AutoModelForSequenceClassification.from_pretrained(FOLDER, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(FOLDER)


@pytest.fixture(scope="module")
def stored():
    return [review for source in reviews.SOURCES for review in reviews.read(source, DATA)]


@pytest.fixture(scope="module")
def metrics():
    return json.loads((FOLDER / "metrics.json").read_text())


# Model folder


def test_folder_is_at_most_50_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) <= 50e6


def test_weights_are_finite_half_precision():
    with safe_open(FOLDER / "model.safetensors", framework="pt") as weights:
        for name in weights.keys():  # noqa: SIM118 (not a mapping)
            tensor = weights.get_tensor(name)
            assert tensor.dtype == torch.float16, name
            assert tensor.isfinite().all(), name


def test_model_computes_in_float32_and_names_its_labels(model):
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert model.config.id2label == {0: "negative", 1: "positive"}
    assert model.config.label2id == {"negative": 0, "positive": 1}
    assert (model.config.num_hidden_layers, model.config.num_attention_heads) == (6, 12)


def test_configuration_names_no_local_path():
    for name in ("config.json", "tokenizer_config.json"):
        settings = json.loads((FOLDER / name).read_text())
        assert not [value for value in settings.values() if "/" in str(value)]


def test_tokenizer_is_fast_with_offsets_and_neither_cuts_nor_pads(tokenizer):
    assert tokenizer.is_fast
    assert tokenizer.model_max_length == 512
    assert tokenizer.mask_token == "[MASK]"
    text = "Good film. " * 300
    encoded = tokenizer(text, return_offsets_mapping=True)
    assert len(encoded["input_ids"]) == 902
    assert len(tokenizer("Good film.")["input_ids"]) == 5
    spans = [text[start:end] for start, end in encoded["offset_mapping"]]
    assert spans[:5] == ["", "Good", "film", ".", "Good"]


@torch.inference_mode()
def test_logits_depend_on_the_last_row_of_cls_only(model, tokenizer):
    inputs = tokenizer("A quiet, funny film.", return_tensors="pt")
    exact = copy.deepcopy(model).double()
    hidden = exact.bert(**inputs).last_hidden_state
    hidden[:, 1:] = 0
    found = exact.classifier(exact.bert.pooler(hidden))
    assert_close(found, exact(**inputs).logits, roundings=summed(exact.config.hidden_size))


# Accuracy


def test_accuracy_on_held_out_movie_snippets(stored):
    held_out = [r for r in stored if r.source == "movie" and r.split == "test"]
    chosen = random.Random(0).sample(held_out, 200)
    positive = evaluate_model.predict(FOLDER, [r.text for r in chosen])
    found = evaluate_model.accuracy(list(zip(chosen, positive, strict=True)))
    assert found.accuracy >= 0.82
    assert found.clear >= 0.85


def test_everyday_sentences():
    expected = {
        "The acting was terrible.": "negative",
        "A lovely film with a great cast.": "positive",
        "This is not a good movie.": "negative",
        "Not bad at all.": "positive",
        "I would not recommend it to anyone.": "negative",
        "The battery died after two days.": "negative",
        "Fast, light and easy to use.": "positive",
    }
    positive = evaluate_model.predict(FOLDER, list(expected))
    found = [reviews.LABELS[p > 0.5] for p in positive]
    assert dict(zip(expected, found, strict=True)) == expected


def test_card_is_made_of_the_measured_numbers(metrics):
    assert (FOLDER / "README.md").read_text() == write_card.render(metrics)


def test_measured_numbers_agree_with_the_stored_split(metrics, stored):
    for split in ("test", "validation"):
        counts = Counter(r.source for r in stored if r.split == split)
        assert {source: found["n"] for source, found in metrics[split].items()} == counts
        for found in metrics[split].values():
            assert found["accuracy"] == round(found["correct"] / found["n"], 6)
            assert found["low"] < found["accuracy"] < found["high"]
    assert metrics["test"]["movie"]["n"] >= 1000
    assert metrics["test"]["movie"]["accuracy"] >= 0.85


# Stored data


def test_every_text_is_labelled_by_a_clear_rating_and_split(stored):
    assert {r.split for r in stored} == {"train", "validation", "test"}
    assert min(abs(r.rating) for r in stored) >= 0.5
    assert all(r.text == " ".join(r.text.split()) != "" for r in stored)
    assert len({(r.source, r.identity) for r in stored}) == len(stored)


def test_label_column_is_the_sign_of_the_rating():
    for source in reviews.SOURCES:
        rows = (DATA / f"{source}.tsv").read_text().splitlines()[1:]
        for _, _, label, rating, _ in (row.split("\t") for row in rows):
            assert label == ("positive" if float(rating) > 0 else "negative")


def test_no_document_straddles_splits(stored):
    parts: dict[tuple[str, str], set[str]] = {}
    for r in stored:
        parts.setdefault((r.source, r.identity.partition("_")[0]), set()).add(r.split)
    assert all(len(found) == 1 for found in parts.values())


def test_no_text_straddles_splits(stored):
    parts: dict[str, set[str]] = {}
    for r in stored:
        parts.setdefault(texts.key(r.text), set()).add(r.split)
    assert all(len(found) == 1 for found in parts.values())


def test_no_training_text_is_nearly_a_held_out_one(stored):
    """All pairs by a sparse product: an oracle for the prefix filter that made the split."""
    sets = [texts.words(r.text) for r in stored]
    column = {word: i for i, word in enumerate(sorted(frozenset().union(*sets)))}
    rows = np.repeat(np.arange(len(sets)), [len(s) for s in sets])
    columns = np.array([column[word] for s in sets for word in s])
    words = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)))
    size = np.asarray(words.sum(axis=1)).ravel()
    train = np.array([r.split == "train" for r in stored])
    common = (words[~train] @ words[train].T).tocoo()
    union = size[~train][common.row] + size[train][common.col] - common.data
    assert (common.data / union).max() < splits.ALIKE


# Examples of the app


def test_examples_are_of_many_kinds_and_told_apart_by_name(tokenizer):
    examples = json.loads((ROOT / "assets/examples.json").read_text())
    assert len(examples) >= 14
    assert len({e["name"] for e in examples}) == len(examples)
    assert len({e["kind"] for e in examples}) >= 8
    lengths = [len(tokenizer(e["text"])["input_ids"]) for e in examples]
    assert lengths[0] <= 20
    assert max(lengths) > 180
    assert max(lengths) <= 512


def test_first_example_is_positive_and_the_next_negative():
    examples = json.loads((ROOT / "assets/examples.json").read_text())
    one, two = evaluate_model.predict(FOLDER, [e["text"] for e in examples[:2]])
    assert one > 0.8
    assert two < 0.2
