"""Loading: what works, and what each failure says."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import gaf_core as gaf
from tests.support.models import save_tiny, tiny_module


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
    with pytest.raises(gaf.ModelError, match="no whole safetensors file"):
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


@pytest.mark.parametrize("text", ["", "{", "not json", '{"model_type": "bert"', "\x00"])
def test_a_configuration_that_is_not_json_is_named(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(gaf.ModelError, match=r"config\.json' cannot be read: it is not valid JSON"):
        gaf.load_model(folder)


def test_a_configuration_in_another_encoding_is_named(folder):
    (folder / "config.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(gaf.ModelError, match=r"config\.json' cannot be read"):
        gaf.load_model(folder)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"bert"'])
def test_a_configuration_that_is_no_object_is_named(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(gaf.ModelError, match="must hold an object"):
        gaf.load_model(folder)


def test_a_file_that_cannot_be_read_is_no_traceback(folder):
    (folder / "config.json").unlink()
    (folder / "config.json").mkdir()
    with pytest.raises(gaf.ModelError, match=r"config\.json"):
        gaf.load_model(folder)


def test_an_empty_configuration_is_refused(folder):
    (folder / "config.json").write_text("{}")
    with pytest.raises(gaf.ModelError, match="does not hold a model that can be loaded"):
        gaf.load_model(folder)


def test_a_tokenizer_that_is_not_json_is_refused(folder):
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(gaf.ModelError, match=r"tokenizer\.json.* is not valid JSON"):
        gaf.load_model(folder)


@pytest.fixture
def sharded(tmp_path):
    folder = save_tiny(tmp_path / "sharded")
    (folder / "model.safetensors").unlink()
    tiny_module().save_pretrained(folder, max_shard_size="4KB")
    return folder


def test_weights_in_several_files_load(sharded, folder):
    whole, parts = (gaf.load_model(path).module.state_dict() for path in (folder, sharded))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_missing_shard_is_named(sharded):
    shard = sorted(sharded.glob("model-*.safetensors"))[1]
    shard.unlink()
    with pytest.raises(gaf.ModelError, match=f"lacks {shard.name}"):
        gaf.load_model(sharded)


def test_an_index_without_a_map_is_refused(sharded):
    (sharded / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(gaf.ModelError, match="does not say which file"):
        gaf.load_model(sharded)


def test_a_file_is_not_a_folder(folder):
    with pytest.raises(gaf.ModelError, match=r"is a file\. Give the folder"):
        gaf.load_model(folder / "model.safetensors")


def test_an_absent_folder_is_named(tmp_path):
    with pytest.raises(gaf.ModelError, match="no folder"):
        gaf.load_model(tmp_path / "nowhere")


def test_every_preset_of_the_project_is_there():
    assert gaf.load_model("minilm-reviews").name == "minilm-reviews"
    assert "smollm2-135m" in gaf.PRESETS
