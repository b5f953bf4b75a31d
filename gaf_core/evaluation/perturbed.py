"""Texts with tokens removed -> what is watched: every different input once, in shared batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from gaf_core.models.model import Model
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.places import Place
from gaf_core.tracing.prediction import (
    failures_in_a_sentence,
    forward,
    read_logits,
    takes_batches,
)
from gaf_core.tracing.removal import Replacement, removal_token

# Called with (batches done, batches in all); what it raises ends the work.
Progress = Callable[[int, int], None]

Operator = Literal[Replacement, "delete"]  # how a token is removed
DELETE: Final = "delete"
_BATCH_TOKENS = 2048  # of a batch: at 512 tokens a text its attention maps take 50 MB a layer
_BATCH_ROWS = 64


def log_probabilities(
    model: Model,
    encoding: Encoding,
    kept: Bool[np.ndarray, "n t"],
    operator: Operator,
    label: int,
    progress: Progress | None = None,
    place: Place = None,
) -> Float[np.ndarray, " n"]:
    """`[n]` log-probability of a label, for each choice of the tokens that are kept.

    A replaced token stays visible to attention, as a token of the text; a shortened text is read
    as if it stood alone. Where nothing at all remains, the text is the one token that marks a
    beginning or an end (no model reads an empty text), or its own first token if the vocabulary
    has neither mark. The token that is asked about stays, and is followed in a shortened text.

    Args:
        model: locked for one batch at a time, so that others can use it in between. Its output
            decides what the probability is: of a softmax, or of the label alone.
        encoding: of the whole text, `t` tokens.
        kept: `[n, t]` False for removed tokens.
        operator: "mask", "pad" or "unknown" to replace them, "delete" to shorten the text.
        label: class or vocabulary entry; of an answer, a token.
        progress: called after every batch.
        place: where in the text, for a task that has several places.

    Raises:
        SettingsError: the vocabulary has no token for this operator.
        ModelError: the model fails on an input.
    """
    watch = _Watch(model, encoding, label, place)
    return watch(kept, operator, progress, model.output.log_probabilities)


def values(
    model: Model,
    encoding: Encoding,
    kept: Bool[np.ndarray, "n t"],
    operator: Operator,
    label: int,
    progress: Progress | None = None,
) -> Float[np.ndarray, " n"]:
    """`[n]` an output itself, for each choice of the tokens that are kept; else the same."""
    return _Watch(model, encoding, label, None)(kept, operator, progress, lambda logits: logits)


@dataclass(frozen=True)
class _Watch:
    """One output of a model, for texts with tokens removed."""

    model: Model
    encoding: Encoding
    label: int
    place: Place

    @property
    def stays(self) -> int | None:
        """The token that the output is about, if it is about one."""
        return self.label if isinstance(self.place, str) else self.place

    def __call__(
        self,
        kept: NDArray[np.bool_],
        operator: Operator,
        progress: Progress | None,
        read: Callable[[torch.Tensor], torch.Tensor],
    ) -> NDArray[np.float64]:
        if self.stays is not None:
            kept = kept.copy()
            kept[:, self.stays] = True
        inputs, row_of = _different_inputs(self.model, self.encoding, kept, operator, self.stays)
        places = [place for _, place in inputs]
        found = np.empty(len(inputs))
        batches = list(_batches(self.model, [row.shape[1] for row, _ in inputs]))
        for number, batch in enumerate(batches):
            rows = np.stack([inputs[row][0] for row in batch], axis=1)
            found[batch] = self._run(rows, torch.tensor([places[row] for row in batch]), read)
            if progress is not None:
                progress(number + 1, len(batches))
        return found[row_of]

    def _run(
        self,
        rows: NDArray[np.int64],
        at: torch.Tensor,
        read: Callable[[torch.Tensor], torch.Tensor],
    ) -> NDArray[np.float64]:
        """`[n]` of one batch `[names, n, t']`, in which the token asked about stands `at` `[n]`."""
        tensors = dict(zip(self.encoding.inputs, torch.from_numpy(rows), strict=True))
        ends = isinstance(self.place, str)
        with self.model.lock, torch.no_grad(), failures_in_a_sentence(self.model):
            output = forward(self.model, tensors)
            logits = read_logits(self.model, output, tensors, self.place if ends else at)
            watched = read(logits.double()).cpu()
        return watched[torch.arange(len(watched)), at if ends else self.label].numpy()


def _different_inputs(
    model: Model,
    encoding: Encoding,
    kept: NDArray[np.bool_],
    operator: Operator,
    stays: int | None,
) -> tuple[list[tuple[NDArray[np.int64], int]], NDArray[np.intp]]:
    """Inputs `[names, t']` that differ, each with the place of the token that stays (0 for none).

    And which of them each choice gives. Removing different tokens can leave the same ones, with
    another of them in the place that is asked about.
    """
    names = list(encoding.inputs)
    whole = np.stack([encoding.inputs[name][0].numpy() for name in names])
    ids = names.index("input_ids")
    replacement = None if operator == DELETE else removal_token(model, operator)[1]
    number: dict[tuple[bytes, int], int] = {}
    inputs: list[tuple[NDArray[np.int64], int]] = []
    row_of = np.empty(len(kept), dtype=np.intp)
    for choice, keep in enumerate(kept):
        place = stays or 0
        if replacement is None:
            row = whole[:, keep] if keep.any() else _empty_text(model, whole, ids)
            place = int(keep[:place].sum())
        else:
            row = whole.copy()
            row[ids, ~keep] = replacement
        key = row.tobytes(), place
        if key not in number:
            number[key] = len(inputs)
            inputs.append((row, place))
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
