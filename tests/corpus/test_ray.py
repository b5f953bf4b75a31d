"""The rows of a Ray cluster of two workers, on this machine; one that dies is replaced."""

import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.corpus.engines import HERE, OnRay
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.running import run
from gaf_core.corpus.texts import Source
from gaf_core.methods import Method, Scored
from tests.support.corpus_rows import assert_same_numbers, comparable
from tests.support.models import save_tiny

ray = pytest.importorskip("ray")
METHODS = ["relevance", "AGF"]
TEXTS = [random_text(1 + seed % 6, seed) for seed in range(24)]


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """Two processors on this machine; nothing of it is sent to anybody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray.init(num_cpus=2, log_to_driver=False, logging_level="ERROR", **HERE)
        yield
        ray.shutdown()


def written(folder: Path) -> Source:
    (folder / "texts.txt").write_text("\n".join(TEXTS))
    return Source(folder / "texts.txt")


def rows(folder: Folder) -> pd.DataFrame:
    return pa.concat_tables([folder.read(number) for number in folder.numbers]).to_pandas()


def test_two_workers_have_the_rows_of_one_process(saved, tmp_path):
    explainer, source = gaf.BatchExplainer(saved, METHODS), written(tmp_path)
    here, there = Folder(tmp_path / "here"), Folder(tmp_path / "there")
    run(source, explainer, here, part=4)
    done = run(source, explainer, there, part=4, engine=OnRay(workers=2), total=24)
    assert (done.texts, done.found) == (24, 0)
    found, expected = comparable(rows(there)), comparable(rows(here))
    assert found["position"].tolist() == expected["position"].tolist()
    assert_same_numbers(found, expected, gaf.load_model(saved))
    again = run(source, explainer, there, engine=OnRay(workers=2))
    assert again.found == 24


def test_a_worker_that_is_killed_is_replaced_and_its_part_is_done_again(saved, tmp_path):
    marks, source = tmp_path / "marks", written(tmp_path)
    marks.mkdir()
    deadly, me = TEXTS[13], os.getpid()

    def dies_once(_model, trace, _progress):
        if trace.text == deadly and not (marks / "died").exists():
            assert os.getpid() != me
            (marks / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Scored(np.ones(len(trace.tokens)))

    method = Method("dies", "Dies", "a test", "chance", "A test.", dies_once)
    folder = Folder(tmp_path / "run")
    done = run(
        source, gaf.BatchExplainer(saved, [method, "AGF"]), folder, part=4, engine=OnRay(workers=2)
    )
    assert (marks / "died").exists()
    found = rows(folder)
    assert done.texts == 24
    at = list(zip(found["position"], found["method"], strict=True))
    assert at == [(position, label) for position in range(24) for label in ("dies", "AGF")]
    assert set(found["failure"]) == {""}


def test_what_a_worker_cannot_do_is_a_sentence(saved, tmp_path):
    source = written(tmp_path)
    with source.path.open("a") as file:
        file.write("\n" + "good " * 40)
    explainer = gaf.BatchExplainer(saved, METHODS, long="refuse")
    with pytest.raises(gaf.GafError, match="Line 25: The text has 42 tokens"):
        run(source, explainer, Folder(tmp_path / "run"), part=4, engine=OnRay(workers=1))
    assert Folder(tmp_path / "run").numbers, "what was done before is kept"


def test_more_workers_than_cores_have_room(monkeypatch):
    """Of a cluster that begins on this machine; without it the run would wait for ever."""
    asked = {}
    monkeypatch.setenv("GAF_THREADS", "1")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda **options: asked.update(options))
    OnRay(workers=3, threads=2)._cluster()
    assert asked["num_cpus"] == 6
    OnRay()._cluster()
    assert asked["num_cpus"] == 1


def test_ray_data_maps_it(saved):
    explainer = gaf.BatchExplainer(saved, METHODS, threads=1)
    data = ray.data.from_items([{"id": n, "text": text} for n, text in enumerate(TEXTS)])
    found = data.map_batches(
        gaf.BatchExplainer,
        fn_constructor_args=(saved, METHODS),
        fn_constructor_kwargs={"threads": 1},
        batch_size=8,
        compute=ray.data.ActorPoolStrategy(size=2),
    ).to_pandas()
    order = found.sort_values("id", kind="stable").reset_index(drop=True)
    expected = pd.DataFrame(explainer({"id": list(range(24)), "text": TEXTS}))
    assert order["id"].tolist() == expected["id"].tolist()
    assert_same_numbers(comparable(order), comparable(expected), gaf.load_model(saved))
