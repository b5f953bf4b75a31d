"""The word embeddings of a text, others in their place, and those of a text that is gone.

The network is given the ids of the text as it is, so its positions, its mask and the place that it
reads its prediction from stay those of the text. Replacing an embedding by that of another token is
what replacing the id does otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from gaf_core.errors import ModelError, SettingsError, TextError
from gaf_core.models.model import Model
from gaf_core.tracing.prediction import Inputs
from gaf_core.tracing.removal import removal_token


def look_up(model: Model, ids: torch.Tensor) -> torch.Tensor:
    """`[n, t, d]` what the network looks up for `[n, t]` ids; the caller holds `model.lock`."""
    with torch.no_grad():
        return _word_table(model)(ids)


def absent(
    model: Model,
    ids: torch.Tensor,
    ordinary: torch.Tensor,
    kind: str,
) -> torch.Tensor:
    """`[1, t, d]` the embeddings with every ordinary token replaced; the others keep theirs.

    Args:
        model: whose vocabulary is meant; the caller holds `model.lock`.
        ids: `[1, t]` of the text.
        ordinary: `[t]` True for the tokens of the text that can be removed.
        kind: "mask" for the token that the perturbation of the text uses: the mask token, else
            the padding, else the unknown token; "pad" for the padding token; "zero" for zeros.

    Raises:
        SettingsError: the vocabulary has no such token.
        TextError: the text has no ordinary token.
    """
    if not ordinary.any():
        raise TextError(
            "All tokens of this text are special ones, which are never removed, or the one "
            "that is asked about, so there is nothing to compare it with. Write at least one "
            "word more."
        )
    embeddings = look_up(model, ids)
    if kind == "zero":
        nothing = torch.zeros_like(embeddings)
    else:
        token = _removal_token(model, kind)
        nothing = look_up(model, torch.full_like(ids, token))
    return torch.where(ordinary[:, None], nothing, embeddings)


def _removal_token(model: Model, kind: str) -> int:
    try:
        return removal_token(model, "pad" if kind == "pad" else None)[1]
    except SettingsError as error:
        raise SettingsError(
            f"{error} Methods that start from a text without its tokens can also start from "
            'zeros: baseline="zero".'
        ) from error


@contextmanager
def substituted(model: Model, inputs: Inputs, embeddings: torch.Tensor) -> Iterator[None]:
    """Let every table of word embeddings return `[n, t, d]` others for the ids of a text.

    Raises:
        ModelError: in the forward pass: the network looks up other tokens than those of the text.
    """
    ids, types = inputs["input_ids"][0].to(model.device), inputs.get("token_type_ids")

    def substitute(_table: torch.nn.Module, arguments: tuple[Any, ...], output: torch.Tensor):
        seen = arguments[0][0]
        if torch.equal(seen, ids):
            return embeddings
        if torch.equal(seen[1:], ids[:-1]):  # a decoder reads the text one position later
            return torch.cat([output[:, :1], embeddings[:, :-1]], dim=1)
        if types is not None and torch.equal(seen, types[0].to(seen.device)):
            return output  # GPT-2 has them in the table of its words
        raise ModelError(
            f"{type(model.module).__name__} looks up other tokens than those of the "
            "text, so its embeddings cannot be replaced. Use a method that reads attention."
        )

    words = _word_table(model).weight
    handles = [
        table.register_forward_hook(substitute)
        for table in model.module.modules()
        if isinstance(table, torch.nn.Embedding) and table.weight is words
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _word_table(model: Model) -> torch.nn.Embedding:
    module = model.module
    # the tables of an encoder and its decoder are tied; only they scale what they look up
    reader = module.get_encoder() if module.config.is_encoder_decoder else module
    table = reader.get_input_embeddings()
    if not isinstance(table, torch.nn.Embedding):
        raise ModelError(
            f"{type(module).__name__} has no table of word embeddings, so nothing can stand in "
            "their place. Use a method that reads attention."
        )
    return table
