"""Load a model by preset name or local folder, ready to be traced.

A model is loaded from safetensors only, never runs code that came with it, computes in float32 and
uses eager attention: the one implementation that materialises the attention weights which the
value product then uses (method: the tensor read must be the tensor that made the prediction).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from gaf_core.errors import ModelError

_MODELS_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "models"

# Presets ship with the project: they load offline.
PRESETS: dict[str, Path] = {"minilm-reviews": _MODELS_FOLDER / "minilm-reviews"}
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "tokenizer.model")


@dataclass(frozen=True, eq=False)
class Model:
    """A transformer classifier with its tokenizer; shared by threads, so used under `lock`.

    Attributes:
        name: the preset or path it was loaded by.
        module: the frozen network, evaluation mode, eager attention, float32.
        tokenizer: the fast tokenizer that belongs to it.
        labels: class names, by class index.
        max_tokens: longest input, special tokens included.
        layers, heads: depth, and attention heads a layer.
        lock: one caller at a time may run `module`.
    """

    name: str
    module: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    max_tokens: int
    layers: int
    heads: int
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


def load_model(name: str | Path) -> Model:
    """Load the model of a preset or of a local folder.

    Args:
        name: one of `PRESETS`, or the path of a folder with `config.json`, `model.safetensors` and
            tokenizer files.

    Raises:
        ModelError: no such preset or folder, or the folder does not hold a usable classifier.
    """
    folder = PRESETS.get(str(name), Path(name).expanduser())
    _check_folder(str(name), folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        module = AutoModelForSequenceClassification.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",
            dtype=torch.float32,
        )
    except Exception as error:  # transformers raises many kinds; the user needs one sentence
        raise ModelError(
            f"The folder '{folder}' does not hold a text classifier that can be loaded: "
            f"{_first_line(error)}. It needs config.json, model.safetensors and tokenizer files."
        ) from error
    if not tokenizer.is_fast:
        raise ModelError(
            f"The tokenizer of '{name}' does not report where its tokens stand in the text. "
            "Save a fast tokenizer (tokenizer.json) beside the model."
        )
    module.eval().requires_grad_(False)
    config = module.config
    return Model(
        name=str(name),
        module=module,
        tokenizer=tokenizer,
        labels=tuple(str(config.id2label[index]) for index in range(config.num_labels)),
        max_tokens=min(tokenizer.model_max_length, config.max_position_embeddings),
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
    )


def _check_folder(name: str, folder: Path) -> None:
    presets = ", ".join(sorted(PRESETS))
    if not folder.is_dir():
        raise ModelError(
            f"There is no preset and no folder called '{name}'. "
            f"Presets: {presets}. Or give the path of a folder with a saved model."
        )
    for file in ("config.json", "model.safetensors"):
        if not (folder / file).is_file():
            raise ModelError(
                f"The folder '{folder}' has no {file}. Save the model there with "
                "save_pretrained(), which writes it."
            )
    # without one of these, transformers makes up a tokenizer that knows no word
    if not any((folder / file).is_file() for file in _VOCABULARIES):
        raise ModelError(
            f"The folder '{folder}' has no tokenizer. Save it there with "
            "tokenizer.save_pretrained(), which writes tokenizer.json."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
