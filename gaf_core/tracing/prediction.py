"""Model + inputs -> logits: the one place that calls a network.

A trace, a perturbed text and a gradient by the embeddings all come through here, so that what is
explained and what is measured are the same prediction.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from gaf_core.errors import GafError, ModelError, cause
from gaf_core.models.model import Model, Task
from gaf_core.tracing.encoding import check_ends
from gaf_core.tracing.places import START, Place
from gaf_core.tracing.threads import threads_that_fit

Inputs = Mapping[str, torch.Tensor]  # `[n, t]` by the name that the tokenizer gives them


def forward(
    model: Model, inputs: Inputs, *, kept: torch.Tensor | None = None, **options: Any
) -> Any:
    """Run the network; the caller holds `model.lock` and decides about gradients.

    Args:
        model: its network may or may not take each of the inputs and options.
        inputs: `[n, t]`, on any device. A text that is shorter than the others ends in padding that
            its `attention_mask` hides.
        kept: positions whose logits a language model is asked for; None for the last of each text.
        **options: keywords such as `output_attentions` that every network is offered.

    Raises:
        TextError: an end-of-text token inside texts that differ, for a head that reads there.
    """
    check_ends(model, inputs)
    offered: dict[str, Any] = {name: tensor.to(model.device) for name, tensor in inputs.items()}
    offered |= {"use_cache": False, **options}
    if model.task is Task.NEXT_TOKEN:
        # all other positions would cost tokens x vocabulary
        offered["logits_to_keep"] = _read_positions(offered).unique() if kept is None else kept
    parameters = inspect.signature(model.module.forward).parameters
    accepted = {name: value for name, value in offered.items() if name in parameters}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        accepted |= options  # transformers hands them on without naming them
    with threads_that_fit(model, inputs["input_ids"].numel()):
        return model.module(**accepted)


def read_logits(
    model: Model, output: Any, inputs: Inputs, place: Place | torch.Tensor = None
) -> torch.Tensor:
    """`[n, C]` logits of what `forward` returned for these inputs, whatever the task.

    Args:
        model: which was run.
        output: what it returned.
        inputs: what it was given, `[n, t]`.
        place: where in the text they stand, for a task that has several places: a position, or
            `[n]` of them; "start" or "end" of an answer, whose classes are the `t` tokens.

    Raises:
        ModelError: they have another shape than the labels, or are not numbers.
    """
    logits = all_logits(model, output, inputs, place)
    if model.task.kind.place in ("token", "mask"):
        positions = torch.as_tensor(place).expand(len(logits))
        logits = logits[torch.arange(len(logits)), positions.to(logits.device)]
    return logits


def all_logits(model: Model, output: Any, inputs: Inputs, place: Any = None) -> torch.Tensor:
    """The same before one position is chosen: `[n, t, C]` where a task has logits at each token.

    Raises:
        ModelError: as `read_logits` does.
    """
    kind, tokens = model.task.kind, inputs["input_ids"].shape[1]
    if kind.place == "end":
        logits = output.start_logits if place == START else output.end_logits
    else:
        logits = output.logits
    if model.task is Task.NEXT_TOKEN and logits.ndim == 3:
        logits = _at_the_end(logits, inputs)
    expected = (tokens,) if kind.classes == "tokens" else (len(model.labels),)
    if kind.place in ("token", "mask"):
        expected = (tokens, *expected)
    _check_logits(model, logits, expected)
    return logits


def _check_logits(model: Model, logits: torch.Tensor, expected: tuple[int, ...]) -> None:
    """Refuse logits `[n, ..]` of another shape than the labels, or that are not numbers."""
    if logits.shape[1:] != expected:
        of = "tokens" if model.task.kind.classes == "tokens" else "labels"
        raise ModelError(
            f"{type(model.module).__name__} returns logits of shape {list(logits.shape[1:])} for "
            f"its {expected[-1]:,} {of}. It does not do what its configuration says."
        )
    if logits.isnan().any():
        raise ModelError(
            "The model's logits are not numbers (NaN). Its weights are damaged, or a number "
            "overflowed: compute in float32."
        )


def logits_at(model: Model, output: Any, kept: torch.Tensor) -> torch.Tensor:
    """`[n, k, C]` logits of what `forward` returned for the positions `kept` `[k]` of texts.

    Raises:
        ModelError: they have another shape than the labels, or are not numbers.
    """
    logits = output.logits
    if logits.shape[1] != len(kept):  # a network without logits_to_keep returns all
        logits = logits[:, kept.to(logits.device)]
    _check_logits(model, logits, (len(kept), len(model.labels)))
    return logits


def _at_the_end(logits: torch.Tensor, inputs: Inputs) -> torch.Tensor:
    """`[n, C]` the logits of what follows each text, of `[n, t or fewer, C]`."""
    positions = _read_positions(inputs)
    kept, place = positions.unique(return_inverse=True)
    if logits.shape[1] != len(kept):  # a network without logits_to_keep returns all
        place = positions
    return logits[torch.arange(len(logits)), place.to(logits.device)]


def takes_batches(model: Model) -> bool:
    """Whether the network reads several texts at once.

    A causal classifier without a padding token does not: it cannot tell where each of them ends.
    """
    config = model.module.config.get_text_config()
    return (
        model.task is not Task.CLASSIFICATION or getattr(config, "pad_token_id", None) is not None
    )


@contextmanager
def failures_in_a_sentence(model: Model) -> Iterator[None]:
    """Turn whatever a network raises into a `ModelError`."""
    try:
        yield
    except GafError:
        raise
    except Exception as error:  # networks raise many kinds, and run out of memory on a GPU
        raise ModelError(
            f"{type(model.module).__name__} fails on this text: {cause(error)}. Check that its "
            "tokenizer is the one that it was trained with, or try a shorter text."
        ) from error


def _read_positions(inputs: Inputs) -> torch.Tensor:
    """`[n]` the last token of each text that padding does not hide."""
    mask = inputs.get("attention_mask")
    if mask is None:
        ids = inputs["input_ids"]
        return torch.full((len(ids),), ids.shape[1] - 1)
    return mask.sum(dim=1).cpu().long() - 1
