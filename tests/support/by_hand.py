"""A small Llama in numpy, forward and backward by a rule, one head and one position after another.

Slow and plain, with no hooks and no autograd: what the rules of `gaf_core.tracing.frozen` should
come to in a network with RMS norms, rotated queries and keys that share a head, and a gate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """How a backward pass goes through the network.

    Attributes:
        secant: an activation has the slope y / x; else its derivative.
        parts: what each factor of a gate gets of its gradient; of a matrix product; 1 is all.
        softmax: None for a constant, else the temperature of its derivative.
    """

    secant: bool
    gate: float
    product: float
    softmax: float | None


RULES = {
    "cp_lrp": Rule(secant=True, gate=0.5, product=1, softmax=None),
    "attnlrp": Rule(secant=True, gate=0.5, product=0.5, softmax=1.0),
    "gim": Rule(secant=False, gate=0.5, product=0.5, softmax=2.0),
}


def softmax(x: Array) -> Array:
    """Of one row."""
    powers = np.exp(x - x.max())
    return powers / powers.sum()


def sigmoid(x: Array) -> Array:
    """Elementwise."""
    return 1 / (1 + np.exp(-x))


class Llama:
    """The weights of a `LlamaForCausalLM` as arrays, `x @ weight.T` each."""

    def __init__(self, module):
        self.weights = {
            name: parameter.detach().double().numpy()
            for name, parameter in module.named_parameters()
        }
        config = module.config
        self.layers, self.heads = config.num_hidden_layers, config.num_attention_heads
        self.groups, self.eps = config.num_key_value_heads, config.rms_norm_eps
        self.size = config.head_dim
        self.frequencies = module.model.rotary_emb.inv_freq.double().numpy()  # from float32

    def of(self, layer: int, name: str) -> Array:
        """A weight of a layer."""
        return self.weights[f"model.layers.{layer}.{name}.weight"]

    def deviation(self, x: Array) -> Array:
        """`[t, 1]` what an RMS norm divides by."""
        return np.sqrt((x**2).mean(axis=-1, keepdims=True) + self.eps)

    def rotation(self, position: int) -> Array:
        """`[d, d]` the matrix that turns a query or key at a position."""
        angles = position * self.frequencies
        cosine, sine = np.diag(np.cos(angles)), np.diag(np.sin(angles))
        return np.block([[cosine, -sine], [sine, cosine]])

    def turned(self, x: Array, back: bool = False) -> Array:
        """`[t, d]` every row by its rotation, or back."""
        turns = [self.rotation(position) for position in range(len(x))]
        return np.stack(
            [(turn.T if back else turn) @ row for turn, row in zip(turns, x, strict=True)]
        )

    def heads_of(self, layer: int, normed: Array):
        """Query, key and value of every head, rotated, and the rows of their weights."""
        for head in range(self.heads):
            group = head * self.groups // self.heads
            mine = slice(head * self.size, (head + 1) * self.size)
            shared = slice(group * self.size, (group + 1) * self.size)
            weights = [
                self.of(layer, f"self_attn.{name}_proj")[rows]
                for name, rows in (("q", mine), ("k", shared), ("v", shared))
            ]
            q, k, v = (normed @ weight.T for weight in weights)
            output = self.of(layer, "self_attn.o_proj")[:, mine]
            yield self.turned(q), self.turned(k), v, weights, output

    def scores(self, q: Array, k: Array, query: int) -> Array:
        """Of one query on the keys that it sees: none later than itself."""
        return k[: query + 1] @ q[query] / np.sqrt(self.size)

    def logit(self, embeddings: Array, target: int) -> float:
        """Of `target` after the last token, for `[t, d]` embeddings."""
        states = self.states(embeddings)
        return float(self.last(states[-1]) @ self.weights["lm_head.weight"][target])

    def last(self, x: Array) -> Array:
        """What the head reads."""
        return (x / self.deviation(x) * self.weights["model.norm.weight"])[-1]

    def states(self, x: Array) -> list[Array]:
        """What enters each attention and each feed-forward, and what comes out at the end."""
        states = [x]
        for layer in range(self.layers):
            x = x + self.attention(layer, x)
            states.append(x)
            x = x + self.feed_forward(layer, x)
            states.append(x)
        return states

    def normed(self, layer: int, name: str, x: Array) -> Array:
        """What a norm of a layer gives."""
        return x / self.deviation(x) * self.of(layer, name)

    def attention(self, layer: int, x: Array) -> Array:
        """What it adds."""
        added = np.zeros_like(x)
        for q, k, v, _, output in self.heads_of(layer, self.normed(layer, "input_layernorm", x)):
            for query in range(len(x)):
                weights = softmax(self.scores(q, k, query))
                added[query] += output @ (weights @ v[: query + 1])
        return added

    def feed_forward(self, layer: int, x: Array) -> Array:
        """What it adds."""
        normed = self.normed(layer, "post_attention_layernorm", x)
        gate = normed @ self.of(layer, "mlp.gate_proj").T
        up = normed @ self.of(layer, "mlp.up_proj").T
        return (gate * sigmoid(gate) * up) @ self.of(layer, "mlp.down_proj").T

    def gradient(self, embeddings: Array, target: int, rule: Rule) -> Array:
        """`[t, d]` of the logit by the embeddings, by a rule."""
        states = self.states(embeddings)
        g = np.zeros_like(embeddings)
        outer = self.weights["lm_head.weight"][target] * self.weights["model.norm.weight"]
        g[-1] = outer / self.deviation(states[-1])[-1]
        for layer in reversed(range(self.layers)):
            entered, between = states[2 * layer], states[2 * layer + 1]
            g = g + self.through_feed_forward(layer, between, g, rule)
            g = g + self.through_attention(layer, entered, g, rule)
        return g

    def through_feed_forward(self, layer: int, x: Array, g: Array, rule: Rule) -> Array:
        """`[t, d]` the gradient by what enters it."""
        normed = self.normed(layer, "post_attention_layernorm", x)
        gates, ups = self.of(layer, "mlp.gate_proj"), self.of(layer, "mlp.up_proj")
        gate, up, s = normed @ gates.T, normed @ ups.T, sigmoid(normed @ gates.T)
        by_product = g @ self.of(layer, "mlp.down_proj")
        slope = s if rule.secant else s + gate * s * (1 - s)
        by_gate = rule.gate * by_product * up * slope
        by_up = rule.gate * by_product * gate * s
        by_normed = by_gate @ gates + by_up @ ups
        return by_normed * self.of(layer, "post_attention_layernorm") / self.deviation(x)

    def through_attention(self, layer: int, x: Array, g: Array, rule: Rule) -> Array:
        """`[t, d]` the gradient by what enters it."""
        by_normed = np.zeros_like(x)
        for q, k, v, weights, output in self.heads_of(
            layer, self.normed(layer, "input_layernorm", x)
        ):
            by_q, by_k, by_v = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
            for query in range(len(x)):
                by_output = g[query] @ output
                scores = self.scores(q, k, query)
                for key, probability in enumerate(softmax(scores)):
                    by_v[key] += rule.product * probability * by_output
                if rule.softmax is None:
                    continue
                by_probability = rule.product * (v[: query + 1] @ by_output)
                p = softmax(scores / rule.softmax)
                by_score = p * (by_probability - p @ by_probability) / np.sqrt(self.size)
                for key, outer in enumerate(by_score):
                    by_q[query] += rule.product * outer * k[key]
                    by_k[key] += rule.product * outer * q[query]
            back = self.turned(by_q, back=True), self.turned(by_k, back=True), by_v
            for outer, weight in zip(back, weights, strict=True):
                by_normed += outer @ weight
        return by_normed * self.of(layer, "input_layernorm") / self.deviation(x)
