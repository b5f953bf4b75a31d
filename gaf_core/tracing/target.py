"""What is explained: one logit, or the difference of two, found by what a caller names."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from numbers import Integral
from typing import Any

import regex

from gaf_core.errors import TargetError, brief, check_kind
from gaf_core.models.labels import as_read
from gaf_core.models.model import Model
from gaf_core.settings import LabelLike
from gaf_core.tracing.encoding import Encoding, check_whole
from gaf_core.tracing.places import Place, class_labels, find_token, token_text

_LISTED = 20  # labels in a message; a reader wants to see a few, not a thousand


# What changes lines, directions or a terminal; neither joiners nor spaces of any kind.
_ACTING = regex.compile(
    r"[\p{C}\p{Zl}\p{Zp}"
    r"--[\u00ad\u200c-\u200f\u2060\U000e0020-\U000e007f\p{Prepended_Concatenation_Mark}]]",
    regex.V1,
)


@dataclass(frozen=True)
class Target:
    """The scalar that is explained: a logit, or the difference of two.

    Attributes:
        index: class, or vocabulary entry, whose logit is explained.
        against: the one whose logit is subtracted, or None.
        name: how people read it, for example "positive" or "Paris against London".
        place: where in the text the logits stand: the position of a token or mask, "start" or "end"
            of an answer; None for a model of the whole text.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> gaf.trace(model, "A lovely film.", target=("positive", "negative")).target.name
    'positive against negative'
    """

    index: int
    against: int | None
    name: str
    place: Place = None

    def as_dict(self) -> dict[str, Any]:
        """Its fields, for files; the place only where there is one.

        >>> import gaf_core as gaf
        >>> gaf.Target(1, None, "B-LOC for Paris", place=4).as_dict()
        {'index': 1, 'against': None, 'name': 'B-LOC for Paris', 'place': 4}
        """
        written = asdict(self)
        if self.place is None:
            del written["place"]
        return written


def resolve_target(
    model: Model, target: LabelLike, predicted: int, encoding: Encoding | None = None
) -> Target:
    """Turn what the caller named into indices of logits.

    Args:
        model: whose labels are meant. For a next token or a masked word a label is a piece of text
            that is one token: "Paris" finds " Paris", as it stands after other text, before
            "Paris".
        target: None for `predicted`; an index or label; a pair of them for a contrast.
        predicted: index of the largest logit.
        encoding: the text, where its tokens are the classes.

    Raises:
        TargetError: an index out of range, an unknown label, a text that is several tokens, or a
            contrast of something with itself.
    """
    labels = model.labels if encoding is None else class_labels(model, encoding)
    if target is None:
        return Target(predicted, None, label_name(labels, predicted))
    if isinstance(target, tuple | list):
        if len(target) != 2:
            raise TargetError("A contrast is a pair of labels: (the one explained, the other).")
        index, against = (_find(model, part, encoding) for part in target)
        if index == against:
            raise TargetError(
                f"The contrast of '{label_name(labels, index)}' with itself is always zero. "
                "Name two labels."
            )
        return Target(index, against, _contrast_name(labels, index, against))
    index = _find(model, target, encoding)
    return Target(index, None, label_name(labels, index))


def placed(target: Target, place: Place, encoding: Encoding, *, several: bool) -> Target:
    """The target at a place of the text, with the place in its name.

    Args:
        target: at no place yet.
        place: where its logits are read.
        encoding: the text.
        several: whether a mask has to be told from others.
    """
    name = target.name
    if isinstance(place, str):
        name = f"{place} at {name}"
    elif place is not None and not several:
        name = f"{name} for {token_text(encoding, place)}"
    elif place is not None:
        name = f"{name} at {place}"
    return replace(target, name=name, place=place)


def label_name(labels: tuple[str, ...], index: int) -> str:
    """A label as people read it: no space around a word, quotes around what cannot be seen.

    A byte of a longer character has no text of its own and is called by its index. Joiners and
    no-break spaces inside a label are part of how it is written.

    Raises:
        TargetError: there is no such index.

    >>> import gaf_core as gaf
    >>> [gaf.label_name((" Paris", " ", "positive"), index) for index in range(3)]
    ['Paris', "' '", 'positive']
    """
    if not isinstance(index, Integral) or not 0 <= index < len(labels):
        last = len(labels) - 1
        raise TargetError(f"There is no label {index!r}. An index goes from 0 to {last}.")
    label = labels[index]
    if "\ufffd" in label:
        return f"token {index}"
    shown = label.strip()
    return shown if as_read(shown) and not _ACTING.search(shown) else repr(label)


def search_labels(labels: tuple[str, ...], query: str, limit: int = 50) -> list[int]:
    """Indices of the labels that contain `query`, whatever its case; the shortest come first.

    A vocabulary is too long to choose from, and several of its entries can read the same, so a
    choice is one of these indices.

    >>> import gaf_core as gaf
    >>> gaf.search_labels((" Paris", "London", "paris"), "PARIS")
    [0, 2]
    """
    check_kind(query, str, "Search for a piece of a label.")
    check_kind(limit, int, "Say how many labels are shown at most.")
    wanted = query.strip().casefold()
    found = [index for index, label in enumerate(labels) if wanted in label.casefold()]
    return sorted(found, key=lambda index: len(labels[index].strip()))[:limit]


def _contrast_name(labels: tuple[str, ...], index: int, against: int) -> str:
    names = label_name(labels, index), label_name(labels, against)
    if names[0] == names[1]:  # " Paris" and "Paris" are two entries
        names = repr(labels[index]), repr(labels[against])
    return f"{names[0]} against {names[1]}"


def _find(model: Model, name: Integral | int | str, encoding: Encoding | None = None) -> int:
    if encoding is not None and model.task.kind.classes == "tokens":
        return _find_end(encoding, class_labels(model, encoding), name)
    whole = isinstance(name, Integral) and not isinstance(name, bool)
    if whole and 0 <= int(name) < len(model.labels):
        return int(name)
    if isinstance(name, str) and model.task.kind.classes == "vocabulary":
        return _find_token(model, name)
    if isinstance(name, str):
        alike = _alike(model.labels, name)
        if len(alike) == 1:
            return alike[0]
        if alike:
            shown = ", ".join(f"'{label_name(model.labels, index)}'" for index in alike)
            raise TargetError(f"'{name}' is what several labels are called: {shown}. Name one.")
    raise TargetError(f"'{brief(name)}' is not one of the model's labels. {_choices(model.labels)}")


def _find_end(encoding: Encoding, labels: tuple[str, ...], name: Integral | int | str) -> int:
    """A token of the text that an answer may start or end with."""
    if isinstance(name, str) and name in labels:  # told apart from others that read the same
        return labels.index(name)
    return find_token(encoding, int(name) if isinstance(name, Integral) else name)


def _alike(labels: tuple[str, ...], name: str) -> list[int]:
    """The label of this name, or else those that read like it, without the index that is added."""
    if name in labels:
        return [labels.index(name)]
    wanted = as_read(name)
    read = list(map(as_read, labels))
    found = [index for index, label in enumerate(read) if label == wanted]
    numbered = [index for index, label in enumerate(read) if label == f"{wanted} ({index})"]
    return found or numbered


def _choices(labels: tuple[str, ...]) -> str:
    if len(labels) > _LISTED:
        return f"There are {len(labels):,} of them; an index goes from 0 to {len(labels) - 1}."
    named = ", ".join(f"{index} {label_name(labels, index)}" for index in range(len(labels)))
    return f"Choose from: {named}."


def _find_token(model: Model, text: str) -> int:
    check_whole(text)
    tokenizer = model.tokenizer
    # after other text a word comes with its space, a sign without
    spaced = f" {text}"
    spellings = (spaced, text) if text[:1].isalnum() else (text, spaced, text.strip())
    encoded = [tokenizer(spelling, add_special_tokens=False)["input_ids"] for spelling in spellings]
    known = [
        ids
        for ids in encoded
        if text and ids and (tokenizer.unk_token_id not in ids or text == tokenizer.unk_token)
    ]
    for ids in known:
        if len(ids) == 1:
            return ids[0]
    if not known:
        raise TargetError(
            f"The model's vocabulary has no token for '{text}', so it is no label. Choose a text "
            "that is one token, or give the index of a vocabulary entry."
        )
    pieces = ", ".join(repr(model.labels[index]) for index in known[0])
    raise TargetError(
        f"'{text}' is {len(known[0])} tokens of this model ({pieces}), and a label is one token. "
        "Choose the piece that comes next, or another word."
    )
