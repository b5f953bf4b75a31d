"""Texts of a wanted length, made of the examples that the app offers."""

from __future__ import annotations

import json
from bisect import bisect_right

from gaf_core import Model, Task
from gaf_core.places import assets
from gaf_core.tracing.encoding import encode


def long_text(model: Model, tokens: int) -> str:
    """As many words of the example reviews, the longest first, as make `tokens` tokens at most."""
    examples = json.loads((assets() / "examples.json").read_text(encoding="utf-8"))
    reviews = [one["text"] for one in examples if one.get("task") in (None, Task.CLASSIFICATION)]
    words = " ".join(sorted(reviews, key=len, reverse=True)).split()

    def length(count: int) -> int:
        return len(encode(model, " ".join(words[:count]), truncate=True).tokens)

    counts = range(1, len(words) + 1)
    return " ".join(words[: bisect_right(counts, tokens, key=length)])
