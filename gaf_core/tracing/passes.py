"""One pass forward, and what comes back of it: gradients by attention, states and what passes by.

The parameters need no gradient and only the words that are looked up require a gradient, so the
backward pass computes the gradients of activations and never one of a parameter or of a position.
Several scalars of one forward pass, such as the tokens of an answer, come back in one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gaf_core.models.model import Model
from gaf_core.tracing.attention import (
    Maps,
    attention_gradient,
    gradients,
    read_attention,
    read_hidden,
    relevance,
    to_numpy,
)
from gaf_core.tracing.frozen import Frozen, frozen_backward
from gaf_core.tracing.prediction import failures_in_a_sentence, forward
from gaf_core.tracing.residual import ValueProducts, past_attention


class Back(NamedTuple):
    """What comes back of one scalar; as the fields of a `Trace`."""

    gradient: NDArray[np.float32]
    relevance: NDArray[np.float32] | None
    residual: NDArray[np.float32] | None


class Pass(NamedTuple):
    """A forward pass with its graph.

    Attributes:
        model: that was run.
        output: what it returned.
        maps, states, products: attention, hidden states and products of attention and values by
            layer; no products where the residual is not wanted.
    """

    model: Model
    output: Any
    maps: Maps
    states: Maps
    products: Maps | None

    def back(self, scalar: torch.Tensor, *, last: bool = True) -> list[Back]:
        """What comes back of a scalar, or of each of `[n]` in one batch.

        Args:
            scalar: a function of the output.
            last: whether no other call follows.

        Raises:
            ModelError: as `attention_gradient` and `past_attention` do.
        """
        wanted = self.products is not None
        watched = self.products or ()
        by_map, by_state, by_product = gradients(
            scalar, self.maps, self.states, watched, keep_graph=wanted or not last
        )
        count = len(scalar) if scalar.ndim else 0
        believed = attention_gradient(self.model, by_map)
        del by_map
        beside: Maps = ()
        if wanted:
            beside = past_attention(
                self.model, self.states, by_state, watched, by_product, keep_graph=not last
            )
        found = believed, relevance(self.states, by_state), relevance(self.states, beside)
        if not count:
            return [_as_numpy(*found)]
        return [_as_numpy(*([one[k] for one in maps] for maps in found)) for k in range(count)]

    @property
    def attention(self) -> NDArray[np.float32]:
        """`[L, H, t, t]`."""
        return to_numpy(self.maps)


def _as_numpy(gradient: Any, relevance: Any, residual: Any) -> Back:
    return Back(
        to_numpy(gradient),
        to_numpy(relevance) if relevance else None,
        to_numpy(residual) if residual else None,
    )


def run(
    model: Model,
    inputs: Mapping[str, torch.Tensor],
    frozen: Frozen | None,
    residual: bool,
    kept: torch.Tensor | None = None,
) -> Pass:
    """Run the network on one text; the caller is `ready`.

    Raises:
        ModelError: as `read_attention` does.
    """
    tokens = inputs["input_ids"].shape[1]
    products = ValueProducts(tokens)
    with frozen_backward(model.module, frozen), products if residual else nullcontext():
        output = forward(
            model, inputs, kept=kept, output_attentions=True, output_hidden_states=True
        )
    maps = read_attention(model, output, tokens)
    states = read_hidden(model, output, tokens)
    return Pass(model, output, maps, states, products.of(maps) if residual else None)


@contextmanager
def ready(model: Model) -> Iterator[None]:
    """The model for this thread alone, with gradients by its embeddings, its failures in words."""
    with (
        model.lock,
        failures_in_a_sentence(model),
        torch.enable_grad(),
        _embeddings_require_grad(model),
    ):
        yield


@contextmanager
def _embeddings_require_grad(model: Model) -> Iterator[None]:
    def require_grad(_module, _inputs, output):
        # networks may change it in place, which autograd forbids for a leaf, not for its copy
        return output.detach().requires_grad_().clone()

    tables = [part for part in model.module.modules() if isinstance(part, torch.nn.Embedding)]
    words = model.module.get_input_embeddings()
    # more than one: an encoder may look words up in a table of its own, tied to the model's; those
    # of positions are constants, or their product with a state would be one of two states
    of_words = [one for one in tables if one.weight is getattr(words, "weight", None)]
    handles = [table.register_forward_hook(require_grad) for table in of_words or tables]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
