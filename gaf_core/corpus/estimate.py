"""What a run will cost, said before it begins: a few texts are explained, and the rest follows."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from gaf_core.corpus.arrow import arrow, parquet
from gaf_core.corpus.columns import repeated
from gaf_core.corpus.explainer import BatchExplainer, cutting
from gaf_core.corpus.parts import schema
from gaf_core.corpus.running import PART
from gaf_core.corpus.texts import Survey
from gaf_core.settings import TextLike
from gaf_core.spans import parts_of

_ENOUGH = 6.0  # seconds that trying may take, about
_GROWTH = 4  # texts of a try for each of the one before


@dataclass(frozen=True)
class Estimate:
    """What a run costs, about.

    Attributes:
        texts: that are to be explained.
        seconds: they take, on one machine like this with nothing else to do.
        memory: bytes of this process.
        disk: bytes of the rows.
        tried: texts that it was learned from.
    """

    texts: int
    seconds: float
    memory: int
    disk: int
    tried: int


def estimate(
    explainer: BatchExplainer, survey: Survey, *, part: int = PART, done: int = 0
) -> Estimate:
    """Explain some texts of the sample, more and more of them for some seconds.

    Long texts cost more than short ones, so seconds are counted by characters, and bytes too.

    Args:
        explainer: what is asked; texts that are refused as too long cost nothing here.
        survey: of the file.
        part: texts of a part.
        done: texts that need not be explained any more.

    Raises:
        GafError: the model cannot be loaded.
    """
    lenient = cutting(explainer)
    sample = list(survey.sample)
    lenient.rows(sample[:1])  # libraries load, and the solver
    size, began = 2, time.perf_counter()
    while True:
        tried = sample[:size]
        started = time.perf_counter()
        rows = lenient.rows(tried)
        seconds = time.perf_counter() - started
        if size >= len(sample) or time.perf_counter() - began + seconds * _GROWTH > _ENOUGH:
            break
        size *= _GROWTH
    left = max(0, survey.texts - done)
    mean = survey.characters / max(1, survey.texts)
    scale = mean / max(1.0, _characters(tried) / len(tried)) / len(tried)
    several = len(explainer.entries)
    named = [_named(text) | row for text, row in zip(repeated(tried, several), rows, strict=True)]
    empty, full = _bytes([]), _bytes(named)
    disk = (full - empty) * scale * left + empty * -(-left // part)
    memory = psutil.Process().memory_info().rss
    return Estimate(left, seconds * scale * left, memory, int(disk), len(tried))


def _characters(texts: Sequence[TextLike]) -> int:
    return sum(len(part) for text in texts for part in parts_of(text))


def _named(text: TextLike) -> dict[str, Any]:
    first, second = (*parts_of(text), None)[:2]
    return {"position": 0, "line": 0, "id": "", "label": "", "text": first, "second": second}


def _bytes(rows: list[dict[str, Any]]) -> int:
    """Of a part with these rows."""
    file = io.BytesIO()
    parquet().write_table(
        arrow().Table.from_pylist(rows, schema=schema()), file, compression="zstd"
    )
    return file.tell()
