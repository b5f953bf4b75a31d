"""What many texts say together: words by class, tables, accuracy, texts that stand out."""

import math
import shutil
from collections import defaultdict

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.corpus import importance, summary
from gaf_core.corpus.importance import COLUMNS, shares, word_importance
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.results import Results, Scored
from gaf_core.corpus.running import run
from gaf_core.corpus.texts import Source
from gaf_core.evaluation import measure, paired
from gaf_core.evaluation.agreement import agreement
from gaf_core.evaluation.bootstrap import bootstrap_interval
from tests.support.models import in_float64, save_tiny
from tests.support.tolerance import FEW, assert_close, summed

METHODS = ["faithful", "relevance", "AF"]
LABELS = ("positive", "Negative", "1", "0", "", "meh")
TEXTS = [random_text(2 + seed % 7, seed) for seed in range(30)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> gaf.Model:
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture(scope="module")
def results(tiny, tmp_path_factory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    lines = [f"{text},{LABELS[number % 6]}" for number, text in enumerate(TEXTS)]
    (folder / "texts.csv").write_text("\n".join(["text,label", *lines]))
    source = Source(folder / "texts.csv", label="label")
    run(source, gaf.BatchExplainer(tiny, METHODS), Folder(folder / "run"), part=7)
    return Results.of(folder / "run")


# Words


def scored(group, *pairs, position=0):
    """A text of one token a word, between two special tokens without scores."""
    words = ["[CLS]", *(word for word, _ in pairs), "[SEP]"]
    scores = np.array([0.0, *(score for _, score in pairs), 0.0])
    special = np.array([True, *[False] * len(pairs), True])
    return Scored(position, group, words, np.arange(len(words)), special, scores)


def test_words_are_counted_by_hand():
    texts = [
        scored("good", ("Fine", 3.0), ("film", 1.0)),
        scored("good", ("fine", 1.0), ("fine", 1.0), ("plot", -2.0)),
        scored("good", ("film", 2.0)),
        scored("bad", ("fine", 1.0), ("dull", 9.0)),
    ]
    found = word_importance(texts, least=1, resamples=0)
    assert tuple(found.columns) == COLUMNS
    rows = {(row["class"], row["word"]): row for _, row in found.iterrows()}
    fine = rows["good", "fine"]
    assert (fine["texts"], fine["of"], fine["occurrences"]) == (2, 3, 3)
    assert fine["mean_share"] == pytest.approx((0.75 + 0.5) / 3)
    assert fine["when_present"] == pytest.approx((0.75 + 0.5) / 2)
    assert rows["good", "film"]["mean_share"] == pytest.approx((0.25 + 1.0) / 3)
    assert rows["good", "plot"]["mean_share"] == pytest.approx(-0.5 / 3), "it speaks against"
    assert rows["bad", "dull"]["when_present"] == pytest.approx(0.9)
    assert found["class"].tolist() == ["good"] * 3 + ["bad"] * 2, "most texts first"
    assert found["mean_share"].tolist()[:3] == sorted(found["mean_share"][:3], reverse=True)
    assert found["mean_share_low"].isna().all()
    apart = word_importance(texts, fold=False, least=1, resamples=0)
    assert set(apart["word"]) == {"Fine", "fine", "film", "plot", "dull"}
    often = word_importance(texts, least=2, resamples=0)
    assert list(zip(often["class"], often["word"], strict=True)) == [
        ("good", "fine"), ("good", "film"),
    ]  # fmt: skip


def test_shares_are_those_of_an_explanation(tiny, results):
    by_text = defaultdict(float)
    for one in results.scored("faithful"):
        for word, share, _ in shares(one, fold=False):
            by_text[one.position, word] += share
    for position, text in enumerate(TEXTS):
        words = gaf.explain(tiny, text, gaf.FAITHFUL).word_table()
        expected = words[~words["word"].isin(["[CLS]", "[SEP]"])].groupby("word")["share"].sum()
        found = [by_text[position, word] for word in expected.index]
        # of float32 traces that were rounded in batches of other sizes
        assert_close(found, expected, size=1.0, error=1e-5)
        assert {word for at, word in by_text if at == position} == set(expected.index)


def test_the_table_is_what_a_loop_finds(results):
    found = word_importance(results.scored("relevance"), least=3)
    texts, sums, present = defaultdict(int), defaultdict(float), defaultdict(int)
    for one in results.scored("relevance"):
        texts[one.group] += 1
        for word, share, _ in shares(one, fold=True):
            sums[one.group, word] += share
            present[one.group, word] += 1
    expected = {key for key, count in present.items() if count >= 3}
    assert set(zip(found["class"], found["word"], strict=True)) == expected
    for row in found.to_dict("records"):
        key = row["class"], row["word"]
        how = {"roundings": summed(len(TEXTS)), "size": 1.0}
        assert_close(row["mean_share"], sums[key] / texts[key[0]], **how)
        assert_close(row["when_present"], sums[key] / present[key], **how)
        assert row["mean_share_low"] <= row["mean_share"] <= row["mean_share_high"]


def test_the_interval_of_two_texts_is_exact():
    """A resample has both texts, or one of them twice: 0, s/2 or s by chance 1/4, 1/2, 1/4."""
    texts = [scored("a", ("here", 1.0)), scored("a", ("there", 1.0))]
    found = word_importance(texts, least=1).iloc[0]
    assert (found["mean_share_low"], found["mean_share_high"]) == (0.0, 1.0)
    assert (found["when_present_low"], found["when_present_high"]) == (1.0, 1.0), "where it is"


def test_intervals_are_those_of_the_bootstrap_of_means():
    """Against the resamples of `bootstrap_interval`, up to what either leaves to chance."""
    draw = np.random.default_rng(1)
    values = draw.random(300)
    texts = [scored("a", ("word", one), ("rest", 1 - one)) for one in values]
    found = word_importance(texts, least=1, resamples=8_000).set_index("word").loc["word"]
    low, high = bootstrap_interval(values[:, None])[:, 0]
    chance = 4 * values.std() / math.sqrt(300) / math.sqrt(8_000 * 0.025 * 0.975) * 0.5
    assert abs(found["mean_share_low"] - low) < 5 * chance
    assert abs(found["mean_share_high"] - high) < 5 * chance
    assert found["mean_share_low"] == found["when_present_low"], "it is in every text"


def test_the_same_seed_gives_the_same_intervals_however_they_are_divided(monkeypatch):
    texts = [scored("a", (f"w{number % 5}", 1.0), ("x", 2.0)) for number in range(40)]
    first = word_importance(texts, least=1, resamples=200)
    assert first.equals(word_importance(texts, least=1, resamples=200))
    assert not first.equals(word_importance(texts, least=1, resamples=200, seed=1))
    monkeypatch.setattr(importance, "_HELD", 40 * 13)
    assert first.equals(word_importance(texts, least=1, resamples=200))


@pytest.mark.parametrize("texts", [[], [scored("a")], [scored("a", ("x", 0.0))]])
def test_nothing_to_say_is_an_empty_table_or_zeros(texts):
    found = word_importance(texts, least=1)
    assert tuple(found.columns) == COLUMNS
    assert not found["mean_share"].any()


def test_words_are_counted_by_label_too(results):
    found = word_importance(results.scored("AF", by="label"), least=1, resamples=0)
    assert set(found["class"]) == set(LABELS)


# Tables


def test_the_tables_are_those_of_a_benchmark(tiny, results):
    expected = gaf.benchmark(tiny, TEXTS, METHODS)
    found = summary.faithfulness(results)
    assert found["method"].tolist() == METHODS
    for name in ("aopc", "aopc_low", "aopc_high", "comprehensiveness", "sufficiency"):
        assert_close(found[name], expected[name], roundings=FEW * 64, size=1.0)
    compared = summary.differences(results)
    assert compared["method"].unique().tolist() == METHODS[1:]
    other = paired(measure(tiny, TEXTS, METHODS), "faithful", "AF").set_index("measure")
    line = compared[compared["method"] == "AF"].set_index("measure")
    for name in ("difference", "low", "high"):
        assert_close(line.loc["aopc", name], other.loc["aopc", name], roundings=FEW * 64, size=1.0)


def test_a_distribution_has_its_quantiles(results):
    found = summary.distribution(results).set_index("method")
    rows = results.rows
    values = rows.loc[rows["method"] == "AF", "aopc"]
    assert found.loc["AF", "50%"] == values.median()
    assert found.loc["AF", "texts"] == len(TEXTS)


def test_accuracy_is_of_the_labels_that_the_model_knows(results):
    found = summary.accuracy(results).set_index("label")
    said = summary.predictions(results)
    meant = {"positive": "positive", "Negative": "negative", "1": "positive", "0": "negative"}
    known = said[said["label"].isin(list(meant))]
    right = known["predicted"] == known["label"].map(meant)
    assert found.loc["all", "texts"] == len(known) == 20
    assert found.loc["all", "right"] == right.sum()
    assert found.loc["all", "accuracy"] == right.mean()
    assert found.loc["all", "low"] <= right.mean() <= found.loc["all", "high"]
    assert found.loc["positive", "texts"] == known["label"].isin(["positive", "1"]).sum()
    assert summary.unknown_labels(results) == {"meh": 5}


def test_the_worst_texts_are_those_with_the_least_measure(results):
    found = summary.worst(results, "AF", 3)
    rows = results.rows
    of_method = rows[rows["method"] == "AF"]
    assert found["aopc"].tolist() == sorted(of_method["aopc"])[:3]
    assert found["text"].tolist() == [TEXTS[position] for position in found["position"]]


def test_methods_disagree_where_their_ranks_do(tiny, results):
    found = summary.disagreeing(results, 5)
    assert len(found) == 5
    assert found["agreement"].is_monotonic_increasing
    for row in found.itertuples():
        assert row.text == TEXTS[row.position]
        traced = gaf.trace(tiny, row.text)
        scores = {
            one.group: one.scores
            for one in results.scored(by="method")
            if one.position == row.position
        }
        spearman = agreement(traced, scores).spearman
        expected = spearman[np.triu_indices(3, 1)].mean()
        assert row.agreement == pytest.approx(expected, abs=1e-12)
        assert len(row.text.split()) >= 4
    least = found["agreement"].max()
    others = summary.disagreeing(results, 99)
    assert (others["agreement"][5:] >= least).all()


def test_one_method_disagrees_with_nobody(tiny, tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(TEXTS[:3]))
    explainer = gaf.BatchExplainer(tiny, ["AF"], perturbation=None)
    run(Source(tmp_path / "a.txt"), explainer, Folder(tmp_path / "run"))
    found = Results.of(tmp_path / "run")
    assert summary.disagreeing(found).empty
    assert summary.differences(found).empty
    assert summary.accuracy(found).empty
    assert not found.measured
    assert "aopc" not in summary.faithfulness(found)
    assert summary.faithfulness(found)["seconds"].notna().all()


# What is there


def test_a_run_that_is_not_finished_is_read_as_far_as_it_is(results, tmp_path):
    shutil.copytree(results.folder.path, tmp_path / "run")
    (tmp_path / "run" / "parts" / "000004.parquet").unlink()
    torn = tmp_path / "run" / "parts" / "000001.parquet"
    torn.write_bytes(torn.read_bytes()[:-50])
    found = Results.of(tmp_path / "run")
    assert found.torn == [1]
    assert sorted(set(found.rows["position"])) == [*range(7), *range(14, 28)]
    assert len(word_importance(found.scored("AF"), least=1))
    assert summary.worst(found, "AF", 99)["text"].ne("").all()


@pytest.mark.parametrize("made", ["nothing", "other files", "no rows"])
def test_a_folder_without_rows_is_a_sentence(made, tmp_path):
    if made == "other files":
        (tmp_path / "a.txt").write_text("x")
    if made == "no rows":
        Folder(tmp_path / "run").begin({"asked": {"methods": {}}})
        tmp_path = tmp_path / "run"
    with pytest.raises(gaf.SettingsError, match=r"no run of texts in|has no row yet"):
        Results.of(tmp_path)


def test_a_method_that_was_not_asked_is_a_sentence(results):
    with pytest.raises(gaf.SettingsError, match="Use faithful, relevance, AF"):
        list(results.scored("lime"))


def test_many_texts_have_the_interval_of_a_normal_mean():
    """Above twenty thousand texts the samples are not drawn: they would say the same."""
    values = np.random.default_rng(0).exponential(size=(20_001, 1))
    formula = bootstrap_interval(values)
    drawn = bootstrap_interval(values[:20_000])
    error = values.std() / math.sqrt(len(values))
    assert np.abs(formula - drawn).max() < 0.1 * error
