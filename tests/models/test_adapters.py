"""PEFT adapters: the prediction is peft's own, wherever the base is, and what each refusal says."""

import importlib.util
import json
import shutil

import numpy as np
import peft
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    GPT2Config,
    GPT2LMHeadModel,
    RobertaConfig,
    RobertaForMaskedLM,
)

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY, tiny_tokenizer
from gaf_core.models.model import Task
from tests.models.test_hub import connect
from tests.support.fake_hub import FakeHub, serving
from tests.support.models import save_tiny, tiny_module
from tests.support.tolerance import assert_close, through

TEXT = "a good film not bad"
ADAPTED = ["query", "value"]
KINDS = {
    "LoRA": peft.LoraConfig(task_type="SEQ_CLS", r=2, lora_alpha=8, target_modules=ADAPTED),
    "rank-stabilised": peft.LoraConfig(
        task_type="SEQ_CLS", r=2, lora_alpha=8, target_modules=ADAPTED, use_rslora=True
    ),
    "DoRA": peft.LoraConfig(
        task_type="SEQ_CLS", r=2, lora_alpha=8, target_modules=ADAPTED, use_dora=True
    ),
    "LoHa": peft.LoHaConfig(task_type="SEQ_CLS", r=2, alpha=8, target_modules=ADAPTED),
    "LoKr": peft.LoKrConfig(task_type="SEQ_CLS", r=2, alpha=8, target_modules=ADAPTED),
    "IA3": peft.IA3Config(
        task_type="SEQ_CLS",
        target_modules=["key", "value", "output.dense"],
        feedforward_modules=["output.dense"],
    ),
    "no task": peft.LoraConfig(r=2, lora_alpha=8, target_modules=ADAPTED),
}


def trained(base, config, folder):
    """Save an adapter as training would leave it: nothing in it is at its first value."""
    wrapped = peft.get_peft_model(base, config)
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * torch.randn_like(parameter))
    wrapped.save_pretrained(folder)
    return folder


def named(folder, base):
    """Let an adapter name a base, as `base_model_name_or_path` does."""
    path = folder / "adapter_config.json"
    written = json.loads(path.read_text()) | {"base_model_name_or_path": base}
    path.write_text(json.dumps(written))
    return folder


def without_head(folder):
    """A masked language model as bases on the hub are: a body, a tokenizer, and no classifier."""
    torch.manual_seed(1)
    config = RobertaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=34,
        initializer_range=0.5,
    )
    RobertaForMaskedLM(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def assert_predicts(model, expected, text=TEXT):
    """The logits of a trace are those of a module of peft's own, not merged."""
    inputs = tiny_tokenizer()(text, return_tensors="pt")
    accepted = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        logits = expected.eval()(**accepted).logits[0].numpy()
    logits = logits[-1] if logits.ndim == 2 else logits
    ours = gaf.trace(model, text).logits
    assert_close(ours, logits, roundings=through(model), precision=np.float32)


@pytest.fixture
def base(tmp_path):
    return save_tiny(tmp_path / "base")


def reference(base, adapter, **options):
    plain = AutoModelForSequenceClassification.from_pretrained(
        base, attn_implementation="eager", adapter_kwargs={"subfolder": "config.json"}, **options
    )
    return peft.PeftModel.from_pretrained(plain, adapter)


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_beside_its_base_is_explained_with_it(kind, base):
    trained(tiny_module(), KINDS[kind], base)
    model = gaf.load_model(base)
    assert_predicts(model, reference(base, base))
    plain = gaf.trace(gaf.load_model(without_adapter(base)), TEXT).logits
    assert abs(gaf.trace(model, TEXT).logits - plain).max() > 0.01
    assert type(model.module).__name__ == "BertForSequenceClassification"
    assert not any(parameter.requires_grad for parameter in model.module.parameters())


def without_adapter(folder):
    plain = shutil.copytree(folder, folder.with_name("plain"))
    for file in plain.glob("adapter_*"):
        file.unlink()
    return plain


@pytest.mark.parametrize("name", ["absolute", "relative", "from here"])
def test_the_base_is_a_folder_that_the_adapter_names(name, base, tmp_path, monkeypatch):
    adapter = trained(tiny_module(), KINDS["LoRA"], tmp_path / "adapters" / "mine")
    named(adapter, {"absolute": str(base), "relative": "../../base", "from here": "base"}[name])
    if name == "from here":
        monkeypatch.chdir(tmp_path)
    model = gaf.load_model(adapter)
    assert model.name == str(adapter)
    assert_predicts(model, reference(base, adapter))


def test_the_head_of_an_adapter_is_its_own(tmp_path):
    """A base without a head, and an adapter that tells three classes apart and says so nowhere."""
    base = without_head(tmp_path / "base")
    body = AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)
    adapter = named(trained(body, KINDS["LoRA"], tmp_path / "adapter"), "../base")
    model = gaf.load_model(adapter)
    assert model.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert_predicts(model, reference(base, adapter, num_labels=3))


