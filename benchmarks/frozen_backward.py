"""Time of a trace with each backward rule, and of one with the residual, over that of a plain one.

    python -m benchmarks.frozen_backward [--tokens 32 128 512] [--runs 5] [--write]

Each trace is one forward and one backward pass of a randomly initialised 12-layer BERT-base or of a
Llama of the same size. The kinds of trace take turns in one process; each figure is the median of
the ratios of the runs with its range. `--write` keeps the table in `benchmarks/frozen_backward.md`.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
)

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY, random_text, tiny_tokenizer
from gaf_core.tracing.frozen import ATTN_LRP, CP_LRP, GIM

TABLE = Path(__file__).with_suffix(".md")
LAYERS, HEADS, LIMIT = 12, 12, 512
SIZE = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 768,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "max_position_embeddings": LIMIT,
    "pad_token_id": 0,
    "attn_implementation": "eager",
}
NETWORKS = {
    "BERT-base": lambda: BertForSequenceClassification(BertConfig(**SIZE)),
    "Llama, 12 x 768": lambda: LlamaForSequenceClassification(
        LlamaConfig(**SIZE, intermediate_size=2048)
    ),
}
KINDS = {
    "plain": {},
    "frozen": {"frozen": CP_LRP},
    "AttnLRP": {"frozen": ATTN_LRP},
    "GIM": {"frozen": GIM},
    "plain, residual": {"residual": True},
    "frozen, residual": {"frozen": CP_LRP, "residual": True},
}


def model_of(name: str) -> gaf.Model:
    """A network with random weights, as `load_model` would give it."""
    torch.manual_seed(0)
    module = NETWORKS[name]().eval().requires_grad_(False)
    labels = ("negative", "positive")
    return gaf.Model(name, module, tiny_tokenizer(LIMIT), labels, LIMIT, LAYERS, HEADS)


def seconds(model: gaf.Model, text: str, options: dict) -> float:
    """Time of one trace."""
    began = time.perf_counter()
    gaf.trace(model, text, target=0, **options)
    return time.perf_counter() - began


def measure(model: gaf.Model, tokens: int, runs: int) -> list[str]:
    """One table row per kind of trace."""
    text = random_text(tokens - 2)
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for run in range(runs + 1):  # the first run warms up
        for kind, options in KINDS.items():
            once = seconds(model, text, options)
            if run:
                found[kind].append(once)
    rows = []
    for kind, times in found.items():
        ratios = [one / plain for one, plain in zip(times, found["plain"], strict=True)]
        rows.append(
            f"| {model.name} | {tokens} | {kind} | {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}) | {1e3 * statistics.median(times):.0f} |"
        )
    return rows


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tokens", type=int, nargs="+", default=[32, 128, 512])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    lines = ["| network | tokens | trace | time / plain (range) | ms |", "| --- |" + " --- |" * 4]
    for name in NETWORKS:
        model = model_of(name)
        for tokens in options.tokens:
            lines += measure(model, tokens, options.runs)
    print("\n".join(lines))
    if options.write:
        command = (
            "Made by `python -m benchmarks.frozen_backward --write`, "
            f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}."
        )
        TABLE.write_text("\n".join(["# Frozen gradients", "", command, "", *lines, ""]))


if __name__ == "__main__":
    main()
