"""GGUF files: one that is written here, so that it is small."""

import importlib.util
import json
import os
import shutil

import numpy as np
import pytest
import torch
from huggingface_hub import constants

import gaf_core as gaf
from gaf_core.models import gguf as reading
from gaf_core.models.gguf import cache_folder
from gaf_core.models.model import Task

gguf = pytest.importorskip("gguf", reason="the package gguf is not installed")
pytest.importorskip("accelerate", reason="the package accelerate is not installed")

WIDTH, HEADS, LAYERS = 32, 2, 2
VOCABULARY = ["<|endoftext|>", *"abcdefghijklmno", "Ġ", "Ġa", "Ġb", "ab"]
MERGES = ["Ġ a", "Ġ b", "a b"]


def write_gguf(path, seed=0):
    """A language model like Llama with random weights and a byte-level BPE tokenizer."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(VOCABULARY))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(VOCABULARY)
    writer.add_token_types([3, *[1] * (len(VOCABULARY) - 1)])
    writer.add_token_merges(MERGES)
    for add in (writer.add_bos_token_id, writer.add_eos_token_id, writer.add_unk_token_id):
        add(0)

    def matrix(rows):
        return random.normal(size=(rows, WIDTH)).astype(np.float32)

    tensors = {"token_embd": matrix(len(VOCABULARY)), "output": matrix(len(VOCABULARY))}
    tensors["output_norm"] = np.ones(WIDTH, np.float32)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
            tensors[f"blk.{layer}.{name}"] = matrix(WIDTH)
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{layer}.{name}"] = np.ones(WIDTH, np.float32)
    for name, tensor in tensors.items():
        writer.add_tensor(f"{name}.weight", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    write_gguf(folder / "tiny.gguf")
    return folder


def test_a_folder_with_a_gguf_file_loads_exactly(folder):
    model = gaf.load_model(folder)
    assert (model.task, model.layers, model.heads) == (Task.NEXT_TOKEN, LAYERS, HEADS)
    assert model.max_tokens == 64
    assert model.labels[:4] == ("<|endoftext|>", "a", "b", "c")
    assert model.labels[17] == " a"
    written = write_gguf(folder / "again.gguf")
    weights = model.module.state_dict()
    for ours, theirs in {
        "model.embed_tokens.weight": "token_embd",
        "lm_head.weight": "output",
        "model.layers.1.mlp.up_proj.weight": "blk.1.ffn_up",
    }.items():
        assert np.array_equal(weights[ours].numpy(), written[theirs])


def test_the_tokenizer_of_a_gguf_file_reports_offsets(folder):
    text = "ab a  o"
    traced = gaf.trace(gaf.load_model(folder), text)
    assert [text[start:end] for start, end in traced.offsets] == ["ab", " a", " ", " ", "o"]


def test_the_second_load_reads_the_converted_copy(folder, monkeypatch):
    first = gaf.load_model(folder)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)  # as if gguf were gone
    second = gaf.load_model(folder / "tiny.gguf")
    weights = second.module.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in first.module.state_dict().items())
    assert len(list(cache_folder().iterdir())) == 1  # and no half-made folder beside it


def test_the_same_file_elsewhere_finds_the_same_copy(folder, tmp_path):
    gaf.load_model(folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    gaf.load_model(tmp_path / "elsewhere")
    assert len(list(cache_folder().iterdir())) == 1


def test_a_file_that_changed_is_converted_again(folder):
    before = gaf.load_model(folder).module.lm_head.weight
    write_gguf(folder / "tiny.gguf", seed=1)
    after = gaf.load_model(folder).module.lm_head.weight
    assert not np.array_equal(before.numpy(), after.numpy())


def test_a_cache_that_cannot_be_written_is_done_without(folder, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert gaf.load_model(folder).layers == LAYERS


def test_missing_packages_are_named_with_the_command(folder, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(gaf.ModelError, match="pip install gguf accelerate"):
        gaf.load_model(folder)


def test_several_gguf_files_are_a_question(folder):
    shutil.copy(folder / "tiny.gguf", folder / "other.gguf")
    with pytest.raises(gaf.ModelError, match=r"several.*other\.gguf, tiny\.gguf"):
        gaf.load_model(folder)
    assert gaf.load_model(folder / "other.gguf").layers == LAYERS


def test_a_gguf_file_cut_short_is_refused(folder):
    whole = (folder / "tiny.gguf").read_bytes()
    for part in (b"", b"not gguf at all", whole[: len(whole) // 2]):
        (folder / "tiny.gguf").write_bytes(part)
        with pytest.raises(gaf.ModelError, match=r"does not hold a causal language model"):
            gaf.load_model(folder)
    assert list(cache_folder().iterdir()) == []


def test_what_lies_beside_a_gguf_file_is_not_asked(folder, tmp_path):
    """Neither an adapter, which would send the reader to another model, nor a tokenizer."""
    expected = gaf.load_model(folder).module.lm_head.weight
    shutil.rmtree(tmp_path / "cache")
    adapter = {"base_model_name_or_path": "someone/else", "peft_type": "LORA"}
    (folder / "adapter_config.json").write_text(json.dumps(adapter))
    (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": "x"}}))
    assert torch.equal(gaf.load_model(folder / "tiny.gguf").module.lm_head.weight, expected)


def test_what_a_killed_conversion_left_is_removed_and_one_at_work_stays(folder):
    cache_folder().mkdir(parents=True)
    with reading._workplace(cache_folder()) as at_work:
        own = at_work.name.split("-")
        left = [
            cache_folder() / name
            for name in (
                f".converting-{os.getpid()}-1-abc",  # its number is used again
                f".converting-99999999-{own[2]}-abc",
                ".converting-abc",  # of an earlier version
            )
        ]
        for one in left:
            (one / "part").mkdir(parents=True)
        gaf.load_model(folder)
        assert not any(one.exists() for one in left)
        assert at_work.is_dir()
    assert len(list(cache_folder().iterdir())) == 1
