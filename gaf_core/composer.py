"""Settings + text -> Explanation: the one place where the steps are put together.

text -> Trace -> information tensor -> FlowNetwork -> FlowSolution -> scores
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError, check_kind
from gaf_core.explanation import Explanation
from gaf_core.flow import FlowSolution, solve, solve_many
from gaf_core.flow.depths import DepthShares
from gaf_core.information import check_layers, check_unit, information, node_capacities
from gaf_core.models.model import Model
from gaf_core.network import FlowNetwork
from gaf_core.settings import PATH, Settings, TextLike
from gaf_core.signed import SignedExplanation
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.path import PathTrace, trace_path
from gaf_core.tracing.trace import Trace, trace

_ASK = 'Write gaf_core.Settings("GF") or the like.'


def explain(model: Model, text: TextLike, settings: Settings = Settings()) -> Explanation:
    """Explain one prediction: trace the model, build the network, solve the flow.

    Raises:
        GafError: the text, the target or a setting is not usable; the message says why.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> explanation = gaf.explain(model, "A lovely film.", gaf.Settings(layers=(3, 6)))
    >>> explanation.trace.target.name, explanation.network.layers
    ('positive', 3)
    """
    return explain_trace(trace_for(model, text, settings), settings)


def trace_for(model: Model, text: TextLike, settings: Settings) -> Trace:
    """The trace that these settings need: of their target, with their gradients and residuals.

    Raises:
        GafError: the text, the target or the gradients are not usable; the message says why.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace_for(model, "A lovely film.", gaf.FAITHFUL)
    >>> trace.frozen == gaf.Frozen(), trace.residual is not None
    (True, True)
    """
    check_kind(settings, Settings, _ASK)
    return trace(
        model,
        text,
        settings.target,
        truncate=settings.truncate,
        frozen=None if settings.gradients == "exact" else Frozen(),
        residual=settings.residual == "first order",
    )


def explain_trace(traced: Trace, settings: Settings = Settings()) -> Explanation:
    """Explain a prediction that was traced before, without running the model again.

    `settings.target` and `settings.truncate` belong to the trace and are not read here.

    Raises:
        SettingsError: a setting that this trace does not allow (`trace_for` makes one that does).

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "A lovely film.")
    >>> [gaf.explain_trace(trace, gaf.Settings(variant)).certified for variant in ("AF", "GF")]
    [True, True]
    """
    check_kind(traced, Trace, "gaf_core.trace returns one.")
    check_kind(settings, Settings, _ASK)
    _check_gradients(settings, traced)
    ((explanation, _),) = _solved([traced], settings)
    return explanation


def explain_signed(model: Model, text: TextLike, settings: Settings = PATH) -> SignedExplanation:
    """Explain one prediction by two flows, what speaks for the target and what against it.

    Raises:
        GafError: the text, the target or a setting is not usable; the message says why.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> explanation = gaf.explain_signed(model, "A lovely film.")
    >>> explanation.trace.target.name, explanation.tokens[explanation.scores.argmax()]
    ('positive', 'lovely')
    """
    traced = trace_for(model, text, settings)
    return explain_path(path_for(model, traced, settings), settings)


def path_for(model: Model, traced: Trace, settings: Settings = PATH) -> PathTrace:
    """The path to a traced text that these settings need: its points, and where it begins.

    Raises:
        GafError: no path leads to this text, or the model cannot be explained so; the message says
            why.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> path = gaf.path_for(model, gaf.trace(model, "A lovely film."))
    >>> path.points, path.baseline
    (5, 'mask')
    """
    return trace_path(model, traced, points=settings.points, baseline=settings.baseline)


def explain_path(path: PathTrace, settings: Settings = PATH) -> SignedExplanation:
    """Explain a prediction whose path was found before, without running the model again.

    `points`, `baseline`, `target` and `truncate` of the settings belong to the path and its trace
    and are not read here.

    Raises:
        SettingsError: settings of another method, or that this text does not allow.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> path = gaf.trace_path(model, gaf.trace(model, "A lovely film."), points=3)
    >>> [side.network.layers for side in gaf.explain_path(path).sides.values()]
    [6, 6]
    """
    if settings.gradients != "path":
        raise SettingsError(
            f"The settings ask for {settings.gradients} gradients at the text, and this is a path "
            'to it. Use Settings(gradients="path"), or explain_trace with a trace.'
        )
    check_unit(settings.variant, settings.aggregate, "Relevances on a path")
    if settings.residual == "half":
        raise SettingsError(
            'The residual "half" is an equal share of attention, and relevances on a path are in '
            'units of the logit. Use "first order" or "none".'
        )
    (toward, flows_for), (against, flows_against) = _solved([path.toward, path.against], settings)
    depths = _signed_depths(flows_for, flows_against) if settings.depth_average else None
    return SignedExplanation(settings, path, toward, against, depths)


def _signed_depths(toward: list[FlowSolution], against: list[FlowSolution]) -> NDArray[np.float64]:
    """`[l, t]` of each pair of flows, what a token gets of them as a part of both together."""
    rows = []
    for one, other in zip(toward, against, strict=True):
        whole = one.value + other.value
        rows.append((one.scores - other.scores) / (whole if whole > 0 else 1.0))
    return np.stack(rows)


def _solved(
    traces: list[Trace], settings: Settings
) -> list[tuple[Explanation, list[FlowSolution]]]:
    """Each trace explained, all flows solved together, and all flows that its scores are of."""
    layers = check_layers(settings.layers, traces[0].layers)
    networks, epsilon = [_networks(one, settings) for one in traces], settings.epsilon
    every = [network for of_trace in networks for network in of_trace]
    found = iter(solve_many(every, epsilon) if len(every) > 1 else [solve(every[0], epsilon)])
    solved = []
    for traced, of_trace in zip(traces, networks, strict=True):
        solutions = [next(found) for _ in of_trace]
        depths = DepthShares.of(solutions) if settings.depth_average else None
        explanation = Explanation(settings, traced, layers, of_trace[0], solutions[0], depths)
        solved.append((explanation, solutions))
    return solved


def _networks(traced: Trace, settings: Settings) -> list[FlowNetwork]:
    """The network of the range; for a depth average, those that start at each of its layers."""
    attention, residual = information(
        traced,
        variant=settings.variant,
        layers=settings.layers,
        heads=settings.heads,
        aggregate=settings.aggregate,
        residual=settings.residual,
    )
    nodes = None
    if settings.node_capacities:
        check_unit(settings.variant, settings.aggregate, "Node capacities")
        nodes = node_capacities(traced, settings.layers)
    source = _source(traced, settings.source)
    return [
        FlowNetwork.from_information(
            attention[start:],
            source=source,
            residual=None if residual is None else residual[start:],
            node_capacity=None if nodes is None else nodes[start:],
        )
        for start in range(len(attention) if settings.depth_average else 1)
    ]


def _check_gradients(settings: Settings, traced: Trace) -> None:
    """A `SettingsError` where the gradients asked for are not those of the trace."""
    if settings.gradients == "path":
        raise SettingsError(
            "The settings ask for relevances on a path, which make up two flows and not one. Use "
            "explain_signed, or explain_path with a path of this trace."
        )
    if (settings.gradients == "frozen") != (traced.frozen is not None):
        asked, have = settings.gradients, "exact" if traced.frozen is None else "frozen"
        how = "frozen=Frozen()" if asked == "frozen" else "frozen=None"
        raise SettingsError(
            f"The settings ask for {asked} gradients and this trace has {have} ones. Trace the "
            f'text again with {how}, or use Settings(gradients="{have}").'
        )


def _source(traced: Trace, source: str | int) -> str | int | list[int]:
    if source == "classification":
        positions = traced.read_positions
        if not positions.size:
            raise SettingsError(
                "The target does not depend on any position of the last layer, so there is no "
                'classification position. Use source "all".'
            )
        return positions.tolist()
    return source
