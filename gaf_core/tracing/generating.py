"""Model + prompt -> an answer, token by token: the likeliest, or drawn at a temperature.

    greedy      the token with the largest logit
    sampling    p_k = exp(y_k / temperature) / sum, from a seed

The prompt is read once; what is kept of it serves every token that follows.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import torch

from gaf_core.errors import GafError, SettingsError, TextError, TextTooLongError
from gaf_core.models.model import Model
from gaf_core.settings import TextLike
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.prediction import failures_in_a_sentence, forward, logits_at
from gaf_core.tracing.prompts import read_answer, read_prompt

# Called with (tokens done, most of them); what it raises ends the answer.
Progress = Callable[[int, int], None]
Ending = Literal["end", "stop", "length"]
_MOST = 4096
_CACHES = ("cache", "past_key_values")  # how versions of transformers call what is kept of a text
_HALF = "\ufffd"  # what a part of a character is decoded to


@dataclass(frozen=True)
class Generated:
    """What a model answers.

    Attributes:
        text: the answer as it stands right behind the prompt, with the space it begins with.
        ids: `[n]` entries of the vocabulary.
        log_probabilities: `[n]` of each token, at temperature 1.
        ended: the model ended it ("end"), a stop string came ("stop"), or it was long enough
            ("length").
        same_tokens: whether the text is tokenised as it was generated. A model may say "Par" and
            "is" where the tokenizer reads "Paris"; what is explained are the tokenizer's tokens.

    >>> import gaf_core as gaf
    >>> answer = gaf.Generated(" Paris", (7042,), (-0.3,), "length", same_tokens=True)
    >>> gaf.Span(answer.text).answer
    ' Paris'
    """

    text: str
    ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    ended: Ending
    same_tokens: bool


def generate(
    model: Model,
    prompt: TextLike,
    *,
    max_new_tokens: int = 40,
    temperature: float = 0.0,
    seed: int = 0,
    stop: Sequence[str] = (),
    progress: Progress | None = None,
) -> Generated:
    """Let a causal language model answer.

    Args:
        model: locked for one token at a time, so that others can use it in between.
        prompt: a text, or a `Chat`.
        max_new_tokens: after which the answer ends; at the latest where the model takes no more.
        temperature: 0 for the likeliest token each time, the same answer each time; above, tokens
            are drawn, the less likely the more often the higher it is.
        seed: of the draw.
        stop: texts at the first of which the answer ends; it is left out.
        progress: called after each token; what it raises ends the answer.

    Raises:
        ModelError: the model does not continue a text, or fails.
        TextError: the prompt is empty, or the model ends its answer before it says something.
        TextTooLongError: the prompt leaves no room for an answer.
        SettingsError: a number or a stop string that means nothing.

    >>> import gaf_core as gaf
    >>> try:
    ...     gaf.generate(gaf.load_model("minilm-reviews"), "A lovely")
    ... except gaf.ModelError as error:
    ...     print(error)
    'minilm-reviews' classifies a text and writes no answer. Choose a causal language model, such \
