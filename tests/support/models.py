"""Tiny randomly initialised models, built in a moment and saved as a user would save them."""

from __future__ import annotations

import copy
import dataclasses
import threading
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY, tiny_tokenizer


def tiny_module(labels=("negative", "positive"), seed: int = 0) -> BertForSequenceClassification:
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
        initializer_range=0.5,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    return BertForSequenceClassification(config).eval()


def save_tiny(folder: Path, **options) -> Path:
    tiny_module(**options).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def in_float64(model: gaf.Model) -> gaf.Model:
    """A copy that computes in float64, so that rounding does not decide what a test finds.

    Its traces are float32 as always: the numbers of the network, rounded once.
    """
    return dataclasses.replace(
        model, module=copy.deepcopy(model.module).double(), lock=threading.Lock()
    )


def counting(model: gaf.Model) -> list[int]:
    """Count forward passes of a model: the returned list grows by one each."""
    calls: list[int] = []
    lock = threading.Lock()

    def count(*_):
        with lock:
            calls.append(1)

    model.module.register_forward_hook(count)
    return calls
