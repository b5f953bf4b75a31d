"""A text too large for memory is refused with numbers, and the estimate covers what is kept."""

import math
import sys
from types import SimpleNamespace

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.errors import MemoryLimitError
from gaf_core.models import memory as free
from gaf_core.models.model import Task
from gaf_core.tracing import memory
from gaf_core.tracing.frozen import ATTN_LRP, GIM, Frozen
from gaf_core.tracing.memory import available_memory, estimate_memory
from tests.support.architectures import SUPPORTED, build, text_for

ROWS = {row.model_type: row for row in SUPPORTED}
CPU = torch.device("cpu")
CONTROL_GROUPS = free._CONTROL_GROUPS


@pytest.fixture
def machine(monkeypatch):
    """A machine with as many bytes free as a test says, and no container around it."""

    def has(size):
        monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=size))

    monkeypatch.setattr(free, "_CONTROL_GROUPS", ())
    has(2**40)
    return has


def test_a_text_that_does_not_fit_says_what_would(monkeypatch):
    model = build(ROWS["bert"], Task.CLASSIFICATION)
    free = estimate_memory(model, 20)
    monkeypatch.setattr(memory, "available_memory", lambda _device: free)
    assert len(gaf.trace(model, random_text(18)).tokens) == 20
    with pytest.raises(MemoryLimitError, match=r"21 tokens .* Shorten it to 20") as caught:
        gaf.trace(model, random_text(19))
    error = caught.value
    assert (error.tokens, error.available, error.fitting) == (21, free, 20)
    assert error.needed == estimate_memory(model, 21)
    assert isinstance(error, gaf.TextError)


def test_no_forward_pass_is_tried(monkeypatch):
    model = build(ROWS["bert"], Task.CLASSIFICATION)
    monkeypatch.setattr(memory, "available_memory", lambda _device: 10)
    model.module.register_forward_pre_hook(lambda *_: pytest.fail("the model ran"))
    with pytest.raises(MemoryLimitError, match="Free memory"):
        gaf.trace(model, "a good film")


@pytest.mark.parametrize(("limit", "left"), [("5000", 1700), ("900", 0), ("max", 6000)])
@pytest.mark.parametrize("version", [0, 1])
def test_the_limit_of_a_container_is_a_limit(tmp_path, monkeypatch, machine, version, limit, left):
    machine(6000)
    _, most, used, cached = CONTROL_GROUPS[version]
    for name, content in ((most, limit), (used, "4000"), ("memory.stat", f"a 1\n{cached} 700")):
        (tmp_path / name).write_text(f"{content}\n")
    monkeypatch.setattr(free, "_CONTROL_GROUPS", ((tmp_path, most, used, cached),))
    assert available_memory(CPU) == left
    machine(1000)  # less than the container lets it take
    assert available_memory(CPU) == min(left, 1000)


@pytest.mark.parametrize("kind", ["bert", "deberta-v2", "gpt2", "llama", "gemma2", "bart", "t5"])
@pytest.mark.parametrize("frozen", [None, Frozen(), ATTN_LRP, GIM])
@pytest.mark.usefixtures("machine")
def test_the_estimate_covers_what_the_backward_pass_keeps(kind, frozen):
    row = ROWS[kind]
    model = build(row, row.of_texts[-1])
    model.module.float()
    kept: dict[int, int] = {}

    def keep(tensor):
        # weights are there before and after; views of one tensor share their memory
        if not isinstance(tensor, torch.nn.Parameter):
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        # all of it stays until the residual is known
        traced = gaf.trace(model, text_for(model), frozen=frozen, residual=True)
    needed = sum(kept.values()) + 2 * traced.gradient.nbytes
    assert needed < estimate_memory(model, len(traced.tokens))


def test_the_estimate_grows_with_the_square_of_a_long_text():
    model = build(ROWS["bert"], Task.CLASSIFICATION)
    maps = 4 * model.layers * model.heads * 10_000**2
    assert 3 < estimate_memory(model, 10_000) / maps < 6


def test_a_decoder_beside_the_encoder_is_counted():
    alone, both = (build(ROWS[kind], Task.CLASSIFICATION) for kind in ("bert", "bart"))
    assert estimate_memory(both, 1000) > 1.2 * estimate_memory(alone, 1000)


def test_free_memory_is_that_of_the_system_or_guessed(monkeypatch, machine):
    machine(3 * 2**30)
    assert available_memory(CPU) == 3 * 2**30
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert available_memory(CPU) == 4 * 2**30


def test_free_memory_of_this_machine_is_known():
    assert 0 <= free._left_in_container() <= math.inf
    assert available_memory(CPU) >= 0


def test_a_batch_of_masks_fits_what_is_free(machine, monkeypatch):
    machine(2**40)
    model = gaf.load_model("minilm-reviews")
    assert memory.rows_that_fit(model, 10) == 64
    assert memory.rows_that_fit(model, 500) == 2
    assert memory.rows_that_fit(model, 2000) == 1
    monkeypatch.setattr(memory, "available_memory", lambda _: 10 * estimate_memory(model, 100))
    assert memory.rows_that_fit(model, 100, backward=True) == 5
    monkeypatch.setattr(memory, "available_memory", lambda _: 0)
    assert memory.rows_that_fit(model, 10) == memory.rows_that_fit(model, 10, backward=True) == 1
