"""Load a model by preset, local folder, GGUF file or hub id, ready to be traced.

A model is loaded from safetensors or GGUF only, never runs code that came with it, computes in
float32 and uses eager attention. The steps are in `gaf_core.models`.
"""

from __future__ import annotations

import difflib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gaf_core.errors import GafError, ModelError, SettingsError, brief, cause, check_kind
from gaf_core.models.adapters import Adapter, read_adapter
from gaf_core.models.bases import find_base
from gaf_core.models.devices import resolve_device
from gaf_core.models.downloads import Plan, Progress, Reports
from gaf_core.models.files import ADAPTER_CONFIG, INDEX, WEIGHTS, check_folder, has_tokenizer
from gaf_core.models.gguf import as_safetensors
from gaf_core.models.hub import download, is_repository_id
from gaf_core.models.kinds import Task as Task
from gaf_core.models.labels import class_names
from gaf_core.models.outputs import Output, output_of
from gaf_core.models.presets import PRESETS, PackagedModel
from gaf_core.models.tasks import load_network, network_size
from gaf_core.models.tokenizers import (
    check_vocabulary,
    load_tokenizer,
    token_limit,
    vocabulary,
)


@dataclass(frozen=True, eq=False)
class Model:
    """A transformer with its tokenizer; shared by threads, so used under `lock`.

    Attributes:
        name: the preset, path or hub id it was loaded by.
        module: the frozen network, evaluation mode, eager attention, float32.
        tokenizer: the tokenizer that belongs to it.
        labels: class names, by class index, "good (2)" where another is "good" too; for the next
            token and a masked word every vocabulary entry as text; none for question answering,
            where the classes are the tokens of each text.
        max_tokens: longest input, special tokens included.
        layers, heads: depth, and attention heads a layer; of the encoder where there are two.
        task: what the logits are logits of.
        revision: commit of a model from the hub.
        exact_offsets: the tokenizer itself says where its tokens stand in the text.
        lock: one caller at a time may run `module`.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> model.labels, model.layers, model.heads, model.max_tokens, model.task.value
    (('negative', 'positive'), 6, 12, 512, 'classification')
    """

    name: str
    module: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    max_tokens: int
    layers: int
    heads: int
    task: Task = Task.CLASSIFICATION
    revision: str | None = None
    exact_offsets: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def device(self) -> torch.device:
        """Where the parameters of `module` are."""
        return self.module.device

    @property
    def output(self) -> Output:
        """What the logits mean: classes that exclude each other, single labels, or values."""
        return output_of(self.module.config, self.task, len(self.labels))


def load_model(
    name: str | Path,
    *,
    revision: str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    task: Task | str | None = None,
    announce: Callable[[Plan], None] | None = None,
) -> Model:
    """Load a model with the head it was saved with, which says what it predicts (see `Task`).

    Only a name that is no preset, no file and no path asks the hub; what that needs is in
    `gaf_core.models.hub`.

    Args:
        name: one of `PRESETS`; the path of a folder with `config.json`, safetensors and tokenizer
            files, or with one GGUF file; the path of a GGUF file; or the id of a model on the
            Hugging Face hub, "name" or "owner/name". A folder or a model of the hub may hold a PEFT
            adapter, with its base model or with the name of it.
        revision: branch, tag or commit of a hub model.
        device: "auto" (CUDA, then MPS, then CPU), "cpu", "cuda", "cuda:1", "mps".
        progress: called with (bytes done, bytes in all) while a hub model is downloaded.
        task: what it is asked for, where its configuration does not say it or says something else,
            such as "masked word" for a model that was saved as it was pretrained. Its head must be
            among the weights.
        announce: called before a hub model is downloaded with what that will take: `missing` and
            `free` bytes, and `message` for people. What it raises ends the work.

    Raises:
        SettingsError: there is no such task, or the name is no text.
        ModelError: nothing of this name, or it cannot be loaded and explained; the message says
            why and what to do.
        MissingPackageError: it is an adapter, and peft is not installed.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> model.labels
    ('negative', 'positive')
    """
    check_kind(name, (str, os.PathLike), "Name a preset, a folder, a file or a model of the hub.")
    check_kind(revision, (str, type(None)), "Name a branch, a tag or a commit, or leave it out.")
    target, asked = resolve_device(device), _task(task)
    reports = Reports(announce, progress)
    with _located(name, revision, reports) as (folder, commit):
        adapter, base = _parts(str(name), folder, commit, reports)
        return _load(str(name), base, adapter, commit, target, asked)


def _task(task: Task | str | None) -> Task | None:
    try:
        return None if task is None else Task(task)
    except ValueError as error:
        known = ", ".join(Task)
        raise SettingsError(f"There is no task '{task}'. Choose one of: {known}.") from error


