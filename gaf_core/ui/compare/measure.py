"""How faithfulness is measured: the controls, and what was done in a sentence."""

from __future__ import annotations

import streamlit as st

from gaf_core import Model
from gaf_core.evaluation import FRACTIONS, OPERATORS, Perturbation
from gaf_core.evaluation.comparison import Comparison
from gaf_core.reading.predicted import output_noun, what_is_watched
from gaf_core.ui.failures import literal

_USUAL = "automatic"
_REMOVED = {
    "mask": "replaced by the mask token",
    "pad": "replaced by the padding token",
    "unknown": "replaced by the unknown token",
    "delete": "deleted, so the text gets shorter",
}
_OPERATORS = {_USUAL: "the model's mask token, or what it has instead", **_REMOVED}
_STEPS = {
    "every 10 %": FRACTIONS,
    "every 5 %": tuple(step / 20 for step in range(1, 20)),
    "every 20 %": (0.2, 0.4, 0.6, 0.8),
}
_MOST_LABELS = 200
_VALUED = (
    " The outputs of this model are values, so the measures are in their unit, and there is no "
    "LOdds, which compares probabilities."
)


def known_measures(model: Model) -> dict[str, tuple[str, ...]]:
    """The values that a link may hold for the controls."""
    return {
        "removed": tuple(_OPERATORS),
        "watched": tuple(_watchable(model)),
        "fractions": tuple(_STEPS),
    }


def choose_perturbation(model: Model) -> Perturbation:
    """Draw the controls."""
    watchable, noun = _watchable(model), output_noun(model.output)
    with st.container(horizontal=True, vertical_alignment="bottom", key="measure_options"):
        operator = st.selectbox(
            "Removed tokens are", list(_OPERATORS), key="removed", bind="query-params", width=190,
            help="\n".join(f"- **{name}**: {told}" for name, told in _OPERATORS.items()),
        )  # fmt: skip
        watched = st.selectbox(
            f"{noun.capitalize()} of", list(watchable), key="watched", bind="query-params",
            width=210, help=f"Whose {noun} is watched while tokens are removed: what the "
            "model predicts, what is explained, or a class that you know to be the true one.",
        )  # fmt: skip
        steps = st.selectbox(
            "Removed", list(_STEPS), key="fractions", bind="query-params", width=150,
            help="Fractions of the ordinary tokens that are removed, for AOPC, LOdds and the "
            "curves. Comprehensiveness and sufficiency always take 1, 5, 10, 20 and 50 %.",
        )  # fmt: skip
    return Perturbation(
        operator=next((one for one in OPERATORS if one == operator), None),
        fractions=_STEPS[steps],
        target=watchable[watched],
    )


def say_measure(comparison: Comparison) -> None:
    """What was perturbed and watched, beside the numbers that it led to."""
    if not comparison.evaluations:
        return
    one = next(iter(comparison.evaluations.values()))
    before = float(one.curves.deletion[0])
    whole = f"{before:.1%}" if one.output.has_probabilities else f"{before:.3g}"
    asked = "" if comparison.trace.target.place is None else " and the token that is asked about"
    percents = ", ".join(f"{100 * fraction:g}" for fraction in one.perturbation.fractions)
    st.caption(
        literal(
            f"Tokens are ranked by signed score, highest first, and {percents} % of the ordinary "
            f"ones are {_REMOVED.get(str(one.perturbation.operator), 'removed')}; special tokens"
            f"{asked} stay. Watched is the {what_is_watched(comparison.trace, one.label)}, {whole} "
            "on the whole text."
        )
        + (
            f" It is not what the scores explain, “{literal(comparison.trace.target.name)}”."
            if one.label != comparison.trace.target.index
            else ""
        )
        + ("" if one.output.has_probabilities else _VALUED)
        + " One text says little about which method is better in general."
    )


def _watchable(model: Model) -> dict[str, str | int]:
    """What may be watched, by what the control calls it."""
    watchable: dict[str, str | int] = {"predicted": "predicted", "explained": "explained"}
    if model.task.kind.classes == "named" and len(model.labels) <= _MOST_LABELS:
        watchable |= {f"class {label}": index for index, label in enumerate(model.labels)}
    return watchable
