"""An answer asked of a network: what it scores each token of it, one trace of all or one of each.

    y = sum_k log p(token_k | tokens before),   or the sum of the logits

A contrast of two answers is two passes over one prompt each, whose gradients are subtracted: in a
causal model what happens at the prompt is the same in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.models.model import Model
from gaf_core.tracing.continuation import Branch, Continuation
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.memory import answer_rows
from gaf_core.tracing.passes import Back, Pass, ready, run
from gaf_core.tracing.prediction import failures_in_a_sentence, logits_at
from gaf_core.tracing.threads import threads_that_fit

Fields = dict[str, Any]


class _Scored(NamedTuple):
    """What a network says of a branch.

    Attributes:
        passed: the pass.
        logits: `[k, C]` before each token explained.
        scores: `[k]` of these tokens, with their graph.
        branch: with its log-probabilities.
    """

    passed: Pass
    logits: torch.Tensor
    scores: torch.Tensor
    branch: Branch


def token_scores(logits: torch.Tensor, ids: torch.Tensor, score: str) -> torch.Tensor:
    """`[..]` what a model scores the tokens `ids` `[..]` by its logits `[.., C]` before them.

    Args:
        logits: at the positions before.
        ids: entries of the vocabulary.
        score: "log_probability" or "logit".
    """
    own = logits.gather(-1, ids[..., None])[..., 0]
    return own if score == "logit" else own - logits.logsumexp(dim=-1)


def branch_inputs(inputs: dict[str, torch.Tensor], branch: Branch) -> dict[str, torch.Tensor]:
    """`[n, b]` of each input what is read for a branch, of `[n, t]` for the whole tree."""
    columns = torch.from_numpy(branch.columns)
    return {name: tensor[:, columns] for name, tensor in inputs.items()}


def answer_fields(
    model: Model,
    encoding: Encoding,
    asked: Continuation,
    frozen: Frozen | None,
    residual: bool,
) -> Fields:
    """What a trace of an answer, or of a contrast of two, is made of; the caller is `ready`."""
    tokens = len(encoding.tokens)
    tree, branches, logits, value = _Tree(tokens), [], [], 0.0
    for branch in asked.branches:
        one = _score(model, encoding, branch, asked.score, frozen, residual)
        with threads_that_fit(model, len(branch.columns)):
            (back,) = one.passed.back(one.scores.sum(), last=True)
        tree.add(one.branch, one.passed.attention, back)
        value += branch.sign * float(one.scores.detach().double().sum())
        branches.append(one.branch)
        logits.append(one.logits[0])
        del one
    said = replace(asked, branches=tuple(branches), value=value)
    return tree.fields | _said(encoding, said, logits[0])


def each_token(
    model: Model,
    encoding: Encoding,
    asked: Continuation,
    frozen: Frozen | None,
    residual: bool,
) -> Iterator[list[Fields]]:
    """The same for each token explained by itself, of one forward pass.

    The model is locked for that pass, and not between what is yielded.

    Yields:
        So many of them at a time as fit into memory, in order.
    """
    (branch,) = asked.branches
    with ready(model):
        one = _score(model, encoding, branch, asked.score, frozen, residual)
    attention, count = one.passed.attention, len(one.scores)
    rows = answer_rows(model, len(encoding.tokens))
    for start in range(0, count, rows):
        some = one.scores[start : start + rows]
        threads = threads_that_fit(model, len(encoding.tokens) * len(some))
        with threads, failures_in_a_sentence(model):
            backs = one.passed.back(some, last=start + rows >= count)
        yield [
            {"attention": attention} | back._asdict() | _alone(encoding, asked, one, start + number)
            for number, back in enumerate(backs)
        ]


def _alone(encoding: Encoding, asked: Continuation, one: _Scored, number: int) -> Fields:
    """What is said of one of the tokens explained."""
    start = one.branch.start + number
    branch = replace(one.branch, start=start, stop=start + 1)
    part = start - branch.first, start - branch.first + 1
    spans = tuple(replace(span, part=part) for span in asked.spans)
    value = float(one.scores[number].detach())
    own = replace(asked, branches=(branch,), spans=spans, value=value)
    return _said(encoding, own, one.logits[number])


def _said(encoding: Encoding, asked: Continuation, logits: torch.Tensor) -> Fields:
    return {
        "logits": logits.float().cpu().numpy(),
        "target": asked.target(encoding),
        "continuation": asked,
    }


class _Tree:
    """Passes over the branches, put together as arrays of all tokens of the tree."""

    def __init__(self, tokens: int):
        self._tokens = tokens
        self.fields: Fields = {}

    def add(self, branch: Branch, attention: NDArray[np.float32], back: Back) -> None:
        """Take the attention of the branch's tokens, and add what comes back of it."""
        found = {"attention": attention} | back._asdict()
        if len(branch.columns) == self._tokens and not self.fields:  # nothing to put together yet
            self.fields = found
            return
        for name, array in found.items():
            if array is not None:
                self._put(name, array, branch)

    def _put(self, name: str, array: NDArray[np.float32], branch: Branch) -> None:
        axes = 1 if array.ndim == 2 else 2  # by token, or by pair of tokens
        shape = *array.shape[:-axes], *[self._tokens] * axes
        whole = np.zeros(shape, dtype=np.float32)
        if self.fields.get(name) is not None:
            whole += self.fields[name]
        place = (..., *np.ix_(*[branch.columns] * axes))
        if name == "attention":
            whole[place] = array
        else:
            whole[place] += branch.sign * array
        whole.flags.writeable = False
        self.fields[name] = whole


def _score(
    model: Model,
    encoding: Encoding,
    branch: Branch,
    score: str,
    frozen: Frozen | None,
    residual: bool,
) -> _Scored:
    kept = torch.arange(branch.first - 1, len(branch.columns) - 1)
    passed = run(model, branch_inputs(encoding.inputs, branch), frozen, residual, kept)
    logits = logits_at(model, passed.output, kept)[0]
    ids = torch.from_numpy(branch.ids[branch.first :]).to(logits.device)
    said = token_scores(logits.detach().cpu().double(), ids.cpu(), "log_probability").numpy()
    part = slice(branch.start - branch.first, branch.stop - branch.first)
    scores = token_scores(logits[part], ids[part], score)
    return _Scored(passed, logits[part].detach(), scores, replace(branch, log_probabilities=said))
