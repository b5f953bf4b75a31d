"""How many threads can run: affinity, control groups of both versions, and the variable."""

import os

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core import cores as module
from gaf_core.cores import at_most, cores, quota

ONE_AND_A_HALF = "150000 100000\n"


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


@pytest.fixture
def unlimited(monkeypatch):
    monkeypatch.delenv("GAF_THREADS", raising=False)
    monkeypatch.setattr(module, "_container_quota", lambda: float("inf"))


def test_the_least_of_a_group_and_all_it_is_in_limits_it(tmp_path):
    membership = "0::/pod/container\n"
    assert quota(membership, tmp_path) == float("inf")  # no such folder
    write(tmp_path / "pod" / "container", cpu__max="max 100000\n")
    assert quota(membership, tmp_path) == float("inf")
    write(tmp_path / "pod", cpu__max=ONE_AND_A_HALF)
    assert quota(membership, tmp_path) == 1.5
    write(tmp_path / "pod" / "container", cpu__max="50000 100000\n")
    assert quota(membership, tmp_path) == 0.5


def test_inside_a_container_the_limit_stands_at_the_root(tmp_path):
    write(tmp_path, cpu__max="300000 100000\n")
    assert quota("0::/\n", tmp_path) == quota("0::/docker/abc\n", tmp_path) == 3.0


def test_control_groups_of_the_first_version(tmp_path):
    membership = "9:memory:/other\n3:cpu,cpuacct:/pod\n0::/\n"
    write(tmp_path / "memory" / "other", cpu__cfs_quota_us="1", cpu__cfs_period_us="1000")
    assert quota(membership, tmp_path) == float("inf")
    group = tmp_path / "cpu,cpuacct" / "pod"
    write(group, cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    assert quota(membership, tmp_path) == float("inf")
    write(group, cpu__cfs_quota_us="200000\n")
    assert quota(membership, tmp_path) == 2.0


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize(("share", "expected"), [(0.2, 1), (1.0, 1), (2.7, 2), (1e9, 5)])
def test_a_share_of_a_core_is_no_core(monkeypatch, share, expected):
    monkeypatch.setattr(module, "_processors", lambda: 5)
    monkeypatch.setattr(module, "_container_quota", lambda: share)
    assert cores() == expected


@pytest.mark.usefixtures("unlimited")
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_a_process_that_is_kept_to_one_processor_has_one():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert cores() == len(before)


@pytest.mark.usefixtures("unlimited")
def test_the_variable_overrides_the_machine(monkeypatch):
    monkeypatch.setattr(module, "_processors", lambda: 2)
    monkeypatch.setenv("GAF_THREADS", " 7 ")
    assert cores() == 7
    monkeypatch.setenv("GAF_THREADS", "")
    assert cores() == 2


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "²"])
def test_a_variable_that_is_no_number_of_threads_is_a_sentence(monkeypatch, value):
    monkeypatch.setenv("GAF_THREADS", value)
    with pytest.raises(gaf.SettingsError, match=r"GAF_THREADS is '.*'\. Set it to"):
        gaf.solve(gaf.FlowNetwork.from_information(np.ones((1, 2, 2))))


def test_a_share_of_the_cores_ends_with_who_has_it(monkeypatch):
    monkeypatch.setenv("GAF_THREADS", "8")
    with at_most(None):
        assert cores() == 8
    with at_most(3):
        with at_most(5):
            assert cores() == 3, "the least of them"
        with at_most(16):
            assert cores() == 3
    assert cores() == 8
