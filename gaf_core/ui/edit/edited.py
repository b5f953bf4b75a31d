"""A text and an edited copy of it: asked for, explained, and shown side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from gaf_core import Explanation, Settings, Target, Trace, label_name
from gaf_core.figures import change_chart
from gaf_core.files.exports import to_csv
from gaf_core.hosting import limits
from gaf_core.settings import TextLike
from gaf_core.text.edits import SAME, Edit, compare_edit
from gaf_core.text.words import group_words, word_scores
from gaf_core.tracing.asking import asked_again
from gaf_core.tracing.encoding import Encoding, encode
from gaf_core.ui import cache, links
from gaf_core.ui.edit.sides import show_sides
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place
from gaf_core.ui.saving import choose_format

_KEYS = ("edited", "edited_second")  # of the text areas: the text, and the second one of a pair
_OFFERED = "edit offered"  # what was last proposed for each; somebody may have changed it since
_DROPPED = "dropped"
_MOST_WORDS = 60  # to drop; more of them would fill the page
WHAT_IF = ("another text", "another model")  # as a link says it


def choose_change() -> bool:
    """Draw the choice of what is changed; whether that is the text."""
    return WHAT_IF[0] == st.segmented_control(
        "What if it were",
        WHAT_IF,
        default=WHAT_IF[0],
        required=True,
        key="what_if",
        bind="query-params",
    )


def ask_edited(explanation: Explanation, text: TextLike) -> TextLike:
    """Draw the edited copy of a text, with its words to drop, and give back what it says."""
    originals = [text] if isinstance(text, str) else list(text)
    _offer(_without_strongest(explanation, originals))
    for key in _KEYS[: len(originals)]:
        links.read_text(key)
    with place():
        edited = [
            st.text_area(
                ("Edited text", "Edited second text")[number],
                key=_KEYS[number],
                height=112 if number == 0 else 80,
                placeholder="The same text with something changed.",
            )
            for number in range(len(originals))
        ]
        for key, written in zip(_KEYS, edited, strict=False):
            links.write_text(key, written)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Compare", type="primary", help="Ctrl + Enter in the text does the same.")
        st.button("Back to the original", on_click=_set, args=(originals,))
    words = _droppable(explanation)
    st.pills(
        "Drop a word of the original",
        words,
        format_func=lambda stretch: literal(explanation.trace.text[slice(*stretch)]),
        key=_DROPPED,
        on_change=_drop,
        args=(originals,),
        help="Writes the original without this word into the edited text.",
    )
    return edited[0] if len(edited) == 1 else (edited[0], edited[1])


def explain_edited(request: cache.Request, explanation: Explanation, text: TextLike) -> Explanation:
    """The edited text, explained for the same target as the original."""
    # what the model says may change, and scores of two targets do not compare
    target = asked_again(explanation.trace, request.settings.target, _read(request, text))
    settings: Settings = replace(request.settings, target=target)
    return cache.explained(request.choice, text, settings)


def _read(request: cache.Request, text: TextLike) -> Encoding:
    """The edited text as the model reads it."""
    limits().check_text(text)
    model = cache.model(request.choice)
    with model.lock:
        return encode(model, text, request.settings.truncate)


def show_edit(before: Explanation, after: Explanation, *, special: bool) -> None:
    """Both texts in one scale of colour, what the prediction did, and the words that moved."""
    edit = compare_edit((before.trace, before.scores), (after.trace, after.scores))
    show_sides(
        (before, after), edit, ("Original", "Edited"), edit.touched.__getitem__, special=special
    )
    with place():
        _show_prediction(before, after)
    st.header("What moved", anchor=False)
    with place():
        if all(pairing.kind == SAME for pairing in edit.pairings):
            cut = before.trace.truncated or after.trace.truncated
            st.info(
                "The model reads the same of both texts: what may differ was cut off."
                if cut
                else "Both texts are the same. Change a word, or drop one.",
                icon=":material/edit:",
            )
    show_figure(
        change_chart(edit, show_special=special),
        key="change",
        name="gaf-edit",
        title="What moved",
        alt=f"Share of each word before and after the edit. {_largest_moves(edit)}",
    )
    st.caption(
        f"{literal(_largest_moves(edit))} A share is a fraction of all scores of its text, so when "
        "a word goes, the others share what it had; orange marks words that were edited."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.download_button(
            "Words before and after (CSV)",
            to_csv(edit.table()),
            file_name="gaf-edit.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        choose_format()


def _offer(parts: list[str]) -> None:
    """Fill the edited text with a proposal, unless somebody wrote something of their own."""
    for key, part in zip(_KEYS, parts, strict=False):
        offered = st.session_state.setdefault(_OFFERED, {})
        known = st.session_state.get(key, st.query_params.get(key))
        if known is None or known == offered.get(key):
            st.session_state[key] = offered[key] = part


def _set(parts: list[str]) -> None:
    st.session_state.update(zip(_KEYS, parts, strict=False))


def _drop(originals: list[str]) -> None:
    if stretch := st.session_state[_DROPPED]:
        _set(_without(originals, stretch))


def _droppable(explanation: Explanation) -> list[tuple[int, int]]:
    words = group_words(explanation.trace)
    stretches = zip(words.start.tolist(), words.end.tolist(), strict=True)
    return [(start, end) for start, end in stretches if start < end][:_MOST_WORDS]


def _without_strongest(explanation: Explanation, originals: list[str]) -> list[str]:
    words = group_words(explanation.trace)
    scores = word_scores(words, explanation.scores)
    letters = np.array([any(map(str.isalnum, text)) for text in words.text])
    candidates = np.flatnonzero(letters & (words.start < words.end))
    if not candidates.size:
        return originals
    strongest = candidates[scores[candidates].argmax()]
    return _without(originals, (int(words.start[strongest]), int(words.end[strongest])))


def _without(originals: list[str], stretch: tuple[int, int]) -> list[str]:
    """The texts without a stretch of their joined text, and one space less."""
    parts, first = [], 0
    for original in originals:
        start, end = (place - first for place in stretch)
        first += len(original) + 1
        if 0 <= start < len(original):
            before, after = original[:start], original[end:]
            spaced = before.endswith(" ") or not before
            parts.append(before + (after.removeprefix(" ") if spaced else after))
        else:
            parts.append(original)
    return parts


def _show_prediction(before: Explanation, after: Explanation) -> None:
    target = before.trace.target
    first, second = (one.trace for one in (before, after))
    probable, numbers = first.output.has_probabilities, []
    if probable and target.against is None:
        old, new = (float(one.probabilities[one.target.index]) for one in (first, second))
        numbers.append(("Probability of", old, new, ".1%"))
    old, new = (_logit(one, one.target) for one in (first, second))
    numbers.append(("Logit of" if probable else "Value of", old, new, ".3f"))
    flow = "Flow value for" if before.depths is None else "Flow through the whole range for"
    numbers.append((flow, before.solution.value, after.solution.value, ".4g"))
    with st.container(horizontal=True, key="certificate"):
        for label, old, new, form in numbers:
            st.metric(
                f"{label} {literal(target.name)}",
                f"{old:{form}} → {new:{form}}",
                f"{new - old:+{form}}",
                width="content",
            )
    if label_name(first.labels, first.predicted) != label_name(second.labels, second.predicted):
        kind = first.task.kind.noun
        st.info(
            f"The edit changes what the model says. Both explanations are of the {kind} "
            f"“{literal(target.name)}”.",
            icon=":material/swap_horiz:",
        )


def _logit(trace: Trace, target: Target) -> float:
    against = 0.0 if target.against is None else float(trace.logits[target.against])
    return float(trace.logits[target.index]) - against


def _largest_moves(edit: Edit) -> str:
    table = edit.table()
    stayed = table[table["kind"] == SAME]
    moved = stayed.iloc[np.argsort(-stayed["change"].abs().to_numpy(), kind="stable")[:3]]
    named = (
        f"{row.word_after} {row.share_before:.1%} to {row.share_after:.1%}"
        for row in moved.itertuples()
    )
    return f"Among the words that stayed, these moved most: {', '.join(named)}."