def _parts(
    name: str, folder: Path, commit: str | None, reports: Reports
) -> tuple[Adapter | None, Path]:
    """The adapter in a folder, if there is one, and the folder of the network."""
    with _failures_in_a_sentence(folder):
        check_folder(folder)
        adapter = read_adapter(folder, name)
    if adapter is None:
        return None, folder
    return adapter, find_base(adapter, from_hub=commit is not None, reports=reports)


@contextmanager
def _located(
    name: str | Path, revision: str | None, reports: Reports
) -> Iterator[tuple[Path, str | None]]:
    """The folder with the model in safetensors, and its commit if it is from the hub."""
    path = _local_path(name)
    if path is None:
        found = download(_repository_id(name), revision, reports)
        yield found.folder, found.revision
        return
    if revision is not None:
        raise ModelError(
            f"'{name}' is on this computer and has no revisions. Leave the revision out."
        )
    gguf = _gguf_file(path)
    if gguf is None:
        yield path, None
        return
    with as_safetensors(gguf) as folder:
        yield folder, None


def _local_path(name: str | Path) -> Path | None:
    preset = PRESETS.get(str(name))
    if preset is not None:
        return preset.find() if isinstance(preset, PackagedModel) else preset
    if not str(name):  # a path without a name would be the folder that Python was started in
        return None
    try:
        path = Path(name).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long, or the home of an unknown user
        return None


def _repository_id(name: str | Path) -> str:
    """The name, if it can only mean a model on the hub.

    Raises:
        ModelError: it is a path, or nearly a preset: then nothing is asked of the network.
    """
    presets = ", ".join(sorted(PRESETS))
    near = difflib.get_close_matches(str(name).lower(), PRESETS, n=1, cutoff=0.8)
    if near:
        raise ModelError(
            f"There is no preset called '{name}'. Did you mean '{near[0]}'? Presets: {presets}."
        )
    if isinstance(name, Path) or not is_repository_id(name):
        raise ModelError(
            f"There is no preset and no folder called '{brief(name)}'. Presets: {presets}. Or give "
            "the path of a folder with a saved model, or the id of a model on the hub (owner/name)."
        )
    return name


def _gguf_file(path: Path) -> Path | None:
    if path.is_file():
        if path.suffix.lower() != ".gguf":
            raise ModelError(f"'{path}' is a file. Give the folder that the whole model is in.")
        return path
    files = sorted(path.glob("*.gguf"))
    if not files or any((path / name).exists() for name in (WEIGHTS, INDEX, ADAPTER_CONFIG)):
        return None
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise ModelError(
            f"The folder '{path}' has several GGUF files: {names}. Give the path of one of them."
        )
    return files[0]


def _load(
    name: str,
    base: Path,
    adapter: Adapter | None,
    commit: str | None,
    device: torch.device,
    asked: Task | None,
) -> Model:
    with _failures_in_a_sentence(base):
        module, task = load_network(base, name, adapter, asked)
        tokenizer, exact = load_tokenizer(_tokenizer_folder(base, adapter), module.config)
    check_vocabulary(tokenizer, module, name)
    layers, heads = network_size(module.config, task, name)
    return Model(
        name=name,
        module=_moved(module, device, name),
        tokenizer=tokenizer,
        labels=_labels(module, tokenizer, task),
        max_tokens=token_limit(tokenizer, module),
        layers=layers,
        heads=heads,
        task=task,
        revision=commit,
        exact_offsets=exact,
    )


def _labels(
    module: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, task: Task
) -> tuple[str, ...]:
    match task.kind.classes:
        case "named":
            return class_names(module.config)
        case "vocabulary":
            return vocabulary(tokenizer, module.get_output_embeddings().weight.shape[0])
        case "tokens":
            return ()


@contextmanager
def _failures_in_a_sentence(folder: Path) -> Iterator[None]:
    try:
        yield
    except GafError:
        raise
    except Exception as error:  # transformers raises many kinds; the user needs one sentence
        raise ModelError(
            f"The folder '{folder}' does not hold a model that can be loaded: "
            f"{cause(error)}. It needs config.json, model.safetensors and tokenizer files "
            "of an architecture that transformers knows."
        ) from error


def _tokenizer_folder(base: Path, adapter: Adapter | None) -> Path:
    """An adapter's own tokenizer comes first: it may know tokens that the base does not."""
    if adapter is not None and has_tokenizer(path.name for path in adapter.folder.iterdir()):
        return adapter.folder
    return base


def _moved(module: PreTrainedModel, device: torch.device, name: str) -> PreTrainedModel:
    try:
        cast(torch.nn.Module, module).to(device)  # in place
    except torch.OutOfMemoryError as error:
        size = sum(tensor.nbytes for tensor in module.parameters()) / 1e9
        raise ModelError(
            f"The device '{device}' has too little free memory for '{name}', which needs "
            f'{size:.1f} GB. Free some, or use device="cpu".'
        ) from error
    return module
