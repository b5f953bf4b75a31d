"""Several texts -> a Trace each: texts of one length share a forward pass and a backward pass.

Rows of a batch do not see each other, so the sum of their scalars has the gradient of each by its
own attention. Texts of other lengths are read apart: padding would take part in a pass, and nothing
here depends on whether a network hides it well. What one text gets is up to rounding what `trace`
gives it; which of the bits are the same depends on how many are read at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import torch

from gaf_core.errors import GafError
from gaf_core.models.model import Model
from gaf_core.settings import TargetLike, TextLike
from gaf_core.tracing.attention import (
    Maps,
    attention_gradient,
    gradients,
    read_attention,
    read_hidden,
    to_numpy,
)
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.frozen import Frozen, frozen_backward
from gaf_core.tracing.memory import rows_that_fit
from gaf_core.tracing.passes import ready
from gaf_core.tracing.places import class_labels
from gaf_core.tracing.prediction import forward, takes_batches
from gaf_core.tracing.prompts import read_text
from gaf_core.tracing.question import Question, Reading
from gaf_core.tracing.residual import ValueProducts, past_attention
from gaf_core.tracing.threads import threads_that_fit
from gaf_core.tracing.trace import Trace, trace

Found = Trace | GafError
_OUTPUTS = ("logits", "start_logits", "end_logits")
_LAYERED = (
    "attentions", "hidden_states", "encoder_attentions", "encoder_hidden_states",
)  # fmt: skip


def encode_each(
    model: Model, texts: Sequence[TextLike], truncate: bool
) -> list[Encoding | GafError]:
    """The encoding of each text, or why there is none."""
    found: list[Encoding | GafError] = []
    for text in texts:
        try:
            with model.lock:
                found.append(read_text(model, text, truncate))
        except GafError as error:
            found.append(error)
    return found


def alike(model: Model, encodings: Sequence[Encoding]) -> Iterator[list[int]]:
    """Which encodings share a pass: those of one length, as many as fit into memory.

    In the order of their lengths, so that the same texts are always divided alike.
    """
    by_shape: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for number, one in enumerate(encodings):
        by_shape.setdefault((len(one.tokens), tuple(one.inputs)), []).append(number)
    for (tokens, _), numbers in sorted(by_shape.items()):
        most = rows_that_fit(model, tokens, backward=True) if takes_batches(model) else 1
        yield from (numbers[start : start + most] for start in range(0, len(numbers), most))


def trace_alike(
    model: Model,
    encodings: Sequence[Encoding],
    targets: Sequence[TargetLike],
    *,
    frozen: Frozen | None = None,
    residual: bool = False,
) -> list[Found]:
    """A trace of each of some encodings of one length, or why there is none.

    Where the batch fails as a whole, each text is traced by itself, and the failure is that text's.

    Args:
        model: whose tokenizer made the encodings.
        encodings: of one length, and few enough for memory (`alike`).
        targets: what to explain of each, see `trace`.
        frozen, residual: as of `trace`.
    """
    try:
        if len(encodings) > 1:
            return _together(model, encodings, targets, frozen, residual)
    except GafError:
        pass  # one of them may be the cause, and the others have a trace
    found: list[Found] = []
    for encoding, target in zip(encodings, targets, strict=True):
        try:
            found.append(trace(model, encoding, target, frozen=frozen, residual=residual))
        except GafError as error:
            found.append(error)
    return found


def _together(
    model: Model,
    encodings: Sequence[Encoding],
    targets: Sequence[TargetLike],
    frozen: Frozen | None,
    residual: bool,
) -> list[Found]:
    tokens, several = len(encodings[0].tokens), len(encodings)
    with ready(model), threads_that_fit(model, tokens * several):
        products = ValueProducts(tokens)
        with frozen_backward(model.module, frozen), products if residual else nullcontext():
            output = forward(
                model, _stacked(encodings), output_attentions=True, output_hidden_states=True
            )
        readings = [
            _read(model, encoding, target, _row(output, row))
            for row, (encoding, target) in enumerate(zip(encodings, targets, strict=True))
        ]
        maps, states = _layers(model, output, tokens, several)
        scalars = [one.scalar for one in readings if isinstance(one, Reading)]
        if not scalars:
            return [one for one in readings if isinstance(one, GafError)]
        watched = products.of(maps)
        by_map, by_state, by_product = gradients(
            torch.stack(scalars).sum(), maps, states, watched, keep_graph=residual
        )
        believed = attention_gradient(model, by_map)
        beside = past_attention(model, states, by_state, watched, by_product) if residual else ()
        parts = {
            "attention": maps,
            "gradient": believed,
            "relevance": _relevance(states, by_state),
            "residual": _relevance(states, beside),
        }
        return [
            one if isinstance(one, GafError) else _trace(model, encoding, one, frozen, parts, row)
            for row, (encoding, one) in enumerate(zip(encodings, readings, strict=True))
        ]


def _stacked(encodings: Sequence[Encoding]) -> dict[str, torch.Tensor]:
    """Inputs `[n, t]` of encodings `[1, t]`."""
    return {
        name: torch.cat([one.inputs[name] for one in encodings]) for name in encodings[0].inputs
    }


def _row(output: Any, row: int) -> SimpleNamespace:
    """What a network would have returned for one text of the batch; parts of the same graph."""
    here = slice(row, row + 1)
    found: dict[str, Any] = {
        name: one[here] for name in _OUTPUTS if (one := getattr(output, name, None)) is not None
    }
    for name in _LAYERED:
        layers = getattr(output, name, None)
        found[name] = tuple(None if one is None else one[here] for one in layers or ())
    return SimpleNamespace(**found)


def _read(model: Model, encoding: Encoding, target: TargetLike, output: Any) -> Reading | GafError:
    try:
        read_attention(model, output, len(encoding.tokens))  # refuses what is no attention
        return Question.of(model, encoding, target).read(output)
    except GafError as error:
        return error


def _layers(model: Model, output: Any, tokens: int, several: int) -> tuple[Maps, Maps]:
    """Attention `[n, H, t, t]` and hidden states `[n, t, d]` of the batch, by layer.

    One text has been asked for both, so that what they may look like is known in one place.
    """
    first = _row(output, 0)
    found = getattr(output, "encoder_attentions", None) or output.attentions
    maps = tuple(one for one in found if one is not None and len(one) == several)
    entering = len(read_hidden(model, first, tokens))
    states = getattr(output, "encoder_hidden_states", None) or getattr(output, "hidden_states", ())
    return maps, tuple(states[:entering])


def _relevance(states: Maps, gradient: Sequence[torch.Tensor | None]) -> Maps:
    """`[n, t]` by layer; empty where a state is not part of the graph."""
    found = [one for one in gradient if one is not None]
    if not states or len(found) != len(states):
        return ()
    return tuple((h.detach() * g).sum(dim=-1) for h, g in zip(states, found, strict=True))


def _trace(
    model: Model,
    encoding: Encoding,
    reading: Reading,
    frozen: Frozen | None,
    parts: dict[str, Maps],
    row: int,
) -> Trace:
    """The trace of one text of a batch; copies, so that the batch can go."""
    arrays = {
        name: to_numpy([one[row : row + 1] for one in layers]) if layers else None
        for name, layers in parts.items()
    }
    return Trace(
        encoding=encoding,
        logits=reading.logits.detach().float().cpu().numpy(),
        labels=class_labels(model, encoding),
        target=reading.target,
        task=model.task,
        frozen=frozen,
        output=model.output,
        answer=reading.answer,
        **arrays,  # pyright: ignore[reportArgumentType]
    )
