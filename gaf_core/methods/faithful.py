"""Methods on frozen gradients: CAT, attention x gradient, and the faithful flow.

The deviation inside norms, the slope of activations and the attention on its query and key side
are constants of the backward pass (`gaf_core.tracing.frozen`; Ali et al., ICML 2022), so that what
the residual and the attention branch contribute does not cancel. The first two are no flows: what
they reach belongs to the gradient, and a flow on the same gradient is to be compared with them.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from gaf_core.methods.alike import Made, second_traces
from gaf_core.methods.attention import attention_x_gradient
from gaf_core.methods.flows import EPSILON, FIRST_LAYER, option_of, score_flow
from gaf_core.methods.hidden import cat
from gaf_core.methods.method import Method, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.settings import FAITHFUL, INGREDIENTS
from gaf_core.tracing.asking import traced_again
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.trace import Trace

NEEDS_FROZEN = ("cat_frozen", "attention_x_gradient_frozen")  # and nothing but the second trace
_ALI = "Ali et al., ICML 2022"

# Several methods of one text need the same second trace; it goes when the first one goes.
_made: WeakKeyDictionary[Trace, dict[bool, Made]] = WeakKeyDictionary()


def second_trace(model: Model, traced: Trace, frozen: bool) -> tuple[Trace, float]:
    """The same prediction, traced with what the faithful flow needs.

    Returns:
        The trace, and the seconds it took if it was made for another method before; less those that
        the caller has waited for the traces of other texts.

    Raises:
        SettingsError: the first trace was made without a model.
    """
    made = _made.setdefault(traced, {})
    if frozen in made:
        return made[frozen]
    started = time.perf_counter()
    for one, found in second_traces(model, traced, frozen).items():
        _made.setdefault(one, {})[frozen] = found
    if frozen in made:
        # whoever asks first has waited for all of them, and counts its own share
        waited = time.perf_counter() - started
        return made[frozen].trace, made[frozen].seconds - waited
    second = traced_again(model, traced, frozen=Frozen() if frozen else None, residual=True)
    made[frozen] = Made(second, time.perf_counter() - started)
    return second, 0.0


def remember_second(traced: Trace, second: Trace) -> None:
    """Keep a frozen trace of the same prediction that was made with others, in a batch."""
    _made.setdefault(traced, {})[True] = Made(second, 0.0)


def _cat_frozen(model: Model, traced: Trace, _progress: Progress) -> Scored:
    second, seconds = second_trace(model, traced, frozen=True)
    return Scored(cat(second), shared_seconds=seconds)


def _attention_x_gradient_frozen(model: Model, traced: Trace, _progress: Progress) -> Scored:
    second, seconds = second_trace(model, traced, frozen=True)
    return Scored(attention_x_gradient(second), shared_seconds=seconds)


def _faithful(
    model: Model, traced: Trace, _progress: Progress, *, gradients: str, **settings: Any
) -> Scored:
    second, seconds = traced, 0.0
    frozen, residual = gradients == "frozen", settings["residual"] == "first order"
    if frozen != (traced.frozen is not None) or (residual and traced.residual is None):
        second, seconds = second_trace(model, traced, frozen=frozen)
    scored = score_flow(second, **settings)
    return scored._replace(shared_seconds=seconds)


CAT_FROZEN = Method(
    name="cat_frozen",
    title="CAT frozen",
    reference=f"Qiang et al., NeurIPS 2022, with the gradients of {_ALI}",
    family="gradient",
    summary="As CAT, on frozen gradients: no flow, to tell what the gradient alone is worth.",
    compute=_cat_frozen,
    extension=True,
)

ATTENTION_X_GRADIENT_FROZEN = replace(
    CAT_FROZEN,
    name="attention_x_gradient_frozen",
    title="Attention × gradient frozen",
    reference=f"attention × gradient with the gradients of {_ALI}",
    summary="As attention × gradient, on frozen gradients: no flow either.",
    compute=_attention_x_gradient_frozen,
)

FAITHFUL_FLOW = Method(
    name="faithful",
    title="Faithful GAF",
    reference="this project, after Azarkhalili & Libbrecht, ACL 2025",
    family="flow",
    summary=(
        "The mean over start layers of the flow with frozen gradients, residual edges and node "
        "capacities, all in units of the logit, from where the prediction is read."
    ),
    compute=_faithful,
    options=(
        *(option_of(one, getattr(FAITHFUL, one.name), without=("path",)) for one in INGREDIENTS),
        FIRST_LAYER,
        EPSILON,
    ),
    extension=True,
)
