"""Toys that each show something, and the toy of a reader's own text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.lesson.toy import Toy

TWO, BOTTLENECK, NULL, PAIR, RANDOM = (
    "two answers",
    "a bottleneck",
    "a token that gets nothing",
    "a symmetric pair",
    "a random one",
)
OWN = "my text"
_LARGEST = 10.0  # capacity of the widest pipe of a text's toy
_STRONGEST = 3  # tokens of it


def _two() -> Toy:
    """Each of two junctions may send what it has to either of two words; a fourth has none."""
    lower = [[2, 2, 0, 0], [0, 2, 2, 0], [0, 0, 1, 0], [0, 0, 1, 2]]
    upper = [[2, 2, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    return Toy.of(["lovely", "film", "not", "the"], [lower, upper])


def _bottleneck() -> Toy:
    """Wide pipes at both ends, and one narrow way between them."""
    wide = [[4, 3, 2], [3, 4, 2], [0, 0, 0]]
    narrow = [[1.5, 0, 0], [0, 0, 0], [0, 0, 0]]
    top = [[6, 0, 0], [0, 0, 0], [0, 0, 0]]
    return Toy.of(["lovely", "film", "not"], [wide, narrow, top])


def _null() -> Toy:
    """Pipes lead to a word, but from a junction that nothing reaches."""
    lower = [[3, 1, 0], [0, 2, 0], [0, 1, 4]]
    upper = [[3, 2, 0], [0, 0, 0], [0, 0, 0]]
    return Toy.of(["lovely", "film", "not"], [lower, upper])


def _pair() -> Toy:
    """Two words whose pipes are alike, and a third."""
    lower = [[2, 1, 1], [1, 2, 1], [0, 0, 2]]
    upper = [[2, 2, 1], [2, 2, 1], [0, 0, 0]]
    return Toy.of(["lovely", "superb", "film"], [lower, upper])


PRESETS: Mapping[str, Callable[[], Toy]] = MappingProxyType(
    {TWO: _two, BOTTLENECK: _bottleneck, NULL: _null, PAIR: _pair}
)


def random_toy(seed: int) -> Toy:
    """Three tokens, two layers, about two thirds of the pipes; something flows in each of them.

    >>> random_toy(1) == random_toy(1), random_toy(1) == random_toy(2)
    (True, False)
    """
    generator = np.random.default_rng(seed)
    while True:
        exists = generator.random((2, 3, 3)) < 0.65
        tensor = np.where(exists, generator.integers(1, 10, (2, 3, 3)) / 2, 0.0)
        toy = Toy.of(["lovely", "film", "not"], tensor.tolist())
        if toy.network().live.any():
            return toy


def toy_of_text(explanation: Explanation) -> Toy:
    """The strongest tokens of a text and where its flow begins, over the last layers.

    Its pipes are those of the text's own network between these tokens in the last two layers, the
    widest scaled to 10. What runs by other tokens is left out, so its scores are not the text's.

    Raises:
        SettingsError: nothing flows between these tokens.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
    >>> toy = toy_of_text(explanation)
    >>> "lovely" in toy.names, toy.layers, toy.tensor.max()
    (True, 2, np.float64(10.0))
    """
    capacity = explanation.network.capacity
    order = np.argsort(-explanation.scores, kind="stable")[:_STRONGEST]
    begins = int(capacity[-1].sum(axis=1).argmax())
    tokens = sorted({*order.tolist(), begins})
    tensor = capacity[-2:][:, tokens][:, :, tokens]
    largest = tensor.max(initial=0.0)
    scaled = tensor * (_LARGEST / largest) if largest > 0 else tensor
    toy = Toy.of(_distinct(explanation, tokens), scaled.tolist())
    if not toy.network().live.any():
        raise SettingsError(
            "Nothing flows between the strongest tokens of this text, so they make no toy. Choose "
            "another toy or another text."
        )
    return toy


def _distinct(explanation: Explanation, tokens: list[int]) -> list[str]:
    """Names of tokens; with the position where the same text stands twice."""
    names = [explanation.written[token] for token in tokens]
    return [
        f"{name[:9]} {token}" if names.count(name) > 1 else name
        for name, token in zip(names, tokens, strict=True)
    ]
