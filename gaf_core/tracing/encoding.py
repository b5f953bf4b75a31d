"""Text, or a pair of texts -> what the network takes, and where each token stands in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import ModelError, SettingsError, TextError, TextTooLongError
from gaf_core.models.model import Model, Task
from gaf_core.settings import TextLike
from gaf_core.spans import Chat

_HALF = re.compile("[\ud800-\udfff]")
_BETWEEN = "\n"  # stands between the two texts of a pair
MASK = "[MASK]"  # what people write for a masked word, whatever a tokenizer calls it


@dataclass(frozen=True, eq=False)
class Encoding:
    """A text as the network takes it. `t` tokens, special tokens included.

    Attributes:
        text: the text as given (as cut, when it was truncated); a pair joined by a newline.
        tokens: the `t` pieces as the tokenizer names them.
        offsets: `[t, 2]` start and end of each token in `text`; (0, 0) for special tokens.
        special: `[t]` True for tokens that the tokenizer added.
        segments: `[t]` 0 in the first text, 1 in the second, -1 for special tokens; None where no
            tokenizer told. Of a language model 0 in the prompt and 1 in the answer.
        truncated: tokens that were cut off because the model does not take more.
        made: tensors `[1, t]` by the name that the tokenizer gives them, on the CPU; None in an
            encoding that was made by hand.
    """

    text: str
    tokens: tuple[str, ...]
    offsets: NDArray[np.int64]
    special: NDArray[np.bool_]
    segments: NDArray[np.int64] | None = None
    truncated: int = 0
    made: dict[str, torch.Tensor] | None = None

    @property
    def inputs(self) -> dict[str, torch.Tensor]:
        """What a model can be given, again and changed.

        Raises:
            SettingsError: the encoding was made by hand.
        """
        if self.made is None:
            raise SettingsError(
                "This trace was made without a model, so none can be run on its text again. Use a "
                "trace that gaf_core.trace returns."
            )
        return self.made


def encode(model: Model, text: TextLike, truncate: bool) -> Encoding:
    """Encode a text, or a pair of texts, for a model.

    Raises:
        ModelError: the tokenizer has tokens, or kinds of tokens, that the model does not know.
        TextError: a text is empty or holds half a character, or the model does not take pairs.
        TextTooLongError: more tokens than the model takes, and `truncate` is False.
    """
    parts = _parts(model, text)
    options: dict[str, Any] = {
        "return_offsets_mapping": True,
        "return_special_tokens_mask": True,
        "return_tensors": "pt",
    }
    masks = [_with_mask(model, part) for part in parts]
    if len(parts) == 2:
        options["text_pair"] = masks[1].text
    encoded = model.tokenizer(masks[0].text, verbose=False, **options)
    cut = max(0, encoded["input_ids"].shape[1] - model.max_tokens)
    if cut and not truncate:
        raise TextTooLongError(encoded["input_ids"].shape[1], model.max_tokens)
    if cut:
        model.tokenizer.truncation_side = "right"  # what is kept are the first tokens
        options |= {"truncation": True, "max_length": model.max_tokens}
        encoded = model.tokenizer(masks[0].text, **options)
    check_known(model, encoded)
    special = encoded["special_tokens_mask"][0].numpy().astype(bool)
    segments = _segments(special, len(parts))
    offsets = encoded["offset_mapping"][0].numpy()
    for number, part in enumerate(parts):
        offsets[segments == number] = masks[number].origin[offsets[segments == number]]
        if not (segments == number).any():
            raise TextError(
                f"The model's tokenizer finds no token in '{part[:40]}': it holds only characters "
                "that the model ignores. Write at least one word."
            )
        if cut:
            parts[number] = part[: offsets[segments == number].max()]
    offsets[segments == 1] += len(parts[0]) + len(_BETWEEN)
    names = model.tokenizer.model_input_names
    return Encoding(
        text=_BETWEEN.join(parts),
        tokens=tuple(model.tokenizer.convert_ids_to_tokens(encoded["input_ids"][0].tolist())),
        offsets=offsets,
        special=special,
        segments=segments,
        truncated=cut,
        made={name: encoded[name] for name in names if name in encoded},
    )


class _Masked(NamedTuple):
    """A text with the mask as its tokenizer writes it, and where each place was in the original.

    Attributes:
        text: what the tokenizer is given.
        origin: `[len(text) + 1]` the place in the original of each place of it.
    """

    text: str
    origin: NDArray[np.int64]


def _with_mask(model: Model, text: str) -> _Masked:
    """A text in which `MASK` stands for the mask of a model that has a mask of another name."""
    mask = model.tokenizer.mask_token
    if model.task is not Task.MASKED_WORD or not isinstance(mask, str) or mask == MASK:
        return _Masked(text, np.arange(len(text) + 1))
    pieces, origin, place = text.split(MASK), [], 0
    for piece in pieces:
        origin += range(place, place + len(piece))
        place += len(piece)
        origin += [place] * len(mask)  # whatever is inside the mask begins where it begins
        place += len(MASK)
    del origin[len(origin) - len(mask) :]  # no mask follows the last piece
    return _Masked(mask.join(pieces), np.array([*origin, len(text)], dtype=np.int64))


def _parts(model: Model, text: TextLike) -> list[str]:
    if isinstance(text, Chat):
        raise TextError("This takes a text, and not a chat. Give the prompt as a text.")
    parts = list(text) if isinstance(text, tuple | list) else [text]
    if len(parts) not in (1, 2) or not all(isinstance(part, str) for part in parts):
        raise TextError("A text is one string, or a pair of strings: (the first, the second).")
    for part in parts:
        check_whole(part)
    if not all(part.strip() for part in parts):
        raise TextError("The text is empty. Write at least one word.")
    if len(parts) == 2:
        _check_takes_pairs(model)
    elif needs_pair(model):
        raise TextError(
            f"'{model.name}' answers a question about a text, so it needs both: give the pair "
            "(question, text)."
        )
    return parts


def check_whole(text: str) -> None:
    """Refuse a text that no tokenizer can read.

    Raises:
        TextError: it holds half of a pair of surrogates.
    """
    if half := _HALF.search(text):
        raise TextError(
            f"The text holds half a character (U+{ord(half[0]):04X}, at position {half.start()}), "
            "which stands for nothing by itself: it was cut in the middle of an emoji or the like, "
            "or read in a wrong encoding. Take it out, or read the text anew."
        )


def check_ends(model: Model, inputs: Mapping[str, torch.Tensor]) -> None:
    """Refuse texts that a head which reads the end-of-text tokens cannot take at once.

    Classifiers with a decoder read their prediction from the last of these tokens, and want as many
    of them in each text.

    Raises:
        TextError: one was typed inside a text, of which a part is removed.
    """
    end = getattr(model.module.config, "eos_token_id", None)
    decodes = model.module.config.is_encoder_decoder
    if model.task is not Task.CLASSIFICATION or not decodes or not isinstance(end, int):
        return
    if len((inputs["input_ids"] == end).sum(dim=1).unique()) > 1:
        raise TextError(
            f"The text holds '{model.tokenizer.convert_ids_to_tokens(end)}', which is the model's "
            f"end-of-text token, and {type(model.module).__name__} reads its prediction there, so "
            "nothing can be removed from this text. Take it out of the text."
        )


def check_known(model: Model, encoded: Mapping[str, torch.Tensor]) -> None:
    """Refuse what would look up a row that an embedding of the network does not have.

    Raises:
        ModelError: a token, or a kind of tokens, that the model does not know.
    """
    ids = encoded["input_ids"][0]
    known = len(cast(torch.Tensor, model.module.get_input_embeddings().weight))
    if (largest := int(ids.max())) >= known:
        raise ModelError(
            f"The token '{model.tokenizer.convert_ids_to_tokens(largest)}' has the number "
            f"{largest:,}, and '{model.name}' knows {known:,} tokens, counted from 0. Its "
            "tokenizer was given tokens that it was not trained with: take the tokenizer that "
            "belongs to it, or leave this token out."
        )
    kinds = encoded.get("token_type_ids")
    tables = (
        part.num_embeddings
        for name, part in model.module.named_modules()
        if name.endswith("token_type_embeddings") and isinstance(part, torch.nn.Embedding)
    )
    rows = next(tables, None)
    if kinds is not None and rows is not None and (largest := int(kinds.max())) >= rows:
        raise ModelError(
            f"The tokenizer of '{model.name}' gives tokens of this text the type {largest} "
            f"(token_type_ids), and the model knows {rows} (type_vocab_size), counted from 0. Take "
            "the tokenizer that it was trained with, or explain one text instead of two."
        )


def takes_pairs(model: Model) -> bool:
    """Whether the model can be given two texts and tell them apart."""
    if model.task is Task.NEXT_TOKEN:
        return False
    count = model.tokenizer.num_special_tokens_to_add
    return count(pair=True) > count(pair=False)


def needs_pair(model: Model) -> bool:
    """Whether the model can only be given two texts: a question, and what holds its answer."""
    return model.task is Task.ANSWER


def _check_takes_pairs(model: Model) -> None:
    if model.task is Task.NEXT_TOKEN:
        raise TextError(
            f"'{model.name}' continues one text and takes no pair. Join the two texts into one."
        )
    if not takes_pairs(model):
        raise TextError(
            f"The tokenizer of '{model.name}' puts nothing between two texts, so the model cannot "
            "tell them apart. Join them into one text as the model was trained to read them."
        )


def _segments(special: NDArray[np.bool_], parts: int) -> NDArray[np.int64]:
    segments = np.where(special, -1, 0)
    if parts == 2:
        first = int(special.argmin())  # the first text ends at the first special token after it
        end = first + int(special[first:].argmax())
        segments[end:][~special[end:]] = 1
    return segments
