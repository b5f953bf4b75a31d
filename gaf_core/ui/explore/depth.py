"""Depth on a page: how the scores dissolve, and one click to the range of layers that is shown."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from gaf_core import FAITHFUL, Explanation, GafError, Settings
from gaf_core.evaluation import Evaluation
from gaf_core.figures.depth import cut_heatmap, depth_heatmap, depth_lines
from gaf_core.picture.spans import partition
from gaf_core.reading.depth import AVERAGE, Depth, depth_in_words, depth_of, measure_depths
from gaf_core.ui import cache
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

AS_SET, PUBLISHED, FAITHFUL_GAF = "as set", "published", "faithful"
OF = (AS_SET, PUBLISHED, FAITHFUL_GAF)
_HEAT = "depth_heat"
_ROWS = 40  # of the heatmap, beyond which neighbouring tokens are joined


def show_depth(request: cache.Request, explanation: Explanation) -> None:
    """The view: shares by first layer, their spread, the flow value, the cut, and AOPC on request.

    Args:
        request: what the explanation was asked for with.
        explanation: whose depths.
    """
    of = st.segmented_control(
        "Depths of the flow", OF, default=AS_SET, required=True, key="depth_of",
        bind="query-params",
        help="With the settings on the left; as published; or as in faithful GAF.",
    )  # fmt: skip
    asked = _request(request, of)
    with place():
        same = asked == request
        explained = (
            explanation if same else cache.explained(asked.choice, asked.text, asked.settings)
        )
        depth = _depth(asked, explained)
    chosen = explanation.layers[0] if explanation.layers[1] == depth.last else None
    st.caption(literal(depth_in_words(depth)))
    long = len(explanation.tokens) > _ROWS
    units = partition(explanation.trace, "spans", _ROWS) if long else None
    show_figure(
        depth_heatmap(explained, depth, chosen, units), key=_HEAT, name="gaf-depth",
        title="Shares by first layer",
        alt="Heatmap: the share of the flow of each token by the first layer of the flow. "
        + depth_in_words(depth),
        caption="Each column is a flow of its own, from the prediction to the tokens as they enter "
        "that layer.", on_select=_clicked, selection_mode="points",
    )  # fmt: skip
    st.caption(
        "Each column is a flow of its own, from the prediction to the tokens as they enter that "
        "layer; the outlined one is shown in the other views. Click on a triangle to take another, "
        "or choose it here."
    )
    _choose_range(depth, chosen)
    _show_lines(asked, explained, depth)
    st.caption(
        "Where the smallest cut of each flow lies: a column adds up to 100 %. A flow has no layer "
        "below its first."
    )
    show_figure(
        cut_heatmap(depth), key="depth_cut", name="gaf-depth-cut", title="Where the cut lies",
        alt="Heatmap: the part of the smallest cut in each layer, by the first layer of the flow.",
    )  # fmt: skip


def _request(request: cache.Request, of: str) -> cache.Request:
    """The request whose depths are shown, over all layers below its last one."""
    if of == AS_SET:
        return request
    own = request.settings
    usual = FAITHFUL if of == FAITHFUL_GAF else Settings(variant=own.variant)
    kept = {name: getattr(own, name) for name in ("target", "truncate", "epsilon")}
    return request._replace(settings=replace(usual, **kept), side="")


def _depth(request: cache.Request, explanation: Explanation) -> Depth:
    def compute(one: Explanation) -> Depth:
        bar = st.empty()

        def progress(done: int, total: int) -> None:
            if done < total:
                bar.progress(done / total, f"Solving the flow of depth {done} of {total} …")

        found = depth_of(one, progress)
        bar.empty()
        return found

    return cache.derived("depth", request, explanation, compute)


def _choose_range(depth: Depth, chosen: int | None) -> None:
    """The same as a click, for the keyboard."""
    if depth.count == 1:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        starts = list(range(depth.count))
        start = st.selectbox(
            "First layer", starts, index=chosen or 0, format_func=lambda one: str(one + 1),
            key="depth_start", width=120,
        )  # fmt: skip
        first, last = depth.layers(start)
        st.button(
            f"Show the flow of layers {first} to {last}", on_click=_take, args=(first, last),
            disabled=start == chosen, icon=":material/layers:",
        )  # fmt: skip


def _take(first: int, last: int) -> None:
    st.session_state["layers"] = (first, last)


def _clicked() -> None:
    state = st.session_state.get(_HEAT)
    points = state["selection"]["points"] if state else []
    texts = [point["customdata"][0] for point in points if point.get("customdata")]
    numbers = [int(text) for text in texts if str(text).isdigit()]
    if numbers and "layers" in st.session_state:
        first, last = numbers[0], st.session_state["layers"][1]
        if first <= last:
            _take(first, last)


def _show_lines(request: cache.Request, explanation: Explanation, depth: Depth) -> None:
    measured = None
    with place():
        if st.toggle(
            "Measure each depth on this text", key="depth_aopc", bind="query-params",
            help="AOPC, the mean fall of what is explained as the first tokens are removed, for "
            "each depth and for the mean over depths. It runs the model some hundred times.",
        ):  # fmt: skip
            measured = _measure(request, explanation, depth)
    told = _average_in_words(measured)
    show_figure(
        depth_lines(depth, measured), key="depth_lines", name="gaf-depth-lines",
        title="Spread, flow and faithfulness by first layer",
        alt="Curves by the first layer of the flow: effective number of tokens, flow value"
        + (", AOPC." if measured else "."),
        caption=literal(told),
    )  # fmt: skip
    st.caption(
        "The effective number of tokens is how many tokens with equal shares would be spread as "
        f"evenly: the more, the less the scores tell. {literal(told)}"
    )


def _measure(
    request: cache.Request, explanation: Explanation, depth: Depth
) -> dict[int | str, Evaluation] | None:
    bar = st.empty()

    def progress(done: int, total: int) -> None:
        bar.progress(done / total, f"Asking the model: {done} of {total} …")

    try:
        return cache.derived(
            "depth measured", request, explanation,
            lambda one: measure_depths(
                cache.model(request.choice), one, depth, progress=progress
            ),
        )  # fmt: skip
    except GafError as error:
        st.info(literal(str(error)), icon=":material/info:")
        return None
    finally:
        bar.empty()


def _average_in_words(measured: dict[int | str, Evaluation] | None) -> str:
    if not measured:
        return ""
    single = {start: one.aopc for start, one in measured.items() if isinstance(start, int)}
    best = max(single, key=lambda start: single[start])
    over_all = f"Over all layers it is {single[0]:.3f}. " if 0 in single else ""
    return (
        f"On this text AOPC is largest from layer {best + 1} on ({single[best]:.3f}). "
        f"{over_all}That of the mean over depths (dashed) is {measured[AVERAGE].aopc:.3f}."
    )
