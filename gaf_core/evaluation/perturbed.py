"""Texts with tokens removed -> probabilities: every different input once, in shared batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from gaf_core.models.model import Model
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.prediction import (
    failures_in_a_sentence,
    forward,
    read_logits,
    takes_batches,
)
from gaf_core.tracing.removal import removal_token

# Called with (batches done, batches in all); what it raises ends the work.
Progress = Callable[[int, int], None]

DELETE = "delete"
_BATCH_TOKENS = 2048  # of a batch: at 512 tokens a text its attention maps take 50 MB a layer
_BATCH_ROWS = 64


def log_probabilities(
    model: Model,
    encoding: Encoding,
    kept: Bool[np.ndarray, "n t"],
    operator: str,
    label: int,
    progress: Progress | None = None,
) -> Float[np.ndarray, " n"]:
    """`[n]` log-probability of a label, for each choice of the tokens that are kept.

    A replaced token stays visible to attention, as a token of the text; a shortened text is read
    as if it stood alone. Where nothing at all remains, the text is the one token that marks a
    beginning or an end (no model reads an empty text), or its own first token if the vocabulary
    has neither mark.

    Args:
        model: locked for one batch at a time, so that others can use it in between.
        encoding: of the whole text, `t` tokens.
        kept: `[n, t]` False for removed tokens.
        operator: "mask", "pad" or "unknown" to replace them, "delete" to shorten the text.
        label: class or vocabulary entry.
        progress: called after every batch.

    Raises:
        SettingsError: the vocabulary has no token for this operator.
        ModelError: the model fails on an input.
    """
    inputs, row_of = _different_inputs(model, encoding, kept, operator)
    found = np.empty(len(inputs))
    batches = list(_batches(model, [row.shape[1] for row in inputs]))
    for number, batch in enumerate(batches):
        stacked = torch.from_numpy(np.stack([inputs[row] for row in batch], axis=1))
        tensors = dict(zip(encoding.inputs, stacked, strict=True))
        with model.lock, torch.no_grad(), failures_in_a_sentence(model):
            logits = read_logits(model, forward(model, tensors), tensors)
            found[batch] = logits.double().log_softmax(dim=-1)[:, label].cpu().numpy()
        if progress is not None:
            progress(number + 1, len(batches))
    return found[row_of]


def _different_inputs(
    model: Model, encoding: Encoding, kept: NDArray[np.bool_], operator: str
) -> tuple[list[NDArray[np.int64]], NDArray[np.intp]]:
    """Inputs `[names, t']` that differ from each other, and which of them each choice gives."""
    names = list(encoding.inputs)
    whole = np.stack([encoding.inputs[name][0].numpy() for name in names])
    ids = names.index("input_ids")
    replacement = None if operator == DELETE else removal_token(model, operator)[1]
    number: dict[bytes, int] = {}
    inputs: list[NDArray[np.int64]] = []
    row_of = np.empty(len(kept), dtype=np.intp)
    for choice, keep in enumerate(kept):
        if replacement is None:
            row = whole[:, keep] if keep.any() else _empty_text(model, whole, ids)
        else:
            row = whole.copy()
            row[ids, ~keep] = replacement
        key = row.tobytes()
        if key not in number:
            number[key] = len(inputs)
            inputs.append(row)
        row_of[choice] = number[key]
    return inputs, row_of


def _empty_text(model: Model, whole: NDArray[np.int64], ids: int) -> NDArray[np.int64]:
    row = whole[:, :1].copy()
    marks = (model.tokenizer.bos_token_id, model.tokenizer.eos_token_id)
    row[ids] = next((mark for mark in marks if mark is not None), row[ids])
    return row


def _batches(model: Model, lengths: list[int]) -> Iterator[list[int]]:
    """Rows of one length together, so that nothing is padded.

    Padding as long as the reach of a network that attends to near tokens only leaves it rows
    without any token, and its logits are not numbers.
    """
    most = _BATCH_ROWS if takes_batches(model) else 1
    rows = np.argsort(lengths, kind="stable").tolist()
    for length, group in itertools.groupby(rows, key=lengths.__getitem__):
        together = list(group)
        size = min(most, max(1, _BATCH_TOKENS // length))
        for start in range(0, len(together), size):
            yield together[start : start + size]