def test_an_adapter_without_a_head_for_a_base_without_one_is_refused(tmp_path):
    base = without_head(tmp_path / "base")
    body = AutoModelForSequenceClassification.from_pretrained(base)
    adapter = named(trained(body, KINDS["LoRA"], tmp_path / "adapter"), str(base))
    weights = load_file(adapter / "adapter_model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "classifier" not in name}
    save_file(kept, adapter / "adapter_model.safetensors")
    with pytest.raises(gaf.ModelError, match=r"lack classifier\.dense\.bias, .* and 1 more"):
        gaf.load_model(adapter)


def gpt2(folder):
    torch.manual_seed(2)
    size = {"vocab_size": len(VOCABULARY), "n_embd": 8, "n_layer": 2, "n_head": 2}
    GPT2LMHeadModel(GPT2Config(**size, initializer_range=0.5)).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def test_an_adapter_of_a_language_model_predicts_the_next_token(tmp_path):
    base = gpt2(tmp_path / "base")
    config = peft.LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["c_attn"])
    adapter = trained(AutoModelForCausalLM.from_pretrained(base), config, tmp_path / "adapter")
    model = gaf.load_model(adapter)
    assert model.task is Task.NEXT_TOKEN
    plain = AutoModelForCausalLM.from_pretrained(base, attn_implementation="eager")
    assert_predicts(model, peft.PeftModel.from_pretrained(plain, adapter))


def test_an_adapter_that_labels_tokens(tmp_path):
    base = without_head(tmp_path / "base")
    body = AutoModelForTokenClassification.from_pretrained(base, num_labels=3)
    config = peft.LoraConfig(task_type="TOKEN_CLS", r=2, target_modules=ADAPTED)
    adapter = named(trained(body, config, tmp_path / "adapter"), str(base))
    model = gaf.load_model(adapter)
    assert (model.task, model.labels) == (Task.TOKENS, ("LABEL_0", "LABEL_1", "LABEL_2"))
    plain = AutoModelForTokenClassification.from_pretrained(
        base, num_labels=3, attn_implementation="eager"
    )
    expected = peft.PeftModel.from_pretrained(plain, adapter)
    traced = gaf.trace(model, TEXT, gaf.At(place=2))
    with torch.no_grad():
        logits = expected(**traced.encoding.inputs).logits[0, 2]
    assert_close(traced.logits, logits, roundings=through(model), precision=np.float32)


def test_the_tokenizer_of_an_adapter_comes_first(base, tmp_path):
    adapter = named(trained(tiny_module(), KINDS["LoRA"], tmp_path / "adapter"), str(base))
    assert gaf.load_model(adapter).max_tokens == 32
    tiny_tokenizer(20).save_pretrained(adapter)
    assert gaf.load_model(adapter).max_tokens == 20


# The hub


