"""Which head a model was saved with, and whether it can be explained.

A transformer body can carry many heads. Those of `Task` have a logit that can be explained: of a
class, a next token, a masked word, the label of a token, or an end of the answer to a question.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_FOR_QUESTION_ANSWERING_MAPPING,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
)

from gaf_core.errors import ModelError
from gaf_core.models.adapters import Adapter, merge
from gaf_core.models.configuration import load_configuration
from gaf_core.models.files import check_folder, network_weights
from gaf_core.models.kinds import Task
from gaf_core.models.memory import check_fits
from gaf_core.models.shards import opened, some

_NETWORKS = {
    Task.CLASSIFICATION: MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    Task.NEXT_TOKEN: MODEL_FOR_CAUSAL_LM_MAPPING,
    Task.MASKED_WORD: MODEL_FOR_MASKED_LM_MAPPING,
    Task.TOKENS: MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING,
    Task.ANSWER: MODEL_FOR_QUESTION_ANSWERING_MAPPING,
}
_CLASSES = {
    Task.CLASSIFICATION: MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    Task.NEXT_TOKEN: MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    Task.MASKED_WORD: MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    Task.TOKENS: MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    Task.ANSWER: MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
}
# Their heads are layers of the same names and other meanings: none may be read as another.
_OWN_HEADS = (Task.CLASSIFICATION, Task.TOKENS, Task.ANSWER)
# transformers replaces functions of its own while it loads, such as the one that ties weights, so
# that of two models loaded at once one would seem to lack what is tied
_ONE_AT_A_TIME = threading.Lock()
_REAL = ("F", "BF")  # how the types of real numbers begin in a safetensors file
_DOES = ", ".join(task.kind.does for task in Task)


def load_network(
    folder: Path, name: str, adapter: Adapter | None = None, task: Task | None = None
) -> tuple[PreTrainedModel, Task]:
    """Load the weights of a folder with their head, and an adapter onto them.

    The head is that of `task`, or else the one they were saved with.

    The network is frozen, in evaluation mode and in float32, and attends eagerly: the one
    implementation that materialises the attention weights which the value product then uses
    (the tensor read must be the tensor that made the prediction).

    transformers gets a configuration and tensors and never the folder, in which it would look for
    adapters, checkpoints of other kinds and more.

    Raises:
        ModelError: no usable head, weights missing or of other sizes, or weights that are no
            numbers.
    """
    config = load_configuration(folder, name)
    task = _task_of(adapter, config, name) if task is None else _checked(task, config, name)
    if adapter is not None and adapter.classes and task.kind.classes == "named":
        _match_classes(config, adapter.classes)
    files = [folder / file for file in network_weights(check_folder(folder))]
    with _ONE_AT_A_TIME, opened(files) as tensors:
        whole = {key for key, one in tensors.items() if not one.get_dtype().startswith(_REAL)}
        network, config = _network(task, config)
        check_fits(network, config, name)
        loaded: Any = network.from_pretrained(
            None,
            config=config,
            state_dict=tensors,
            attn_implementation="eager",
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # here they are refused, with their names
        )
    module, info = loaded
    missing: set[str] = info["missing_keys"]
    brought = adapter.brings({*missing, *_names(info["mismatched_keys"])}) if adapter else set()
    _check_complete(module, missing - brought, name)
    _check_real(module, whole, name)
    _check_sizes(info["mismatched_keys"], brought, name)
    if adapter is not None:
        module = merge(adapter, module)
    _check_finite(module, name)
    return module.eval().requires_grad_(False), task


def _network(
    task: Task, config: PreTrainedConfig
) -> tuple[type[PreTrainedModel], PreTrainedConfig]:
    """The class that transformers takes for a task, and the configuration that it is built from.

    As its `AutoModelFor...` choose it; those want a folder.
    """
    known: Any = _NETWORKS[task][type(config)]
    if isinstance(known, list | tuple):
        named = [one for one in known if one.__name__ in (config.architectures or ())]
        known = (*named, *known)[0]
    if known.config_class is config.sub_configs.get("text_config"):
        config = config.get_text_config()  # the text part of a model that also sees or hears
    return known, config


def _task_of(adapter: Adapter | None, config: PreTrainedConfig, name: str) -> Task:
    if adapter is None or adapter.task is None:
        return choose_task(config, name)
    for task in Task:
        if task.kind.adapter == adapter.task and _classes(task, config.model_type):
            return task
    raise ModelError(
        f"The adapter in '{name}' was trained for {adapter.task} on a {config.model_type}, "
        f"which does none of these: {_DOES}. Choose one that does."
    )


def _checked(task: Task, config: PreTrainedConfig, name: str) -> Task:
    """The task that was asked for, if the head that was saved can be meant by it."""
    saved = (config.architectures or [None])[0]
    if not _classes(task, config.model_type):
        raise ModelError(
            f"'{name}' is a {config.model_type}, a kind of model that has no head that "
            f"{task.kind.does}. Choose another model, or leave the task out."
        )
    for own in _OWN_HEADS:
        if own is not task and task in _OWN_HEADS and saved in _classes(own, config.model_type):
            raise ModelError(
                f"'{name}' was saved as {saved}, which {own.kind.does}: its head was not trained "
                f"as one that {task.kind.does}. Leave the task out, or choose another model."
            )
    if task is Task.NEXT_TOKEN:
        _check_causal(config, name, saved or config.model_type)
    return task


def _match_classes(config: PreTrainedConfig, classes: int) -> None:
    # a base without a head has two nameless classes, however many the adapter's head tells apart
    if config.num_labels != classes:
        config.num_labels = classes


def choose_task(config: PreTrainedConfig, name: str) -> Task:
    """Find the task whose head the configuration names; without a name, classification is tried.

    Raises:
        ModelError: the model was saved with another head, or with none.
    """
    saved = (config.architectures or [None])[0]
    for task in Task:
        if saved is not None and saved in _classes(task, config.model_type):
            if task is Task.NEXT_TOKEN:
                _check_causal(config, name, saved)
            return task
    needed = [kind for task in Task for kind in _classes(task, config.model_type)]
    if saved is None and _classes(Task.CLASSIFICATION, config.model_type):
        return Task.CLASSIFICATION  # if the head is not in the file, its missing weights say so
    if not needed:
        raise ModelError(
            f"'{name}' is a {saved or config.model_type}, a kind of model that has no head "
            f"whose prediction can be explained, one that {_DOES}. Choose a model that has one."
        )
    raise ModelError(
        f"'{name}' was saved as {saved or 'a body without a head'}, which does none of these: "
        f"{_DOES}. It needs to be saved as {' or '.join(needed)}: fine-tune it for that first, or "
        "choose a model that was."
    )


def _classes(task: Task, model_type: str) -> tuple[str, ...]:
    names = _CLASSES[task].get(model_type, ())
    known = (names,) if isinstance(names, str) else tuple(names)
    # what generates fills in whole stretches of a text, and is listed with what fills in a word
    return tuple(name for name in known if not name.endswith("ForConditionalGeneration"))


def _check_causal(config: PreTrainedConfig, name: str, saved: str) -> None:
    # an encoder's body under a language model head looks ahead unless it was told not to
    if config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not config.is_decoder:
        raise ModelError(
            f"'{name}' was saved as {saved}, but its tokens attend in both directions "
            "(is_decoder is false), so it does not predict the next token. Choose a text "
            "classifier or a causal language model."
        )


def _check_complete(module: PreTrainedModel, missing: set[str], name: str) -> None:
    if missing:
        raise ModelError(
            f"The weights of '{name}' lack {some(missing)} of its "
            f"{type(module).__name__}; they would be random numbers. Fine-tune and save the whole "
            "model, head included, or choose another."
        )


def _check_real(module: PreTrainedModel, whole: set[str], name: str) -> None:
    """Refuse what transformers would turn into real numbers: the values of quantised weights."""
    expected = module.state_dict()
    wrong = {key for key in whole if key in expected and expected[key].is_floating_point()}
    if wrong:
        raise ModelError(
            f"The weights of '{name}' are not real numbers: {some(wrong)} of its "
            f"{type(module).__name__}. If they are quantised, choose the model that this one was "
            "made from."
        )


def _names(mismatched: Iterable[tuple[str, Sequence[int], Sequence[int]]]) -> set[str]:
    return {key for key, _, _ in mismatched}


def _check_sizes(
    mismatched: Iterable[tuple[str, Sequence[int], Sequence[int]]], brought: set[str], name: str
) -> None:
    wrong = sorted((key, list(has), list(needs)) for key, has, needs in mismatched)
    wrong = [one for one in wrong if one[0] not in brought]
    if not wrong:
        return
    key, has, needs = wrong[0]
    more = f", and so for {len(wrong) - 1} more" if len(wrong) > 1 else ""
    raise ModelError(
        f"The weights of '{name}' do not fit its configuration: '{key}' has the shape {has} and "
        f"the configuration asks for {needs}{more}. Get the config.json that was saved with these "
        "weights."
    )


def _check_finite(module: PreTrainedModel, name: str) -> None:
    for key, tensor in module.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ModelError(
                f"The weights '{key}' of '{name}' are not all finite numbers (NaN or infinity), so "
                "its predictions mean nothing. Get the file again, or train again."
            )


def network_size(config: PreTrainedConfig, task: Task, name: str) -> tuple[int, int]:
    """Layers, and heads a layer, of the self-attention that is explained: the encoder's of two.

    Raises:
        ModelError: the architecture has no attention heads.
    """
    text = config.get_text_config()
    if task is Task.NEXT_TOKEN and hasattr(text, "decoder_layers"):
        return text.decoder_layers, text.decoder_attention_heads
    if not hasattr(text, "num_attention_heads"):
        raise ModelError(
            f"'{name}' is a {config.model_type}, which has no attention heads, so no attention "
            "flows through it. Choose a transformer."
        )
    return text.num_hidden_layers, text.num_attention_heads
