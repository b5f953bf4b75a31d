"""Model + text + target -> Trace: attention and its gradient, by one forward and one backward pass.

    A[l, h, i, j]   attention probability of query i on key j in head h of layer l
    G[l, h, i, j] = d y / d A[l, h, i, j],   y = logit of the target (before softmax)

The parameters are frozen and only the output of the embedding requires a gradient, so the backward
pass computes the gradients of activations and never one of a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import ModelError, TargetError, TextError, TextTooLongError
from gaf_core.models import Model

# What a caller may name: nothing (the predicted class), an index, a label, or a contrast of two.
TargetLike = int | str | tuple[int | str, int | str] | None


@dataclass(frozen=True)
class Target:
    """The scalar that is explained: a logit, or the difference of two.

    Attributes:
        index: class whose logit is explained.
        against: class whose logit is subtracted, or None.
        name: how people read it, for example "positive" or "positive against negative".
    """

    index: int
    against: int | None
    name: str


@dataclass(frozen=True, eq=False)
class Trace:
    """What one prediction leaves behind. `L` layers, `H` heads, `t` tokens, `C` classes.

    Attributes:
        text: the text as given (as cut, when it was truncated).
        tokens: the `t` pieces as the tokenizer names them, special tokens included.
        offsets: `[t, 2]` start and end of each token in `text`; (0, 0) for special tokens.
        special: `[t]` True for tokens that the tokenizer added.
        attention: `[L, H, t, t]` float32, rows sum to 1.
        gradient: `[L, H, t, t]` float32, in units of the logit.
        logits: `[C]` float32.
        labels: `C` class names.
        target: what `gradient` is the gradient of.
        truncated: tokens that were cut off because the model does not take more.
    """

    text: str
    tokens: tuple[str, ...]
    offsets: NDArray[np.int64]
    special: NDArray[np.bool_]
    attention: NDArray[np.float32]
    gradient: NDArray[np.float32]
    logits: NDArray[np.float32]
    labels: tuple[str, ...]
    target: Target
    truncated: int = 0

    @property
    def layers(self) -> int:
        """Number of layers `L`."""
        return self.attention.shape[0]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """`[C]` softmax of the logits."""
        exponent = np.exp(self.logits.astype(np.float64) - self.logits.max())
        return exponent / exponent.sum()

    @property
    def predicted(self) -> int:
        """Index of the class with the largest logit."""
        return int(self.logits.argmax())

    @property
    def read_positions(self) -> NDArray[np.int64]:
        """Positions of the last layer that the prediction is read from.

        Found, not assumed: the rows of the last layer's attention that move the target at all.
        A BERT classifier reads [CLS] alone; a model that pools reads every position.
        """
        return np.flatnonzero(self.gradient[-1].any(axis=(0, 2)))


def trace(model: Model, text: str, target: TargetLike = None, *, truncate: bool = False) -> Trace:
    """Run the model once forward and once backward and keep its attention and gradient.

    Args:
        model: from `load_model`.
        text: what to explain.
        target: None for the predicted class; a class index or label; a pair of them for the
            difference of two logits.
        truncate: explain the first tokens of a text that is too long instead of refusing it.

    Raises:
        TextError: the text is empty.
        TextTooLongError: the text has more tokens than the model takes, and `truncate` is False.
        TargetError: the target is not one of the model's labels.
        ModelError: the model does not return the attention that its prediction used.
    """
    encoding, cut = _encode(model, text, truncate)
    inputs = {
        name: encoding[name] for name in model.tokenizer.model_input_names if name in encoding
    }
    with model.lock, torch.enable_grad(), _embeddings_require_grad(model):
        output = model.module(**inputs, output_attentions=True)
        logits = output.logits[0]
        resolved = resolve_target(model.labels, target, predicted=int(logits.argmax()))
        scalar = logits[resolved.index]
        if resolved.against is not None:
            scalar = scalar - logits[resolved.against]
        gradients = _attention_gradients(scalar, output.attentions)
    offsets = encoding["offset_mapping"][0].numpy()
    return Trace(
        text=text[: offsets.max()] if cut else text,
        tokens=tuple(model.tokenizer.convert_ids_to_tokens(encoding["input_ids"][0].tolist())),
        offsets=offsets,
        special=encoding["special_tokens_mask"][0].numpy().astype(bool),
        attention=_stack(output.attentions),
        gradient=_stack(gradients),
        logits=logits.detach().numpy(),
        labels=model.labels,
        target=resolved,
        truncated=cut,
    )


def resolve_target(labels: tuple[str, ...], target: TargetLike, predicted: int) -> Target:
    """Turn what the caller named into class indices.

    Raises:
        TargetError: an index out of range, an unknown label, or a contrast of a class with itself.
    """
    if target is None:
        return Target(predicted, None, labels[predicted])
    if isinstance(target, tuple | list):
        if len(target) != 2:
            raise TargetError("A contrast is a pair of labels: (the one explained, the other).")
        index, against = (_class_index(labels, part) for part in target)
        if index == against:
            raise TargetError(
                f"The contrast of '{labels[index]}' with itself is always zero. Name two labels."
            )
        return Target(index, against, f"{labels[index]} against {labels[against]}")
    index = _class_index(labels, target)
    return Target(index, None, labels[index])


def _class_index(labels: tuple[str, ...], name: int | str) -> int:
    if isinstance(name, str):
        if name in labels:
            return labels.index(name)
    elif 0 <= name < len(labels):
        return int(name)
    known = ", ".join(f"{index} {label}" for index, label in enumerate(labels))
    raise TargetError(f"'{name}' is not one of the model's labels. Choose from: {known}.")


def _encode(model: Model, text: str, truncate: bool):
    if not isinstance(text, str) or not text.strip():
        raise TextError("The text is empty. Write at least one word.")
    options = {
        "return_offsets_mapping": True,
        "return_special_tokens_mask": True,
        "return_tensors": "pt",
    }
    encoding = model.tokenizer(text, verbose=False, **options)
    count = encoding["input_ids"].shape[1]
    if encoding["special_tokens_mask"].all():
        raise TextError(
            "The model's tokenizer finds no token in this text: it holds only characters that the "
            "model ignores. Write at least one word."
        )
    if count <= model.max_tokens:
        return encoding, 0
    if not truncate:
        raise TextTooLongError(count, model.max_tokens)
    shortened = model.tokenizer(text, truncation=True, max_length=model.max_tokens, **options)
    return shortened, count - model.max_tokens


@contextmanager
def _embeddings_require_grad(model: Model) -> Iterator[None]:
    def require_grad(_module, _inputs, output):
        return output.requires_grad_()

    handle = model.module.get_input_embeddings().register_forward_hook(require_grad)
    try:
        yield
    finally:
        handle.remove()


def _attention_gradients(scalar: torch.Tensor, attentions) -> tuple[torch.Tensor, ...]:
    if not attentions or any(attention is None for attention in attentions):
        raise ModelError(
            "The model returns no attention weights, so there is no flow to compute. "
            "Choose a transformer whose layers all attend by softmax."
        )
    gradients = torch.autograd.grad(scalar, attentions, allow_unused=True)
    return tuple(
        torch.zeros_like(attention) if gradient is None else gradient
        for attention, gradient in zip(attentions, gradients, strict=True)
    )


def _stack(tensors: tuple[torch.Tensor, ...]) -> NDArray[np.float32]:
    stacked = torch.stack([tensor.detach()[0] for tensor in tensors]).numpy()
    stacked.flags.writeable = False
    return stacked
