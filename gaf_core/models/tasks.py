"""Which head a model was saved with, and whether it can be explained.

A transformer body can carry many heads. Two have a logit that says something about a text as a
whole: sequence classification, and next-token prediction of a causal language model.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
)

from gaf_core.errors import ModelError


class Task(StrEnum):
    """What a model predicts: a class of the whole text, or the token that follows it.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> model.task is gaf.Task.CLASSIFICATION
    True
    """

    CLASSIFICATION = "classification"
    NEXT_TOKEN = "next token"


_AUTO = {
    Task.CLASSIFICATION: AutoModelForSequenceClassification,
    Task.NEXT_TOKEN: AutoModelForCausalLM,
}
_CLASSES = {
    Task.CLASSIFICATION: MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    Task.NEXT_TOKEN: MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
}
_SHOWN = 3  # names of weights in a message


def load_network(folder: Path, name: str) -> tuple[PreTrainedModel, Task]:
    """Load the weights of a folder with the head they were saved with.

    The network is frozen, in evaluation mode and in float32, and attends eagerly: the one
    implementation that materialises the attention weights which the value product then uses
    (the tensor read must be the tensor that made the prediction).

    Raises:
        ModelError: no usable head, weights missing, or weights that are no numbers.
    """
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    task = choose_task(config, name)
    module, info = _AUTO[task].from_pretrained(
        folder,
        config=config,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        attn_implementation="eager",
        dtype=torch.float32,
        output_loading_info=True,
    )
    _check_complete(module, info["missing_keys"], name)
    _check_finite(module, name)
    return module.eval().requires_grad_(False), task


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
            f"'{name}' is a {saved or config.model_type}, a kind of model that has no head for "
            "classifying text or for predicting the next token, so there is no prediction to "
            "explain. Choose a text classifier or a causal language model."
        )
    raise ModelError(
        f"'{name}' was saved as {saved or 'a body without a head'}, which neither classifies a "
        f"text nor predicts the next token. It needs to be saved as {' or '.join(needed)}: "
        "fine-tune it for that first, or choose a model that was."
    )


def _classes(task: Task, model_type: str) -> tuple[str, ...]:
    names = _CLASSES[task].get(model_type, ())
    return (names,) if isinstance(names, str) else tuple(names)


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
            f"The weights of '{name}' lack {_some(sorted(missing))} of its "
            f"{type(module).__name__}; they would be random numbers. Fine-tune and save the whole "
            "model, head included, or choose another."
        )


def _check_finite(module: PreTrainedModel, name: str) -> None:
    for key, tensor in module.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ModelError(
                f"The weights '{key}' of '{name}' are not all finite numbers (NaN or infinity), so "
                "its predictions mean nothing. Get the file again, or train again."
            )


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


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


def class_names(config: PreTrainedConfig) -> tuple[str, ...]:
    """The names of the classes, by index; "LABEL_0" and so on where the model has none."""
    names = {int(index): label for index, label in (config.id2label or {}).items()}
    return tuple(str(names.get(index, f"LABEL_{index}")) for index in range(len(names)))
