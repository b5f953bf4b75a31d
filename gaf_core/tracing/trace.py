"""Model + text + target -> Trace: attention, gradient and relevance, by one pass and one back.

    A[l, h, i, j]   attention probability of query i on key j in head h of layer l
    G[l, h, i, j] = d y / d A[l, h, i, j],   y = logit of the target (before softmax)
    R[l, i] = sum_d h[l, i, d] * d y / d h[l, i, d],   h the hidden state entering layer l

The parameters need no gradient and only the words that are looked up require a gradient, so the
backward pass computes the gradients of activations and never one of a parameter or of a position.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import check_kind
from gaf_core.models.model import Model, Task
from gaf_core.models.outputs import Output
from gaf_core.settings import TargetLike, TextLike
from gaf_core.tracing.answer import Answer
from gaf_core.tracing.attention import (
    attention_gradient,
    gradients,
    read_attention,
    read_hidden,
    relevance,
    to_numpy,
)
from gaf_core.tracing.encoding import Encoding, encode
from gaf_core.tracing.frozen import Frozen, frozen_backward
from gaf_core.tracing.memory import check_memory
from gaf_core.tracing.places import class_labels, removable
from gaf_core.tracing.prediction import failures_in_a_sentence, forward
from gaf_core.tracing.question import Question
from gaf_core.tracing.residual import ValueProducts, past_attention
from gaf_core.tracing.target import Target
from gaf_core.tracing.threads import threads_that_fit


@dataclass(frozen=True, eq=False)
class Trace:
    """What one prediction leaves behind. `L` layers, `H` heads, `t` tokens, `C` classes.

    The classes of a language model are the entries of its vocabulary, those of question answering
    the tokens of the text. The layers and heads of a model with an encoder and a decoder are the
    encoder's.

    Attributes:
        encoding: the text, its tokens, and what the network was given.
        attention: `[L, H, t, t]` float32, rows sum to 1.
        gradient: `[L, H, t, t]` float32, in units of the logit.
        logits: `[C]` float32, at the place that `target` names.
        labels: `C` class names; those of a vocabulary need not differ.
        target: what `gradient` is the gradient of.
        task: what the logits are logits of.
        relevance: `[L, t]` float32, in units of the logit: `h . dy/dh` of the hidden state `h` that
            enters each layer, by token. By how much the logit grows, to first order, for each
            100 % that the state grows. None in a trace that was made without a model, or where
            the hidden states that the model returns are not those it computes with.
        frozen: what was constant in the backward pass, so that `gradient`, `relevance` and
            `residual` are those of a linear network (`gaf_core.tracing.frozen`); None for the exact
            ones.
        residual: `[L, t]` float32, in units of the logit: the part of `relevance` that does not
            pass through the attention of the layer (`gaf_core.tracing.residual`). None if it was
            not asked for.
        output: what the logits mean, and so what a probability is.
        answer: of question answering, where the predicted answer starts and ends; else None.
        terms: `[L, H, t, t]` float32, in units of the logit, what stands in place of attention
            times gradient in one side of a path (`PathTrace`); None for the product itself.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> trace.attention.shape, trace.labels[trace.predicted], trace.read_positions.tolist()
    ((6, 12, 6, 6), 'positive', [0])
    """

    encoding: Encoding
    attention: NDArray[np.float32]
    gradient: NDArray[np.float32]
    logits: NDArray[np.float32]
    labels: tuple[str, ...]
    target: Target
    task: Task = Task.CLASSIFICATION
    relevance: NDArray[np.float32] | None = None
    frozen: Frozen | None = None
    residual: NDArray[np.float32] | None = None
    output: Output = Output.SOFTMAX
    answer: Answer | None = None
    terms: NDArray[np.float32] | None = None

    @property
    def text(self) -> str:
        """The text as given (as cut, when it was truncated); a pair joined by a newline."""
        return self.encoding.text

    @property
    def tokens(self) -> tuple[str, ...]:
        """The `t` pieces as the tokenizer names them, special tokens included."""
        return self.encoding.tokens

    @property
    def offsets(self) -> NDArray[np.int64]:
        """`[t, 2]` start and end of each token in `text`; (0, 0) for special tokens."""
        return self.encoding.offsets

    @property
    def special(self) -> NDArray[np.bool_]:
        """`[t]` True for tokens that the tokenizer added."""
        return self.encoding.special

    @property
    def segments(self) -> NDArray[np.int64] | None:
        """`[t]` 0 in the first text, 1 in the second of a pair, -1 for special tokens."""
        return self.encoding.segments

    @property
    def truncated(self) -> int:
        """Tokens that were cut off because the model does not take more."""
        return self.encoding.truncated

    @property
    def layers(self) -> int:
        """Number of layers `L`."""
        return self.attention.shape[0]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """`[C]` softmax of the logits, or their sigmoids; NaN where the logits are values."""
        return self.output.probabilities(self.logits)

    @property
    def predicted(self) -> int:
        """Index of the class with the largest logit; of an answer, of its first or last token."""
        if self.answer is not None:
            return self.answer.at(self.target.place)
        return int(self.logits.argmax())

    @property
    def removable(self) -> NDArray[np.bool_]:
        """`[t]` True for tokens whose removal leaves the question as it is.

        All that the tokenizer did not add, but for the one that the target is about: the token that
        gets a label, the mask that is filled in, the token that an answer starts or ends with.
        """
        target = self.target
        return removable(self.special, target.place, target.index, target.against)

    def most_likely(self, count: int = 10) -> NDArray[np.int64]:
        """Indices of the `count` classes with the largest logits, largest first.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> trace = gaf.trace(model, "A lovely film.")
        >>> [trace.labels[index] for index in trace.most_likely(2)]
        ['positive', 'negative']
        """
        return np.argsort(-self.logits, kind="stable")[:count]

    @property
    def read_positions(self) -> NDArray[np.int64]:
        """Positions of the last layer that the prediction is read from.

        Found, not assumed: the rows of the last layer's attention that move the target at all.
        A BERT classifier reads [CLS] alone, a decoder the last token, a model that pools every
        position, and so does a decoder that looks back at all of its encoder. What labels tokens,
        fills in a mask or finds an end of an answer reads that token alone.
        """
        return np.flatnonzero(self.gradient[-1].any(axis=(0, 2)))


def trace(
    model: Model,
    text: TextLike | Encoding,
    target: TargetLike = None,
    *,
    truncate: bool = False,
    frozen: Frozen | None = None,
    residual: bool = False,
) -> Trace:
    """Run the model once forward and once backward and keep its attention and gradients.

    Args:
        model: from `load_model`. A classifier is explained by the logit of a class, a causal
            language model by the logit of the token that comes next, others by that of a word at a
            mask, of a label at a token, or of a token as an end of an answer.
        text: what to explain; a pair `(first, second)` for a model that compares two texts, or
            `(question, text)`; or the `encoding` of an earlier trace of this model. A masked word
            is written as "[MASK]", whatever the model calls it.
        target: None for the predicted class or token; an index or label; a pair of them for the
            difference of two logits. A label of a language model is a text that is one token. A
            label at a place of the text is an `At`.
        truncate: explain the first tokens of a text that is too long instead of refusing it.
        frozen: what to hold constant in the backward pass, an extension; None for exact gradients.
        residual: find `Trace.residual` too, which takes a part of the backward pass a second time.

    Returns:
        A `Trace` on the CPU in float32, on whatever device the model computes.

    Raises:
        TextError: the text is empty, a pair for a model that takes none, or without a mask or a
            question for a model that needs one.
        TextTooLongError: the text has more tokens than the model takes, and `truncate` is False.
        MemoryLimitError: the attention of so many tokens does not fit into memory.
        TargetError: the target is not one of the model's labels, or its place not one of the text.
        ModelError: the model does not return the attention that its prediction used; or, where
            the residual is asked for, the hidden states and the products of attention and values.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.", target="negative")
    >>> trace.tokens
    ('[CLS]', 'a', 'lovely', 'film', '.', '[SEP]')
    >>> trace.target.name, trace.gradient.shape
    ('negative', (6, 12, 6, 6))
    """
    check_kind(model, Model, "gaf_core.load_model returns one.")
    check_kind(frozen, (Frozen, type(None)), "Give gaf_core.Frozen(), or None for exact gradients.")
    for flag in (truncate, residual):
        check_kind(flag, bool, "What is cut off and what is found besides is True or False.")
    with (
        model.lock,
        failures_in_a_sentence(model),
        torch.enable_grad(),
        _embeddings_require_grad(model),
    ):
        encoding = text if isinstance(text, Encoding) else encode(model, text, truncate)
        check_memory(model, len(encoding.tokens))
        with threads_that_fit(model, len(encoding.tokens)):
            found = _run(model, encoding, target, frozen, residual)
    return Trace(
        encoding=encoding,
        labels=class_labels(model, encoding),
        task=model.task,
        frozen=frozen,
        output=model.output,
        **found,
    )


def _run(
    model: Model, encoding: Encoding, target: TargetLike, frozen: Frozen | None, residual: bool
) -> dict[str, Any]:
    """What the network decides of a trace: one forward pass, one backward pass."""
    tokens, question = len(encoding.tokens), Question.of(model, encoding, target)
    products = ValueProducts(tokens)
    with frozen_backward(model.module, frozen), products if residual else nullcontext():
        output = forward(model, encoding.inputs, output_attentions=True, output_hidden_states=True)
    found = question.read(output)
    maps = read_attention(model, output, tokens)
    states = read_hidden(model, output, tokens)
    watched = products.of(maps)
    by_map, by_state, by_product = gradients(
        found.scalar, maps, states, watched, keep_graph=residual
    )
    believed = attention_gradient(model, by_map)
    del by_map
    beside = past_attention(model, states, by_state, watched, by_product) if residual else ()
    # copied before the attention is, so that no more than three of the four exist at a time
    gradient = to_numpy(believed)
    del believed
    return {
        "attention": to_numpy(maps),
        "gradient": gradient,
        "logits": found.logits.detach().float().cpu().numpy(),
        "target": found.target,
        "answer": found.answer,
        "relevance": relevance(states, by_state),
        "residual": relevance(states, beside),
    }


@contextmanager
def _embeddings_require_grad(model: Model) -> Iterator[None]:
    def require_grad(_module, _inputs, output):
        # networks may change it in place, which autograd forbids for a leaf, not for its copy
        return output.detach().requires_grad_().clone()

    tables = [part for part in model.module.modules() if isinstance(part, torch.nn.Embedding)]
    words = model.module.get_input_embeddings()
    # more than one: an encoder may look words up in a table of its own, tied to the model's; those
    # of positions are constants, or their product with a state would be one of two states
    of_words = [one for one in tables if one.weight is getattr(words, "weight", None)]
    handles = [table.register_forward_hook(require_grad) for table in of_words or tables]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
