"""The target as a function of the embeddings of a text, and the embeddings of a text that is gone.

The word embeddings are the only thing that changes: the network is given the ids of the text as it
is, so its positions, its mask and the place that it reads its prediction from stay those of the
text. Replacing an embedding by that of another token is what replacing the id does otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import ModelError, SettingsError, TextError
from gaf_core.methods.method import Progress
from gaf_core.models.model import Model, Task
from gaf_core.tracing.answering import branch_inputs, token_scores
from gaf_core.tracing.continuation import Branch
from gaf_core.tracing.memory import available_memory, estimate_memory
from gaf_core.tracing.prediction import (
    failures_in_a_sentence,
    forward,
    logits_at,
    read_logits,
)
from gaf_core.tracing.removal import removal_token
from gaf_core.tracing.threads import threads_that_fit
from gaf_core.tracing.trace import Trace

BASELINES = ("mask", "pad", "zero")
_TOKENS = 1024  # in a batch: more do not make it faster, and lock the model for longer
_MEMORY = 0.5  # of what is free, for one batch


class EmbeddedText:
    """A traced text as its word embeddings `[1, t, d]`, and its target as a function of them.

    Attributes:
        embeddings: `[1, t, d]` what the network looks up for the text, before positions are added.
        ordinary: `[t]` True for the tokens of the text that are taken apart (`Trace.varied`).
        batch: rows that one call is given at most.

    Raises:
        SettingsError: the trace was made without a model.
    """

    def __init__(self, model: Model, trace: Trace):
        self._model, self._target, self._place = model, trace.target, trace.target.place
        self._asked, self._inputs = trace.continuation, trace.encoding.inputs
        self._ids = self._inputs["input_ids"].to(model.device)
        self.ordinary = torch.as_tensor(trace.varied, device=model.device)
        self.embeddings = self._look_up(self._ids)
        self.batch = _rows(model, len(trace.tokens))

    def __call__(self, embeddings: torch.Tensor) -> torch.Tensor:
        """`[n]` the target for `[n, t, d]` embeddings: a logit, or what an answer scores.

        The difference of two of them for a contrast.

        Takes `model.lock` for the forward pass, not for the backward pass that may follow.

        Raises:
            ModelError: the network fails, or its logits are not numbers.
        """
        with self._model.lock:
            return self.unlocked(embeddings)

    def unlocked(self, embeddings: torch.Tensor) -> torch.Tensor:
        """The same for a caller that holds `model.lock`."""
        inputs = {name: tensor.repeat(len(embeddings), 1) for name, tensor in self._inputs.items()}
        if self._asked is not None:
            parts = [
                branch.sign * self._answer(embeddings, inputs, branch, self._asked.score)
                for branch in self._asked.branches
            ]
            return torch.stack(parts).sum(dim=0)
        with failures_in_a_sentence(self._model), self._substituted(embeddings, self._ids[0]):
            output = forward(self._model, inputs)
            logits = read_logits(self._model, output, inputs, self._place)
        values = logits[:, self._target.index]
        return values if self._target.against is None else values - logits[:, self._target.against]

    def _answer(
        self, embeddings: torch.Tensor, inputs: dict[str, torch.Tensor], branch: Branch, score: str
    ) -> torch.Tensor:
        """`[n]` what the tokens explained of one answer score."""
        read, columns = branch_inputs(inputs, branch), torch.from_numpy(branch.columns)
        kept = torch.arange(branch.start - 1, branch.stop - 1)
        own = embeddings[:, columns.to(embeddings.device)]
        ids = read["input_ids"][0].to(embeddings.device)
        with failures_in_a_sentence(self._model), self._substituted(own, ids):
            output = forward(self._model, read, kept=kept)
            logits = logits_at(self._model, output, kept)
        wanted = ids[branch.start : branch.stop].expand(len(own), -1)
        return token_scores(logits, wanted, score).sum(dim=1)

    def threads(self, rows: int = 1) -> AbstractContextManager[None]:
        """Where a forward pass with so many rows at once, and its backward pass, are computed."""
        return threads_that_fit(self._model, rows * len(self.ordinary))

    def reporting(self, progress: Progress, passes: int) -> Callable[[torch.Tensor], torch.Tensor]:
        """The same function, which tells how many of so many passes are done after each call."""
        done = 0

        def target(embeddings: torch.Tensor) -> torch.Tensor:
            nonlocal done
            values = self(embeddings)
            done += len(embeddings)
            progress(min(done, passes), passes)
            return values

        return target

    def baseline(self, kind: str = "mask") -> torch.Tensor:
        """`[1, t, d]` the embeddings with every ordinary token replaced; the others keep theirs.

        Args:
            kind: "mask" for the token that the perturbation of the text uses: the mask token, else
                the padding, else the unknown token; "pad" for the padding token; "zero" for zeros.

        Raises:
            SettingsError: the vocabulary has no such token.
            TextError: the text has no ordinary token.
        """
        if not self.ordinary.any():
            raise TextError(
                "All tokens of this text are special ones, which are never removed, or the one "
                "that is asked about, so there is nothing to compare it with. Write at least one "
                "word more."
            )
        if kind == "zero":
            nothing = torch.zeros_like(self.embeddings)
        else:
            nothing = self._look_up(torch.full_like(self._ids, self._removal_token(kind)))
        return torch.where(self.ordinary[:, None], nothing, self.embeddings)

    def on_tokens(self, ordinary: torch.Tensor) -> NDArray[np.float64]:
        """`[t]` scores from those `[k]` of the ordinary tokens; special tokens get 0."""
        scores = torch.zeros(len(self.ordinary), dtype=torch.float64)
        scores[self.ordinary.cpu()] = ordinary.detach().cpu().double()
        return scores.numpy()

    def _removal_token(self, kind: str) -> int:
        try:
            return removal_token(self._model, "pad" if kind == "pad" else None)[1]
        except SettingsError as error:
            raise SettingsError(
                f"{error} Integrated gradients and DeepLift can also start from zeros: "
                'baseline="zero".'
            ) from error

    def _look_up(self, ids: torch.Tensor) -> torch.Tensor:
        # under the lock: another thread's call may have hooks on the table
        with self._model.lock, torch.no_grad():
            return _word_table(self._model)(ids)

    @contextmanager
    def _substituted(self, embeddings: torch.Tensor, ids: torch.Tensor) -> Iterator[None]:
        """Let every table of word embeddings return these for the ids `[t]` of the text."""

        def substitute(_table: torch.nn.Module, arguments: tuple[Any, ...], output: torch.Tensor):
            seen = arguments[0][0]
            if torch.equal(seen, ids):
                return embeddings
            if torch.equal(seen[1:], ids[:-1]):  # a decoder reads the text one position later
                return torch.cat([output[:, :1], embeddings[:, :-1]], dim=1)
            raise ModelError(
                f"{type(self._model.module).__name__} looks up other tokens than those of the "
                "text, so its embeddings cannot be replaced. Use a method that reads attention."
            )

        words = _word_table(self._model).weight
        handles = [
            table.register_forward_hook(substitute)
            for table in self._model.module.modules()
            if isinstance(table, torch.nn.Embedding) and table.weight is words
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _word_table(model: Model) -> torch.nn.Embedding:
    module = model.module
    # the tables of an encoder and its decoder are tied; only they scale what they look up
    reader = module.get_encoder() if module.config.is_encoder_decoder else module
    table = reader.get_input_embeddings()
    if not isinstance(table, torch.nn.Embedding):
        raise ModelError(
            f"{type(module).__name__} has no table of word embeddings, so nothing can stand in "
            "their place. Use a method that reads attention."
        )
    return table


def _rows(model: Model, tokens: int) -> int:
    config = model.module.config.get_text_config()
    if model.task is Task.CLASSIFICATION and config.pad_token_id is None:
        return 1  # a decoder that classifies refuses several texts if it knows no padding
    memory = _MEMORY * available_memory(model.device) / estimate_memory(model, tokens)
    return max(1, min(_TOKENS // tokens, int(memory)))
