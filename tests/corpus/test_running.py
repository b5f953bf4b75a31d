"""A run is kept part by part: killed, stopped or torn, the next one finishes it."""

import errno
import json
import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.corpus.engines import Here
from gaf_core.corpus.parts import OF_TEXT, Folder, TornPartError, schema
from gaf_core.corpus.running import Progress, run
from gaf_core.corpus.texts import Source
from gaf_core.methods import Method, Scored
from tests.support.corpus_rows import assert_same_numbers, comparable
from tests.support.models import counting, in_float64, save_tiny
from tests.support.patience import HANG

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("relevance", "AGF")


class StopError(Exception):
    """Raised by a test to end a run."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tiny(saved) -> gaf.Model:
    return in_float64(gaf.load_model(saved))


def texts_in(path: Path, number: int = 22) -> Path:
    lines = [f"{seed},{random_text(1 + seed % 7, seed)},positive" for seed in range(number)]
    path.write_text("\n".join(["id,text,label", *lines]) + "\n")
    return path


@pytest.fixture
def source(tmp_path) -> Source:
    return Source(texts_in(tmp_path / "texts.csv"), label="label", identity="id")


def explainer(model, methods=METHODS, **more) -> gaf.BatchExplainer:
    return gaf.BatchExplainer(model, list(methods), **more)


def rows(folder: Folder) -> pd.DataFrame:
    found = [folder.read(number) for number in folder.numbers]
    assert all(one.schema.equals(schema()) for one in found)
    return pa.concat_tables(found).to_pandas()


def assert_whole(folder: Folder, number: int, methods=METHODS) -> pd.DataFrame:
    """Every row is there once, in order."""
    found = rows(folder)
    at = list(zip(found["position"], found["method"], strict=True))
    assert at == [(position, label) for position in range(number) for label in methods]
    return found


def test_a_run_has_a_row_for_every_text_and_method(tiny, source, tmp_path):
    folder, told = Folder(tmp_path / "run"), []
    done = run(source, explainer(tiny), folder, part=5, total=22, told=told.append)
    found = assert_whole(folder, 22)
    assert folder.numbers == [0, 1, 2, 3, 4]
    alone = comparable(explainer(tiny)({"text": found["text"].tolist()[::2]}))
    assert_same_numbers(comparable(found), alone, tiny)
    assert found["id"].tolist() == [str(number) for number in range(22) for _ in METHODS]
    assert found["line"].tolist() == [number + 2 for number in range(22) for _ in METHODS]
    assert set(found["label"]) == {"positive"}
    assert [one.texts for one in told if one.texts] == [5, 10, 15, 20, 22]
    assert done == told[-1]
    assert done.share == 1.0
    assert (done.found, done.failures) == (0, 0)
    assert 0 == done.left < told[-2].left
    assert not list(tmp_path.rglob("*.unfinished"))


def test_a_finished_run_computes_nothing(tiny, source, tmp_path):
    folder = Folder(tmp_path / "run")
    run(source, explainer(tiny), folder, part=5)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "parts").iterdir()}
    calls = counting(tiny)
    done = run(source, explainer(tiny), folder, part=9)
    assert (done.texts, done.found) == (22, 22)
    assert not calls
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.parametrize("methods", [("relevance", "AGF", "AF"), ("AF",)])
def test_a_method_that_is_new_is_computed_and_the_others_are_kept(tiny, source, tmp_path, methods):
    folder = Folder(tmp_path / "run")
    run(source, explainer(tiny), folder, part=5)
    first = rows(folder)
    run(source, explainer(tiny, methods), folder)
    found = rows(folder)
    assert len(found) == 22 * 3
    kept = found[found["method"] != "AF"].reset_index(drop=True)
    sort = kept.sort_values(["position", "method"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(
        sort, first.sort_values(["position", "method"]).reset_index(drop=True), check_exact=True
    )
    assert set(Folder(tmp_path / "run").about["asked"]["methods"]) == {"relevance", "AGF", "AF"}


def test_texts_that_are_added_are_computed(tiny, source, tmp_path):
    folder = Folder(tmp_path / "run")
    run(source, explainer(tiny), folder, part=5)
    texts_in(source.path, 28)
    done = run(source, explainer(tiny), folder, total=28)
    assert (done.texts, done.found) == (28, 20)
    whole = assert_whole(folder, 28)
    other = Folder(tmp_path / "other")
    run(source, explainer(tiny), other, part=5)
    assert_same_numbers(comparable(whole), comparable(rows(other)), tiny)


# It ends early


def test_stopped_at_any_part_it_goes_on(tiny, source, tmp_path):
    whole = Folder(tmp_path / "whole")
    run(source, explainer(tiny), whole, part=5)
    for parts in range(5):
        folder = Folder(tmp_path / f"stopped after {parts}")

        def stop(progress: Progress, parts=parts) -> None:
            if progress.texts == 5 * parts:
                raise StopError

        with pytest.raises(StopError):
            run(source, explainer(tiny), folder, part=5, told=stop)
        assert folder.numbers == list(range(parts))
        calls = counting(tiny)
        done = run(source, explainer(tiny), folder, total=22)
        assert done.found == 5 * parts
        assert calls
        # the same texts at once, on the same machine
        pd.testing.assert_frame_equal(
            comparable(rows(folder)), comparable(rows(whole)), check_exact=True
        )


def test_stopped_in_the_middle_of_a_part_nothing_of_it_is_there(tiny, source, tmp_path):
    folder, steps = Folder(tmp_path / "run"), count()

    def stop() -> None:
        if next(steps) == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, explainer(tiny), folder, part=5, engine=Here(stop))
    assert folder.numbers == [0]
    run(source, explainer(tiny), folder)
    assert_whole(folder, 22)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_killed_at_ten_random_moments_it_has_every_row_once(saved, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(random_text(1 + seed % 9, seed) for seed in range(120)))
    done = subprocess.run(
        [sys.executable, "-m", "tests.corpus.killed", saved, path, tmp_path, "10", "7"],
        cwd=ROOT, capture_output=True, text=True, timeout=HANG,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)["there"]
    assert len({len(names) for names in there}) > 2, "the moments differ"
    assert len(there[-1]) > len(there[0]), "what was written stays"
    folder, undisturbed = Folder(tmp_path / "killed"), Folder(tmp_path / "undisturbed")
    found, expected = assert_whole(folder, 120), assert_whole(undisturbed, 120)
    # the same texts at once, in forks of one process
    pd.testing.assert_frame_equal(comparable(found), comparable(expected), check_exact=True)
    assert not list((tmp_path / "killed").rglob("*.unfinished"))


def test_a_torn_part_is_set_aside_and_computed_again(tiny, source, tmp_path):
    folder = Folder(tmp_path / "run")
    run(source, explainer(tiny), folder, part=5)
    before = rows(folder)
    torn = tmp_path / "run" / "parts" / "000002.parquet"
    whole = torn.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"PAR1" + bytes(100) + b"PAR1"):
        torn.write_bytes(content)
        with pytest.raises(TornPartError, match="Part 2 of the run"):
            folder.read(2)
        done = run(source, explainer(tiny), folder)
        assert (done.torn, done.found) == (1, 17)
        pd.testing.assert_frame_equal(
            comparable(rows(folder)), comparable(before), check_exact=True
        )
        assert (torn.parent / "000002.parquet.torn").read_bytes() == content


def test_a_file_of_other_columns_is_a_torn_part(tiny, source, tmp_path):
    folder = Folder(tmp_path / "run")
    run(source, explainer(tiny), folder, part=5)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "run" / "parts" / "000001.parquet")
    assert run(source, explainer(tiny), folder).torn == 1
    assert_whole(folder, 22)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_full_disk_is_a_sentence_and_loses_nothing(tiny, source, tmp_path, monkeypatch, code):
    folder, calls, sync = Folder(tmp_path / "run"), count(), os.fsync

    def full(handle):
        if next(calls) == 4:  # run.json and its folder, a part and its folder, and the next part
            raise OSError(code, os.strerror(code))
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(gaf.SettingsError, match="What was written before is kept") as told:
        run(source, explainer(tiny), folder, part=5)
    assert os.strerror(code).lower() in str(told.value)
    assert folder.numbers == [0]
    assert not list(tmp_path.rglob("*.unfinished"))
    monkeypatch.setattr(os, "fsync", sync)
    run(source, explainer(tiny), folder)
    assert_whole(folder, 22)


# A limit on the size of files is what the system itself says when there is no more room.
FULL = """
import resource, signal, sys
from pathlib import Path
import gaf_core as gaf
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.running import run
from gaf_core.corpus.texts import Source
explainer = gaf.BatchExplainer(sys.argv[1], ["AGF"])
explainer({"text": ["a good film"]})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
try:
    run(Source(Path(sys.argv[2])), explainer, Folder(Path(sys.argv[3])), part=5)
