"""What can be done to the folder of a model, so that something in it is wrong."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

Change = Callable[[Path], Any]

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
INDEX, ADAPTER = "model.safetensors.index.json", "adapter_config.json"


def removed(*names: str) -> Change:
    return lambda folder: [(folder / name).unlink() for name in names]


def written(name: str, content: bytes | str) -> Change:
    content = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(content)


def torn(name: str, length: int) -> Change:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:length])


def with_entries(name: str, **entries: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | entries))

    return change


def without(name: str, entry: str) -> Change:
    def change(folder: Path) -> None:
        path = folder / name
        content = json.loads(path.read_text())
        del content[entry]
        path.write_text(json.dumps(content))

    return change


def with_vocabulary(**entries: Any) -> Change:
    """Other entries of the model inside a tokenizer."""

    def change(folder: Path) -> None:
        path = folder / TOKENIZER
        content = json.loads(path.read_text())
        content["model"] |= entries
        path.write_text(json.dumps(content))

    return change


def with_weights(change: Callable[[dict[str, torch.Tensor]], Any]) -> Change:
    def save(folder: Path) -> None:
        weights = load_file(folder / WEIGHTS)
        change(weights)
        save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})

    return save


def with_header(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Another table of contents in front of the weights."""

    def save(folder: Path) -> None:
        content = (folder / WEIGHTS).read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        change(header)
        told = json.dumps(header).encode()
        rest = content[8 + length :]
        (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(told)) + told + rest)

    return save


def indexed(content: Any) -> Change:
    """An index in the place of the weights."""

    def change(folder: Path) -> None:
        (folder / WEIGHTS).rename(folder / "part.safetensors")
        told = content if isinstance(content, str) else json.dumps(content)
        (folder / INDEX).write_text(told)

    return change


def renamed(name: str, other: str) -> Change:
    return lambda folder: (folder / name).rename(folder / other)


def linked(name: str, target: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return change


def a_folder(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def adapter(content: Any, weights: str = "adapter_model.safetensors") -> Change:
    """An adapter in the place of the network."""

    def change(folder: Path) -> None:
        (folder / CONFIG).unlink()
        (folder / WEIGHTS).rename(folder / weights)
        (folder / ADAPTER).write_text(content if isinstance(content, str) else json.dumps(content))

    return change


def first_of(weights: Iterable[str], part: str) -> str:
    return next(name for name in weights if part in name)


def dropped(part: str) -> Change:
    return with_weights(
        lambda weights: [weights.pop(name) for name in list(weights) if part in name]
    )


def as_type(part: str, kind: torch.dtype) -> Change:
    return with_weights(lambda w: w.update({first_of(w, part): w[first_of(w, part)].to(kind)}))
