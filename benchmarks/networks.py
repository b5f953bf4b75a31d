"""Generated information tensors: the kinds of network a transformer, or a hard case, gives."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

KINDS = (
    "attention",
    "causal",
    "gradient",
    "one row on top",
    "sparse layers",
    "wide range",
    "duplicate rows",
    "single path",
    "no path",
)


def information(kind: str, layers: int, tokens: int, seed: int) -> np.ndarray:
    """`[layers, tokens, tokens]` capacities of one kind, at most 1."""
    random = np.random.default_rng(seed)
    tensor = _attention(random, layers, tokens, causal=kind == "causal")
    if kind in ("gradient", "one row on top"):
        tensor = np.maximum(tensor * random.normal(size=tensor.shape), 0.0)
    if kind == "one row on top":
        tensor[-1, 1:] = 0.0
    if kind == "sparse layers":
        tensor *= random.random(tensor.shape) < random.choice([0.1, 0.3, 1.0], (layers, 1, 1))
    if kind == "wide range":
        tensor = 10.0 ** random.uniform(-12, 0, tensor.shape)
    if kind == "duplicate rows":
        tensor[:] = tensor[:, :1]
    if kind == "single path":
        tensor[:] = 0.0
        nodes = random.integers(0, tokens, layers + 1)
        tensor[np.arange(layers), nodes[1:], nodes[:-1]] = random.uniform(0.1, 1.0, layers)
    if kind == "no path":
        tensor[random.integers(layers)] = 0.0
    return tensor


def _attention(random, layers: int, tokens: int, causal: bool) -> np.ndarray:
    logits = random.normal(size=(layers, tokens, tokens)) * random.choice([0.3, 2.0, 5.0])
    if causal:
        logits = np.where(np.tri(tokens, dtype=bool), logits, -np.inf)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


informations = st.builds(
    information,
    kind=st.sampled_from(KINDS),
    layers=st.integers(1, 6),
    tokens=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
)


STRESS_KINDS = (*KINDS, "extreme between layers", "extreme within layers", "zero layer", "products")


def stress(seed: int) -> tuple[str, np.ndarray]:
    """A network of 1 to 30 layers and 1 to 200 tokens, made from one number; small ones are common.

    Capacities span 1e-300 to 1e200 in the extreme kinds.
    """
    random = np.random.default_rng(seed)
    kind = STRESS_KINDS[seed % len(STRESS_KINDS)]
    layers = round(30.0 ** random.random())
    tokens = round(200.0 ** random.random())
    if layers * tokens**2 > 300_000:
        layers = max(1, 300_000 // tokens**2)
    return kind, _stressed(kind, random, layers, tokens, seed)


def wide(seed: int) -> tuple[str, np.ndarray]:
    """A network of the same kinds with layers so wide that the solver begins in single precision.

    2 to 4 layers of 128 to 224 tokens, made from one number.
    """
    random = np.random.default_rng(seed)
    kind = STRESS_KINDS[seed % len(STRESS_KINDS)]
    layers, tokens = int(random.integers(2, 5)), int(random.integers(128, 225))
    return kind, _stressed(kind, random, layers, tokens, seed)


def _stressed(kind: str, random, layers: int, tokens: int, seed: int) -> np.ndarray:
    base = kind if kind in KINDS else "attention"
    tensor = information(base, layers, tokens, seed)
    if kind == "extreme between layers":
        tensor = tensor * 10.0 ** random.uniform(-290, 190, (layers, 1, 1))
    if kind == "extreme within layers":
        tensor = 10.0 ** random.uniform(-300, 200, tensor.shape)
    if kind == "zero layer":
        tensor[random.integers(layers)] = 0.0
    if kind == "products":
        tensor = tensor**4 * 10.0 ** random.uniform(-9, 3)
    return tensor
