"""Which heads load, which are refused, and what the refusal names."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    BartConfig,
    BertConfig,
    BertModel,
    GPT2Config,
    LlamaConfig,
    MambaConfig,
    T5Config,
    ViTConfig,
    ViTModel,
)

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY, tiny_tokenizer
from gaf_core.models.model import Task
from tests.support.inside import Attention
from tests.support.models import save_tiny
from tests.support.tolerance import assert_close, through

SMALL = {"vocab_size": len(VOCABULARY)}
BERT = BertConfig(
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=8,
    max_position_embeddings=32,
    **SMALL,
)
GPT2 = GPT2Config(n_embd=8, n_layer=3, n_head=2, n_positions=32, **SMALL)
LLAMA = LlamaConfig(
    hidden_size=8,
    intermediate_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    max_position_embeddings=32,
    **SMALL,
)
BART = BartConfig(
    d_model=8,
    encoder_layers=3,
    decoder_layers=1,
    encoder_attention_heads=2,
    decoder_attention_heads=4,
    encoder_ffn_dim=8,
    decoder_ffn_dim=8,
    max_position_embeddings=32,
    pad_token_id=0,
    bos_token_id=2,
    eos_token_id=3,
    decoder_start_token_id=3,
    forced_eos_token_id=3,
    **SMALL,
)
T5 = T5Config(
    d_model=8,
    d_kv=4,
    d_ff=8,
    num_layers=3,
    num_decoder_layers=1,
    num_heads=2,
    eos_token_id=3,
    decoder_start_token_id=0,
    **SMALL,
)

CLASSIFIER = AutoModelForSequenceClassification.from_config
LANGUAGE_MODEL = AutoModelForCausalLM.from_config


def saved(folder, module):
    module.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def rewrite(folder, change):
    """Change the weights of a saved model."""
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def reconfigure(folder, **changes):
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize(
    ("build", "config", "task", "size"),
    [
        (CLASSIFIER, BERT, Task.CLASSIFICATION, (2, 2)),
        (CLASSIFIER, GPT2, Task.CLASSIFICATION, (3, 2)),
        (CLASSIFIER, LLAMA, Task.CLASSIFICATION, (2, 2)),
        (CLASSIFIER, BART, Task.CLASSIFICATION, (3, 2)),
        (CLASSIFIER, T5, Task.CLASSIFICATION, (3, 2)),
        (LANGUAGE_MODEL, GPT2, Task.NEXT_TOKEN, (3, 2)),
        (LANGUAGE_MODEL, LLAMA, Task.NEXT_TOKEN, (2, 2)),
    ],
    ids=lambda value: getattr(value, "model_type", None),
)
def test_a_model_loads_with_the_head_it_was_saved_with(build, config, task, size, tmp_path):
    torch.manual_seed(0)
    original = build(config).eval()
    model = gaf.load_model(saved(tmp_path, original))
    assert type(model.module) is type(original)
    assert (model.task, (model.layers, model.heads)) == (task, size)
    expected = original.state_dict()  # tied weights are stored once, and still there
    for key, value in model.module.state_dict().items():
        assert torch.equal(value, expected[key]), key
    inputs = model.tokenizer("a good film", return_tensors="pt")["input_ids"]
    with torch.no_grad(), Attention():  # in float64 throughout
        expected = original.double()(inputs).logits
        found = model.module.double()(inputs).logits
    assert_close(found, expected, roundings=through(model))


def test_the_labels_of_a_language_model_are_its_vocabulary(tmp_path):
    config = GPT2Config(
        n_embd=8, n_layer=1, n_head=2, n_positions=32, vocab_size=len(VOCABULARY) + 3
    )
    model = gaf.load_model(saved(tmp_path, LANGUAGE_MODEL(config)))
    assert len(model.labels) == len(VOCABULARY) + 3  # rows that pad the matrix are labels too
    assert model.labels[5:9] == tuple(VOCABULARY[5:9])
    assert model.labels[-3:] == ("", "", "")


def test_a_regression_head_has_one_label(tmp_path):
    config = BertConfig(**BERT.to_dict() | {"id2label": {0: "stars"}, "label2id": {"stars": 0}})
    assert gaf.load_model(saved(tmp_path, CLASSIFIER(config))).labels == ("stars",)


@pytest.mark.parametrize(
    ("module", "has", "needs"),
    [
        (lambda: BertModel(BERT), "BertModel", "BertForSequenceClassification"),
        (
            lambda: AutoModelForSeq2SeqLM.from_config(T5),
            "T5ForConditionalGeneration",
            "T5ForSequenceClassification",
        ),
        (
            lambda: AutoModelForSeq2SeqLM.from_config(BART),
            "BartForConditionalGeneration",
            "BartForSequenceClassification",
        ),
    ],
)
def test_another_head_is_refused_with_both_names(module, has, needs, tmp_path):
    with pytest.raises(gaf.ModelError, match=f"saved as {has}.*needs to be saved as {needs}"):
        gaf.load_model(saved(tmp_path, module()))


def test_a_model_that_reads_no_text_is_refused(tmp_path):
    size = {"image_size": 8, "patch_size": 4, "hidden_size": 8, "intermediate_size": 8}
    vision = ViTConfig(**size, num_hidden_layers=1, num_attention_heads=1)
    with pytest.raises(gaf.ModelError, match=r"ViTModel.*no head"):
        gaf.load_model(saved(tmp_path, ViTModel(vision)))


def test_a_language_model_that_looks_ahead_is_refused(tmp_path):
    module = LANGUAGE_MODEL(BERT)
    with pytest.raises(gaf.ModelError, match="both directions"):
        gaf.load_model(saved(tmp_path, module))


def test_a_head_without_weights_is_refused_with_their_names(tmp_path):
    folder = save_tiny(tmp_path)
    rewrite(folder, lambda weights: weights.pop("classifier.weight"))
    with pytest.raises(gaf.ModelError, match=r"lack classifier\.weight.*random"):
        gaf.load_model(folder)


def test_a_body_that_claims_no_head_is_found_out_by_its_weights(tmp_path):
    folder = saved(tmp_path, BertModel(BERT))
    reconfigure(folder, architectures=None)
    with pytest.raises(gaf.ModelError, match=r"lack classifier\.bias"):
        gaf.load_model(folder)


def test_a_classifier_from_before_heads_were_named_still_loads(tmp_path):
    folder = save_tiny(tmp_path)
    reconfigure(folder, architectures=None)
    assert gaf.load_model(folder).task is Task.CLASSIFICATION


def test_weights_of_another_shape_are_refused(tmp_path):
    folder = save_tiny(tmp_path)
    reconfigure(folder, id2label={"0": "a", "1": "b", "2": "c"}, label2id={"a": 0, "b": 1, "c": 2})
    with pytest.raises(gaf.ModelError, match="do not fit its configuration"):
        gaf.load_model(folder)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(bad, tmp_path):
    folder = save_tiny(tmp_path)
    rewrite(folder, lambda weights: weights["classifier.bias"].fill_(bad))
    with pytest.raises(gaf.ModelError, match=r"'classifier\.bias'.*not all finite"):
        gaf.load_model(folder)


def test_code_that_comes_with_a_model_is_never_run(tmp_path):
    folder = save_tiny(tmp_path)
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    reconfigure(
        folder,
        model_type="evil",
        auto_map={"AutoConfig": "evil.Config", "AutoModelForSequenceClassification": "evil.Model"},
    )
    with pytest.raises(gaf.ModelError, match="code"):
        gaf.load_model(folder)


def test_a_model_without_attention_is_refused(tmp_path):
    config = MambaConfig(hidden_size=8, num_hidden_layers=1, state_size=2, **SMALL)
    with pytest.raises(gaf.ModelError, match="attention"):
        gaf.load_model(saved(tmp_path, LANGUAGE_MODEL(config)))
