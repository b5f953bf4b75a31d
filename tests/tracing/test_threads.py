"""torch computes with the threads that fit, in the calling thread, and leaves no trace of that."""

from collections.abc import Callable
from threading import Thread
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.tracing import threads
from gaf_core.tracing.prediction import forward
from gaf_core.tracing.threads import fitting, threads_that_fit
from tests.support.models import save_tiny

T = TypeVar("T")
SET = 3  # what the user of the library has set


def in_new_thread(function: Callable[[], T]) -> T:
    found: list[T] = []
    thread = Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture(autouse=True)
def set_by_the_user():
    before = torch.get_num_threads()
    torch.set_num_threads(SET)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def large(monkeypatch):
    """Every pass counts as large."""
    monkeypatch.setattr(threads, "WORTHWHILE", 0)


def a_model(width: int, device: str = "cpu") -> Any:
    config = SimpleNamespace(hidden_size=width)
    module = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: config))
    return SimpleNamespace(module=module, device=torch.device(device))


def test_the_size_of_a_pass_and_the_cores_decide(monkeypatch):
    monkeypatch.setenv("GAF_THREADS", "6")
    assert [fitting(a_model(384), tokens) for tokens in (16, 512)] == [1, 1]
    assert [fitting(a_model(768), tokens) for tokens in (16, 256, 512)] == [1, 1, 6]
    assert fitting(a_model(4096), 16) == 6
    monkeypatch.setenv("GAF_THREADS", "1")
    assert fitting(a_model(4096), 512) == 1


def test_a_small_pass_has_one_thread_and_all_others_what_was_set(tiny):
    with threads_that_fit(tiny, 16):
        assert torch.get_num_threads() == 1
        assert in_new_thread(torch.get_num_threads) == SET
        with threads_that_fit(tiny, 8):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == SET
    assert in_new_thread(torch.get_num_threads) == SET


def test_a_failure_leaves_what_was_set(tiny):
    with pytest.raises(ZeroDivisionError), threads_that_fit(tiny, 16):
        raise ZeroDivisionError
    assert torch.get_num_threads() == SET


@pytest.mark.usefixtures("large")
def test_a_large_pass_has_as_many_as_fit_and_no_more_than_were_set(monkeypatch, tiny):
    for cores, expected in (("2", 2), ("3", SET), ("64", SET)):
        monkeypatch.setenv("GAF_THREADS", cores)
        with threads_that_fit(tiny, 16):
            assert torch.get_num_threads() == expected
    torch.set_num_threads(1)
    with threads_that_fit(tiny, 16):
        assert torch.get_num_threads() == 1


def test_a_pass_on_a_gpu_changes_nothing():
    with threads_that_fit(a_model(16, device="cuda"), 16):
        assert torch.get_num_threads() == SET


@pytest.mark.parametrize("rows", [1, 5])
def test_every_pass_is_computed_so(monkeypatch, tiny, rows):
    """The forward pass of all texts at once, and the backward pass of a trace."""
    seen = []
    monkeypatch.setattr(threads, "fitting", lambda _, tokens: seen.append(tokens) or 2)
    used = []
    handle = tiny.module.register_forward_hook(lambda *_: used.append(torch.get_num_threads()))
    try:
        encoding = gaf.trace(tiny, "w1 w2").encoding
        tokens = len(encoding.tokens)
        assert seen == [tokens, tokens]  # both passes together, and the forward pass in them
        forward(tiny, {name: one.repeat(rows, 1) for name, one in encoding.inputs.items()})
        assert seen[2:] == [rows * tokens]
        assert used == [2, 2]
    finally:
        handle.remove()
    assert torch.get_num_threads() == SET


@pytest.mark.parametrize("method", ["saliency", "input_x_gradient", "integrated_gradients"])
def test_gradients_of_methods_are_computed_so(monkeypatch, tiny, method):
    pytest.importorskip("captum")
    found = gaf.trace(tiny, "w1 w2 w3")
    used = []
    original = torch.autograd.grad

    def grad(*arguments, **options):
        used.append(torch.get_num_threads())
        return original(*arguments, **options)

    monkeypatch.setattr(torch.autograd, "grad", grad)
    gaf.METHODS[method](tiny, found)
    assert set(used) == {1}


def test_the_same_text_has_the_same_bits_whatever_was_set_and_wherever(tiny):
    def gradient() -> np.ndarray:
        return gaf.trace(tiny, "w1 w2 w3 w4 w5").gradient

    expected = gradient()
    assert np.array_equal(in_new_thread(gradient), expected)
    torch.set_num_threads(1)
    assert np.array_equal(gradient(), expected)


def test_a_thread_that_begins_meanwhile_is_not_left_with_less(tiny):
    def inside() -> int:
        with threads_that_fit(tiny, 16):
            return torch.get_num_threads()

    with threads_that_fit(tiny, 16):
        other = in_new_thread(lambda: (torch.get_num_threads(), inside(), torch.get_num_threads()))
    assert other == (SET, 1, SET)
    assert in_new_thread(torch.get_num_threads) == SET


def test_a_wrong_variable_is_a_sentence(monkeypatch, tiny):
    monkeypatch.setenv("GAF_THREADS", "two")
    with pytest.raises(gaf.SettingsError, match="GAF_THREADS is 'two'"):
        gaf.trace(tiny, "w1")
