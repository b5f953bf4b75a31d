"""Every token of an answer -> a trace of its own, of one forward pass."""

from __future__ import annotations

from collections.abc import Iterator

from gaf_core.models.model import Model
from gaf_core.settings import TextLike
from gaf_core.spans import Span
from gaf_core.tracing.answering import each_token
from gaf_core.tracing.continuation import Continuation
from gaf_core.tracing.continuing import continued
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.memory import check_memory
from gaf_core.tracing.trace import Trace, trace_of


def traces_of_tokens(
    model: Model,
    text: TextLike,
    span: Span,
    *,
    frozen: Frozen | None = None,
    residual: bool = False,
) -> Iterator[list[Trace]]:
    """A trace of each token of an answer, of one forward pass and batches of passes back.

    Args:
        model, text, frozen, residual: as of `trace`.
        span: the tokens.

    Yields:
        So many of them at a time as fit into memory, in order. The traces share their attention.

    Raises:
        GafError: as `trace` does.
    """
    encoding, asked = read_span(model, text, span)
    check_memory(model, len(encoding.tokens), len(encoding.tokens) - asked.prompt)
    for some in each_token(model, encoding, asked, frozen, residual):
        yield [trace_of(model, encoding, frozen, one) for one in some]


def read_span(model: Model, text: TextLike, span: Span) -> tuple[Encoding, Continuation]:
    """A prompt with its answer as the model reads both, and what of it is explained.

    Raises:
        GafError: as `trace` does.
    """
    with model.lock:
        return continued(model, text, (span,))
