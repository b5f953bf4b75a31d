"""Prompts with tokens removed -> what the model then says of the same answer.

    q = mean over the tokens explained of log p(token | what remains of the prompt, answer before)

in nats a token; of a contrast the difference of the two means. The answer itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from gaf_core.evaluation.perturbed import DELETE, Operator, Progress, batches, empty_text
from gaf_core.models.model import Model
from gaf_core.tracing.answering import branch_inputs, token_scores
from gaf_core.tracing.continuation import Branch
from gaf_core.tracing.prediction import failures_in_a_sentence, forward, logits_at
from gaf_core.tracing.removal import removal_token
from gaf_core.tracing.trace import Trace

Row = NDArray[np.int64]  # `[names, t']` one text: its ids, and what else the network is given


def answer_log_probabilities(
    model: Model,
    traced: Trace,
    kept: Bool[np.ndarray, "n t"],
    operator: Operator,
    progress: Progress | None = None,
) -> Float[np.ndarray, " n"]:
    """`[n]` mean log-probability a token of an answer, for each choice of the tokens that are kept.

    Where nothing of a prompt remains, the answer follows the one token that marks a beginning or an
    end, as in `log_probabilities`.

    Args:
        model: locked for one batch at a time.
        traced: of an answer.
        kept: `[n, t]` False for removed tokens; those of the answer always stay.
        operator: "mask", "pad" or "unknown" to replace them, "delete" to shorten the prompt.
        progress: called after every batch.

    Raises:
        SettingsError: the vocabulary has no token for this operator.
        ModelError: the model fails on an input.
    """
    asked = traced.continuation
    assert asked is not None
    found, done = np.zeros(len(kept)), 0
    plans = [
        _Plan(model, traced.encoding.inputs, branch, kept, operator) for branch in asked.branches
    ]
    total = sum(len(plan.batches) for plan in plans)
    for plan in plans:
        means = np.empty(len(plan.rows))
        for batch in plan.batches:
            means[batch] = plan.run(batch)
            done += 1
            if progress is not None:
                progress(done, total)
        found += plan.branch.sign * means[plan.row_of]
    return found


class _Plan:
    """The different inputs that the choices give for one answer, and which choice gives which."""

    def __init__(
        self,
        model: Model,
        inputs: Mapping[str, torch.Tensor],
        branch: Branch,
        kept: NDArray[np.bool_],
        operator: Operator,
    ):
        self.model, self.branch = model, branch
        read = branch_inputs(dict(inputs), branch)
        self.names = list(read)
        whole = np.stack([tensor[0].numpy() for tensor in read.values()])
        number: dict[bytes, int] = {}
        self.rows: list[Row] = []
        self.row_of = np.empty(len(kept), dtype=np.intp)
        for choice, keep in enumerate(kept[:, branch.columns[: branch.first]]):
            row = self._without(whole, keep, operator)
            key = row.tobytes()
            if key not in number:
                number[key] = len(self.rows)
                self.rows.append(row)
            self.row_of[choice] = number[key]
        self.batches = list(batches(model, [row.shape[1] for row in self.rows]))

    def _without(self, whole: Row, keep: NDArray[np.bool_], operator: Operator) -> Row:
        """The whole with tokens of the prompt removed."""
        ids, first = self.names.index("input_ids"), self.branch.first
        if operator != DELETE:
            row = whole.copy()
            row[ids, :first][~keep] = removal_token(self.model, operator)[1]
            return row
        prompt = whole[:, :first][:, keep] if keep.any() else empty_text(self.model, whole, ids)
        return np.concatenate([prompt, whole[:, first:]], axis=1)

    def run(self, batch: list[int]) -> NDArray[np.float64]:
        """`[n]` the means of rows of one length."""
        stacked = np.stack([self.rows[row] for row in batch], axis=1)
        inputs = dict(zip(self.names, torch.from_numpy(stacked), strict=True))
        branch, shift = self.branch, stacked.shape[2] - len(self.branch.columns)
        places = torch.arange(branch.start - 1 + shift, branch.stop - 1 + shift)
        ids = torch.from_numpy(branch.ids[branch.start : branch.stop])
        with self.model.lock, torch.no_grad(), failures_in_a_sentence(self.model):
            logits = logits_at(self.model, forward(self.model, inputs, kept=places), places)
            # row by row, since the vocabulary is long and float64 is twice as wide
            scores = [
                token_scores(one.cpu().double(), ids, "log_probability").mean() for one in logits
            ]
        return torch.stack(scores).numpy()
