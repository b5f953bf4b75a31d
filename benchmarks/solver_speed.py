"""Solve time over one pass of BERT-base, by number of tokens, in one process and alternating.

    python -m benchmarks.solver_speed [--tokens 32 64 128 256 512] [--runs 5] [--write]

The pass is one forward and one backward pass of a randomly initialised 12-layer BERT-base to its
attentions; the solve is that of its AGF and AF networks over all layers. Each figure is the median
of the runs with its range. `--write` keeps the table in `benchmarks/solver_speed.md`.
"""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
import time
import tracemalloc
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

from gaf_core import FlowNetwork, information_tensor, solve
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.trace import Target, Trace

TABLE = Path(__file__).with_suffix(".md")


def bert_pass(model: BertForSequenceClassification, tokens: int, seed: int) -> tuple[float, Trace]:
    """Seconds of one forward and backward pass to the attentions, and its trace."""
    torch.manual_seed(seed)
    words = torch.randint(1000, 30000, (1, tokens))
    embedded = model.get_input_embeddings()(words).requires_grad_()
    began = time.perf_counter()
    output = model(inputs_embeds=embedded, output_attentions=True)
    gradients = torch.autograd.grad(output.logits[0, 0], output.attentions)
    seconds = time.perf_counter() - began
    attention, gradient = (
        torch.stack([tensor.detach()[0] for tensor in tensors]).numpy()
        for tensors in (output.attentions, gradients)
    )
    trace = Trace(
        encoding=Encoding(
            text="",
            tokens=("token",) * tokens,
            offsets=np.zeros((tokens, 2), dtype=np.int64),
            special=np.zeros(tokens, dtype=bool),
        ),
        attention=attention,
        gradient=gradient,
        logits=output.logits[0].detach().numpy(),
        labels=("0", "1"),
        target=Target(0, None, "0"),
    )
    return seconds, trace


def measure(model, tokens: int, runs: int) -> list[str]:
    """One table row per tensor variant."""
    passes: list[float] = []
    solves: dict[str, list] = {"AGF": [], "AF": []}
    for seed in range(runs + 1):  # the first run warms up
        seconds, trace = bert_pass(model, tokens, seed)
        if seed:
            passes.append(seconds)
        for variant, found in solves.items():
            network = FlowNetwork.from_information(information_tensor(trace, variant))
            gc.collect()
            solution = solve(network)
            if seed:
                found.append(solution)
    rows = []
    for variant, found in solves.items():
        ratios = [s.seconds / p for s, p in zip(found, passes, strict=True)]
        rows.append(
            f"| {tokens} | {variant} | {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}) "
            f"| {1e3 * statistics.median(s.seconds for s in found):.0f} "
            f"| {1e3 * statistics.median(passes):.0f} "
            f"| {max(s.iterations for s in found)} | {max(s.duality_gap for s in found):.1e} "
            f"| {max(s.centrality for s in found):.0e} "
            f"| {', '.join(sorted({str(s.status) for s in found}))} "
            f"| {peak_memory(network):.0f} |"
        )
    return rows


def peak_memory(network: FlowNetwork) -> float:
    """Bytes per L t^2 that a solve holds at most beyond its input (numpy's allocations)."""
    tracemalloc.start()
    solve(network)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / network.capacity.size


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tokens", type=int, nargs="+", default=[32, 64, 128, 256, 512])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig(attn_implementation="eager")).eval()
    model.requires_grad_(False)
    lines = [
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}; "
        f"medians of {options.runs} runs with their range.",
        "",
        "| tokens | tensor | solve / pass | solve, ms | pass, ms | steps | gap | centrality "
        "| status | bytes / L t² |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for tokens in options.tokens:
        lines += measure(model, tokens, options.runs)
    print("\n".join(lines))
    if options.write:
        command = "Made by `python -m benchmarks.solver_speed --write`."
        TABLE.write_text("\n".join(["# Speed of the barrier solver", "", command, *lines, ""]))


if __name__ == "__main__":
    main()