@pytest.fixture
def hub(base, tmp_path, monkeypatch):
    adapter = named(trained(tiny_module(), KINDS["LoRA"], tmp_path / "adapter"), "someone/base")
    (adapter / "README.md").write_text("# A card")
    with serving(FakeHub({"someone/base": base, "someone/adapter": adapter})) as hub:
        connect(monkeypatch, hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield hub


def test_an_adapter_of_the_hub_brings_its_base(hub, base, tmp_path):
    model = gaf.load_model("someone/adapter")
    assert_predicts(model, reference(base, tmp_path / "adapter"))
    assert hub.fetched == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    hub.requests.clear()
    hub.status = 503
    assert_predicts(gaf.load_model("someone/adapter"), reference(base, tmp_path / "adapter"))


def test_an_adapter_here_can_have_its_base_on_the_hub(hub, base, tmp_path):
    assert_predicts(gaf.load_model(tmp_path / "adapter"), reference(base, tmp_path / "adapter"))
    assert not any("someone/adapter" in request for request in hub.requests)


@pytest.mark.parametrize("path", ["absolute", "../base", "~/base", "/etc"])
def test_an_adapter_of_the_hub_names_no_path_of_this_computer(
    hub, base, tmp_path, monkeypatch, path
):
    monkeypatch.chdir(tmp_path / "adapter")
    monkeypatch.setenv("HOME", str(tmp_path))
    named(hub.folders["someone/adapter"], str(base) if path == "absolute" else path)
    with pytest.raises(gaf.ModelError, match="the hub has no such id"):
        gaf.load_model("someone/adapter")


def test_pickled_adapters_of_the_hub_are_refused_before_any_download(hub, tmp_path):
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    weights.rename(weights.with_name("adapter_model.bin"))
    with pytest.raises(gaf.ModelError, match=r"without adapter_model\.safetensors.*can run code"):
        gaf.load_model("someone/adapter")
    assert hub.fetched == set()


# Refusals


def test_without_peft_the_refusal_says_what_to_install(base, monkeypatch):
    trained(tiny_module(), KINDS["LoRA"], base)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "peft" else found(name)
    )
    with pytest.raises(gaf.MissingPackageError, match=r"pip install peft.*\[peft\]"):
        gaf.load_model(base)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peft_type": "PREFIX_TUNING"}, "of the kind PREFIX_TUNING.*merge_and_unload"),
        ({"task_type": "SEQ_2_SEQ_LM"}, "trained for SEQ_2_SEQ_LM"),
        ({"base_model_name_or_path": None}, "does not name its base"),
        ({"base_model_name_or_path": "/no/where"}, "there is no such folder"),
        ({"megatron_config": {"a": 1}, "megatron_core": "os"}, "megatron_config"),
        ({"corda_config": {"cache_file": "cache.pt"}}, "corda_config: cache_file"),
        ({"target_modules": ["nothing"]}, "does not fit its base"),
        ({"r": 3}, r"does not fit its base.*size mismatch.*lora_A"),
    ],
)
def test_an_adapter_that_cannot_be_read_says_why(base, tmp_path, change, message):
    adapter = named(trained(tiny_module(), KINDS["LoRA"], tmp_path / "adapter"), str(base))
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(gaf.ModelError, match=message):
        gaf.load_model(adapter)


def test_an_adapter_of_another_base_is_refused(tmp_path):
    adapter = named(
        trained(tiny_module(), KINDS["LoRA"], tmp_path / "adapter"), str(gpt2(tmp_path / "base"))
    )
    with pytest.raises(gaf.ModelError, match=r"GPT2For|does not fit its base|lack score"):
        gaf.load_model(adapter)


def test_an_adapter_with_weights_for_more_layers_is_refused(base, tmp_path):
    adapter = named(trained(tiny_module(), KINDS["LoRA"], tmp_path / "adapter"), str(base))
    path = adapter / "adapter_model.safetensors"
    weights = load_file(path)
    more = {name.replace("layer.0", "layer.9"): tensor.clone() for name, tensor in weights.items()}
    save_file(weights | more, path)
    with pytest.raises(gaf.ModelError, match="no place for"):
        gaf.load_model(adapter)


def test_the_base_of_an_adapter_is_no_adapter(base, tmp_path):
    trained(tiny_module(), KINDS["LoRA"], base)
    adapter = named(trained(tiny_module(), KINDS["LoRA"], tmp_path / "adapter"), str(base))
    with pytest.raises(gaf.ModelError, match="holds an adapter itself"):
        gaf.load_model(adapter)
