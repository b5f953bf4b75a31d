"""Which methods a benchmark measures, with which settings; each scores a text once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from gaf_core.errors import GafError
from gaf_core.methods import METHODS, Method, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace, trace

USUAL = "integrated_gradients"  # what is used most, with which all are compared

# Two methods that differ in one thing, by what that thing is.
PAIRS = {
    "a flow over all layers, published": ("AGF", "attention_x_gradient"),
    "the mean over its depths": ("depth_average", "AGF"),
    "the flow of faithful GAF": ("faithful", "cat_frozen"),
    "the flow of path GAF": ("path_gaf", "integrated_frozen_gradients"),
    "the rules of CP-LRP": ("cp_lrp", "input_x_gradient"),
    "the rules of AttnLRP": ("attnlrp", "input_x_gradient"),
    "the rules of GIM": ("gim", "input_x_gradient"),
    "frozen gradients, for CAT": ("cat_frozen", "cat"),
    "a path, for frozen gradients": ("integrated_frozen_gradients", "cp_lrp"),
    "a path, for exact gradients": ("integrated_gradients", "input_x_gradient"),
    "all of it: path GAF for faithful GAF": ("path_gaf", "faithful"),
    "all of it: faithful GAF for AGF": ("faithful", "AGF"),
}


class Entry(NamedTuple):
    """A method with its settings, as `measure` takes it."""

    label: str
    method: Method
    options: dict[str, Any]


def method_entries(operator: str, methods: Sequence[Method] | None = None) -> list[Entry]:
    """Methods (or all of them) with their usual settings; a baseline is what removal leaves.

    The token that removal leaves is the baseline of every method that has one. A deleted token
    leaves nothing, and then the baseline is the usual one.
    """
    chosen = METHODS.values() if methods is None else methods
    return [Entry(method.name, method, _matching(method, operator)) for method in chosen]


def _matching(method: Method, operator: str) -> dict[str, Any]:
    return {
        option.name: operator
        for option in method.options
        if option.name == "baseline" and operator in option.choices
    }


def remembered(method: Method) -> Method:
    """The same method, which computes the scores of a text once.

    A run that removes tokens in several ways asks for them again each time. The seconds are those
    of the computation.
    """
    scores: dict[object, Scored] = {}

    def compute(model: Model, traced: Trace, progress: Progress, **settings: Any) -> Scored:
        key = (model.name, traced.text, traced.target, tuple(sorted(settings.items())))
        if key in scores:
            return scores[key]
        started = time.perf_counter()
        found = method.compute(model, traced, progress, **settings)
        seconds = time.perf_counter() - started + found.shared_seconds
        scores[key] = found._replace(shared_seconds=seconds)
        return found

    return replace(method, compute=compute)


def warm_up(model: Model, entries: Sequence[Entry], text: str = "One two three.") -> None:
    """Let each method run once, so that no figure has the loading of a library in it."""
    traced = trace(model, text)
    for entry in entries:
        with suppress(GafError):  # a method that fails says so when it is measured
            entry.method(model, traced, **entry.options)


def countdown(show: Callable[[str], None]) -> Callable[[int, int], None]:
    """A progress that says what is done and how long the rest may take, about twenty times.

    Args:
        show: is given one line at a time.
    """
    began, shown = time.perf_counter(), 0

    def progress(done: int, total: int) -> None:
        nonlocal shown
        if done < total and 20 * done // total == shown:
            return
        shown = 20 * done // total
        passed = time.perf_counter() - began
        left = passed / done * (total - done)
        show(f"{done:,} of {total:,}, {passed:.0f} s, about {left / 60:.1f} min left")

    return progress
