"""Tiny randomly initialised models, built in a moment and saved as a user would save them."""

from __future__ import annotations

import copy
import dataclasses
import random
import threading
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

import gaf_core as gaf

VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "a",
    "good",
    "bad",
    "film",
    "not",
    "##s",
]


def tiny_tokenizer(limit: int = 32) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(
        models.WordPiece({word: i for i, word in enumerate(VOCABULARY)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=limit,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


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


def random_text(words: int, seed: int = 0) -> str:
    return " ".join(random.Random(seed).choices(VOCABULARY[5:10], k=words))


def counting(model: gaf.Model) -> list[int]:
    """Count forward passes of a model: the returned list grows by one each."""
    calls: list[int] = []
    lock = threading.Lock()

    def count(*_):
        with lock:
            calls.append(1)

    model.module.register_forward_hook(count)
    return calls
