"""What a row depends on, as a key: weights, text, method with its settings, measure.

Nothing else is in it: not the place of the text in a file, not the other texts, not the machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import torch

from gaf_core.evaluation.entries import Entry
from gaf_core.evaluation.perturbation import Perturbation
from gaf_core.models.model import Model
from gaf_core.settings import TargetLike, TextLike

_known: WeakKeyDictionary[Model, str] = WeakKeyDictionary()
_one_at_a_time = Lock()


def fingerprint(model: Model) -> str:
    """What tells the weights of a model, its vocabulary and its labels from those of any other.

    A hub model has its commit. Of another every weight is read, once, about a second a gigabyte: a
    folder may hold another training run tomorrow.
    """
    if model.revision:
        return f"{model.name}@{model.revision}/{model.task}"
    with _one_at_a_time:
        if model not in _known:
            _known[model] = _content(model)
        return _known[model]


def _content(model: Model) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(model.module.state_dict().items()):
        found.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        found.update(memoryview(_bytes(tensor)))  # no copy
    vocabulary = sorted(model.tokenizer.get_vocab().items())
    found.update(json.dumps([vocabulary, model.labels, str(model.task)]).encode())
    return found.hexdigest()


def _bytes(tensor: torch.Tensor) -> Any:
    return tensor.detach().contiguous().cpu().view(-1).view(torch.uint8).numpy()


def digest(parts: Iterable[Any]) -> str:
    """A key of 32 characters for plain data."""
    content = json.dumps(list(parts), sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def question_key(
    model: Model, entry: Entry, target: TargetLike, perturbation: Perturbation | None
) -> str:
    """All of a key but the text: what one method is asked of every text."""
    measure = None if perturbation is None else asdict(perturbation)
    settings = [entry.method.name, dict(entry.settings)]
    return digest([fingerprint(model), model.max_tokens, settings, target, measure])


def row_key(question: str, text: TextLike | None) -> str:
    """The key of a row: what `question_key` gave, and the text."""
    return digest([question, text])
