"""Ways to score the attention edges of a text: name -> EdgeMethod, beside the methods for tokens.

`EDGE_METHODS["flow"](model, trace)` gives `[L, t, t]`, what query `i` reads of key `j` in a layer;
`gaf_core.evaluation.edges` says what such scores are worth. A score is about attention alone: of a
flow on an edge from a token to itself, what passes by the attention (a residual edge) is left out.

Information flow routes (Ferrando & Voita, EMNLP 2024) are not here but among the methods for tokens
(`gaf_core.methods.mixing`): their edges are shares of a state, with what passes by among them, and
say what it is made of, whatever the target takes from it.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from gaf_core.errors import GafError, check_kind
from gaf_core.methods.edge_flows import FLOW_OPTIONS, capacity_scores, flow_scores
from gaf_core.methods.faithful import second_trace
from gaf_core.methods.method import Option, Progress, checked_options
from gaf_core.models.model import Model
from gaf_core.tracing.interventions import masked_gradients
from gaf_core.tracing.trace import Trace

_STEPS = Option("steps", 10, "Points on the way from no attention to all of it.", least=1, most=500)
_SEED = Option("seed", 0, "Another seed draws other scores.", least=0, most=2**32 - 1)


@dataclass(frozen=True, eq=False)
class EdgeScores:
    """Scores of the attention edges of one text.

    Attributes:
        method: name in `EDGE_METHODS`.
        settings: value of every option.
        scores: `[L, t, t]` float64; higher speaks for the target. 0 in layers that it leaves out.
        seconds: what it took beside the trace that it was given.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> found = gaf.EDGE_METHODS["flow"](model, gaf.trace(model, "A lovely film."), variant="GF")
    >>> found.method, found.settings["variant"], bool((found.scores >= 0).all())
    ('flow', 'GF', True)
    """

    method: str
    settings: Mapping[str, Any]
    scores: Float[np.ndarray, "L t t"]
    seconds: float


@dataclass(frozen=True)
class EdgeMethod:
    """A way to score attention edges. Call it with a model and a trace to get `EdgeScores`.

    Attributes:
        name: key in `EDGE_METHODS`.
        title: how people call it.
        reference: where it was published.
        summary: one sentence that says what it computes.
        passes: what it costs in passes of the model, beside the trace that it is given.
        compute: `(model, trace, progress, **options) -> [L, t, t]`.
        options: its settings.

    >>> import gaf_core as gaf
    >>> method = gaf.EDGE_METHODS["eap_ig"]
    >>> method.passes, method.settings(steps=5)
    ('steps + 1 forward, steps back', {'steps': 5})
    """

    name: str
    title: str
    reference: str
    summary: str
    passes: str
    compute: Callable[..., NDArray[np.float64]]
    options: tuple[Option, ...] = ()

    def __call__(
        self, model: Model, trace: Trace, *, progress: Progress | None = None, **options: Any
    ) -> EdgeScores:
        """Score the edges of a trace.

        Args:
            model: the model that was traced.
            trace: of the text and target.
            progress: called between steps; what it raises stops the method.
            **options: values of `options`; the others keep their default.

        Raises:
            SettingsError: an unknown option, or a value it does not take.
            GafError: the method cannot score this text; the message says why.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> found = gaf.EDGE_METHODS["attention"](model, gaf.trace(model, "A lovely film."))
        >>> found.scores.shape
        (6, 6, 6)
        """
        settings = self.settings(**options)
        check_kind(trace, Trace, "gaf_core.trace returns one.")
        started = time.perf_counter()
        scores = self.compute(model, trace, progress or _ignore, **settings)
        seconds = time.perf_counter() - started
        if not np.isfinite(scores).all():
            raise GafError(
                f"{self.title} gives scores that are not numbers for this text. Leave it out, or "
                "change its settings."
            )
        scores.flags.writeable = False
        return EdgeScores(self.name, settings, scores, seconds)

    def settings(self, **options: Any) -> dict[str, Any]:
        """All settings: the options given, checked, and the defaults of the others.

        Raises:
            SettingsError: an unknown option, or a value it does not take.

        >>> import gaf_core as gaf
        >>> gaf.EDGE_METHODS["random"].settings(seed=3)
        {'seed': 3}
        """
        return checked_options(self.title, self.options, options)


def _ignore(_done: int, _total: int) -> None:
    pass


def _attention(_model: Model, trace: Trace, _progress: Progress) -> NDArray[np.float64]:
    return trace.attention.mean(axis=1, dtype=np.float64)


def _products(trace: Trace) -> NDArray[np.float64]:
    return np.einsum("lhij,lhij->lij", trace.attention, trace.gradient, dtype=np.float64)


def _first_order(_model: Model, trace: Trace, _progress: Progress) -> NDArray[np.float64]:
    return _products(trace)


def _first_order_frozen(model: Model, trace: Trace, _progress: Progress) -> NDArray[np.float64]:
    return _products(second_trace(model, trace, frozen=True)[0])


def _eap_ig(model: Model, trace: Trace, progress: Progress, *, steps: int) -> NDArray[np.float64]:
    layers, _, tokens, _ = trace.attention.shape
    # the middle of each of the steps: all attention scaled alike
    scales = (np.arange(steps) + 0.5) / steps
    masks = [np.broadcast_to(scale, (layers, 1, tokens, tokens)) for scale in scales]
    parts = masked_gradients(model, trace, masks, progress=progress)
    return sum((part.sum(axis=0) for part in parts), np.zeros((layers, tokens, tokens))) / steps


def _random(_model: Model, trace: Trace, _progress: Progress, *, seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng([seed, zlib.crc32(trace.text.encode("utf-8", "replace"))])
    layers, _, tokens, _ = trace.attention.shape
    return generator.random((layers, tokens, tokens))


_SYED = "edge attribution patching, Syed et al., 2023"
_EVERY = (
    EdgeMethod(
        name="flow",
        title="Flow",
        reference="Azarkhalili & Libbrecht, ACL 2025, and extensions",
        summary="The barrier-regularised maximum flow on each edge, of any settings.",
        passes="none; one forward and one back for frozen gradients or first-order residuals",
        compute=flow_scores,
        options=FLOW_OPTIONS,
    ),
    EdgeMethod(
        name="capacity",
        title="Capacity",
        reference="the same network without the flow",
        summary="The capacity of each edge in the network of that flow: what the flow must add to.",
        passes="none; one forward and one back for frozen gradients or first-order residuals",
        compute=capacity_scores,
        options=FLOW_OPTIONS,
    ),
    EdgeMethod(
        name="attention",
        title="Attention",
        reference="",
        summary="The mean over heads of the attention.",
        passes="none",
        compute=_attention,
    ),
    EdgeMethod(
        name="attention_x_gradient",
        title="Attention × gradient",
        reference=_SYED,
        summary="Attention times the gradient of the target by it, summed over heads: the "
        "first-order effect of cutting the edge, with its sign.",
        passes="none",
        compute=_first_order,
    ),
    EdgeMethod(
        name="attention_x_gradient_frozen",
        title="Attention × gradient frozen",
        reference=f"{_SYED}, with the gradients of Ali et al., ICML 2022",
        summary="The same on frozen gradients.",
        passes="one forward and one back",
        compute=_first_order_frozen,
    ),
    EdgeMethod(
        name="eap_ig",
        title="EAP-IG",
        reference="after Hanna et al., COLM 2024",
        summary="The gradient by the mask of each edge, averaged on the way from no attention to "
        "all of it: integrated gradients of the mask. The scores sum to what all edges do.",
        passes="steps + 1 forward, steps back",
        compute=_eap_ig,
        options=(_STEPS,),
    ),
    EdgeMethod(
        name="random",
        title="Random",
        reference="",
        summary="Draws each score uniformly; the same seed and text give the same scores.",
        passes="none",
        compute=_random,
        options=(_SEED,),
    ),
)
EDGE_METHODS: dict[str, EdgeMethod] = {method.name: method for method in _EVERY}
