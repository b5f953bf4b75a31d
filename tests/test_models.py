"""Loading: what works, and what each failure says."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import gaf_core as gaf
from tests.models import save_tiny


@pytest.fixture
def folder(tmp_path):
    return save_tiny(tmp_path / "model")


def test_a_local_folder_loads_ready_to_trace(folder):
    model = gaf.load_model(folder)
    assert model.labels == ("negative", "positive")
    assert (model.layers, model.heads, model.max_tokens) == (3, 2, 32)
    assert not model.module.training
    assert model.module.config._attn_implementation == "eager"
    assert {parameter.dtype for parameter in model.module.parameters()} == {torch.float32}
    assert not any(parameter.requires_grad for parameter in model.module.parameters())


def test_half_precision_weights_compute_in_single_precision(folder):
    weights = load_file(folder / "model.safetensors")
    halves = {name: tensor.half() for name, tensor in weights.items()}
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
    model = gaf.load_model(folder)
    assert {parameter.dtype for parameter in model.module.parameters()} == {torch.float32}


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(gaf.ModelError, match="minilm-reviews"):
        gaf.load_model("minilm-review")


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(gaf.ModelError, match=missing):
        gaf.load_model(folder)


def test_a_folder_without_a_tokenizer_is_refused(folder):
    for file in folder.glob("*token*"):
        file.unlink()
    with pytest.raises(gaf.ModelError, match="tokenizer"):
        gaf.load_model(folder)


def test_truncated_weights_are_refused(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(gaf.ModelError, match=r"cannot|does not hold"):
        gaf.load_model(folder)


def test_an_unknown_architecture_is_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "nonesuch"}))
    with pytest.raises(gaf.ModelError, match="nonesuch"):
        gaf.load_model(folder)


def test_pickled_weights_are_never_read(folder):
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(gaf.ModelError, match="safetensors"):
        gaf.load_model(folder)
