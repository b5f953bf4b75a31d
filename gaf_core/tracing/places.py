"""Where in a text a prediction stands, and what there is to choose there.

A model of the whole text has one row of logits. Others have one at each token, at each mask, or one
for either end of an answer: which is meant is the place of a target.
"""

from __future__ import annotations

import re
from numbers import Integral

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.errors import TargetError, TextError
from gaf_core.models.labels import told_apart
from gaf_core.models.model import Model
from gaf_core.settings import At, LabelLike, TargetLike
from gaf_core.tracing.encoding import MASK, Encoding

START, END = "start", "end"
OUTSIDE = "O"  # how taggers call a token that is no part of anything
Place = int | str | None  # a position, an end of an answer, or none

_NUMBERED = re.compile(r"#(\d{1,18})")  # more digits are no position of anything


def split_target(target: TargetLike) -> tuple[LabelLike, int | str | None]:
    """The label and the place of a target."""
    return (target.label, target.place) if isinstance(target, At) else (target, None)


def class_labels(model: Model, encoding: Encoding) -> tuple[str, ...]:
    """What there is to choose: the labels of the model, or the tokens of the text, told apart."""
    if model.task.kind.classes != "tokens":
        return model.labels
    return told_apart([token_text(encoding, token) for token in range(len(encoding.tokens))])


def token_text(encoding: Encoding, token: int) -> str:
    """A token as it stands in the text; one that stands nowhere by its name."""
    start, end = encoding.offsets[token].tolist()
    return encoding.text[start:end].strip() or encoding.tokens[token]


def mask_positions(model: Model, encoding: Encoding) -> list[int]:
    """Positions of the mask tokens of a text."""
    ids = encoding.inputs["input_ids"][0]
    return np.flatnonzero(ids.numpy() == model.tokenizer.mask_token_id).tolist()


def find_token(encoding: Encoding, named: int | str) -> int:
    """The position of a token that is named by it, or by a word that stands in the text once.

    Raises:
        TargetError: there is no such token, or several.
    """
    numbered = _NUMBERED.fullmatch(named) if isinstance(named, str) else None
    position = int(numbered[1]) if numbered else named
    if isinstance(position, Integral):
        if 0 <= int(position) < len(encoding.tokens):
            return int(position)
        raise TargetError(
            f"There is no token at position {position}: the text has {len(encoding.tokens)}, "
            "counted from 0. Choose another."
        )
    return _find_word(encoding, str(position))


def _find_word(encoding: Encoding, word: str) -> int:
    """The first token of a word of the text."""
    whole = rf"(?<!\w){re.escape(word)}(?!\w)" if word.strip() else r"(?!)"
    starts = [match.start() for match in re.finditer(whole, encoding.text)]
    offsets = encoding.offsets
    inside = [(offsets[:, 0] <= start) & (start < offsets[:, 1]) for start in starts]
    found = [int(token[0]) for one in inside if (token := np.flatnonzero(one)).size]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(map(str, found))
        raise TargetError(
            f"'{word}' stands in the text {len(found)} times, at the positions {places}. Name one "
            "of the positions."
        )
    raise TargetError(
        f"There is no token '{word}' in the text. Name a word of it, or the position of a token."
    )


def resolve_place(model: Model, encoding: Encoding, place: int | str | None) -> Place:
    """Where the logits are read that a target means; None for the usual place of `usual_token`.

    Raises:
        TargetError: no place of this text, or a place where the model has only one.
        TextError: there is no mask, or there are several and none is named.
    """
    match model.task.kind.place:
        case "text":
            return _no_place(model, place)
        case "token":
            return None if place is None else _ordinary(encoding, find_token(encoding, place))
        case "mask":
            return _mask(model, encoding, place)
        case "end":
            if place in (None, START, END):
                return place or START
            raise TargetError(
                f"'{place}' is no part of an answer. Choose '{START}' or '{END}', the first and "
                "the last token of it."
            )


def usual_token(encoding: Encoding, labels: tuple[str, ...], logits: torch.Tensor) -> int:
    """The token that is explained if none is named: the first that is part of something.

    That is one with another label than "O", or else the first one.

    Args:
        encoding: of the text, `t` tokens.
        labels: `C` of them.
        logits: `[t, C]`.

    Raises:
        TextError: all tokens are special.
    """
    ordinary = np.flatnonzero(~encoding.special).tolist()
    if not ordinary:
        raise TextError("The text has only special tokens, so there is nothing to label.")
    best = logits.argmax(dim=-1).tolist()
    return next((token for token in ordinary if labels[best[token]] != OUTSIDE), ordinary[0])


def _no_place(model: Model, place: int | str | None) -> None:
    if place is not None:
        raise TargetError(
            f"'{model.name}' {model.task.kind.does} as a whole, so no place in it can be chosen. "
            "Leave the place out."
        )


def _ordinary(encoding: Encoding, token: int) -> int:
    if encoding.special[token]:
        raise TargetError(
            f"Position {token} is '{encoding.tokens[token]}', which the tokenizer added, so its "
            "label means nothing. Choose a token of the text."
        )
    return token


def _mask(model: Model, encoding: Encoding, place: int | str | None) -> int:
    masks, written = mask_positions(model, encoding), model.tokenizer.mask_token or MASK
    if not masks:
        raise TextError(
            f"The text has no mask, so there is no word to fill in. Write {written} where the word "
            "is missing."
        )
    if place is None:
        if len(masks) == 1:
            return masks[0]
        raise TargetError(
            f"The text has {len(masks)} masks, at the positions {', '.join(map(str, masks))}. Name "
            "the one to explain by its position, or leave one mask."
        )
    position = find_token(encoding, place)
    if position not in masks:
        raise TargetError(
            f"There is no mask at position {position}. Choose from: {', '.join(map(str, masks))}."
        )
    return position


def removable(
    special: NDArray[np.bool_], place: Place, index: int, against: int | None
) -> NDArray[np.bool_]:
    """`[t]` tokens that can be removed and the same question be asked: not the one it is about.

    Args:
        special: `[t]` tokens that the tokenizer added, which always stay.
        place: of the target.
        index, against: its classes, which are tokens of the text where the place is an end.
    """
    free = ~special
    if isinstance(place, str):
        free[[one for one in (index, against) if one is not None]] = False
    elif place is not None:
        free[place] = False
    return free
