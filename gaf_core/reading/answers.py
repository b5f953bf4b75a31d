"""What is said of an answer of a language model: how likely it is, and where its flow ends.

Plain text; whoever puts it into HTML or Markdown escapes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gaf_core.explanation import Explanation
from gaf_core.text.words import written
from gaf_core.tracing.continuation import Branch, Continuation, answer_name, explained_name
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.trace import Trace

_AROUND = 3  # tokens shown on either side of a boundary


def answer_sentence(trace: Trace, mark: Callable[[str], str]) -> str:
    """How likely the model finds an answer, and which part of it is explained.

    Args:
        trace: of an answer.
        mark: how a text of the model is set off; it also escapes it where the sentence is markup.
    """
    asked = _asked(trace)
    one, *others = asked.branches
    said = [_said(trace.encoding, branch, mark) for branch in asked.branches]
    if others:
        names = [mark(explained_name(trace.encoding, branch)) for branch in asked.branches]
        return (
            f"The model would say {said[0]}, and {said[1]}. Explained here: why {names[0]} against "
            f"{names[1]}."
        )
    whole = f"The model would say {said[0]}."
    if len(one.explained) == len(one.answer):
        return whole
    return f"{whole} Explained here: why {mark(explained_name(trace.encoding, one))}."


def _said(encoding: Encoding, branch: Branch, mark: Callable[[str], str]) -> str:
    total = float(branch.log_probabilities.sum())
    each = math.exp(total / max(len(branch.log_probabilities), 1))
    name = mark(answer_name(encoding, branch))
    if len(branch.answer) == 1:
        return f"{name}, {_chance(each)} sure"
    whole = math.exp(total)
    return f"{name} with a probability of {whole:.2g}, in the mean {_chance(each)} a token"


def share_sentence(explanation: Explanation) -> str:
    """Which part of the flow reaches the prompt, and which the answer; "" for another target."""
    share = explanation.prompt_share
    if share is None or explanation.solution.value <= 0:
        return ""
    return (
        f"{_percent(share)} of the flow reaches the prompt, and {_percent(1 - share)} tokens of "
        "the answer that stand before those explained."
    )


def unit_of(asked: Continuation) -> str:
    """What a score of an answer is measured in."""
    return "nats of the log-probability" if asked.score == "log_probability" else "units of logits"


def watched_of(trace: Trace) -> str:
    """What falls as tokens of the prompt are removed."""
    names = " less that of ".join(
        f"“{explained_name(trace.encoding, branch)}”" for branch in _asked(trace).branches
    )
    return f"mean log-probability of a token of {names}, in nats"


def boundary_text(encoding: Encoding, prompt: int) -> str:
    """Where a prompt ends and its answer begins, in tokens: "city, of | Paris, and"."""
    texts = written(encoding)
    before, after = texts[max(0, prompt - _AROUND) : prompt], texts[prompt : prompt + _AROUND]
    cut = "… " if prompt > _AROUND else ""
    more = " …" if len(texts) > prompt + _AROUND else ""
    return f"{cut}{' · '.join(before)} | {' · '.join(after)}{more}"


def answer_content(explanation: Explanation) -> dict[str, Any] | None:
    """The fields of a file: the answers, their log-probabilities, and the shares; else None."""
    asked = explanation.trace.continuation
    if asked is None:
        return None
    share = explanation.prompt_share
    return {
        "prompt_tokens": asked.prompt,
        "score": asked.score,
        "value": asked.value,
        "prompt_share": share,
        "answer_share": None if share is None else float(np.sum(explanation.shares) - share),
        "answers": [
            {
                "text": answer_name(explanation.trace.encoding, branch),
                "sign": branch.sign,
                "positions": branch.answer.tolist(),
                "explained": branch.explained.tolist(),
                "log_probabilities": branch.log_probabilities.tolist(),
            }
            for branch in asked.branches
        ],
    }


def _chance(probability: float) -> str:
    return f"{probability:.1%}" if probability >= 0.001 else f"{100 * probability:.2g}%"


def _asked(trace: Trace) -> Continuation:
    assert trace.continuation is not None
    return trace.continuation


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
