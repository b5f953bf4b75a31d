"""Generalized Attention Flow as a method among others: AF, GF, AGF, and their mean over depths.

The composer of the whole library, `explain_trace`, does the work; the depth average, an extension
of this project, is defined in `gaf_core.flow.depths`.
"""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from typing import Any

from gaf_core.composer import explain_trace
from gaf_core.errors import GafError, SettingsError
from gaf_core.explanation import Explanation
from gaf_core.flow import Status
from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.settings import INGREDIENTS, SETTINGS, VARIANTS, Setting, Settings
from gaf_core.tracing.trace import Trace

_PAPER = "Azarkhalili & Libbrecht, ACL 2025"
_TENSORS = {
    "AF": "the attention",
    "GF": "the positive part of the gradient of the logit by the attention",
    "AGF": "the positive part of attention times gradient",
}

FIRST_LAYER = Option(
    "first_layer", 1, "Layer at which the flow ends, counted from 1, the input's.", least=1
)
EPSILON = Option("epsilon", SETTINGS["epsilon"].default, SETTINGS["epsilon"].help, (), 1e-9, 0.5)


def option_of(one: Setting, default: Any, without: Container[Any] = ()) -> Option:
    """A setting of the explanation as an option of a method."""
    choices = tuple(choice for choice in one.choices if choice not in without)
    return Option(one.name, default, one.help, choices=choices)


# What a flow on a trace with exact gradients and without residuals may be made of. Its tensor and
# the mean over depths are methods of their own.
_NEEDS_ANOTHER_TRACE = {"frozen", "first order"}
_OPTIONS = (
    FIRST_LAYER,
    *(
        option_of(one, one.default, without=_NEEDS_ANOTHER_TRACE)
        for one in INGREDIENTS
        if one.name not in ("variant", "gradients", "depth_average")
    ),
    EPSILON,
)


def score_flow(trace: Trace, *, first_layer: int, **settings: Any) -> Scored:
    """Scores of the flow of the layers from one on, with its proof in numbers.

    Args:
        trace: of the text; the gradients are those that it has, exact or frozen.
        first_layer: at which the flow ends, counted from 1.
        **settings: others of `Settings`.

    Raises:
        SettingsError: a setting that this trace does not allow.
        GafError: a flow is not proven.
    """
    explanation = proven(trace, layers_from(trace, first_layer), **settings)
    if explanation.depths is not None:
        statuses = explanation.depths.statuses
        details = {"networks": len(statuses), "without a path": statuses.count(Status.NO_PATH)}
        return Scored(explanation.scores, details)
    solution = explanation.solution
    details = {"flow value": solution.value}
    if solution.status is not Status.NO_PATH:
        details["duality gap"] = solution.duality_gap
        details["iterations"] = solution.iterations
    return Scored(explanation.scores, details)


def _flow(
    variant: str, _model: Model, trace: Trace, _progress: Progress, **settings: Any
) -> Scored:
    return score_flow(trace, variant=variant, **settings)


def _depth_average(_model: Model, trace: Trace, _progress: Progress, **settings: Any) -> Scored:
    return score_flow(trace, depth_average=True, **settings)


def layers_from(trace: Trace, first_layer: int) -> tuple[int, int]:
    """The half-open range of the layers from one on, which is counted from 1.

    Raises:
        SettingsError: the model has no such layer.
    """
    if first_layer > trace.layers:
        raise SettingsError(
            f"The model has {trace.layers} layers, so its flow cannot end at layer {first_layer}. "
            f"Choose a first layer from 1 to {trace.layers}."
        )
    return first_layer - 1, trace.layers


def proven(trace: Trace, layers: tuple[int, int], **settings: Any) -> Explanation:
    """The flow of some layers, with the gradients of the trace; one without proof is no result.

    Raises:
        SettingsError: a setting that this trace does not allow.
        GafError: the flow is not proven.
    """
    # an exact trace and a frozen one are explained alike: the gradients are those of the trace
    gradients = "exact" if trace.frozen is None else "frozen"
    explanation = explain_trace(trace, Settings(layers=layers, gradients=gradients, **settings))
    if not explanation.certified:
        raise GafError(explanation.message)
    return explanation


def _flow_method(variant: str) -> Method:
    return Method(
        name=variant,
        title=variant,
        reference=_PAPER,
        family="flow",
        summary=(
            "The barrier-regularised maximum flow from the prediction to each token, with "
            f"capacities from {_TENSORS[variant]}."
        ),
        compute=partial(_flow, variant),
        options=_OPTIONS,
    )


AF, GF, AGF = (_flow_method(variant) for variant in VARIANTS)

DEPTH_AVERAGE = Method(
    name="depth_average",
    title="Depth average",
    reference=f"this project, after {_PAPER}",
    family="flow",
    summary="The mean of the tokens' shares of the flow over every layer at which it can end.",
    compute=_depth_average,
    options=(
        option_of(SETTINGS["variant"], "GF"),
        *_OPTIONS,
    ),
    extension=True,
)