except gaf.GafError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are another matter there")
def test_the_system_says_that_there_is_no_room(saved, source, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, saved, source.path, tmp_path / "run"],
        cwd=ROOT, capture_output=True, text=True, timeout=HANG,
    )  # fmt: skip
    assert "cannot be written: file too large" in done.stdout, done.stderr
    assert Folder(tmp_path / "run").numbers == []
    assert not list(tmp_path.rglob("*.unfinished"))


def test_two_processes_do_not_work_in_one_folder(tiny, source, tmp_path):
    folder = Folder(tmp_path / "run")
    with folder.alone(), pytest.raises(gaf.SettingsError, match="Another process works"):
        run(source, explainer(tiny), Folder(tmp_path / "run"))
    run(source, explainer(tiny), folder)


# Failures and long texts


def fails(_model, trace, _progress):
    if len(trace.tokens) > 8:
        raise RuntimeError("too long for me")
    return Scored(np.ones(len(trace.tokens)))


def test_failures_are_rows_and_are_tried_again_on_request(tiny, source, tmp_path):
    folder = Folder(tmp_path / "run")
    failing = explainer(
        tiny, [Method("fails", "Fails", "a test", "chance", "A test.", fails), "AGF"]
    )
    done = run(source, failing, folder, part=5)
    found = assert_whole(folder, 22, ("fails", "AGF"))
    failed = found["failure"] != ""
    assert done.failures == failed.sum() > 0
    assert set(found["method"][failed]) == {"fails"}
    calls = counting(tiny)
    assert run(source, failing, folder).found == 22
    assert not calls
    assert run(source, failing, folder, retry=True).failures == done.failures
    assert calls
    assert_whole(folder, 22, ("fails", "AGF"))


