"""Solve time over one pass of BERT-base, by number of tokens, in one process and alternating.

    python -m benchmarks.solver_speed [--tokens 32 64 128 256 512] [--runs 5] [--write]

The pass is one forward and one backward pass of a randomly initialised 12-layer BERT-base to its
attentions; the solve is that of its AGF and AF networks over all layers. The last row is the
bundled model with a text of 450 tokens, beside its own pass. Each figure is the median of the runs
with its range. `--write` keeps the table in `benchmarks/solver_speed.md`.

GFLOP/s is what the linear algebra of all Newton steps has to do, over the time of the whole solve,
the passes over the edges and the certificate included. A step eliminates node layer `k` of `n`
nodes into its neighbour of `m` nodes, for all layers but one (`gaf_core.flow.newton`):

    S = L L'      n^3 / 3       but n where S is diagonal, as it is at both ends
    W = L^-1 B    n^2 m         but n m there
    W' W          m^2 n         one half of a symmetric matrix
    b += W' y     2 n m         and once more on the way back
    y = L^-1 b    n^2           and once more on the way back, but n there

It counts one right-hand side a step, though most steps have two, and no flop that an implementation
adds. `of product` is its share of the speed of a product of two matrices of 450 x 450 doubles by
all threads, measured before each pass of the same runs; a step in single precision may exceed it.
"""

from __future__ import annotations

import argparse
import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

from benchmarks.tables import finish, header, line, made_by, page
from benchmarks.texts import long_text
from gaf_core import FlowNetwork, FlowSolution, Model, information_tensor, load_model, solve, trace
from gaf_core.flow.layout import compile_problem
from gaf_core.settings import Variant
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.trace import Target, Trace

TABLE = Path(__file__).with_suffix(".md")
SIZE = 450  # rows of the matrices whose product is timed
LONG = 450  # tokens of the text for the bundled model


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


def bundled_pass(model: Model, text: str, _seed: int) -> tuple[float, Trace]:
    """Seconds of the trace of a text, and the trace."""
    began = time.perf_counter()
    found = trace(model, text)
    return time.perf_counter() - began, found


def product_speed(products: int = 10) -> float:
    """Flops a second of matrix products in double precision, by all threads."""
    random = np.random.default_rng(0)
    one, other = random.random((2, SIZE, SIZE))
    out = one @ other
    began = time.perf_counter()
    for _ in range(products):
        np.matmul(one, other, out=out)
    return products * 2 * SIZE**3 / (time.perf_counter() - began)


def flops_of_step(widths: Sequence[int]) -> float:
    """Flops of one Newton step: factorisation, and the solution of one right-hand side.

    Args:
        widths: nodes of each layer whose potentials are unknown, in order.
    """
    last = len(widths) - 1
    middle = (1 + len(widths)) // 2 - 1  # as in `newton`, which counts the target's layer too
    total = 0.0
    for k, n in enumerate(widths):
        into = 0 < k <= middle or middle <= k < last  # a layer is eliminated into it
        total += n**3 / 3 + 2 * n**2 if into else 3 * n
        if k != middle:
            m = widths[k + 1 if k < middle else k - 1]
            total += (n**2 * m if into else n * m) + m**2 * n + 4 * n * m
    return total


def flops_of_solve(network: FlowNetwork, steps: int) -> float:
    """Flops of the linear algebra of all Newton steps of a solve."""
    layout = compile_problem(network).layout
    return steps * flops_of_step(np.diff(layout.node_start)[1:-1].tolist())


def measure(
    model: str,
    one_pass: Callable[[int], tuple[float, Trace]],
    runs: int,
    variants: Sequence[Variant],
) -> list[str]:
    """One table row per tensor variant; `one_pass(seed)` is timed beside its solves."""
    passes: list[float] = []
    products: list[float] = []
    solves: dict[Variant, list[FlowSolution]] = {variant: [] for variant in variants}
    speeds: dict[Variant, list[float]] = {variant: [] for variant in variants}
    networks: dict[Variant, FlowNetwork] = {}
    for seed in range(runs + 1):  # the first run warms up
        product = product_speed()
        seconds, traced = one_pass(seed)
        if seed:
            passes.append(seconds)
            products.append(product)
        for variant, found in solves.items():
            network = FlowNetwork.from_information(information_tensor(traced, variant))
            gc.collect()
            solution = solve(network)
            if seed:
                found.append(solution)
                speed = flops_of_solve(network, solution.iterations) / solution.seconds
                speeds[variant].append(speed)
            networks[variant] = network
    return [
        row(model, networks[variant], variant, found, passes, speeds[variant], products)
        for variant, found in solves.items()
    ]


def row(
    model: str,
    network: FlowNetwork,
    variant: str,
    found: Sequence[FlowSolution],
    passes: Sequence[float],
    speeds: Sequence[float],
    products: Sequence[float],
) -> str:
    """One line of the table; `network` is one of those that were solved."""
    ratios = [s.seconds / p for s, p in zip(found, passes, strict=True)]
    shares = [speed / product for speed, product in zip(speeds, products, strict=True)]
    return line(
        model,
        str(network.tokens),
        variant,
        f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{1e3 * median(s.seconds for s in found):.0f}",
        f"{1e3 * median(passes):.0f}",
        str(max(s.iterations for s in found)),
        f"{median(speeds) / 1e9:.3g}",
        f"{100 * median(shares):.0f} % of {median(products) / 1e9:.0f}",
        f"{max(s.duality_gap for s in found):.1e}",
        f"{max(s.centrality for s in found):.0e}",
        ", ".join(sorted({str(s.status) for s in found})),
        f"{peak_memory(network):.0f}",
    )


def peak_memory(network: FlowNetwork) -> float:
    """Bytes per L t^2 that a solve holds at most beyond its input (numpy's allocations)."""
    tracemalloc.start()
    solve(network)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / network.capacity.size


def document(tokens: Sequence[int], runs: int) -> str:
    """The whole table, with what made it."""
    torch.manual_seed(0)
    bert = BertForSequenceClassification(BertConfig(attn_implementation="eager")).eval()
    bert.requires_grad_(False)
    lines = header(
        "model", "tokens", "tensor", "solve / pass", "solve, ms", "pass, ms", "steps", "GFLOP/s",
        "of product", "gap", "centrality", "status", "bytes / L t²",
    )  # fmt: skip
    for count in tokens:
        lines += measure("BERT-base", partial(bert_pass, bert, count), runs, ("AGF", "AF"))
    small = load_model("minilm-reviews")
    text = long_text(small, LONG)
    lines += measure(small.name, partial(bundled_pass, small, text), runs, ("AGF",))
    about = f"{made_by('solver_speed')} Medians of {runs} runs with their range."
    meaning = (
        "GFLOP/s counts the linear algebra of the Newton steps over the time of the whole solve; "
        f"beside it its share of what a product of {SIZE} x {SIZE} doubles reaches on all threads."
    )
    return page("Speed of the barrier solver", about, meaning, lines)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tokens", type=int, nargs="+", default=[32, 64, 128, 256, 512])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    finish(document(options.tokens, options.runs), TABLE, write=options.write)


if __name__ == "__main__":
    main()
