"""Settings of a flow as a method among others: what `explain` computes, for every text."""

from __future__ import annotations

from dataclasses import fields
from functools import partial

from gaf_core.composer import explain_trace
from gaf_core.errors import GafError, SettingsError
from gaf_core.evaluation.entries import MethodLike
from gaf_core.methods import Method, Progress, Scored
from gaf_core.methods.faithful import second_trace
from gaf_core.models.model import Model
from gaf_core.settings import Settings
from gaf_core.tracing.trace import Trace

Explained = MethodLike | Settings | tuple[str, Settings]
_LABEL = "explain"


def as_method(one: Explained) -> MethodLike:
    """What `chosen_entries` takes.

    Raises:
        SettingsError: settings with a target of their own.
    """
    label, settings = one if isinstance(one, tuple) and len(one) == 2 else (_LABEL, one)
    if not isinstance(settings, Settings):
        return one  # pyright: ignore[reportReturnType]
    if settings.target is not None:
        raise SettingsError(
            "The target of a batch is the same for all of its methods: give it as target=, not in "
            "the settings of one of them."
        )
    unusual = [
        f"{one.name}={value!r}"
        for one in fields(settings)
        if (value := getattr(settings, one.name)) != one.default
    ]
    method = Method(
        name=f"{_LABEL}({', '.join(unusual)})",
        title="Generalized Attention Flow",
        reference="Azarkhalili & Libbrecht, ACL 2025",
        family="flow",
        summary="The flow of these settings, as `explain` computes it.",
        compute=partial(_score, settings),
    )
    return str(label), method, {}


def _score(settings: Settings, model: Model, traced: Trace, _progress: Progress) -> Scored:
    frozen, residual = settings.gradients == "frozen", settings.residual == "first order"
    seconds = 0.0
    if frozen or residual:
        traced, seconds = second_trace(model, traced, frozen=frozen)
    explanation = explain_trace(traced, settings)
    if not explanation.certified:
        raise GafError(explanation.message)
    return Scored(explanation.scores, shared_seconds=seconds)