def test_texts_that_are_too_long_are_counted_or_refused_by_their_line(tiny, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("\n".join(["a film", "good " * 40, "a good film"]))
    cut = run(Source(path), explainer(tiny), Folder(tmp_path / "cut"))
    assert (cut.cut, cut.failures) == (1, 0)
    skipped = run(Source(path), explainer(tiny, long="skip"), Folder(tmp_path / "skip"))
    assert (skipped.cut, skipped.failures, skipped.skipped) == (0, 2, 2)
    with pytest.raises(gaf.SettingsError, match="Line 2: The text has 42 tokens"):
        run(Source(path), explainer(tiny, long="refuse"), Folder(tmp_path / "refuse"), part=1)
    assert Folder(tmp_path / "refuse").numbers == [0]


# Another run


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"perturbation": gaf.Perturbation("pad")}, "has perturbation .*'mask'.* and now it is"),
        ({"perturbation": None}, "and now it is none"),
        ({"target": "negative"}, "has target none, and now it is 'negative'"),
        ({"long": "skip"}, "has long 'cut', and now it is 'skip'"),
        ({"methods": [("AGF", "AGF", {"first_layer": 2})]}, "method 'AGF' with other settings"),
    ],
)
def test_a_folder_takes_no_other_run(tiny, source, tmp_path, more, message):
    folder = Folder(tmp_path / "run")
    run(source, explainer(tiny), folder)
    before = rows(folder)
    with pytest.raises(gaf.SettingsError, match=message):
        run(source, explainer(tiny, **more), folder)
    pd.testing.assert_frame_equal(rows(folder), before, check_exact=True)


def test_a_folder_takes_no_other_weights(tiny, source, tmp_path):
    run(source, explainer(tiny), Folder(tmp_path / "run"))
    other = gaf.load_model(save_tiny(tmp_path / "other", seed=1))
    with pytest.raises(gaf.SettingsError, match="other weights"):
        run(source, explainer(other), Folder(tmp_path / "run"))


def test_a_folder_takes_no_other_texts(tiny, source, tmp_path):
    folder = Folder(tmp_path / "run")
    run(source, explainer(tiny), folder, part=5)
    before = rows(folder)
    lines = source.path.read_text().splitlines()
    for changed, message in (
        (
            [*lines[:7], "99,bad bad bad,positive", *lines[8:]],
            "rows of other texts: those of part 1",
        ),
        (lines[:9], "rows of other texts: those of part 1"),
    ):
        source.path.write_text("\n".join(changed))
        with pytest.raises(gaf.SettingsError, match=message):
            run(source, explainer(tiny), folder)
    source.path.write_text("\n".join(lines[:16]))
    with pytest.raises(gaf.SettingsError, match="rows of more texts than the file"):
        run(source, explainer(tiny), folder, total=15)
    pd.testing.assert_frame_equal(rows(folder), before, check_exact=True)


def test_a_folder_of_something_else_is_left_alone(tiny, source, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(gaf.SettingsError, match="holds other files and no run"):
        run(source, explainer(tiny), Folder(tmp_path / "mine"))
    newer = '{"format": "gaf-corpus", "format_version": 9}'
    for content, message in (("{}", "not of a run"), ("x", "not of a"), (newer, "of version 9")):
        (tmp_path / "mine" / "run.json").write_text(content)
        with pytest.raises(gaf.SettingsError, match=message):
            run(source, explainer(tiny), Folder(tmp_path / "mine"))
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "mine"
    with pytest.raises(gaf.SettingsError, match="cannot be written"):
        run(source, explainer(tiny), Folder(Path("/dev/null/run")))


def test_a_part_says_what_its_rows_are(tiny, source, tmp_path):
    folder = Folder(tmp_path / "run")
    run(source, explainer(tiny), folder)
    assert list(rows(folder).columns)[: len(OF_TEXT)] == list(OF_TEXT)
    about = folder.about
    assert about["file"] == "texts.csv"
    assert about["asked"]["methods"]["AGF"][0] == "AGF"
    assert about["asked"]["perturbation"]["operator"] == "mask"
