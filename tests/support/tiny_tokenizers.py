"""Tokenizers of two kinds, made in a moment: for encoders, and for models that continue a text."""

from __future__ import annotations

from functools import cache

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from benchmarks.tiny import tiny_tokenizer

SENTENCES = (
    "The Eiffel Tower is in the city of Paris and Big Ben is in London.",
    "Paris is the capital of France, London is the capital of England.",
)


def pair_tokenizer(limit: int = 32) -> PreTrainedTokenizerFast:
    """WordPiece that puts [CLS] a [SEP] b [SEP] around two texts."""
    tokenizer = tiny_tokenizer(limit)
    tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer


@cache
def _trained() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 4, trainer)
    return tokenizer.to_str()


def byte_tokenizer(limit: int = 48) -> PreTrainedTokenizerFast:
    """Byte-level BPE of a language model; no special token around a text."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_trained()),
        model_max_length=limit,
        eos_token="<|end|>",
    )
