"""Which files make up a saved model: the one place that knows their names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gaf_core.errors import ModelError

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"  # names the shards of a model saved in several files

# Without one of these, transformers makes up a tokenizer that knows no word.
_VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
_TOKENIZER_FILES = (
    *_VOCABULARIES,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
)
_SAVE_MODEL = "Save the model there with save_pretrained(), which writes it."
_SAVE_TOKENIZER = "Save it there with tokenizer.save_pretrained(), which writes tokenizer.json."
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")


def needed_files(names: Iterable[str], place: str) -> list[str]:
    """Choose what to load from the file names of a folder or repository.

    That is the configuration, the tokenizer and one copy of the weights; other formats of the
    weights (pickle, ONNX, TensorFlow) and files in subfolders are left alone.

    Args:
        names: paths inside `place`.
        place: how a message names it, for example "The folder 'x'".

    Raises:
        ModelError: a part is missing; the message names it.
    """
    there = set(names)
    if CONFIG not in there and "adapter_config.json" in there:
        raise ModelError(
            f"{place} holds an adapter, not a whole model. Merge it into its base model "
            "(merge_and_unload) and save the result."
        )
    if CONFIG not in there:
        raise ModelError(f"{place} has no {CONFIG}. {_SAVE_MODEL}")
    if WEIGHTS in there:
        weights = [WEIGHTS]
    elif INDEX in there:
        weights = sorted(name for name in there if _is_shard(name))
        weights.append(INDEX)
    elif any(name.endswith(".gguf") for name in there):
        raise ModelError(
            f"{place} has its weights in GGUF files alone. Choose one of them, download it, and "
            "give its path."
        )
    else:
        pickled = any(name.endswith(_PICKLES) for name in there)
        why = (
            " Its weights are in a format that can run code when it is read, so they are not read."
            if pickled
            else ""
        )
        raise ModelError(f"{place} has no {WEIGHTS}.{why} {_SAVE_MODEL}")
    if not there.intersection(_VOCABULARIES):
        raise ModelError(f"{place} has no tokenizer. {_SAVE_TOKENIZER}")
    return [CONFIG, *sorted(there.intersection(_TOKENIZER_FILES)), *weights]


def check_folder(folder: Path) -> None:
    """Refuse a folder that lacks a part of a model.

    Raises:
        ModelError: a missing file, a shard that is not there, or a `config.json` that is none.
    """
    place = f"The folder '{folder}'"
    chosen = needed_files((path.name for path in folder.iterdir()), place)
    read_object(folder / CONFIG)
    if INDEX not in chosen:
        return
    shards = read_object(folder / INDEX).get("weight_map")
    if not isinstance(shards, dict):
        raise ModelError(f"'{folder / INDEX}' does not say which file holds which weight.")
    missing = sorted(name for name in set(shards.values()) if name not in chosen)
    if missing:
        raise ModelError(
            f"{place} lacks {', '.join(missing)}, which its {INDEX} names. Copy or download the "
            "missing part of the weights."
        )


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        ModelError: it is not JSON, or not an object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(
            f"'{path}' cannot be read: it is not valid JSON ({error}). Save the model again, or "
            "copy the file again."
        ) from error
    if not isinstance(found, dict):
        raise ModelError(
            f"'{path}' cannot be read: it must hold an object {{...}} and holds a "
            f"{type(found).__name__}. Save the model again."
        )
    return found


def _is_shard(name: str) -> bool:
    return name.startswith("model-") and name.endswith(".safetensors")
