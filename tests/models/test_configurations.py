"""What a configuration asks for: taken as transformers takes it, or refused where it leads away."""

import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

import gaf_core as gaf
from benchmarks.tiny import tiny_tokenizer
from tests.support.models import save_tiny, tiny_module
from tests.support.tolerance import assert_close, through

TEXT = "a good film not bad"


@pytest.fixture
def folder(tmp_path):
    return save_tiny(tmp_path / "model")


def changed(folder, name="config.json", **entries):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))
    return folder


def logits_of_transformers(folder):
    module = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager")
    inputs = tiny_tokenizer()(TEXT, return_tensors="pt")
    with torch.no_grad():
        output = module.eval()(inputs["input_ids"], inputs["attention_mask"])
    return (output[0] if isinstance(output, tuple) else output.logits)[0].numpy()


def assert_predicts_as_transformers(folder):
    model = gaf.load_model(folder)
    ours = gaf.trace(model, TEXT).logits
    theirs = logits_of_transformers(folder)
    assert_close(ours, theirs, roundings=through(model), precision=np.float32)
    assert gaf.explain(model, TEXT).solution.certified


@pytest.mark.parametrize(
    "entries",
    [
        {"return_dict": False},
        {"output_attentions": True, "output_hidden_states": True},
        {"torchscript": True},
        {"use_cache": False, "return_dict": False, "output_attentions": True},
    ],
)
def test_how_a_model_was_called_does_not_matter(folder, entries):
    assert_predicts_as_transformers(changed(folder, **entries))


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_attention_is_eager_whatever_was_saved(folder, key):
    expected = logits_of_transformers(folder)
    changed(folder, **{key: "sdpa", "output_attentions": True})
    model = gaf.load_model(folder)
    ours = gaf.trace(model, TEXT).logits
    assert_close(ours, expected, roundings=through(model), precision=np.float32)
    assert model.module.config._attn_implementation == "eager"


def sharded(folder, *names):
    """The weights of a folder divided over files of these names, and an index that says how."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    shares = {name: list(weights)[at :: len(names)] for at, name in enumerate(names)}
    for name, keys in shares.items():
        (folder / name).parent.mkdir(exist_ok=True)
        save_file({key: weights[key] for key in keys}, folder / name, metadata={"format": "pt"})
    index(folder, {key: name for name, keys in shares.items() for key in keys})
    return folder


def index(folder, names):
    content = json.dumps({"metadata": {}, "weight_map": names})
    (folder / "model.safetensors.index.json").write_text(content)


@pytest.mark.parametrize(
    "names",
    [
        ("part-a.safetensors", "part-b.safetensors"),
        ("parts/one.safetensors", "two words.safetensors"),
    ],
)
def test_shards_are_those_that_the_index_lists(folder, names):
    assert_predicts_as_transformers(sharded(folder, *names))
    (folder / names[0]).unlink()
    with pytest.raises(gaf.ModelError, match=f"lacks {names[0]}"):
        gaf.load_model(folder)


@pytest.mark.parametrize("name", ["chosen.safetensors", "chosen.safetensors.index.json"])
def test_the_weights_that_a_configuration_names_come_first(folder, name):
    other = tiny_module(seed=1)
    if name.endswith(".json"):
        shutil.copytree(folder, folder / "other")
        other.save_pretrained(folder / "other")
        sharded(folder / "other", "a.safetensors", "b.safetensors")
        for part in ("a.safetensors", "b.safetensors"):
            shutil.move(folder / "other" / part, folder / part)
        shutil.move(folder / "other" / "model.safetensors.index.json", folder / name)
    else:
        save_file(other.state_dict(), folder / name, metadata={"format": "pt"})
    changed(folder, transformers_weights=name)
    assert_predicts_as_transformers(folder)


# What leads elsewhere


class Alarm:
    """A pickle that says so when it is read."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was read",)


@pytest.mark.parametrize("name", ["adapter_model.bin", "weights.bin", "weights.pt", 7, ""])
@pytest.mark.parametrize("whole", [True, False])
def test_weights_named_by_a_configuration_are_never_pickles(folder, name, whole):
    if name and isinstance(name, str):
        (folder / name).write_bytes(pickle.dumps(Alarm()))
    if not whole:
        sharded(folder, "part-a.safetensors")
    changed(folder, transformers_weights=name)
    with pytest.raises(gaf.ModelError, match="read from safetensors files alone"):
        gaf.load_model(folder)


OUTSIDE = (
    "../x.safetensors",
    "{}/x.safetensors",
    "a/../../x.safetensors",
    "..\\x.safetensors",
    "C:\\x.safetensors",
    "link.safetensors",
)


