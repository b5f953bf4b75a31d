"""Networks with residual edges and node capacities, and linear programs that know both plainly."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog

import gaf_core as gaf
from benchmarks.networks import KINDS, information


def limits(kind: str, layers: int, tokens: int, seed: int) -> np.ndarray:
    """`[layers, tokens]` node capacities of one kind, of the size of what flows."""
    random = np.random.default_rng(seed + 1)
    values = random.uniform(0.02, 1.5, (layers, tokens))
    if kind == "holes":
        values *= random.random(values.shape) < 0.7
    if kind == "endless":
        values[random.random(values.shape) < 0.5] = np.inf
    if kind == "tight":
        values *= 10.0 ** random.uniform(-3, 0, (layers, 1))
    return values


def limited(kind: str, limit: str, layers: int, tokens: int, seed: int) -> gaf.FlowNetwork:
    """One of `benchmarks.networks`, with residual edges and node capacities."""
    random = np.random.default_rng(seed + 2)
    return gaf.FlowNetwork.from_information(
        information(kind, layers, tokens, seed),
        residual=random.uniform(0, 0.5, (layers, tokens)) if seed % 2 else None,
        node_capacity=limits(limit, layers, tokens, seed),
    )


limited_networks = st.builds(
    limited,
    kind=st.sampled_from([kind for kind in KINDS if kind != "wide range"]),
    limit=st.sampled_from(["plain", "holes", "endless", "tight"]),
    layers=st.integers(1, 5),
    tokens=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
)


def program(network: gaf.FlowNetwork) -> dict:
    """Flows on the edges between tokens: conserved, within edge capacities and node capacities.

    Nothing is split here: a node capacity is one row of `A_ub`, the sum of what enters the node.
    """
    layer, query, key = network.edges
    size, columns = network.layers * network.tokens, np.arange(len(layer))
    entering = np.zeros((size, len(layer)))
    entering[layer * network.tokens + key, columns] = 1.0
    leaving = np.zeros((size, len(layer)))
    inner = layer + 1 < network.layers
    leaving[((layer + 1) * network.tokens + query)[inner], columns[inner]] = 1.0
    found = {
        "A_eq": (entering - leaving)[network.tokens :],
        "b_eq": np.zeros(size - network.tokens),
        "bounds": np.stack([np.zeros(len(layer)), network.capacity[network.edges]], axis=1),
    }
    if network.node_capacity is not None:
        rows = np.isfinite(network.node_capacity).ravel()
        found["A_ub"], found["b_ub"] = entering[rows], network.node_capacity.ravel()[rows]
    return {name: value for name, value in found.items() if value.size}


def maximum(network: gaf.FlowNetwork) -> float:
    """The largest flow, by HiGHS."""
    arriving = (network.edges[0] == 0).astype(float)
    result = linprog(-arriving, **program(network))
    assert result.status == 0, result.message
    return -result.fun


def extremes(network: gaf.FlowNetwork) -> np.ndarray:
    """`[t, 2]` least and most of each input over all maximum flows, one program each."""
    layer, _, key = network.edges
    question, value = program(network), maximum(network)
    arriving = (layer == 0).astype(float)
    held = [question[name] for name in ("A_ub", "b_ub") if name in question]
    question["A_ub"] = np.vstack([*held[:1], -arriving])
    question["b_ub"] = np.append(held[1] if held else [], -value * (1 - 1e-9))
    found = np.zeros((network.tokens, 2))
    for token in np.flatnonzero(network.live[0]):
        mine = arriving * (key == token)
        for column, sign in enumerate((1.0, -1.0)):
            result = linprog(sign * mine, **question)
            assert result.status == 0, result.message
            found[token, column] = sign * result.fun
    return found
