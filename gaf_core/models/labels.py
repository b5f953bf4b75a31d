"""The names of a classifier's classes, each of which can be named."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import regex
from transformers import PreTrainedConfig

_UNSEEN = regex.compile(r"\p{Default_Ignorable_Code_Point}")


def class_names(config: PreTrainedConfig) -> tuple[str, ...]:
    """The names of the classes, by index; "LABEL_0" and so on where the model has none.

    Names that read the same are told apart by their index, as in "good (2)".
    """
    names = {int(index): label for index, label in (config.id2label or {}).items()}
    return told_apart([str(names.get(index, f"LABEL_{index}")) for index in range(len(names))])


def told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """The names, with the index after those that read like another.

    >>> told_apart(["good", "bad", "good", "good "])
    ('good (0)', 'bad', 'good (2)', 'good (3)')
    """
    while True:
        times = Counter(map(as_read, names))
        if len(times) == len(names):
            return tuple(names)
        names = [
            f"{name.strip()} ({index})" if times[as_read(name)] > 1 else name
            for index, name in enumerate(names)
        ]


def as_read(name: str) -> str:
    """What two names have in common that a reader cannot tell apart."""
    return " ".join(unicodedata.normalize("NFC", _UNSEEN.sub("", name)).split())
