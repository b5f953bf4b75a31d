"""Settings + text -> Explanation: the one place where the steps are put together.

text -> Trace -> information tensor -> FlowNetwork -> FlowSolution -> scores
"""

from __future__ import annotations

from collections.abc import Sequence

from gaf_core.errors import SettingsError
from gaf_core.explanation import Explanation
from gaf_core.flow import FlowSolution, solve, solve_many
from gaf_core.flow.depths import DepthShares
from gaf_core.information import check_layers, check_unit, information, node_capacities
from gaf_core.models.model import Model
from gaf_core.network import FlowNetwork
from gaf_core.settings import Settings, TextLike
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.trace import Trace, trace


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
    return trace(
        model,
        text,
        settings.target,
        truncate=settings.truncate,
        frozen=Frozen() if settings.gradients == "frozen" else None,
        residual=settings.residual == "first order",
    )


def explain_traces(traces: Sequence[Trace], settings: Settings = Settings()) -> list[Explanation]:
    """Explain several predictions that were traced before; their flows are solved in one batch.

    Raises:
        SettingsError: as `explain_trace` does.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> traces = [gaf.trace(model, text) for text in ("A lovely film.", "A dull film.")]
    >>> [found.certified for found in gaf.explain_traces(traces)]
    [True, True]
    """
    networks = [_networks(traced, settings) for traced in traces]
    solved = iter(solve_many([one for each in networks for one in each], settings.epsilon))
    return [
        _explanation(traced, settings, each, [next(solved) for _ in each])
        for traced, each in zip(traces, networks, strict=True)
    ]


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
    networks, epsilon = _networks(traced, settings), settings.epsilon
    several = len(networks) > 1
    solutions = solve_many(networks, epsilon) if several else [solve(networks[0], epsilon)]
    return _explanation(traced, settings, networks, solutions)


def _explanation(
    traced: Trace,
    settings: Settings,
    networks: Sequence[FlowNetwork],
    solutions: Sequence[FlowSolution],
) -> Explanation:
    return Explanation(
        settings=settings,
        trace=traced,
        layers=check_layers(settings.layers, traced.layers),
        network=networks[0],
        solution=solutions[0],
        depths=DepthShares.of(solutions) if settings.depth_average else None,
    )


def _networks(traced: Trace, settings: Settings) -> list[FlowNetwork]:
    """The network of the range; for a depth average, those that start at each of its layers."""
    _check_gradients(settings, traced)
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
    if (settings.gradients == "frozen") != (traced.frozen is not None):
        asked, have = settings.gradients, "exact" if traced.frozen is None else "frozen"
        how = "frozen=Frozen()" if asked == "frozen" else "frozen=None"
        raise SettingsError(
            f"The settings ask for {asked} gradients and this trace has {have} ones. Trace the "
            f'text again with {how}, or use Settings(gradients="{have}").'
        )


def _source(traced: Trace, source: str | int) -> str | int | list[int]:
    """Where the flow starts; that of an answer only where its tokens are predicted."""
    if traced.continuation is not None and isinstance(source, str):
        return traced.continuation.predicting.tolist()
    if source == "classification":
        positions = traced.read_positions
        if not positions.size:
            raise SettingsError(
                "The target does not depend on any position of the last layer, so there is no "
                'classification position. Use source "all".'
            )
        return positions.tolist()
    return source
