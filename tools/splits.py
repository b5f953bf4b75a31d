"""Which part of the data a text belongs to: decided by hashes, so it never depends on an order.

1. Texts of one document stay together.
2. Documents that share a text, or nearly (`near_pairs`), stay together: groups are the connected
   components of these two relations, across all sources.
3. A group goes where the hash of its smallest document name points.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tools import texts

SHARES = {"test": 0.12, "validation": 0.08}
"""Expected share of the groups; the rest is for training."""

ALIKE = 0.75
"""Jaccard similarity of the word sets from which two texts count as nearly the same."""


def assign(documents: Sequence[str], contents: Sequence[str]) -> list[str]:
    """Return the split of each text: "train", "validation" or "test".

    `documents[i]` names the document that the text `contents[i]` comes from.
    """
    links = list(zip(documents, _first_document(documents, contents), strict=True))
    links += [(documents[i], documents[j]) for i, j in near_pairs(contents)]
    group = components(links)
    return [split_of(group[document]) for document in documents]


def split_of(name: str) -> str:
    """Return the split that the hash of `name` falls in."""
    position = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64
    for split, share in SHARES.items():
        if position < share:
            return split
        position -= share
    return "train"


def components(links: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return for each name the smallest name that it is linked to, directly or through others.

    >>> components([("a", "b"), ("b", "c"), ("x", "x")])
    {'a': 'a', 'b': 'a', 'c': 'a', 'x': 'x'}
    """
    parent = {name: name for link in links for name in link}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {name: root(name) for name in parent}


def near_pairs(contents: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of texts whose word sets have a Jaccard similarity of `ALIKE` or more.

    Two such sets share one of the `(1 - ALIKE) n + 1` rarest words of each (prefix filtering:
    Chaudhuri, Ganti, Kaushik 2006), so only texts with a rare word in common are compared.
    """
    sets = [texts.words(content) for content in contents]
    count: dict[str, int] = defaultdict(int)
    for word_set in sets:
        for word in word_set:
            count[word] += 1
    seen: Mapping[str, list[int]] = defaultdict(list)
    for i, word_set in enumerate(sets):
        rarest = sorted(word_set, key=lambda word: (count[word], word))
        prefix = rarest[: int((1 - ALIKE) * len(rarest)) + 1]
        for j in sorted({j for word in prefix for j in seen[word]}):
            if len(word_set & sets[j]) >= ALIKE * len(word_set | sets[j]):
                yield j, i
        for word in prefix:
            seen[word].append(i)


def _first_document(documents: Sequence[str], contents: Sequence[str]) -> list[str]:
    first: dict[str, str] = {}
    return [
        first.setdefault(texts.key(content), document)
        for document, content in zip(documents, contents, strict=True)
    ]