@pytest.mark.parametrize("named", OUTSIDE)
@pytest.mark.parametrize("by", ["index", "configuration"])
def test_weights_lie_inside_the_folder(folder, named, by):
    outside = folder.parent / "x.safetensors"
    shutil.copy(folder / "model.safetensors", outside)
    (folder / "link.safetensors").symlink_to(outside)
    named = named.format(folder.parent)
    if by == "index":
        keys = load_file(outside)
        (folder / "model.safetensors").unlink()
        index(folder, dict.fromkeys(keys, named))
    else:
        changed(folder, transformers_weights=named)
    with pytest.raises(gaf.ModelError, match="outside of it"):
        gaf.load_model(folder)


def test_a_link_inside_the_folder_is_followed(folder):
    sharded(folder, "part-a.safetensors")
    (folder / "part-a.safetensors").rename(folder / "kept.safetensors")
    (folder / "part-a.safetensors").symlink_to("kept.safetensors")
    assert_predicts_as_transformers(folder)


def test_an_index_of_pickles_is_refused(folder):
    keys = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Alarm()))
    index(folder, dict.fromkeys(keys, "pytorch_model.bin"))
    with pytest.raises(gaf.ModelError, match=r"'pytorch_model\.bin' as weights"):
        gaf.load_model(folder)


def test_a_checkpoint_of_another_kind_beside_the_weights_is_not_read(folder):
    expected = gaf.trace(gaf.load_model(folder), TEXT).logits
    (folder / ".metadata").write_bytes(pickle.dumps(Alarm()))
    (folder / "generation_config.json").write_text('{"custom_generate": "x"}')
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Alarm()))
    assert np.array_equal(gaf.trace(gaf.load_model(folder), TEXT).logits, expected)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"configuration_files": ["config.4.0.0.json"]}, "configuration_files"),
        ({"quantization_config": {"quant_method": "fp8"}}, r"quantised \(fp8\)"),
        ({"quantization_config": {"load_in_8bit": True}}, "quantised"),
        ({"text_config": {"quantization_config": {"quant_method": "awq"}}}, r"quantised \(awq\)"),
        ({"model_type": "mine", "auto_map": {"AutoConfig": "x.Y"}}, "code is not run"),
    ],
)
def test_a_configuration_that_leads_elsewhere_is_refused(folder, entries, message):
    with pytest.raises(gaf.ModelError, match=message):
        gaf.load_model(changed(folder, **entries))


def test_code_of_a_model_that_transformers_knows_is_not_run(folder):
    (folder / "code.py").write_text("raise SystemExit('code was run')")
    code = dict.fromkeys(("AutoConfig", "AutoModelForSequenceClassification"), "code.Model")
    expected = gaf.trace(gaf.load_model(folder), TEXT).logits
    changed(
        folder,
        auto_map=code,
        custom_pipelines={"x": {"impl": "code.X"}},
        quantization_config=None,
        _name_or_path="/etc",
        attn_implementation="kernels-community/flash-attn",
    )
    changed(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["code.T", "code.T"]})
    assert np.array_equal(gaf.trace(gaf.load_model(folder), TEXT).logits, expected)


def test_labels_may_be_called_as_entries_are(folder):
    names = ["auto_map", "return_dict"]
    changed(folder, id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})
    assert gaf.load_model(folder).labels == tuple(names)


@pytest.mark.parametrize("key", ["tokenizer_file", "vocab_file", "special_tokens_map_file",
                                 "merges_file", "sp_model_file"])  # fmt: skip
def test_a_tokenizer_reads_its_own_files_alone(folder, tmp_path, key):
    other = tiny_tokenizer()
    other.add_tokens(["splendid"])
    other.save_pretrained(tmp_path / "other")
    changed(
        folder,
        "tokenizer_config.json",
        fast_tokenizer_files=["../other/tokenizer.1.0.json"],
        init_inputs=["/etc/hostname"],
        **{key: str(tmp_path / "other" / "tokenizer.json")},
    )
    shutil.copy(tmp_path / "other/tokenizer.json", tmp_path / "other/tokenizer.1.0.json")
    tokenizer = gaf.load_model(folder).tokenizer
    assert "splendid" not in tokenizer.get_vocab()
    tokenizer.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "tokenizer.json").exists()


# Sizes


def test_weights_of_another_size_are_named_with_both_shapes(folder):
    changed(folder, intermediate_size=40)
    with pytest.raises(gaf.ModelError) as caught:
        gaf.load_model(folder)
    message = str(caught.value)
    assert "intermediate.dense.bias' has the shape [24]" in message
    assert "asks for [40]" in message
    assert "and so for 8 more" in message
    assert "report" not in message


def test_a_head_for_other_labels_is_named(folder):
    names = ["a", "b", "c"]
    changed(folder, id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})
    with pytest.raises(gaf.ModelError, match=r"'classifier.bias' has the shape \[2\].*\[3\]"):
        gaf.load_model(folder)