as smollm2-135m.
    """
    stops = _checked(max_new_tokens, temperature, seed, stop)
    encoding = read_prompt(model, prompt)
    given = len(encoding.tokens)
    most = min(max_new_tokens, model.max_tokens - given)
    if most < 1:
        raise TextTooLongError(
            given + 1, model.max_tokens, "The prompt with one token of an answer"
        )
    writer = Writer(model, encoding, temperature, seed)
    while writer.said < most:
        last = writer.step()
        if progress is not None:
            progress(writer.said, most)
        if last or any(one in writer.text for one in stops):
            break
    return _finished(model, prompt, writer, stops)


class Writer:
    """An answer as it grows.

    Attributes:
        ids, log_probabilities: of its tokens, without one that ends it.
        ending: the token that ended it, by its name, and its probability; None before.
    """

    def __init__(self, model: Model, encoding: Encoding, temperature: float, seed: int):
        self.model, self.temperature = model, temperature
        self.prompt = encoding.inputs["input_ids"][0].tolist()
        self.ids: list[int] = []
        self.log_probabilities: list[float] = []
        self.ending: tuple[str, float] | None = None
        self._ends = end_tokens(model)
        self._random = torch.Generator().manual_seed(seed)
        self._inputs, self._kept = dict(encoding.inputs), None
        self._before = _decoded(model, self.prompt)
        known = inspect.signature(model.module.forward).parameters
        self._called = next((name for name in _CACHES if name in known), _CACHES[-1])

    @property
    def said(self) -> int:
        """How many tokens it has."""
        return len(self.ids)

    @property
    def text(self) -> str:
        """What they say, right behind the prompt."""
        # a tokenizer may drop the space of a first word, so the prompt is decoded too
        whole = _decoded(self.model, [*self.prompt, *self.ids])
        if whole.startswith(self._before):
            return whole[len(self._before) :]
        return _decoded(self.model, self.ids)

    def step(self) -> bool:
        """Add a token, or find that the answer ends here."""
        scores = self._next().cpu().double().log_softmax(dim=-1)
        if self.temperature > 0:
            drawn = (scores / self.temperature).softmax(dim=-1)
            chosen = int(torch.multinomial(drawn, 1, generator=self._random))
        else:
            chosen = int(scores.argmax())
        if chosen in self._ends:
            self.ending = self.model.labels[chosen], float(scores[chosen].exp())
            return True
        self.ids.append(chosen)
        self.log_probabilities.append(float(scores[chosen]))
        self._inputs = {
            name: torch.cat(
                [
                    tensor,
                    tensor.new_full((1, 1), chosen if name == "input_ids" else int(tensor[0, -1])),
                ],
                dim=1,
            )
            for name, tensor in self._inputs.items()
        }
        return False

    def _next(self) -> torch.Tensor:
        """`[C]` logits of the token that follows."""
        read = self._inputs
        options: dict[str, Any] = {"use_cache": True}
        if self._kept is not None:  # the mask says of all tokens which there are
            read = {
                name: one if name == "attention_mask" else one[:, -1:] for name, one in read.items()
            }
            options[self._called] = self._kept
        place = torch.tensor([read["input_ids"].shape[1] - 1])
        with self.model.lock, torch.no_grad(), failures_in_a_sentence(self.model):
            output = forward(self.model, read, kept=place, **options)
            logits = logits_at(self.model, output, place)[0, 0]
        self._kept = getattr(output, self._called, None) or getattr(output, _CACHES[-1], None)
        return logits


def end_tokens(model: Model) -> frozenset[int]:
    """Entries of the vocabulary with which a model ends an answer, as its files say."""
    module = model.module
    homes = (getattr(module, "generation_config", None), module.config.get_text_config())
    named = [getattr(home, "eos_token_id", None) for home in homes]
    named.append(model.tokenizer.eos_token_id)
    listed = [one if isinstance(one, list | tuple) else [one] for one in named]
    return frozenset(one for some in listed for one in some if isinstance(one, int))


def _decoded(model: Model, ids: list[int]) -> str:
    return str(
        model.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    )


def _finished(model: Model, prompt: TextLike, writer: Writer, stops: Sequence[str]) -> Generated:
    ended: Ending = "end" if writer.ending is not None else "length"
    text = writer.text
    if found := [text.index(one) for one in stops if one in text]:
        text, ended = text[: min(found)], "stop"
        while writer.ids and len(writer.text) > len(text):
            _drop(writer)
    # it may end inside a character
    while ended != "stop" and writer.ids and writer.text.endswith(_HALF):
        _drop(writer)
        text = writer.text
    if not text:
        raise _nothing(writer, ended)
    try:
        read = read_answer(model, prompt, text)
        ids = read.encoding.inputs["input_ids"][0, read.prompt :].tolist()
    except GafError:  # which is said where the answer is explained
        ids = []
    return Generated(
        text, tuple(writer.ids), tuple(writer.log_probabilities), ended, ids == writer.ids
    )


def _drop(writer: Writer) -> None:
    writer.ids.pop()
    writer.log_probabilities.pop()


def _nothing(writer: Writer, ended: str) -> TextError:
    if writer.ending is not None:
        name, sure = writer.ending
        return TextError(
            f"The model ends its answer at once, with '{name}' ({sure:.0%} sure), so there is "
            "nothing to explain. Change the end of the prompt, or write an answer yourself."
        )
    if ended == "stop":
        return TextError(
            "The answer begins with one of the stop strings, so there is nothing of it to explain. "
            "Name others, or write an answer yourself."
        )
    return TextError(
        "The answer ends inside its first character. Allow more tokens, or write an answer "
        "yourself."
    )


def _checked(most: Any, temperature: Any, seed: Any, stop: Any) -> tuple[str, ...]:
    """The stop strings; a `SettingsError` where one of the numbers or strings means nothing."""
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= _MOST:
        raise SettingsError(
            f"{most!r} is no number of tokens. Give a whole number from 1 to {_MOST:,}."
        )
    numeric = isinstance(temperature, Real) and not isinstance(temperature, bool)
    if not numeric or not math.isfinite(temperature) or temperature < 0:
        raise SettingsError(
            f"{temperature!r} is no temperature. Give 0 for the likeliest answer, or a number "
            "above, such as 0.7."
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise SettingsError(f"{seed!r} is no seed. Give a whole number of at least 0.")
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    if not all(isinstance(one, str) and one for one in stops):
        raise SettingsError("A stop string is a text of at least one character.")
    return stops
