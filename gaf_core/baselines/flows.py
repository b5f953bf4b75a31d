"""Generalized Attention Flow as a method among others: AF, GF, AGF, and their mean over depths.

The depth average is an extension of this project. With the flow of layers `[a, L)` giving token `j`
the score `s_j^a`,

    score_j = 1 / (L - b) * sum_{a = b}^{L - 1} s_j^a / sum_i s_i^a,

`b` the first layer used: late starts see what the prediction reads, early ones where it came from.
A start from which no path leads to the input adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from gaf_core.baselines.attribution import Method, Option, Progress, Scored
from gaf_core.baselines.reading import read_positions
from gaf_core.errors import GafError, SettingsError
from gaf_core.explain import Settings, explain_trace
from gaf_core.flow import FlowSolution, Status, solve_many
from gaf_core.information import AGGREGATES, VARIANTS, information_tensor
from gaf_core.models import Model
from gaf_core.network import FlowNetwork
from gaf_core.trace import Trace

_PAPER = "Azarkhalili & Libbrecht, ACL 2025"
_TENSORS = {
    "AF": "the attention",
    "GF": "the positive part of the gradient of the logit by the attention",
    "AGF": "the positive part of attention times gradient",
}

_OPTIONS = (
    Option("first_layer", 1, "Layer at which the flow ends, counted from 1, the input's.", least=1),
    Option("aggregate", "mean", "How heads are put together.", choices=tuple(AGGREGATES)),
    Option(
        "residual",
        "none",
        "Half: attention and an equal share that stays at its token, as attention rollout has it.",
        choices=("none", "half"),
    ),
    Option(
        "source",
        "all",
        "Where the flow starts: at all outputs, or only at those that the prediction is read from.",
        choices=("all", "classification"),
    ),
    Option(
        "epsilon", 1e-6, "How far below the maximum the flow may be, relatively.", (), 1e-9, 0.5
    ),
)


def _flow(
    variant: str,
    _model: Model,
    trace: Trace,
    _progress: Progress,
    *,
    first_layer: int,
    **settings: Any,
) -> Scored:
    _check_first(trace, first_layer)
    solution = explain_trace(
        trace, Settings(variant=variant, layers=(first_layer - 1, trace.layers), **settings)
    ).solution
    return Scored(solution.scores, _certificate(solution))


def _depth_average(
    _model: Model,
    trace: Trace,
    _progress: Progress,
    *,
    variant: str,
    first_layer: int,
    aggregate: str,
    residual: str,
    source: str,
    epsilon: float,
) -> Scored:
    _check_first(trace, first_layer)
    information = information_tensor(
        trace,
        variant,
        layers=(first_layer - 1, trace.layers),
        aggregate=aggregate,
        residual=residual,
    )
    start = "all" if source == "all" else read_positions(trace).tolist()
    networks = [
        FlowNetwork.from_information(information[depth:], start)
        for depth in range(len(information))
    ]
    solutions = solve_many(networks, epsilon)
    for solution in solutions:
        _certificate(solution)
    flowing = [solution for solution in solutions if solution.value > 0]
    scores = np.zeros(len(trace.tokens))
    for solution in flowing:
        scores += solution.scores / solution.scores.sum() / len(solutions)
    return Scored(
        scores,
        {
            "networks": len(solutions),
            "networks without a path": len(solutions) - len(flowing),
            "largest duality gap": max((solution.duality_gap for solution in flowing), default=0.0),
        },
    )


def _check_first(trace: Trace, first_layer: int) -> None:
    if first_layer > trace.layers:
        raise SettingsError(
            f"The model has {trace.layers} layers, so its flow cannot end at layer {first_layer}. "
            f"Choose a first layer from 1 to {trace.layers}."
        )


def _certificate(solution: FlowSolution) -> Mapping[str, float]:
    """The proof in numbers; a flow without one is no result."""
    if not solution.certified:
        raise GafError(solution.message)
    if solution.status is Status.NO_PATH:
        return {"flow value": 0.0}
    return {
        "flow value": solution.value,
        "duality gap": solution.duality_gap,
        "iterations": solution.iterations,
    }


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
        Option("variant", "GF", "Tensor of the capacities.", choices=tuple(VARIANTS)),
        *_OPTIONS,
    ),
    extension=True,
)
