"""Columns in, columns out: the numbers of one text at a time, wherever batches come from."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.corpus import loading
from gaf_core.corpus.columns import ADDED
from gaf_core.corpus.keys import fingerprint
from gaf_core.methods import Method, Scored
from tests.support.corpus_rows import MEASURES, assert_same_numbers, comparable
from tests.support.models import counting, in_float64, save_tiny
from tests.support.patience import HANG
from tests.support.tolerance import assert_close, log_probability_size, through

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [random_text(words, seed) for seed, words in enumerate((3, 5, 3, 8, 5, 3, 6, 3))]
METHODS = ["relevance", "faithful", ("last", "AGF", {"first_layer": 3})]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def tiny(folder) -> gaf.Model:
    return in_float64(gaf.load_model(folder))


# In a loop


def test_a_row_is_what_the_methods_say_of_its_text_alone(tiny):
    found = pd.DataFrame(gaf.BatchExplainer(tiny, METHODS)({"text": TEXTS}))
    assert list(found.columns) == ["text", *ADDED]
    assert found["text"].tolist() == [text for text in TEXTS for _ in METHODS]
    for row in found.itertuples():
        name, options = {"last": ("AGF", {"first_layer": 3})}.get(row.method, (row.method, {}))
        traced = gaf.trace(tiny, row.text)
        alone = gaf.METHODS[name](tiny, traced, **options)
        # the two traces are float32, each number rounded once, and flows stop at a gap
        assert_close(row.scores, alone.scores, precision=np.float32, error=1e-5)
        assert tuple(row.tokens) == traced.tokens
        assert row.predicted == traced.labels[traced.predicted]
        assert row.target == row.predicted
        words = gaf.group_words(traced)
        assert (tuple(row.words), row.word_of) == (words.text, words.token_word.tolist())
        measured = gaf.evaluate(tiny, traced, row.scores)
        size = log_probability_size(traced.logits)
        for measure in MEASURES[:-1]:
            assert_close(
                getattr(row, measure), getattr(measured, measure),
                roundings=through(tiny), size=size,
            )  # fmt: skip
        assert_close(row.probability, traced.probabilities.max(), roundings=through(tiny), size=1.0)
        assert row.failure == ""
        assert row.seconds > 0
        assert row.trace_seconds > 0


def test_how_texts_are_divided_into_batches_does_not_matter(tiny):
    explainer = gaf.BatchExplainer(tiny, METHODS)
    whole = comparable(explainer({"text": TEXTS}))
    parts = [{"text": TEXTS[start : start + 3]} for start in range(0, len(TEXTS), 3)]
    divided = pd.concat([comparable(one) for one in explainer.over(parts)], ignore_index=True)
    assert_same_numbers(whole, divided, tiny)


def test_texts_of_one_length_are_read_at_once(tiny):
    calls = counting(tiny)
    gaf.BatchExplainer(tiny, ["relevance", "AGF"], perturbation=None)({"text": TEXTS})
    assert len(calls) == len({len(text.split()) for text in TEXTS})
    del calls[:]
    gaf.BatchExplainer(tiny, METHODS, perturbation=None)({"text": TEXTS})
    assert len(calls) == 2 * 4, "and so are the second traces"


@pytest.mark.parametrize("kind", ["lists", "arrays", "frame", "table"])
def test_a_batch_goes_out_as_it_comes_in(tiny, kind):
    columns = {"id": list(range(8)), "text": TEXTS}
    batch = {
        "lists": columns,
        "arrays": {name: np.array(values) for name, values in columns.items()},
        "frame": pd.DataFrame(columns),
        "table": pa.table(columns),
    }[kind]
    found = gaf.BatchExplainer(tiny, ["AGF", "AF"])(batch)
    assert type(found) is type(batch)
    read = (
        found.to_pandas() if kind == "table" else pd.DataFrame({k: list(found[k]) for k in found})
    )
    assert read["id"].tolist() == [number for number in range(8) for _ in range(2)]
    plain = gaf.BatchExplainer(tiny, ["AGF", "AF"])(columns)
    assert_same_numbers(comparable(read), comparable(plain), tiny)


def test_settings_of_a_flow_are_a_method(tiny):
    settings = gaf.Settings("GF", layers=(1, 3), residual="half")
    found = gaf.BatchExplainer(tiny, [settings, ("faithful", gaf.FAITHFUL)])({"text": TEXTS[:2]})
    assert found["method"] == ["explain", "faithful"] * 2
    for number, (text, scores) in enumerate(zip(found["text"], found["scores"], strict=True)):
        alone = gaf.explain(tiny, text, (settings, gaf.FAITHFUL)[number % 2])
        assert_close(scores, alone.scores, precision=np.float32, error=1e-5)
    with pytest.raises(gaf.SettingsError, match="as target="):
        gaf.BatchExplainer(tiny, [gaf.Settings(target="positive")])


def test_a_target_is_explained_of_every_text(tiny):
    found = gaf.BatchExplainer(tiny, ["AGF"], target="negative")({"text": TEXTS})
    assert set(found["target"]) == {"negative"}
    assert "positive" in found["predicted"]


# What goes wrong


def fails(_model, trace, _progress):
    if len(trace.tokens) > 6:
        raise RuntimeError("too long for me")
    return Scored(np.ones(len(trace.tokens)))


FAILS = Method("fails", "Fails", "a test", "chance", "A test.", fails)


def test_a_text_that_fails_has_a_row_that_says_why_and_stops_no_other(tiny):
    texts = ["a film", " ", "a \ud800 film", "good " * 40, None, float("nan"), TEXTS[3]]
    found = gaf.BatchExplainer(tiny, ["AGF", FAILS], long="skip")({"text": texts})
    said = dict(zip(zip(range(14), found["method"], strict=True), found["failure"], strict=True))
    assert said[0, "AGF"] == said[1, "fails"] == said[12, "AGF"] == ""
    assert said[13, "fails"] == "RuntimeError: too long for me"
    assert "empty" in said[2, "AGF"]
    assert "half a character" in said[4, "AGF"]
    assert said[6, "AGF"].startswith("Skipped: The text has 42 tokens")
    assert (
        said[8, "AGF"]
        == said[10, "AGF"]
        == "There is no text here. Give one, or leave the row out."
    )
    for name, kind in ADDED.items():
        kinds = {type(value) for value in found[name]}
        assert len(kinds) == 1, f"{name} ({kind}) has one type whatever happens"


def test_a_text_that_is_too_long_is_cut_skipped_or_refused(tiny):
    batch = {"text": ["good " * 40, "a film"]}
    cut = gaf.BatchExplainer(tiny, ["AGF"])(batch)
    assert cut["cut"] == [10, 0]
    assert [len(tokens) for tokens in cut["tokens"]] == [32, 4]
    with pytest.raises(gaf.TextTooLongError, match="42 tokens"):
        gaf.BatchExplainer(tiny, ["AGF"], long="refuse")(batch)


def test_a_target_that_the_model_does_not_have_is_refused(tiny):
    for more in ({"target": "happy"}, {"perturbation": gaf.Perturbation(target="happy")}):
        with pytest.raises(gaf.TargetError, match="'happy' is not one of the model's labels"):
            gaf.BatchExplainer(tiny, ["AGF"], **more)({"text": ["a film"]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": ["AFG"]}, "There is no method 'AFG'"),
        ({"methods": "AGF"}, "Give a list"),
        ({"methods": [("AGF", "AGF", {"first": 2})]}, "no option 'first'"),
        ({"long": "drop"}, "Use cut, skip or refuse"),
        ({"threads": 0}, "Give 1 or more"),
    ],
)
def test_what_means_nothing_is_refused_before_a_model_is_loaded(arguments, message):
    with pytest.raises(gaf.SettingsError, match=message):
        gaf.BatchExplainer("no/such-model", **arguments)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"body": ["a"]}, "no column 'text' in this batch. It has 'body'"),
        ({}, "It has no columns"),
        ({"text": ["a"], "method": ["x"]}, "'method' of the texts is called like one"),
        (["a"], "and not a list"),
    ],
)
def test_a_batch_that_means_nothing_is_refused(tiny, batch, message):
    with pytest.raises(gaf.SettingsError, match=message):
        gaf.BatchExplainer(tiny, ["AGF"])(batch)


def test_a_prefix_keeps_names_apart(tiny):
    found = gaf.BatchExplainer(tiny, ["AGF"], prefix="gaf_")({"text": ["a"], "method": ["x"]})
    assert found["method"] == ["x"]
    assert found["gaf_method"] == ["AGF"]


def test_nothing_gives_nothing(tiny):
    found = gaf.BatchExplainer(tiny, ["AGF"])({"text": []})
    assert not any(len(values) for values in found.values())


# Keys


def test_a_key_is_of_what_a_row_depends_on(folder, tmp_path):
    model = gaf.load_model(folder)

    def keys(model=model, methods=("AGF",), texts=("a film",), **more):
        return gaf.BatchExplainer(model, list(methods), **more)({"text": list(texts)})["key"]

    usual = keys()
    assert usual == keys(methods=[("another name", "AGF", {})])
    assert usual == keys(texts=["a good film", "a film"])[1:]
    assert usual == keys(model=gaf.load_model(folder)), "whichever object it is"
    others = [
        keys(texts=["a films"]), keys(methods=["AF"]), keys(target="negative"),
        keys(methods=[("AGF", "AGF", {"first_layer": 2})]), keys(perturbation=None),
        keys(perturbation=gaf.Perturbation("pad")),
        keys(model=gaf.load_model(save_tiny(tmp_path / "other", seed=1))),
    ]  # fmt: skip
    assert len({*map(tuple, others), tuple(usual)}) == len(others) + 1


def test_one_weight_changes_the_fingerprint(folder):
    one, other = gaf.load_model(folder), gaf.load_model(folder)
    assert fingerprint(one) == fingerprint(other)
    other = gaf.load_model(folder)
    other.module.classifier.bias.data[0] += 1e-6
    assert fingerprint(one) != fingerprint(other)


# In other processes


def test_it_is_pickled_without_a_model_and_loads_it_once(folder, monkeypatch):
    explainer = gaf.BatchExplainer(folder, METHODS)
    found = explainer({"text": TEXTS})
    written = pickle.dumps(explainer)
    assert len(written) < 10_000
    loads = []
    monkeypatch.setattr(loading, "_last", {})
    monkeypatch.setattr(
        loading,
        "load_model",
        lambda *args, **more: loads.append(args) or gaf.load_model(*args, **more),
    )
    for _ in range(3):
        again = pickle.loads(written)({"text": TEXTS})
    assert len(loads) == 1
    # the same computation on the same machine
    pd.testing.assert_frame_equal(comparable(found), comparable(again), check_exact=True)
    (Path(folder) / "config.json").touch()
    pickle.loads(written)({"text": TEXTS[:1]})
    assert len(loads) == 2, "a folder that was written to is another model"


def test_a_copy_of_a_loaded_model_is_loaded_by_its_name(folder):
    explainer = gaf.BatchExplainer(gaf.load_model(folder), ["AGF"])
    copy = pickle.loads(pickle.dumps(explainer))
    assert copy({"text": TEXTS})["key"] == explainer({"text": TEXTS})["key"]


def test_a_worker_computes_with_its_share_of_the_cores(folder, monkeypatch):
    from gaf_core.cores import cores

    monkeypatch.setenv("GAF_THREADS", "8")
    seen = []

    def look(_model, trace, _progress):
        seen.append(cores())
        return Scored(np.ones(len(trace.tokens)))

    method = Method("look", "Look", "a test", "chance", "A test.", look)
    gaf.BatchExplainer(folder, [method], perturbation=None, threads=2)({"text": TEXTS[:2]})
    gaf.BatchExplainer(folder, [method], perturbation=None)({"text": TEXTS[:1]})
    assert seen == [2, 2, 8]


def test_datasets_maps_it(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    datasets = pytest.importorskip("datasets")
    explainer = gaf.BatchExplainer(folder, METHODS)
    data = datasets.Dataset.from_dict({"id": list(range(8)), "text": TEXTS})
    found = data.map(explainer, batched=True, batch_size=4, load_from_cache_file=False)
    assert found.num_rows == len(TEXTS) * len(METHODS)
    plain = comparable(explainer({"id": list(range(8)), "text": TEXTS}))
    model = gaf.load_model(folder)
    assert_same_numbers(comparable(found.to_pandas()), plain, model)


# A process that has solved already forks two that solve: pools of threads do not survive a fork.
FORKING = """
import json, sys
import datasets, gaf_core as gaf
if __name__ == "__main__":
    folder, texts = sys.argv[1], json.loads(sys.argv[2])
    explainer = gaf.BatchExplainer(folder, ["faithful"], threads=1)
    before = explainer({"text": texts})["scores"]
    data = datasets.Dataset.from_dict({"text": texts})
    found = data.map(explainer, batched=True, batch_size=2, num_proc=2, load_from_cache_file=False)
    print(json.dumps([before, list(found["scores"])]))
"""


def test_two_processes_of_datasets_share_the_texts(folder, tmp_path):
    script = tmp_path / "forking.py"
    script.write_text(FORKING)
    done = subprocess.run(
        [sys.executable, str(script), folder, json.dumps(TEXTS)],
        capture_output=True, text=True, timeout=HANG, cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path),
             "HF_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before, found = json.loads(done.stdout.splitlines()[-1])
    for one, other in zip(before, found, strict=True):
        assert_close(one, other, precision=np.float32, error=1e-4)
