"""Trace -> what the model predicts, in a sentence, whatever it was asked.

Plain text; whoever puts it into HTML or Markdown escapes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gaf_core.models.model import Task
from gaf_core.models.outputs import Output
from gaf_core.reading.answers import answer_sentence, watched_of
from gaf_core.tracing.places import token_text
from gaf_core.tracing.target import label_name
from gaf_core.tracing.trace import Trace

Mark = Callable[[str], str]

_LISTED = 4  # labels or values in a sentence
_LIKELY = 0.5  # a label of its own is said if it is likelier than not


def quoted(name: str) -> str:
    """A name as it stands in plain text."""
    return f"“{name}”"


def prediction_sentence(trace: Trace, mark: Mark = quoted) -> str:
    """What the model says and how sure it is; what is explained, where that is something else.

    Args:
        trace: the prediction.
        mark: how a name of the model is set off; it also escapes it where the sentence is markup.
    """
    if trace.continuation is not None:
        return answer_sentence(trace, mark)
    if trace.answer is not None:
        return f"{_answer(trace, mark)} {_end(trace, mark)}"
    if trace.output is Output.SIGMOID:
        said, alone = _labels(trace, mark)
    elif trace.output is Output.VALUE:
        said, alone = _values(trace, mark), len(trace.labels) == 1
    else:
        said, alone = _one(trace, mark), True
    if alone and trace.target.against is None and trace.target.index == trace.predicted:
        return said
    return f"{said} Explained here: why {mark(trace.target.name)}."


def is_predicted(trace: Trace, index: int) -> bool:
    """Whether a class is among what the model says: the likeliest, or each that is likely."""
    if trace.output is Output.SIGMOID:
        return bool(trace.probabilities[index] > _LIKELY)
    return index == trace.predicted


def what_is_watched(trace: Trace, label: int) -> str:
    """What falls as tokens are removed: the probability or value of a label, and where it is."""
    if trace.continuation is not None:
        return watched_of(trace)
    noun, name = output_noun(trace.output), label_name(trace.labels, label)
    place = trace.target.place
    if isinstance(place, str):
        return f"{noun} that the answer {place}s at “{name}”"
    if trace.task is Task.TOKENS and place is not None:
        return f"{noun} of “{name}” for “{token_text(trace.encoding, place)}”"
    return f"{noun} of “{name}”"


def output_noun(output: Output) -> str:
    """What a prediction is measured in, in a word."""
    return "probability" if output.has_probabilities else "value"


def shows_outputs(trace: Trace) -> bool:
    """Whether there is something to see in a picture of the outputs: one value is a sentence."""
    return len(trace.labels) > 1 or trace.output is Output.SIGMOID


def outputs_heading(trace: Trace) -> str:
    """What stands above that picture."""
    kind = trace.task.kind
    if trace.continuation is not None:
        token = label_name(trace.labels, trace.target.index)
        return f"How probable each {kind.noun} is in the place of “{token}”"
    if not trace.output.has_probabilities:
        return "Which value each output has"
    if kind.place == "end":
        return f"How probable each {kind.noun} is as the {trace.target.place} of the answer"
    if trace.task is Task.TOKENS and isinstance(trace.target.place, int):
        token = token_text(trace.encoding, trace.target.place)
        return f"How probable each {kind.noun} of “{token}” is"
    if trace.output is Output.SIGMOID:
        return "How probable each label is by itself"
    return f"How probable each {kind.noun} is"


def _one(trace: Trace, mark: Mark) -> str:
    """One class of many."""
    name = mark(label_name(trace.labels, trace.predicted))
    sure = f"{name}, {trace.probabilities[trace.predicted]:.1%} sure."
    verb, place = trace.task.kind.verb, trace.target.place
    if trace.task is Task.TOKENS and isinstance(place, int):
        return f"The model {verb} {mark(token_text(trace.encoding, place))} as {sure}"
    if isinstance(place, int) and trace.tokens.count(trace.tokens[place]) > 1:
        verb = verb.replace("the mask", f"the mask at position {place}")
    return f"The model {verb} {sure}"


def _labels(trace: Trace, mark: Mark) -> tuple[str, bool]:
    """Labels that do not exclude each other, and whether it is one alone."""
    likely = [index for index in trace.most_likely().tolist() if is_predicted(trace, index)]
    named = [
        f"{mark(label_name(trace.labels, index))} ({trace.probabilities[index]:.1%})"
        for index in likely or [trace.predicted]
    ]
    if likely:
        return f"The model says {_listed(named)}.", len(likely) == 1
    count = "its label" if len(trace.labels) == 1 else f"any of its {len(trace.labels)} labels"
    return f"The model does not say {count}; {named[0]} comes nearest.", False


def _values(trace: Trace, mark: Mark) -> str:
    given = [
        f"{mark(label_name(trace.labels, index))} the value {trace.logits[index]:.3g}"
        for index in range(len(trace.labels))
    ]
    return f"The model gives {_listed(given)}."


def _listed(parts: Sequence[str]) -> str:
    shown = list(parts[:_LISTED])
    if len(parts) > _LISTED:
        shown.append(f"{len(parts) - _LISTED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _answer(trace: Trace, mark: Mark) -> str:
    answer = trace.answer
    assert answer is not None
    if not answer.text:
        return f"The model finds no answer in the text, {answer.probability:.1%} sure."
    return f"The model answers {mark(answer.text)}, {answer.probability:.1%} sure."


def _end(trace: Trace, mark: Mark) -> str:
    """Which end of the answer is explained: a sentence says both, a logit is of one."""
    name = trace.target.name.removeprefix(f"{trace.target.place} at ")
    probability = ""
    if trace.target.against is None:
        probability = f" ({trace.probabilities[trace.target.index]:.1%})"
    return f"Explained here: why it {trace.target.place}s at {mark(name)}{probability}."
