"""What is kept between reruns and shared by all visitors: models, traces, explanations.

Keys are strings and numbers, never arrays. An explanation is made from a cached trace, so another
tensor or layer range does not run the model again. Everything cached is read-only.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, TypeVar

import streamlit as st
import torch

from gaf_core import (
    Explanation,
    Model,
    PathTrace,
    Settings,
    SignedExplanation,
    Trace,
    explain_path,
    explain_trace,
    load_model,
    path_for,
    trace_for,
)
from gaf_core.errors import ModelError, ModelSizeError
from gaf_core.flow.ready import compiled, prepare
from gaf_core.hosting import limits
from gaf_core.models.downloads import Plan, Reports
from gaf_core.models.memory import available_memory, memory_of
from gaf_core.settings import TextLike, path_key, trace_key
from gaf_core.ui.failures import literal
from gaf_core.ui.shelf import Shelf

_MODELS = 0.5  # of the memory that the server finds free at its start, for models
_BYTES = 1e9  # of traces, and of explanations

T = TypeVar("T")

_log = logging.getLogger(__name__)

_OTHERS: list[Shelf[Any]] = []


class Choice(NamedTuple):
    """Which model, as a key: two choices are equal if they load the same weights.

    Attributes:
        name: preset, hub id or path.
        revision: of a hub model, or None for the newest.
        device: where it computes.
        changed: when a local folder was last written, so that a new training run is a new model.
    """

    name: str
    revision: str | None = None
    device: str = "auto"
    changed: int = 0


def choice_of(name: str, revision: str | None = None, device: str = "auto") -> Choice:
    """The choice with the state of its folder as it is now."""
    try:
        path = Path(place_of(name)).expanduser()
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        changed = max((file.stat().st_mtime_ns for file in files), default=0)
    except (OSError, RuntimeError, ValueError):  # no such user, or a name that no file can have
        changed = 0
    return Choice(name, revision, device, changed)


def place_of(name: str) -> str:
    """What a model is loaded by: the folder or hub id behind the name that a host gave it."""
    return limits().models.get(name, name)


def model(choice: Choice) -> Model:
    """The chosen model, with the progress of its download."""
    if choice in _models():
        return _models().get(choice, lambda: _load(choice))
    preparing = "Preparing the solver, about half a minute, once …"
    # which somebody else may be doing already
    with st.spinner("Loading the model …" if compiled() else preparing):
        return _models().get(choice, lambda: _load(choice))


def first_model(name: str) -> Model:
    """The model that the app opens on, loaded before there is a page to show the progress on."""
    choice = choice_of(name)
    return _models().get(choice, lambda: _with_solver(lambda: _limited(choice, Reports())))


def traced(choice: Choice, text: TextLike, settings: Settings) -> Trace:
    """One forward and one backward pass of a model over a text, as the settings need it."""
    limits().check_text(text)

    def read() -> Trace:
        with st.spinner("Reading the text …"):
            return trace_for(model(choice), text, settings)

    return _traces().get((choice, text, *trace_key(settings)), read)


def explained(choice: Choice, text: TextLike, settings: Settings) -> Explanation:
    """The flow of a traced text under the given settings."""

    def compute() -> Explanation:
        found = traced(choice, text, settings)
        with st.spinner("Computing the flow …"):
            return explain_trace(found, settings)

    return _explanations().get((choice, text, settings), compute)


def explained_signed(choice: Choice, text: TextLike, settings: Settings) -> SignedExplanation:
    """Both flows of the path to a text under the given settings."""

    def compute() -> SignedExplanation:
        path = _path_to(choice, text, settings)
        with st.spinner("Computing the flows …"):
            return explain_path(path, settings)

    return _signed().get((choice, text, settings), compute)


def _path_to(choice: Choice, text: TextLike, settings: Settings) -> PathTrace:
    found = traced(choice, text, settings)

    def read() -> PathTrace:
        with st.spinner("Reading the way to the text …"):
            return path_for(model(choice), found, settings)

    key = (choice, text, *trace_key(settings), *path_key(settings))
    return _paths().get(key, read)


class Request(NamedTuple):
    """What an explanation was asked for with: the key of everything that is derived from it.

    Attributes:
        choice: of the model.
        text: what is explained.
        settings: how.
        side: "for" or "against", of one of two flows.
    """

    choice: Choice
    text: TextLike
    settings: Settings
    side: str = ""

    @property
    def asked(self) -> tuple[Choice, TextLike, Settings]:
        """Model, text and settings, whichever side is looked at."""
        return self.choice, self.text, self.settings


def derived(
    name: str, request: Request, explanation: Explanation, make: Callable[[Explanation], T]
) -> T:
    """Something that costs time and depends on the explanation only, made once and kept."""
    value, _ = _derived().get(
        (name, request), lambda: (make(explanation), explanation.network.capacity.nbytes)
    )
    return value


def let_go() -> None:
    """Forget what was computed; models stay."""
    for shelf in (_traces(), _explanations(), _paths(), _signed(), _derived(), *_OTHERS):
        shelf.clear()


def shelf(limit: float, weigh: Callable[[Any], float]) -> Shelf[Any]:
    """A shelf of a page's own, which is let go of with the others."""
    _OTHERS.append(made := Shelf(limit, weigh))
    return made


