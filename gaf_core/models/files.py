"""Which files make up a saved model: the one place that knows their names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gaf_core.errors import ModelError, cause
from gaf_core.models.shards import INDEX_ENDING, weight_files

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"  # names the shards of a model saved in several files
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
TOKENIZER_CONFIG = "tokenizer_config.json"

# Reads a JSON file by its name.
Reader = Callable[[str], dict[str, Any]]

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
TOKENIZER_FILES = (
    *_VOCABULARIES,
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
)
_SAVE_MODEL = "Save the model there with save_pretrained(), which writes it."
_SAVE_TOKENIZER = "Save it there with tokenizer.save_pretrained(), which writes tokenizer.json."
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")
_HELD = {list: "a list", str: "a text", bool: "a truth value", type(None): "nothing (null)"}
_UNREAD = " Its weights are in a format that can run code when it is read, so they are not read."


def needed_files(
    names: Iterable[str], place: str, read: Reader, folder: Path | None = None
) -> list[str]:
    """Choose what to load from the file names of a folder or repository.

    That is the configuration, the tokenizer and one copy of the weights, and an adapter where there
    is one; other formats of the weights (pickle, ONNX, TensorFlow) are left alone.

    Args:
        names: paths inside `place`.
        place: how a message names it, for example "The folder 'x'".
        read: reads one of the JSON files; asked only where it decides what is needed.
        folder: the place, if it is on this computer: links inside it may lead out.

    Returns:
        The names, first the one that says what the place holds.

    Raises:
        ModelError: a part is missing, or a file leads out of the place; the message names it.
    """
    there = set(names)
    adapter = _adapter_files(there, place)
    tokenizer = sorted(there.intersection(TOKENIZER_FILES))
    if adapter and not holds_base(there):
        return [*adapter, *(tokenizer if has_tokenizer(there) else ())]
    if CONFIG not in there:
        raise ModelError(f"{place} has no {CONFIG}. {_SAVE_MODEL}")
    if not any(name.endswith((".safetensors", INDEX_ENDING)) for name in there):
        _refuse_other_weights(there, place)
    usual = next((name for name in (WEIGHTS, INDEX) if name in there), None)
    weights = weight_files(read(CONFIG), usual, place, read, folder)
    if not weights:
        _refuse_other_weights(there, place)
    if not has_tokenizer(there):
        raise ModelError(f"{place} has no tokenizer. {_SAVE_TOKENIZER}")
    return [CONFIG, *adapter, *tokenizer, *weights]


def holds_base(names: Iterable[str]) -> bool:
    """Whether these files are a whole network, also where an adapter lies beside them."""
    there = set(names)
    return CONFIG in there and not there.isdisjoint((WEIGHTS, INDEX))


def has_tokenizer(names: Iterable[str]) -> bool:
    """Whether a vocabulary is among these files."""
    return not set(names).isdisjoint(_VOCABULARIES)


def check_folder(folder: Path) -> list[str]:
    """Choose what to load from a folder, and refuse one that lacks a part.

    Raises:
        ModelError: a missing file, a shard that is not there, or a `config.json` that is none.
    """
    place = f"The folder '{folder}'"
    names = [path.name for path in folder.iterdir()]
    chosen = needed_files(names, place, lambda name: read_object(folder / name), folder)
    read_object(folder / chosen[0])
    check_there(chosen, [name for name in chosen if (folder / name).is_file()], place)
    return chosen


def check_there(needed: Iterable[str], there: Iterable[str], place: str) -> None:
    """Refuse a place that lacks files which its index names.

    Raises:
        ModelError: some are missing; the message names them.
    """
    missing = sorted(set(needed) - set(there))
    if missing:
        raise ModelError(
            f"{place} lacks {', '.join(missing)}, which its list of the weights names. Copy or "
            "download the missing part of the weights."
        )


def network_weights(chosen: Iterable[str]) -> list[str]:
    """Those of the chosen files that hold the network."""
    return [name for name in chosen if name.endswith(".safetensors") and name != ADAPTER_WEIGHTS]


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        ModelError: it is no file, not JSON, or not an object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ModelError(
            f"'{path}' cannot be read: {(error.strerror or str(error)).lower()}. Save the model "
            "again, or copy the file again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"'{path}' cannot be read: it is not valid JSON ({cause(error)}). Save the model "
            "again, or copy the file again."
        ) from error
    if not isinstance(found, dict):
        holds = _HELD.get(type(found), "a number")
        raise ModelError(
            f"'{path}' cannot be read: it must hold an object {{...}} and holds {holds}. Save the "
            "model again."
        )
    return found


def _adapter_files(there: set[str], place: str) -> list[str]:
    if ADAPTER_CONFIG not in there:
        return []
    if ADAPTER_WEIGHTS not in there:
        why = _UNREAD if "adapter_model.bin" in there else ""
        raise ModelError(
            f"{place} holds an adapter without {ADAPTER_WEIGHTS}.{why} Save the adapter there "
            "with save_pretrained() of peft, which writes it."
        )
    return [ADAPTER_CONFIG, ADAPTER_WEIGHTS]


def _refuse_other_weights(there: set[str], place: str) -> None:
    if any(name.endswith(".gguf") for name in there):
        raise ModelError(
            f"{place} has its weights in GGUF files alone. Choose one of them, download it, and "
            "give its path."
        )
    why = _UNREAD if any(name.endswith(_PICKLES) for name in there) else ""
    raise ModelError(f"{place} has no {WEIGHTS}.{why} {_SAVE_MODEL}")
