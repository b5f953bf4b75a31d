"""The solver is compiled once: in steps that are shown, kept, and enough for every network."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.networks import information
from gaf_core.flow import augment, barrier, certificate, compiled, ready, steps

ENTRIES = (augment.augment, augment.shift, certificate._crossed, certificate._decrement)
BLOCKS = barrier._route, barrier._surround


def compiled_for() -> list[int]:
    """For how many kinds of arguments each function that is called from Python was compiled."""
    functions = [function for function, _ in steps.parts()]
    return [len(function.signatures) for function in [*functions, *ENTRIES, *BLOCKS]]


@pytest.mark.parametrize("threads", ["1", "2"])
def test_nothing_is_compiled_after_it_was_prepared(monkeypatch, threads):
    monkeypatch.setenv("GAF_THREADS", threads)
    ready.prepare()
    assert ready.compiled()
    before = compiled_for()
    assert max(before) == 2  # the Newton systems, in double and in single precision
    for tokens in (1, 5, 130):
        network = gaf.FlowNetwork.from_information(information("attention", 3, tokens, seed=0))
        gaf.solve(network)
        gaf.max_flow(network)
        gaf.ambiguity(network)
        gaf.ambiguity(network, [[0], list(range(tokens))])
        gaf.extreme_flows(network, int(np.flatnonzero(network.live[0])[0]))
    narrow = gaf.FlowNetwork.from_information(np.ones((2, 3, 3)), node_capacity=np.ones((2, 3)))
    gaf.central_path(narrow, [1e-1, 1e-3])
    assert compiled_for() == before


def test_each_step_is_shown(monkeypatch):
    monkeypatch.setattr(ready, "_prepared", False)
    shown = []
    ready.prepare(lambda done, total: shown.append((done, total)))
    total = shown[0][1]
    assert shown == [(done, total) for done in range(total + 1)]
    assert total > 10
    ready.prepare(lambda *_: pytest.fail("it was prepared already"))


def test_a_compilation_is_said_and_what_was_kept_is_not(monkeypatch, tmp_path):
    said = []
    monkeypatch.setattr(ready, "_prepared", False)
    ready.prepare_aloud(said.append)
    assert not said
    monkeypatch.setattr(ready, "_prepared", False)
    monkeypatch.setattr(ready, "CACHE", tmp_path)  # in which nothing was kept yet
    ready.prepare_aloud(said.append)
    assert said[0] == f"compiling the solver, about half a minute, once: 1 of {len(said)}"
    assert ready.compiled()
    assert [file.name for file in tmp_path.iterdir()] == ["complete"]


def test_where_the_package_cannot_be_written_to_the_users_caches_can(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "_FOLDER", tmp_path)
    monkeypatch.setattr(compiled, "_user_caches", lambda: tmp_path / "caches")
    (tmp_path / "one.py").write_text("1")
    beside = compiled._cache_folder()
    assert beside is not None
    assert beside.parent == tmp_path / "__pycache__"
    (tmp_path / "one.py").write_text("2")
    assert compiled._cache_folder() not in (None, beside)
    shutil.rmtree(tmp_path / "__pycache__")
    (tmp_path / "__pycache__").touch()  # a file, in which there can be no folder
    found = compiled._cache_folder()
    assert found is not None
    assert found.parent == tmp_path / "caches" / "gaf-explorer"
    (tmp_path / "nowhere").touch()
    monkeypatch.setattr(compiled, "_user_caches", lambda: tmp_path / "nowhere")
    assert compiled._cache_folder() is None


def test_only_the_first_time_is_called_a_compilation():
    command = [sys.executable, "-m", "gaf_core.flow"]
    ready.prepare()
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.startswith("solver ready in")
