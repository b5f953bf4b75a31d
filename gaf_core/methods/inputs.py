"""The target as a function of the embeddings of a text, and the embeddings of a text that is gone.

The word embeddings are the only thing that changes (`gaf_core.tracing.embeddings`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import check_kind
from gaf_core.methods.method import Progress
from gaf_core.models.model import Model
from gaf_core.settings import Baseline
from gaf_core.tracing.attention import Maps, read_hidden
from gaf_core.tracing.embeddings import absent, look_up, substituted
from gaf_core.tracing.memory import rows_that_fit
from gaf_core.tracing.prediction import failures_in_a_sentence, forward, read_logits
from gaf_core.tracing.threads import threads_that_fit
from gaf_core.tracing.trace import Trace


class EmbeddedText:
    """A traced text as its word embeddings `[1, t, d]`, and its target as a function of them.

    Attributes:
        embeddings: `[1, t, d]` what the network looks up for the text, before positions are added.
        ordinary: `[t]` True for the tokens of the text that can be removed (`Trace.removable`).
        batch: rows that one call is given at most.

    Raises:
        SettingsError: the trace was made without a model.
    """

    def __init__(self, model: Model, trace: Trace):
        check_kind(model, Model, "gaf_core.load_model returns one.")
        self._model, self._target, self._place = model, trace.target, trace.target.place
        self._inputs = trace.encoding.inputs
        self._ids = self._inputs["input_ids"].to(model.device)
        self.ordinary = torch.as_tensor(trace.removable, device=model.device)
        with model.lock:  # another thread's call may have hooks on the table
            self.embeddings = look_up(model, self._ids)
        self.batch = rows_that_fit(model, len(trace.tokens), backward=True)

    def __call__(self, embeddings: torch.Tensor) -> torch.Tensor:
        """`[n]` the target's logit, or difference of two, for `[n, t, d]` embeddings.

        Takes `model.lock` for the forward pass, not for the backward pass that may follow.

        Raises:
            ModelError: the network fails, or its logits are not numbers.
        """
        with self._model.lock:
            return self.unlocked(embeddings)

    def unlocked(self, embeddings: torch.Tensor) -> torch.Tensor:
        """The same for a caller that holds `model.lock`."""
        return self._run(embeddings)[0]

    def with_states(self, embeddings: torch.Tensor) -> tuple[torch.Tensor, Maps]:
        """The same, and the hidden states entering each layer, `L` of `[n, t, d]`, or none."""
        with self._model.lock:
            values, output = self._run(embeddings, output_hidden_states=True)
        return values, read_hidden(self._model, output, embeddings.shape[1])

    def _run(self, embeddings: torch.Tensor, **options: Any) -> tuple[torch.Tensor, Any]:
        inputs = {name: tensor.repeat(len(embeddings), 1) for name, tensor in self._inputs.items()}
        with (
            failures_in_a_sentence(self._model),
            substituted(self._model, self._inputs, embeddings),
        ):
            output = forward(self._model, inputs, **options)
            logits = read_logits(self._model, output, inputs, self._place)
        values = logits[:, self._target.index]
        if self._target.against is not None:
            values = values - logits[:, self._target.against]
        return values, output

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

    def baseline(self, kind: Baseline = "mask") -> torch.Tensor:
        """`[1, t, d]` the embeddings with every ordinary token replaced; the others keep theirs.

        Args:
            kind: "mask" for the token that the perturbation of the text uses: the mask token, else
                the padding, else the unknown token; "pad" for the padding token; "zero" for zeros.

        Raises:
            SettingsError: the vocabulary has no such token.
            TextError: the text has no ordinary token.
        """
        with self._model.lock:
            return absent(self._model, self._ids, self.ordinary, kind)

    def on_tokens(self, ordinary: torch.Tensor) -> NDArray[np.float64]:
        """`[t]` scores from those `[k]` of the ordinary tokens; special tokens get 0."""
        scores = torch.zeros(len(self.ordinary), dtype=torch.float64)
        scores[self.ordinary.cpu()] = ordinary.detach().cpu().double()
        return scores.numpy()
