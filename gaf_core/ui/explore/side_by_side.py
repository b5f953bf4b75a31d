"""Published and faithful GAF on one text: scores, one step of both flows, curves of removal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import streamlit as st

from gaf_core import (
    FAITHFUL,
    METHODS,
    Evaluation,
    Explanation,
    GafError,
    Perturbation,
    Settings,
    evaluate,
    evaluate_all,
)
from gaf_core.figures.deletion import deletion_curves
from gaf_core.figures.step import token_step
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.picture.step import ways_in, widest_residual
from gaf_core.reading.predicted import output_noun, what_is_watched
from gaf_core.reading.sentences import certificate_sentence
from gaf_core.tracing.cancelling import left_after_cancelling
from gaf_core.tracing.target import label_name
from gaf_core.ui import cache
from gaf_core.ui.cache import Request
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.failures import literal
from gaf_core.ui.settings import Display

NAMES = ("GAF as published", "Faithful GAF")
WHY = (
    "They differ because published GAF takes the exact gradient, in which what reaches a token "
    "past the attention and what reaches it through the attention can cancel under the layer norm, "
    "while the frozen gradient of faithful GAF holds the norm constant and keeps both.",
    "Published GAF also has no edge for what stays at a token, so its flow has to follow attention "
    "in every layer and mixes tokens that the model keeps apart, where faithful GAF has a residual "
    "edge and a limit for every token.",
    "Freezing and residual edges do little alone and much together: an edge for what passes by the "
    "attention holds little of use while it cancels with the rest, and frozen gradients alone "
    "leave the flow no way to stay where it is.",
)
_ORDERS, _FEW_ORDERS, _LONG = 10, 3, 128  # random orders, those of a text of more tokens
_MEASURE = Perturbation(target="explained")

Both = Mapping[str, tuple[Request, Explanation]]


def show_side_by_side(request: Request, view: Display) -> None:
    """The switch, and what it shows; a variant that this model does not allow is said."""
    if not st.toggle(
        "Published and faithful side by side",
        key="side",
        bind="query-params",
        help="The paper's flow and our extension on this text, over all layers, and which of the "
        "two rankings the prediction bears out.",
    ):
        return
    st.header("Published and faithful, side by side", anchor=False)
    try:
        both = _explained(request)
        _show_both(both, view)
        st.markdown(" ".join(WHY))
        _show_cancelling(request, both)
        _show_curves(both)
    except GafError as error:
        st.info(literal(str(error)), icon=":material/info:")


def _explained(request: Request) -> Both:
    settings = request.settings
    kept = {name: getattr(settings, name) for name in ("target", "truncate", "epsilon")}
    wanted = (Settings(variant=settings.variant, **kept), replace(FAITHFUL, **kept))
    requests = [request._replace(settings=one) for one in wanted]
    return {
        name: (one, cache.explained(*one.asked)) for name, one in zip(NAMES, requests, strict=True)
    }


def _show_both(both: Both, view: Display) -> None:
    """Heatmaps, and the step of the token that the faithful flow ranks first."""
    explanations = [one for _, one in both.values()]
    token = _strongest(explanations[1])
    layer = widest_residual(explanations[1], token)
    steps = [ways_in(one, layer, token) for one in explanations]
    full = max((way.share for ways in steps for way in ways), default=0.0)
    for column, (name, (_, one)), ways in zip(
        st.columns(2, gap="large"), both.items(), steps, strict=True
    ):
        with column:
            st.markdown(f"**{name}**{': our extension' if name == NAMES[1] else ''}")
            if not one.certified or one.solution.value <= 0:
                st.warning(certificate_sentence(one), icon=":material/warning:")
            st.html(
                heatmap_html(
                    one.trace,
                    one.scores,
                    show_special=view.special,
                    by_words=view.by_words,
                    of=one.share_of,
                )
            )
            if ways:
                text = one.written[token]
                show_figure(
                    token_step(text, layer + 1, ways, full),
                    key=f"step_{name}",
                    name="gaf-step",
                    title=f"One step of the flow, {name}",
                    alt=f"By which ways the flow reaches {text} at the entry of layer {layer + 1}. "
                    + "; ".join(f"{way.text} {way.share:.1%}" for way in ways),
                )
    st.caption(
        f"Colours: each has its own strongest shade. Lines: how much of all flow reaches "
        f"“{literal(explanations[1].written[token])}”, the token with the largest faithful score, "
        f"at the entry of layer {layer + 1}, where its residual edge carries most; both in one "
        f"scale. Published is {explanations[0].settings.variant} over all layers, as in the paper."
    )


def _strongest(explanation: Explanation) -> int:
    """The ordinary token with the largest score, or any where all are special."""
    special = explanation.trace.special
    scores = explanation.scores if special.all() else np.where(special, -1.0, explanation.scores)
    return int(np.argmax(scores))


def _show_cancelling(request: Request, both: Both) -> None:
    """How much cancels in this text, in numbers."""
    exact = replace(both[NAMES[0]][0].settings, residual="first order")
    shares = [
        left_after_cancelling(one)
        for one in (cache.traced(request.choice, request.text, exact), both[NAMES[1]][1].trace)
    ]
    exactly, frozen = (f"{share:.0%}".replace("%", " %") for share in shares)
    st.caption(
        "On this text, of what reaches the tokens of all layers past the attention and through it, "
        f"{exactly} is left when the two are added with exact gradients, and {frozen} with frozen "
        "ones."
    )


def _show_curves(both: Both) -> None:
    """Deletion curves of both and of random orders, and the AOPC of each."""
    (request, explanation), *_ = both.values()
    trace = explanation.trace
    with st.spinner("Removing tokens …"):
        measured = {
            name: cache.derived("removal", *one, _measure(one[0]))
            for name, one in both.items()
            if one[1].scores.any()
        }
        chance = cache.derived("removal at random", request, explanation, _by_chance(request))
    watched = label_name(trace.labels, chance[0].label)
    by_chance = np.array([one.aopc for one in chance])
    with st.container(horizontal=True, key="aopc"):
        for name, one in measured.items():
            st.metric(f"AOPC, {name}", f"{one.aopc:.3f}", width="content", help=_AOPC)
        st.metric("AOPC, random", f"{by_chance.mean():.3f}", width="content", help=_AOPC)
    show_figure(
        deletion_curves(measured, chance, watched, output_noun(trace.output)),
        key="deletion",
        name="gaf-deletion",
        title="As tokens are removed",
        alt=f"{output_noun(trace.output).capitalize()} as the highest-ranked tokens are removed. "
        + ", ".join(f"AOPC of {name} {one.aopc:.3f}" for name, one in measured.items()),
    )
    st.caption(
        f"The faster a curve falls, the better its ranking found what the "
        f"{literal(what_is_watched(trace, chance[0].label))} needs. "
        f"Grey: the mean of {len(chance)} random orders, whose AOPC "
        f"is from {by_chance.min():.3f} to {by_chance.max():.3f}, within the band of all of them. "
        "One text says little about which ranking is better in general."
    )


_AOPC = (
    "Mean fall of the probability, or value, as the highest-ranked tokens are removed. Higher is "
    "better."
)


def _measure(request: Request):
    """How faithful the scores of an explanation are."""
    return lambda one: evaluate(cache.model(request.choice), one.trace, one.scores, _MEASURE)


def _by_chance(request: Request):
    """How faithful random orders of its tokens are."""

    def measure(one: Explanation) -> list[Evaluation]:
        model = cache.model(request.choice)
        orders = _FEW_ORDERS if len(one.tokens) > _LONG else _ORDERS
        scores = {
            str(seed): METHODS["random"](model, one.trace, seed=seed).scores
            for seed in range(orders)
        }
        return list(evaluate_all(model, one.trace, scores, _MEASURE).values())

    return measure
