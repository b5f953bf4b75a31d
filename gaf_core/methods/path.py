"""Methods on the way to a text: path GAF, and integrated frozen gradients without a flow.

What each step from the text without its tokens to the text changes, with frozen gradients, is added
up for every token and edge of every layer (`gaf_core.tracing.path`). Path GAF is the flow of what
speaks for the target less the flow of what speaks against it. The second method is what is added up
at the entry of the first layer and no more: what it reaches belongs to the path, and the flow is to
be compared with it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple
from weakref import WeakKeyDictionary

from gaf_core.composer import explain_path
from gaf_core.errors import GafError
from gaf_core.methods.flows import EPSILON, FIRST_LAYER, layers_from
from gaf_core.methods.gradients import BASELINE
from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.settings import PATH, SETTINGS
from gaf_core.tracing.path import PathTrace, trace_path
from gaf_core.tracing.trace import Trace

_POINTS = Option(
    "points",
    PATH.points,
    SETTINGS["points"].help,
    least=2,
    most=1000,
)


class _Asked(NamedTuple):
    points: int
    baseline: str


# Both methods of one text need the same path; it goes when the trace goes.
_made: WeakKeyDictionary[Trace, dict[_Asked, tuple[PathTrace, float]]] = WeakKeyDictionary()


def path_to(
    model: Model, traced: Trace, progress: Progress, points: int, baseline: str
) -> tuple[PathTrace, float]:
    """The path to a text, and the seconds it took if it was made for another method before."""
    made, asked = _made.setdefault(traced, {}), _Asked(points, baseline)
    if asked in made:
        return made[asked]
    started = time.perf_counter()
    path = trace_path(model, traced, points=points, baseline=baseline, progress=progress)
    # the trace that it is kept under must not be kept by it
    made[asked] = replace(path, trace=replace(traced)), time.perf_counter() - started
    return path, 0.0


def _path_gaf(
    model: Model,
    traced: Trace,
    progress: Progress,
    *,
    points: int,
    baseline: str,
    first_layer: int,
    epsilon: float,
) -> Scored:
    layers = layers_from(traced, first_layer)
    path, seconds = path_to(model, traced, progress, points, baseline)
    explanation = explain_path(path, replace(PATH, layers=layers, epsilon=epsilon))
    if not explanation.certified:
        raise GafError(explanation.message)
    details = {f"flow {name}": side.solution.value for name, side in explanation.sides.items()}
    details["difference of the logits"] = path.difference
    return Scored(explanation.scores, details, seconds)


def _integrated_frozen(
    model: Model, traced: Trace, progress: Progress, *, points: int, baseline: str
) -> Scored:
    path, seconds = path_to(model, traced, progress, points, baseline)
    details = {"difference of the logits": path.difference}
    return Scored(path.relevance[0].astype(float), details, seconds)


PATH_GAF = Method(
    name="path_gaf",
    title="Path GAF",
    reference="this project, after Azarkhalili & Libbrecht, ACL 2025",
    family="flow",
    summary=(
        "The flow of what speaks for the target less the flow of what speaks against it, with "
        "capacities of frozen gradients added up from the text without its tokens to the text."
    ),
    compute=_path_gaf,
    options=(_POINTS, BASELINE, FIRST_LAYER, EPSILON),
    extension=True,
)

INTEGRATED_FROZEN_GRADIENTS = Method(
    name="integrated_frozen_gradients",
    title="Integrated frozen gradients",
    reference="this project, after Sundararajan, Taly and Yan, ICML 2017, with the gradients of "
    "Ali et al., ICML 2022",
    family="gradient",
    summary=(
        "As integrated gradients, at few points and with frozen gradients: no flow, to tell what "
        "the path alone is worth. The scores do not sum to the difference of the two logits."
    ),
    compute=_integrated_frozen,
    options=(_POINTS, BASELINE),
    extension=True,
)
