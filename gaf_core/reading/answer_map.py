"""A prompt and an answer -> which token before it each token of the answer rests on.

    column k   the scores that a method gives for y = log p(token_k | all tokens before it)

Of one forward pass, with the passes back in batches; flows are solved in batches too. A method that
is no flow is asked token by token.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.composer import explain_traces
from gaf_core.errors import SettingsError
from gaf_core.methods import METHODS, Method
from gaf_core.methods.faithful import NEEDS_FROZEN, remember_second
from gaf_core.methods.flows import flow_settings
from gaf_core.models.memory import available_memory
from gaf_core.models.model import Model
from gaf_core.settings import Settings, TextLike
from gaf_core.spans import Span
from gaf_core.tables import table
from gaf_core.text.words import group_words, written
from gaf_core.tracing.continuation import Continuation
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.tokens import read_span, traces_of_tokens
from gaf_core.tracing.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

_KEPT, _PART = 4, 0.5  # arrays of a network and its flow; of what is free

# Called with (tokens done, tokens in all); what it raises ends the map.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class AnswerMap:
    """Scores of all tokens for each token of an answer. `t` tokens, `n` of them the answer.

    Attributes:
        encoding: of the prompt with the answer.
        prompt: how many of its tokens are the prompt.
        columns: `[n]` positions of the tokens explained.
        scores: `[t, n]` signed; 0 for a column's own token and those behind it.
        log_probabilities: `[n]` of the tokens explained, in nats.
        method: title of what scores.
        certified: whether every flow is proven; None where the method is no flow.
        seconds: what all of it took.

    >>> import gaf_core as gaf
    >>> import numpy as np
    >>> from benchmarks.handmade import trace_of
    >>> encoding = trace_of("one lovely three").encoding
    >>> scores = np.array([[3.0, 1], [1, 1], [0, 2], [0, 0], [0, 0]])
    >>> found = gaf.AnswerMap(encoding, 2, np.array([2, 3]), scores, np.zeros(2), "AGF", True, 0.1)
    >>> found.shares.tolist()[0], found.prompt_shares.tolist()
    ([0.75, 0.25], [1.0, 0.5])
    """

    encoding: Encoding
    prompt: int
    columns: NDArray[np.int64]
    scores: NDArray[np.float64]
    log_probabilities: NDArray[np.float64]
    method: str
    certified: bool | None
    seconds: float

    @property
    def shares(self) -> NDArray[np.float64]:
        """`[t, n]` scores of each column as fractions of the sum of their sizes."""
        whole = np.abs(self.scores).sum(axis=0)
        return self.scores / np.where(whole > 0, whole, 1.0)

    @property
    def prompt_shares(self) -> NDArray[np.float64]:
        """`[n]` what of each column falls on the prompt; the rest falls on the answer before it."""
        return np.abs(self.shares[: self.prompt]).sum(axis=0)

    @property
    def answer_shares(self) -> NDArray[np.float64]:
        """`[n]` what of each column falls on tokens of the answer that stand before it."""
        return np.abs(self.shares[self.prompt :]).sum(axis=0)

    def by_words(self) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.float64]]:
        """Words of all tokens, words of the answer, and `[words, words]` shares.

        A row is the sum over the tokens of a word, a column the mean over those that are explained.

        >>> import gaf_core as gaf
        >>> import numpy as np
        >>> from benchmarks.handmade import trace_of
        >>> encoding, scores = trace_of("one lovely three").encoding, np.eye(5)[:, :1]
        >>> found = gaf.AnswerMap(
        ...     encoding, 2, np.array([3]), scores, np.zeros(1), "AGF", True, 0.1
        ... )
        >>> found.by_words()[1], found.by_words()[2].shape
        (('three',), (5, 1))
        """
        words = group_words(self.encoding)
        own = words.token_word[self.columns]
        named = list(dict.fromkeys(own.tolist()))
        rows = np.zeros((len(words.text), len(self.columns)))
        np.add.at(rows, words.token_word, self.shares)
        joined = np.stack([rows[:, own == word].mean(axis=1) for word in named], axis=1)
        return words.text, tuple(words.text[word] for word in named), joined

    def table(self) -> pd.DataFrame:
        """One row a pair: answer position and token, position and token, where, score, share.

        Pairs whose score is exactly 0 are left out; `where` is "prompt" or "answer".

        >>> import gaf_core as gaf
        >>> import numpy as np
        >>> from benchmarks.handmade import trace_of
        >>> encoding, scores = trace_of("one lovely three").encoding, np.eye(5)[:, :1]
        >>> gaf.AnswerMap(
        ...     encoding, 2, np.array([3]), scores, np.zeros(1), "AGF", True, 0.1
        ... ).table().values.tolist()
        [[3, 'three', 0, '[CLS]', 'prompt', 1.0, 1.0]]
        """
        column, row = np.nonzero(self.scores.T)
        names = np.asarray(written(self.encoding), dtype=object)
        places = self.columns[column]
        return table(
            {
                "answer_position": places,
                "answer_token": names[places],
                "position": row,
                "token": names[row],
                "where": np.where(row < self.prompt, "prompt", "answer"),
                "score": self.scores[row, column],
                "share": self.shares[row, column],
            }
        )


def answer_map(
    model: Model,
    prompt: TextLike,
    answer: str | Span,
    method: str | Method | Settings = "faithful",
    *,
    progress: Progress | None = None,
    **options: Any,
) -> AnswerMap:
    """Score every token before it for each token of an answer.

    Args:
        model: a causal language model.
        prompt: a text, or a `Chat`.
        answer: what stands behind the prompt, or a `Span` of it (its `varied` is "all" here).
        method: a name in `METHODS`, a method, or the `Settings` of a flow, whose target is left
            out.
        progress: called after each token; what it raises ends the map.
        **options: of the method.

    Raises:
        GafError: as `trace` and the method do.

    >>> import gaf_core as gaf
    >>> try:
    ...     gaf.answer_map(gaf.load_model("minilm-reviews"), "A lovely", " film")
    ... except gaf.ModelError as error:
    ...     print(str(error).split(". ")[0])
    'minilm-reviews' classifies a text and writes no answer
    """
    span = replace(answer if isinstance(answer, Span) else Span(answer), varied="all")
    began, title = time.perf_counter(), "Generalized Attention Flow"
    if isinstance(method, Settings):
        settings = replace(method, target=None)
    else:
        known = METHODS[method] if isinstance(method, str) and method in METHODS else method
        if isinstance(known, str):
            raise SettingsError(f"There is no method '{known}'. Methods: {', '.join(METHODS)}.")
        method, title = known, known.title
        settings = flow_settings(method, method.settings(**options), model.layers)
    if settings is not None:
        columns = _of_flows(model, prompt, span, settings)
    else:
        assert isinstance(method, Method)
        columns = _of_method(model, prompt, span, method, options)
    total = read_span(model, prompt, span)[1].count
    found = []
    for one in columns:
        found.append(one)
        if progress is not None:
            progress(len(found), total)
    return _collected(found, title, settings is not None, began)


class _Column(NamedTuple):
    """What is kept of the trace of one token: not its attention, which may be large."""

    encoding: Encoding
    asked: Continuation
    scores: NDArray[np.float64]
    certified: bool = True


def _of_flows(model: Model, prompt: TextLike, span: Span, settings: Settings) -> Iterator[_Column]:
    frozen = Frozen() if settings.gradients == "frozen" else None
    residual = settings.residual == "first order"
    for traces in traces_of_tokens(model, prompt, span, frozen=frozen, residual=residual):
        together = flows_that_fit(settings, traces[0])
        for start in range(0, len(traces), together):
            for found in explain_traces(traces[start : start + together], settings):
                yield _column(found.trace, found.scores, found.certified)


def flows_that_fit(settings: Settings, traced: Trace) -> int:
    """Traces whose flows can be solved in one batch; at least one.

    A network and its flow take `4 l t^2` numbers of 8 bytes, of half of what is free; a depth
    average has a network of every number of layers up to `l`.
    """
    first, last = settings.layers or (0, traced.layers)
    layers = sum(range(1, last - first + 1)) if settings.depth_average else last - first
    each = 8 * _KEPT * layers * len(traced.tokens) ** 2
    return max(1, int(_PART * available_memory(torch.device("cpu")) / each))


def _of_method(
    model: Model, prompt: TextLike, span: Span, method: Method, options: dict[str, Any]
) -> Iterator[_Column]:
    second: Iterator[Trace | None] = itertools.repeat(None)
    if method.name in NEEDS_FROZEN:
        second = _each(traces_of_tokens(model, prompt, span, frozen=Frozen(), residual=True))
    for traced, frozen in zip(_each(traces_of_tokens(model, prompt, span)), second, strict=False):
        if frozen is not None:
            remember_second(traced, frozen)
        yield _column(traced, method(model, traced, **options).scores)


def _each(traces: Iterator[list[Trace]]) -> Iterator[Trace]:
    return itertools.chain.from_iterable(traces)


def _column(traced: Trace, scores: NDArray[np.float64], certified: bool = True) -> _Column:
    assert traced.continuation is not None
    return _Column(traced.encoding, traced.continuation, scores, certified)


def _collected(columns: Sequence[_Column], title: str, flows: bool, began: float) -> AnswerMap:
    branches = [branch for one in columns for branch in one.asked.branches]
    scores = np.stack([one.scores for one in columns], axis=1)
    places = np.array([branch.start for branch in branches])
    before = np.arange(len(scores))[:, None] < places  # a method by chance scores what follows too
    return AnswerMap(
        encoding=columns[0].encoding,
        prompt=columns[0].asked.prompt,
        columns=places,
        scores=np.where(before, scores, 0.0),
        log_probabilities=np.array([branch.log_probability for branch in branches]),
        method=title,
        certified=all(one.certified for one in columns) if flows else None,
        seconds=time.perf_counter() - began,
    )
