"""Rows of two runs over the same texts, compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

import gaf_core as gaf
from tests.support.tolerance import assert_close, log_probability_size, through

MEASURES = ("aopc", "log_odds", "comprehensiveness", "sufficiency", "deletion_area")


def comparable(rows) -> pd.DataFrame:
    """Without what another run has another number of."""
    return pd.DataFrame(rows).drop(columns=["seconds", "trace_seconds"])


def assert_same_numbers(one: pd.DataFrame, other: pd.DataFrame, model: gaf.Model) -> None:
    """Of two runs by a model: traces are float32, and a batch of another size rounds otherwise."""
    assert len(one) == len(other)
    for name in ("text", "method", "key", "predicted", "target", "failure", "cut"):
        assert one[name].tolist() == other[name].tolist(), name
    for name in ("tokens", "words", "word_of", "special"):
        assert list(map(list, one[name])) == list(map(list, other[name])), name
    for mine, its in zip(one["scores"], other["scores"], strict=True):
        assert_close(mine, its, precision=np.float32, roundings=through(model))
    double = model.module.dtype == torch.float64
    how = {"precision": np.float64 if double else np.float32, "roundings": through(model)}
    for name in (*MEASURES, "probability", "logit"):
        if double or name not in ("log_odds", "logit"):  # of which float32 says too little here
            size = log_probability_size(one["logit"]) if double else 1.0
            assert_close(one[name], other[name], size=size, **how, message=name)
