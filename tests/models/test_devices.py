"""Where a model computes: what is there is used, what is not is refused in a sentence."""

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models.devices import resolve_device
from tests.support.models import in_float64, save_tiny
from tests.support.tolerance import STORED, assert_close


@pytest.fixture
def machine(monkeypatch):
    """Set what PyTorch finds."""

    def has(cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


def test_auto_takes_the_fastest_that_is_there(machine):
    machine()
    assert resolve_device("auto") == torch.device("cpu")
    machine(mps=True)
    assert resolve_device("auto") == torch.device("mps")
    machine(cuda=2, mps=True)
    assert resolve_device("auto") == torch.device("cuda")


def test_a_device_that_is_there_is_taken(machine):
    machine(cuda=2, mps=True)
    for name in ("cpu", "cuda", "cuda:0", "cuda:1", "mps"):
        assert resolve_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_there_is_refused(machine, name, tmp_path):
    machine()
    with pytest.raises(gaf.ModelError, match=f"'{name}' is not available"):
        gaf.load_model(save_tiny(tmp_path), device=name)


def test_one_device_too_many_says_how_many_there_are(machine):
    machine(cuda=2)
    with pytest.raises(gaf.ModelError, match=r"'cuda:2' is not available: PyTorch finds 2"):
        resolve_device("cuda:2")


@pytest.mark.parametrize(
    "name", ["gpu", "", "cuda:", "cuda:-1", "cuda:1:1", "CPU", "cpu ", "meta", None]
)
def test_what_is_no_device_is_refused_with_the_choices(name):
    with pytest.raises(gaf.ModelError, match="auto, cpu, cuda"):
        resolve_device(name)


def test_a_model_is_where_it_was_asked_to_be(tmp_path):
    assert gaf.load_model(save_tiny(tmp_path), device="cpu").device == torch.device("cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_model_computes_on_cuda(tmp_path):
    folder = save_tiny(tmp_path)
    here, there = (in_float64(gaf.load_model(folder, device=name)) for name in ("cpu", "cuda"))
    assert there.device.type == "cuda"
    expected, found = (gaf.trace(model, "a good film") for model in (here, there))
    assert_close(found.gradient, expected.gradient, precision=np.float32, roundings=STORED)
