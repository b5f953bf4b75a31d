"""Scores by chance, the floor of every comparison."""

from __future__ import annotations

import zlib

import numpy as np

from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace


def _random(_model: Model, trace: Trace, _progress: Progress, seed: int) -> Scored:
    # by the text too: with the seed alone, all texts of a length would get the same ranking
    generator = np.random.default_rng([seed, zlib.crc32(trace.text.encode("utf-8", "replace"))])
    return Scored(generator.random(len(trace.tokens)))


RANDOM = Method(
    name="random",
    title="Random",
    reference="",
    family="chance",
    summary="Draws each score uniformly from 0 to 1; the same seed and text give the same scores.",
    compute=_random,
    options=(Option("seed", 0, "Another seed draws other scores.", least=0, most=2**32 - 1),),
)
