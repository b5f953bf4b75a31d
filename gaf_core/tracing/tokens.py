"""Every token of an answer -> a trace of its own, of one forward pass."""

from __future__ import annotations

from collections.abc import Iterator

from gaf_core.models.model import Model
from gaf_core.settings import TextLike
from gaf_core.spans import Span
from gaf_core.tracing.answering import each_token
from gaf_core.tracing.continuing import continued
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.memory import check_memory
from gaf_core.tracing.passes import ready
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
    with ready(model):
        encoding, asked = continued(model, text, (span,))
        check_memory(model, len(encoding.tokens))
        found = each_token(model, encoding, asked, frozen, residual)
        for some in found:
            yield [trace_of(model, encoding, frozen, one) for one in some]