def _load(choice: Choice) -> Model:
    with ExitStack() as shown:
        bar, needs = None, ""

        def announce(plan: Plan) -> None:
            nonlocal needs
            needs = literal(plan.message)
            progress(0, sum(plan.sizes.values()))

        def progress(done: int, total: int) -> None:
            nonlocal bar
            if bar is None:
                bar = st.empty()
                shown.callback(bar.empty)
            share = min(1.0, done / total) if total else 0.0
            arrived = f"Downloading {done / 1e6:,.0f} of {total / 1e6:,.0f} MB …"
            bar.progress(share, f"{needs} {arrived}".strip())

        return _with_solver(lambda: _limited(choice, Reports(announce, progress)))


def _limited(choice: Choice, reports: Reports) -> Model:
    """The model as visitors may use it: of a host's own, neither its place nor its faults are told.

    Raises:
        ModelError: it cannot be loaded.
    """
    held, place = limits(), place_of(choice.name)

    def load() -> Model:
        return load_model(
            place,
            revision=choice.revision,
            device=choice.device,
            progress=reports.progress,
            announce=None if held.hosted else reports.announce,
        )

    try:
        try:
            found = load()
        except ModelSizeError:
            _models().clear()  # those that nobody looks at make room
            gc.collect()
            found = load()
    except ModelError:
        if not held.hosted:
            raise
        _log.exception("The model '%s' cannot be loaded", choice.name)
        raise ModelError(
            f"The model '{choice.name}' cannot be loaded here; the terminal that runs the app says "
            "why. Choose another."
        ) from None
    tokens = min(found.max_tokens, held.tokens or found.max_tokens)
    return replace(found, name=choice.name, max_tokens=tokens)


def _with_solver(load: Callable[[], Model]) -> Model:
    """Load a model, and the compiled solver meanwhile."""
    solver = Thread(target=prepare)
    solver.start()
    try:
        return load()
    finally:
        solver.join()


@cache
def _models() -> Shelf[Model]:
    return Shelf(_MODELS * available_memory(torch.device("cpu")), lambda one: memory_of(one.module))


@cache
def _traces() -> Shelf[Trace]:
    return Shelf(_BYTES, lambda one: one.attention.nbytes + one.gradient.nbytes)


@cache
def _explanations() -> Shelf[Explanation]:
    # capacity and flow; what they come from is a trace, counted there unless it is gone
    return Shelf(_BYTES, lambda one: 2 * one.network.capacity.nbytes + one.trace.attention.nbytes)


@cache
def _paths() -> Shelf[PathTrace]:
    # the terms, and a copy with a sign for either side
    return Shelf(_BYTES, lambda one: 3 * one.terms.nbytes)


@cache
def _signed() -> Shelf[SignedExplanation]:
    return Shelf(
        _BYTES,
        lambda one: 4 * one.toward.network.capacity.nbytes + 3 * one.path.terms.nbytes,
    )


@cache
def _derived() -> Shelf[tuple[Any, int]]:
    return Shelf(_BYTES / 4, lambda one: one[1])
