"""What one layer makes of a cut in its attention, while every other layer runs on as it did.

In each copy of a text the same edges are cut in every layer, and behind each layer the state that
the uncut text has there is put back: so one pass tells for all layers what a cut does in each, and
`n` cuts take as many passes, not `n` times the layers.

As for masks (`gaf_core.tracing.scaling`) no architecture is known. A function mode counts the
results of the shape of hidden states, `[n, t, d]`. Which of them leaves a layer is known from the
states that the network returns. Which of them is what comes out of the attention with what passes
by it added is known from gradients: of the sums in a layer of something that the attention's mask
moves and something that it does not, the last one. With every state put back all copies must say
what the text says, or the states are not what the network computes with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from gaf_core.errors import ModelError
from gaf_core.models.model import Model
from gaf_core.tracing.attention import read_all_hidden
from gaf_core.tracing.memory import rows_that_fit
from gaf_core.tracing.prediction import failures_in_a_sentence, read_logits, takes_batches
from gaf_core.tracing.scaling import find_plan, scaled_pass
from gaf_core.tracing.trace import Trace

# Called with (cuts done, cuts in all) after each batch; what it raises ends the work.
Progress = Callable[[int, int], None]
# (state with a cut `[n, t, d]`, the text's own `[t, d]`), float64 -> a number a token `[n, t]`
Measure = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

ATTENDED, LEAVING = "attended", "leaving"  # behind attention and what passes by it; behind all
_SUMS = frozenset({"add", "add_", "__add__", "__radd__", "__iadd__"})
_SAME = 1e-3  # of the largest logit: what another batch may move, and no change of a state does


# Results by their number in a pass, in the order of the layers, with the text's own state `[t, d]`.
_Places = dict[int, torch.Tensor]


@dataclass(frozen=True)
class _Seen:
    """A result of the shape of hidden states: its number, and what it was computed by and from."""

    call: int
    name: str
    result: torch.Tensor
    moved: tuple[bool, ...]  # of its operands of that shape: whether they have a gradient


class _States(TorchFunctionMode):
    """Shows every result `[n, t, d]` of a pass to `see`, and uses what that returns instead."""

    def __init__(self, shape: tuple[int, int, int], see: Callable[[_Seen], torch.Tensor]):
        super().__init__()
        self._shape, self._see = shape, see
        self.calls = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        moved = tuple(one.requires_grad for one in args if self._is_state(one))
        result = func(*args, **(kwargs or {}))
        if not self._is_state(result):
            return result
        self.calls += 1
        return self._see(_Seen(self.calls, getattr(func, "__name__", ""), result, moved))

    def _is_state(self, one: Any) -> bool:
        return isinstance(one, torch.Tensor) and tuple(one.shape) == self._shape


class Layers:
    """The layers of a model on one text, each by itself.

    Raises:
        ModelError: attention that cannot be cut, or hidden states that are not what the network
            computes with.
    """

    def __init__(self, model: Model, trace: Trace):
        self._model, self._trace = model, trace
        # two copies at least, so that what is the same for all copies has another shape
        self._least = 2 if takes_batches(model) else 1
        with model.lock, failures_in_a_sentence(model):
            self._plan = find_plan(model, trace)
            self._leaving = self._find_leaving()

    def effects(
        self,
        where: str,
        count: int,
        keep: Callable[[int], NDArray[np.bool_]],
        measure: Measure,
        progress: Progress | None = None,
    ) -> NDArray[np.float64]:
        """What each of several cuts does in each layer.

        Args:
            where: the state to look at: `ATTENDED` or `LEAVING`.
            count: how many cuts.
            keep: mask `[1 or H, t, t]` of a cut by its number, False for what is cut.
            measure: what to tell of a state.
            progress: called after each batch.

        Returns:
            `[L, count, t]`.

        Raises:
            ModelError: as for the class; or the state behind attention is not found.
        """
        model, trace = self._model, self._trace
        places = self._leaving
        if where == ATTENDED:
            with model.lock, failures_in_a_sentence(model), torch.enable_grad():
                places = self._find_attended()
        found = np.empty((trace.layers, count, len(trace.tokens)))
        fitting = rows_that_fit(model, len(trace.tokens)) if self._least > 1 else 1
        rows = max(self._least, fitting)
        for start in range(0, count, rows):
            numbers = list(range(start, min(start + rows, count)))
            padded = numbers + numbers[-1:] * (self._least - len(numbers))
            masks = torch.from_numpy(np.stack([keep(number) for number in padded]))
            with model.lock, failures_in_a_sentence(model), torch.no_grad():
                told = self._cut(masks, places, measure)
            found[:, numbers] = torch.stack(told)[:, : len(numbers)].cpu().numpy()
            if progress is not None:
                progress(numbers[-1] + 1, count)
        return found

    def _cut(self, masks: torch.Tensor, places: _Places, measure: Measure) -> list[torch.Tensor]:
        """Per layer `[n, t]` of one batch of masks `[n, 1 or H, t, t]`."""
        told: list[torch.Tensor] = []

        def see(seen: _Seen) -> torch.Tensor:
            own = places.get(seen.call)
            if own is None:
                return seen.result
            told.append(measure(seen.result.double(), own.double()))
            # in place: whatever else holds this state goes on with the text's own as well
            return seen.result.copy_(own.expand_as(seen.result))

        logits, _ = self._pass(masks, see)
        expected = torch.from_numpy(self._trace.logits.copy()).double()
        apart = (logits.double().cpu() - expected).abs().max()
        if len(told) < self._trace.layers or not apart <= _SAME * expected.abs().max():
            raise self._unknown()
        return told

    def _find_leaving(self) -> _Places:
        """The results that are the states leaving each layer."""
        results: list[tuple[_Seen, int]] = []

        def see(seen: _Seen) -> torch.Tensor:
            results.append((seen, seen.result._version))
            return seen.result

        with torch.no_grad():
            _, output = self._pass(self._all_kept(), see)
        states = read_all_hidden(self._model, output, len(self._trace.tokens))[1:]
        found: _Places = {}
        for state in states:
            # the first that has its memory and is not changed any more
            calls = [
                seen.call
                for seen, version in results
                if seen.result.data_ptr() == state.data_ptr() and version == state._version
            ]
            found[next(iter(calls), 0)] = state[0].clone()
        if len(found) < self._trace.layers or 0 in found:
            raise self._unknown()
        return found

    def _find_attended(self) -> _Places:
        """The results that are the states behind the attention of each layer."""
        passed = 0
        last: dict[int, _Seen] = {}

        def see(seen: _Seen) -> torch.Tensor:
            nonlocal passed
            if seen.name in _SUMS and sorted(seen.moved) == [False, True]:
                last[passed] = seen
            if seen.call not in self._leaving:
                return seen.result
            passed += 1
            return seen.result.detach()

        self._pass(self._all_kept().requires_grad_(), see)
        found = {last[layer].call: last[layer].result for layer in sorted(last) if layer < passed}
        if len(found) < self._trace.layers:
            raise self._unknown()
        return {call: result[0].detach().clone() for call, result in found.items()}

    def _all_kept(self) -> torch.Tensor:
        tokens = len(self._trace.tokens)
        return torch.ones(self._least, 1, tokens, tokens, dtype=self._model.module.dtype)

    def _pass(
        self, masks: torch.Tensor, see: Callable[[_Seen], torch.Tensor]
    ) -> tuple[torch.Tensor, Any]:
        """`[n, C]` logits, and the output, with one mask `[n, 1 or H, t, t]` in every layer."""
        model, trace = self._model, self._trace
        keep = masks.to(model.device)[:, None].expand(-1, trace.layers, *masks.shape[1:])
        width = model.module.config.get_text_config().hidden_size
        with _States((len(masks), len(trace.tokens), width), see):
            inputs, output = scaled_pass(
                model, trace, self._plan, keep, "zero", output_hidden_states=True
            )
        return read_logits(model, output, inputs, trace.target.place), output

    def _unknown(self) -> ModelError:
        return ModelError(
            f"{type(self._model.module).__name__} does not show for every layer the hidden state "
            "that it computes with, so a layer of it cannot be looked at by itself. Use a method "
            "that reads attention or gradients."
        )
