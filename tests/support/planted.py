"""Transformers whose weights are set by hand, so that the right explanation is known beforehand.

The prediction depends on one thing: whether the keyword "good" is in the text. The positions that
look for it find it by its key, and its value, "seen", is what the last layer reads.

    direct      BERT; in both layers [CLS] looks at the keyword.
    relayed     BERT; in layer 0 [SEP] looks at the keyword, in layer 1 [CLS] looks at [SEP].
    causal      GPT-2; in both layers every position looks at the keyword, if it comes before it.
                The token that comes next is "film" after a text with the keyword.

A little noise on every weight keeps gradients from being exactly zero and scores from being tied.
They compute in float64, and no rank hangs on less than `tolerance.DELIBERATE` of a score.
Only the keyword matters, so a method that explains the prediction ranks it first among the ordinary
tokens. `EXCUSED` says which method cannot, in which model, and why. Every method of `gaf.METHODS`
goes through `tests/methods/test_planted.py` as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY, tiny_tokenizer
from gaf_core.models.model import Task

KEYWORD = "good"
# never last: there the causal model reads, and nothing would have to be carried
TEXTS = ("a film good not bad", "good film not a bad", "not bad a good film", "bad good a")

LAYERS, HEADS, WIDTH = 2, 2, 32
NOISE = 0.01
SCORE = 2.5  # attention score of a position that is looked for, above all others
GAIN = 0.7  # what a layer writes, if a layer norm follows

# What a hidden state can say; each is a direction of mean 0, so that a layer norm keeps them apart.
_CLS, _SEP, _KEY, _SEEN, _RELAYED, _BASE = range(6)
_WORD = 6  # and from here on which word it is


def _direction(index: int) -> torch.Tensor:
    vector = torch.zeros(WIDTH)
    vector[2 * index], vector[2 * index + 1] = 1.0, -1.0
    return vector


def _reader(*pairs: tuple[int, int]) -> torch.Tensor:
    """`[out, in]` weight that turns what one direction says into another."""
    return sum(
        (torch.outer(_direction(target), _direction(source)) / 2 for source, target in pairs),
        start=torch.zeros(WIDTH, WIDTH),
    )


def _embedding() -> torch.Tensor:
    says = {"[CLS]": _CLS, "[SEP]": _SEP, KEYWORD: _KEY}
    rows = [
        _direction(says.get(word, _WORD + index % (WIDTH // 2 - _WORD)))
        for index, word in enumerate(VOCABULARY)
    ]
    return torch.stack(rows)


def _with_noise(module: torch.nn.Module, seed: int = 0) -> None:
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(module.named_parameters()):
        if "norm" not in name.lower() and ".ln_" not in name:
            parameter += NOISE * torch.randn(parameter.shape, generator=generator)


def _wrapped(module, labels: tuple[str, ...], tokenizer, task: Task) -> gaf.Model:
    return gaf.Model(
        name="planted",
        module=module.double().eval().requires_grad_(False),
        tokenizer=tokenizer,
        labels=labels,
        max_tokens=tokenizer.model_max_length,
        layers=LAYERS,
        heads=HEADS,
        task=task,
    )


def _bert(hops: list[tuple[int, int, int, int]]) -> gaf.Model:
    """A BERT that moves one thing a layer: (who looks, at whom, what is taken, as what)."""
    labels = ("absent", "present")
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=WIDTH,
        max_position_embeddings=32,
        attn_implementation="eager",
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    module = BertForSequenceClassification(config)
    module.requires_grad_(False)
    for name, parameter in module.named_parameters():
        if "LayerNorm" not in name:
            parameter.zero_()
    module.bert.embeddings.word_embeddings.weight += _embedding()
    # every token has this in common, and an embedding is not only what its norm would undo
    module.bert.embeddings.position_embeddings.weight += _direction(_BASE)
    for layer, (looks, at, taken, stored) in zip(module.bert.encoder.layer, hops, strict=True):
        attention = layer.attention.self
        attention.query.weight += _looking(looks)
        attention.key.weight += _looking(at)
        attention.value.weight += GAIN * _reader((taken, stored), (_SEEN, _SEEN))
        layer.attention.output.dense.weight += torch.eye(WIDTH)
    module.bert.pooler.dense.weight += 0.5 * _reader((_SEEN, _SEEN))
    module.classifier.weight[1] += 2 * _direction(_SEEN)
    module.classifier.bias[1] -= 1.0
    _with_noise(module)
    return _wrapped(module, labels, tiny_tokenizer(), Task.CLASSIFICATION)


def _looking(at: int) -> torch.Tensor:
    """Query or key weight: the first entry of both heads is large where a state says `at`.

    A state that says two things, of which one is the base, has entries of (width / 4)^0.5 after a
    layer norm. Query times key is then width / 4 times the square of the weight here.
    """
    weight, size = torch.zeros(WIDTH, WIDTH), WIDTH // HEADS
    weight[::size] = _direction(at) / 2 * (SCORE * size**0.5 / (WIDTH / 4)) ** 0.5
    return weight


@cache
def direct() -> gaf.Model:
    """BERT; in both layers [CLS] looks at the keyword."""
    return _bert([(_CLS, _KEY, _KEY, _SEEN)] * LAYERS)


@cache
def relayed() -> gaf.Model:
    """BERT; [SEP] looks at the keyword in layer 0, and [CLS] at [SEP] in layer 1."""
    return _bert([(_SEP, _KEY, _KEY, _RELAYED), (_CLS, _SEP, _RELAYED, _SEEN)])


@cache
def causal() -> gaf.Model:
    """GPT-2; every position looks at the keyword; "film" follows a text that has it."""
    config = GPT2Config(
        vocab_size=len(VOCABULARY),
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        n_positions=32,
        n_inner=WIDTH,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="eager",
        tie_word_embeddings=False,
    )
    module = GPT2LMHeadModel(config)
    module.requires_grad_(False)
    for name, parameter in module.named_parameters():
        if ".ln_" not in name:
            parameter.zero_()
    module.transformer.wte.weight += _embedding()
    module.transformer.wpe.weight += _direction(_BASE)
    for block in module.transformer.h:
        # no norm follows: what is written stands beside embeddings as large as a direction
        value = GAIN / (WIDTH / 4) ** 0.5 * _reader((_KEY, _SEEN), (_SEEN, _SEEN))
        joined = torch.cat([_looking(_BASE), _looking(_KEY), value])
        block.attn.c_attn.weight += joined.T
        block.attn.c_proj.weight += torch.eye(WIDTH)
    # steep, for relevance begins with 1 at the position read, whatever the unit of the logit
    module.lm_head.weight[VOCABULARY.index("film")] += 2 * _direction(_SEEN)
    _with_noise(module)
    return _wrapped(module, tuple(VOCABULARY), _plain_tokenizer(), Task.NEXT_TOKEN)


def _plain_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A", special_tokens=[]
    )
    return tokenizer


MODELS: dict[str, Callable[[], gaf.Model]] = {
    "direct": direct,
    "relayed": relayed,
    "causal": causal,
}

_LAST_LAYER = "It looks at the last layer only, and the keyword is two layers away."
_NORM_FIRST = (
    "A norm in front of every layer undoes the size of the state that enters it, so that its "
    "product with its gradient is about zero wherever the prediction is not read."
)

# (model, or "all"; method): why it need not find the keyword
EXCUSED: dict[tuple[str, str], str] = {
    ("all", "random"): "It does not look at the model.",
    ("all", "deeplift"): "It has no rule for attention and layer norms, and refuses them.",
    ("relayed", "raw_attention"): _LAST_LAYER,
    ("relayed", "grad_cam"): _LAST_LAYER,
    ("causal", "AF"): (
        "It starts from every position, and one before the keyword has only those before itself "
        "to look at, so the first tokens get attention whatever they say."
    ),
    ("causal", "cat"): _NORM_FIRST,
    ("causal", "attcat"): _NORM_FIRST,
    ("causal", "information_flow_routes"): (
        "It asks what the state that is read is made of, whatever the prediction takes from it, "
        "and half of that state is the last token itself."
    ),
}


def excuse(model: str, method: str) -> str | None:
    """Why a method need not find the keyword in a model; None if it must."""
    return EXCUSED.get((model, method)) or EXCUSED.get(("all", method))


def margin(traced: gaf.Trace, scores: NDArray[np.float64]) -> float:
    """By how much of the largest score the keyword is above all other ordinary tokens."""
    keyword = traced.tokens.index(KEYWORD)
    others = ~traced.special & (np.arange(len(traced.tokens)) != keyword)
    return float((scores[keyword] - scores[others].max()) / np.abs(scores).max())
