"""The head that a model is loaded with: found in its configuration, or asked for."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
)

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY
from gaf_core.cli import TASKS
from tests.support.tiny_tokenizers import pair_tokenizer

CONFIG = BertConfig(
    vocab_size=len(VOCABULARY), hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
    intermediate_size=8, max_position_embeddings=32, id2label={0: "O", 1: "B-X"},
    label2id={"O": 0, "B-X": 1},
)  # fmt: skip
HEADS = {
    "classification": BertForSequenceClassification,
    "masked word": BertForMaskedLM,
    "tokens": BertForTokenClassification,
    "question answering": BertForQuestionAnswering,
}


@pytest.fixture
def saved(tmp_path):
    def save(network):
        network(CONFIG).save_pretrained(tmp_path)
        pair_tokenizer().save_pretrained(tmp_path)
        return tmp_path

    return save


@pytest.mark.parametrize("task", list(HEADS))
def test_the_head_that_was_saved_says_the_task(task, saved):
    model = gaf.load_model(saved(HEADS[task]))
    assert model.task == task
    assert type(model.module) is HEADS[task]
    labels = {"masked word": tuple(VOCABULARY), "question answering": ()}
    assert model.labels == labels.get(task, ("O", "B-X"))


def test_a_model_as_it_was_pretrained_can_be_asked_for_a_word(saved):
    folder = saved(BertForPreTraining)
    with pytest.raises(gaf.ModelError, match="saved as BertForPreTraining, which does none"):
        gaf.load_model(folder)
    for task in ("masked word", gaf.Task.MASKED_WORD):
        model = gaf.load_model(folder, task=task)
        assert model.task is gaf.Task.MASKED_WORD
    assert gaf.explain(model, "a [MASK] film").certified


@pytest.mark.parametrize("task", list(HEADS))
def test_a_head_that_is_not_in_the_file_is_not_made_up(task, saved):
    with pytest.raises(gaf.ModelError, match="they would be random numbers"):
        gaf.load_model(saved(BertModel), task=task)


@pytest.mark.parametrize(
    ("has", "asked"),
    [("classification", "tokens"), ("tokens", "question answering"), ("tokens", "classification")],
)
def test_a_head_is_not_read_as_one_of_another_task(has, asked, saved):
    # BertForTokenClassification and BertForSequenceClassification name their weights alike
    with pytest.raises(gaf.ModelError, match=f"saved as {HEADS[has].__name__}.*not trained"):
        gaf.load_model(saved(HEADS[has]), task=asked)


def test_a_masked_word_model_that_lost_its_head_is_refused(saved):
    folder = saved(BertForMaskedLM)
    weights = load_file(folder / "model.safetensors")
    kept = {name: one for name, one in weights.items() if "transform" not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(gaf.ModelError, match=r"lack .*transform"):
        gaf.load_model(folder)


def test_a_task_that_is_none_and_one_that_the_kind_of_model_has_not(saved):
    with pytest.raises(gaf.SettingsError, match=r"no task 'ner'\. Choose one of: classification"):
        gaf.load_model(saved(BertForMaskedLM), task="ner")
    folder = saved(BertForMaskedLM)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(gaf.ModelError, match="no head that fills in a masked word"):
        gaf.load_model(folder, task="masked word")


def test_an_encoder_is_not_asked_for_the_next_token(saved):
    with pytest.raises(gaf.ModelError, match="attend in both directions"):
        gaf.load_model(saved(BertForMaskedLM), task="next token")


def test_the_command_line_knows_the_tasks():
    assert tuple(gaf.Task) == TASKS


def test_models_that_are_loaded_at_once_do_not_lack_what_is_tied(saved):
    folder = saved(BertForMaskedLM)  # its last layer is the table of its words
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: gaf.load_model(folder), range(8)))
    assert {model.task for model in loaded} == {gaf.Task.MASKED_WORD}
