"""The logits of both ends of an answer -> the answer: the likeliest stretch of the text.

    P(i, j) = p_start(i) p_end(j),   i <= j in the second text

with a softmax over all tokens each. That no token of the text is the answer is said by both ends at
the first token of the input, as SQuAD 2 is read (Rajpurkar et al., ACL 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.places import END, Place

_LONGEST = 30  # tokens of an answer, as the pipelines of transformers allow at most about


@dataclass(frozen=True)
class Answer:
    """What a model answers: the stretch from one token to another, both included.

    Attributes:
        start, end: positions of its first and last token; both 0 where the model finds none.
        probability: of the two ends together.
        text: as written, or "" for none.
    """

    start: int
    end: int
    probability: float
    text: str

    def at(self, place: Place) -> int:
        """The position of its start or end."""
        return self.end if place == END else self.start


def find_answer(encoding: Encoding, output: Any) -> Answer:
    """The likeliest answer, among those of up to 30 tokens of the second text, and none.

    Args:
        encoding: of the question and the text.
        output: what the network returned, with `start_logits` and `end_logits` `[1, t]`.
    """
    first, last = (
        logits[0].detach().double().log_softmax(dim=-1).cpu()
        for logits in (output.start_logits, output.end_logits)
    )
    together = first[:, None] + last[None, :]
    tokens = len(encoding.tokens)
    context = torch.from_numpy(np.asarray(encoding.segments) == 1)
    allowed = torch.ones(tokens, tokens).triu().tril(_LONGEST - 1).bool()
    allowed &= context[:, None] & context[None, :]
    allowed[0, 0] = True
    best = int(together.masked_fill(~allowed, -torch.inf).argmax())
    start, end = divmod(best, tokens)
    offsets = encoding.offsets
    text = encoding.text[offsets[start, 0] : offsets[end, 1]].strip()
    return Answer(start, end, float(together[start, end].exp()), text)
