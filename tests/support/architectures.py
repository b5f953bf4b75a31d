"""The architectures that are tested, and the table of them in the README.

Each is the class that transformers loads for it, small and with random weights.
`python -m tests.support.architectures --write` writes the table.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY
from gaf_core.models.model import Task
from gaf_core.settings import TextLike
from tests.support.tiny_tokenizers import SENTENCES, byte_tokenizer, pair_tokenizer

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- architectures: python -m tests.support.architectures --write -->", "<!-- end -->"

LAYERS, HEADS, LABELS = 3, 2, ("negative", "positive")
NEXT_TOKEN = (Task.NEXT_TOKEN,)
ENCODER = (Task.CLASSIFICATION, Task.MASKED_WORD, Task.TOKENS, Task.ANSWER)
DECODER = (Task.CLASSIFICATION, Task.NEXT_TOKEN, Task.TOKENS, Task.ANSWER)
BOTH_STACKS = (Task.CLASSIFICATION, Task.ANSWER)
T5_TASKS = (*BOTH_STACKS, Task.TOKENS)
# heads that transformers does not have for every decoder
NO_TOKENS = (Task.CLASSIFICATION, Task.NEXT_TOKEN, Task.ANSWER)
NO_ANSWER = (Task.CLASSIFICATION, Task.NEXT_TOKEN, Task.TOKENS)
FACTORIES: dict[Task, Any] = {
    Task.CLASSIFICATION: AutoModelForSequenceClassification,
    Task.NEXT_TOKEN: AutoModelForCausalLM,
    Task.MASKED_WORD: AutoModelForMaskedLM,
    Task.TOKENS: AutoModelForTokenClassification,
    Task.ANSWER: AutoModelForQuestionAnswering,
}

# large enough weights that no gradient is numerically zero
_PLAIN: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": 24,
    "max_position_embeddings": 64,
    "initializer_range": 0.5,
}
_GROUPED = _PLAIN | {"num_key_value_heads": 1, "head_dim": 8}
_BART: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": LAYERS,
    "decoder_layers": 2,
    "encoder_attention_heads": HEADS,
    "decoder_attention_heads": HEADS,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "max_position_embeddings": 64,
    "init_std": 0.3,
    "decoder_start_token_id": 3,
}
_T5: dict[str, Any] = {
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 24,
    "num_layers": LAYERS,
    "num_decoder_layers": 2,
    "num_heads": HEADS,
    "initializer_factor": 0.7,
    "decoder_start_token_id": 0,
}
_WINDOW = {"sliding_window": 4}
_ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]


@dataclass(frozen=True)
class Architecture:
    """One row of the table.

    Attributes:
        name: as the field calls it.
        model_type: as `transformers.AutoConfig` calls it.
        tasks: the heads it is tested with.
        kind: the column "attention".
        options: of its configuration.
        reads: positions of the last layer that the prediction is read from, "first", "last", "all".
        causal: no token attends to a later one.
        reach: in the layers `near`, a token attends to none this far away or farther.
        limits: the column "limits".
    """

    name: str
    model_type: str
    tasks: tuple[Task, ...]
    kind: str
    options: dict[str, Any]
    reads: str
    causal: bool = False
    reach: int = 0
    near: tuple[int, ...] = ()
    limits: str = ""

    @property
    def of_texts(self) -> tuple[Task, ...]:
        """Those of its tasks that predict one thing of a whole text."""
        return tuple(task for task in self.tasks if task.kind.place == "text")

    def mask(self, layer: int, tokens: int) -> NDArray[np.bool_]:
        """`[t, t]` True where a query of this layer may attend to a key."""
        query, key = np.indices((tokens, tokens))
        seen = key <= query if self.causal else np.ones((tokens, tokens), dtype=bool)
        return seen & (np.abs(query - key) < self.reach) if layer in self.near else seen


def _encoder(name: str, model_type: str, options=_PLAIN, kind="all tokens", **more) -> Architecture:
    return Architecture(name, model_type, ENCODER, kind, options, "first", **more)


def _decoder(name: str, model_type: str, options=_GROUPED, kind="causal", **more) -> Architecture:
    tasks = more.pop("tasks", DECODER)
    return Architecture(name, model_type, tasks, kind, options, "last", causal=True, **more)


def _encoder_decoder(name: str, model_type: str, options, **more) -> Architecture:
    tasks = more.pop("tasks", BOTH_STACKS)
    return Architecture(
        name, model_type, tasks, "all tokens, in the encoder", options, "all", **more
    )


_ENCODER_ONLY_SHOWN = "the flow is the encoder's; the decoder is part of the head"

SUPPORTED = (
    _encoder("BERT", "bert"),
    _encoder("RoBERTa", "roberta"),
    _encoder("XLM-RoBERTa", "xlm-roberta"),
    _encoder("CamemBERT", "camembert"),
    _encoder(
        "DistilBERT",
        "distilbert",
        {"dim": 16, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": 24}
        | {"max_position_embeddings": 64, "initializer_range": 0.5},
    ),
    _encoder(
        "ALBERT", "albert", _PLAIN | {"embedding_size": 8}, limits="its layers share their weights"
    ),
    _encoder("ELECTRA", "electra", _PLAIN | {"embedding_size": 8}),
    _encoder("MPNet", "mpnet"),
    _encoder("ERNIE", "ernie"),
    _encoder("RoFormer", "roformer"),
    _encoder(
        "DeBERTa",
        "deberta",
        _PLAIN | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        kind="all tokens, relative positions",
    ),
    _encoder(
        "DeBERTa-v2 and v3",
        "deberta-v2",
        _PLAIN
        | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_buckets": 8}
        | {"share_att_key": True, "norm_rel_ebd": "layer_norm"},
        kind="all tokens, relative positions",
    ),
    _encoder(
        "ModernBERT",
        "modernbert",
        _PLAIN | {"local_attention": 4, "global_attn_every_n_layers": 3},
        kind="all tokens, or near ones, by layer",
        reach=3,
        near=(1, 2),
    ),
    _decoder("GPT-2", "gpt2", _PLAIN),
    _decoder(
        "GPT-Neo",
        "gpt_neo",
        {"hidden_size": 16, "num_layers": LAYERS, "num_heads": HEADS, "intermediate_size": 24}
        | {"max_position_embeddings": 64, "initializer_range": 0.5, "window_size": 4}
        | {"attention_types": [[["global", "local", "global"], 1]]},
        kind="causal, or near tokens, by layer",
        reach=4,
        near=(1,),
    ),
    _decoder("GPT-J", "gptj", _PLAIN | {"rotary_dim": 4}, tasks=NO_TOKENS),
    _decoder("GPT-NeoX, Pythia", "gpt_neox", _PLAIN),
    _decoder(
        "OPT",
        "opt",
        _PLAIN | {"ffn_dim": 24, "word_embed_proj_dim": 16, "init_std": 0.5},
        tasks=NO_TOKENS,
    ),
    _decoder("BLOOM", "bloom", _PLAIN, kind="causal, biased by distance"),
    _decoder("Falcon", "falcon", _PLAIN | {"num_kv_heads": 1}, kind="causal, heads share keys"),
    _decoder("Llama, SmolLM2", "llama", kind="causal, heads share keys"),
    _decoder(
        "Mistral",
        "mistral",
        _GROUPED | _WINDOW,
        kind="causal, near tokens",
        reach=4,
        near=(0, 1, 2),
    ),
    _decoder(
        "Mixtral",
        "mixtral",
        _GROUPED | {"num_local_experts": 4, "num_experts_per_tok": 2},
        kind="causal, heads share keys",
    ),
    _decoder("Qwen2 and Qwen2.5", "qwen2", kind="causal, heads share keys"),
    _decoder("Qwen3", "qwen3", kind="causal, heads share keys"),
    _decoder("Gemma", "gemma", kind="causal, heads share keys", tasks=NO_ANSWER),
    _decoder(
        "Gemma 2",
        "gemma2",
        _GROUPED | _WINDOW | {"layer_types": _ALTERNATING},
        kind="causal, or near tokens, by layer; soft-capped",
        reach=4,
        near=(0, 2),
        limits="the next-token logit is the soft-capped one",
        tasks=NO_ANSWER,
    ),
    _decoder(
        "Gemma 3",
        "gemma3_text",
        _GROUPED | _WINDOW | {"layer_types": _ALTERNATING},
        kind="causal, or near tokens, by layer",
        reach=4,
        near=(0, 2),
        limits="text models",
        tasks=(Task.CLASSIFICATION, Task.NEXT_TOKEN),
    ),
    _decoder("Phi", "phi", _PLAIN, tasks=NO_ANSWER),
    _decoder(
        "Phi-3",
        "phi3",
        _PLAIN | {"num_key_value_heads": 1},
        kind="causal, heads share keys",
        tasks=NO_ANSWER,
    ),
    _decoder("OLMo 2", "olmo2", kind="causal", tasks=NEXT_TOKEN),
    _decoder("SmolLM3", "smollm3", kind="causal, heads share keys"),
    _decoder("Granite", "granite", kind="causal, heads share keys", tasks=NEXT_TOKEN),
    _encoder_decoder("BART", "bart", _BART, limits=_ENCODER_ONLY_SHOWN),
    _encoder_decoder("mBART", "mbart", _BART, limits=_ENCODER_ONLY_SHOWN),
    _encoder_decoder("T5, Flan-T5", "t5", _T5, limits=_ENCODER_ONLY_SHOWN, tasks=T5_TASKS),
    _encoder_decoder("mT5", "mt5", _T5, limits=_ENCODER_ONLY_SHOWN, tasks=T5_TASKS),
)


@dataclass(frozen=True)
class Refused:
    """An architecture that is refused: `says` stands in the message, `why` in the table."""

    name: str
    model_type: str
    task: Task
    says: str
    why: str
    options: dict[str, Any] = field(default_factory=lambda: dict(_PLAIN))


REFUSED = (
    Refused("Mamba", "mamba", Task.NEXT_TOKEN, "no attention weights", "a state space model"),
    Refused("RWKV", "rwkv", Task.NEXT_TOKEN, "has the shape", "linear attention without weights"),
    Refused("FNet", "fnet", Task.CLASSIFICATION, "no attention weights", "Fourier transforms"),
    Refused(
        "Jamba",
        "jamba",
        Task.NEXT_TOKEN,
        "3 layers and returns attention weights of 1",
        "most layers are state spaces",
        _GROUPED
        | {"attn_layer_period": 3, "attn_layer_offset": 1, "num_experts": 2}
        | {"mamba_d_state": 4, "mamba_dt_rank": 2, "use_mamba_kernels": False},
    ),
    Refused(
        "LFM2",
        "lfm2",
        Task.NEXT_TOKEN,
        "3 layers and returns attention weights of 1",
        "most layers are convolutions",
        _GROUPED | {"layer_types": ["conv", "full_attention", "conv"]},
    ),
    Refused(
        "GPT-OSS",
        "gpt_oss",
        Task.NEXT_TOKEN,
        "a row sums to",
        "part of the attention goes to a sink, which is no token",
        _GROUPED | {"num_local_experts": 2, "num_experts_per_tok": 1},
    ),
    Refused(
        "Longformer",
        "longformer",
        Task.CLASSIFICATION,
        "has the shape",
        "returns attention by window, not by token",
        _PLAIN | {"attention_window": 8},
    ),
    Refused(
        "XLNet",
        "xlnet",
        Task.CLASSIFICATION,
        "is a copy",
        "returns a copy of its attention",
        {"d_model": 16, "n_layer": LAYERS, "n_head": HEADS, "d_inner": 24},
    ),
)


def build(row: Architecture | Refused, task: Task, seed: int = 0) -> gaf.Model:
    """A small random model in float64, so that finite differences are exact enough to compare."""
    continues = getattr(row, "causal", False) and task is not Task.ANSWER
    reads_pairs = task is not Task.NEXT_TOKEN and not continues
    tokenizer = pair_tokenizer() if reads_pairs else byte_tokenizer()
    config = AutoConfig.for_model(
        row.model_type,
        vocab_size=len(tokenizer),
        pad_token_id=0 if reads_pairs else None,
        bos_token_id=2,
        eos_token_id=3,
        **row.options,
    )
    config.num_labels = len(LABELS)
    torch.manual_seed(seed)
    module = FACTORIES[task].from_config(
        config, attn_implementation="eager", experts_implementation="eager"
    )
    vocabulary = tuple(tokenizer.decode([index]) for index in range(len(tokenizer)))
    return gaf.Model(
        name=row.name,
        module=module.double().eval().requires_grad_(False),
        tokenizer=tokenizer,
        labels={"named": LABELS, "vocabulary": vocabulary, "tokens": ()}[task.kind.classes],
        max_tokens=tokenizer.model_max_length,
        layers=LAYERS,
        heads=HEADS,
        task=task,
    )


def text_for(model: gaf.Model) -> TextLike:
    """A text of about a dozen tokens that the model's tokenizer knows, as its task wants it."""
    if model.task is Task.ANSWER:
        return "not a good film", "a good film not bad a film"
    if model.task is Task.MASKED_WORD:
        return "a good [MASK] not bad a film not a good film"
    known = VOCABULARY[8] in model.tokenizer.get_vocab()
    return "a good film not bad a film not a good film" if known else SENTENCES[0]


def target_for(model: gaf.Model) -> gaf.At | None:
    """What to explain of that text: late in it where there is a choice, behind what is attended to.

    A causal model reads nothing but a token itself at the first one.
    """
    return gaf.At(place=8) if model.task is Task.TOKENS else None


def table() -> str:
    """The table of the README, with the markers around it."""
    lines = ["| architecture | task | attention | limits |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {row.name} | {', '.join(row.tasks)} | {row.kind} | {row.limits} |" for row in SUPPORTED
    ]
    lines += [f"| {row.name} | {row.task} | refused | {row.why} |" for row in REFUSED]
    return "\n".join([BEGIN, *lines, END])


def with_table(readme: str) -> str:
    """The text of the README with this table in place of the one that stands there."""
    before, rest = readme.split(BEGIN)
    return before + table() + rest.split(END, 1)[1]


if __name__ == "__main__":
    current = README.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        README.write_text(with_table(current), encoding="utf-8")
    else:
        print(table())
