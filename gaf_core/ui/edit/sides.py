"""Two explanations side by side, in one scale of colour: of two texts, or by two models."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from gaf_core import Explanation
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.reading.predicted import prediction_sentence
from gaf_core.reading.sentences import certificate_sentence
from gaf_core.text.edits import Edit


def show_sides(
    both: tuple[Explanation, Explanation],
    edit: Edit,
    names: tuple[str, str],
    marked: Callable[[int], list[int]],
    *,
    special: bool,
) -> None:
    """What each predicts, and its text.

    Args:
        both: the two explanations.
        edit: how the scores of their words differ.
        names: what stands above each.
        marked: words that are underlined, of the first (0) and of the second (1).
        special: show special tokens one by one.
    """
    full = max(_strongest(edit, side, special) for side in (0, 1))
    for column, side in zip(st.columns(2, gap="large"), (0, 1), strict=True):
        one = both[side]
        with column:
            st.html(f'<p class="gaf-note">{escape(names[side])}</p>')
            sentence = prediction_sentence(one.trace, lambda text: f"<b>{escape(text)}</b>")
            st.html(f'<p class="gaf-verdict">{sentence}</p>')
            if one.trace.truncated:
                st.info(f"The last {one.trace.truncated:,} tokens were cut off.")
            if not one.certified or one.solution.value <= 0:
                st.warning(certificate_sentence(one), icon=":material/warning:")
            st.html(
                heatmap_html(
                    one.trace,
                    one.scores,
                    by_words=True,
                    show_special=special,
                    marked=marked(side),
                    full=full,
                    of=one.share_of,
                )
            )


def _strongest(edit: Edit, side: int, special: bool) -> float:
    """The largest share of a word that is shown."""
    shown = special | ~edit.words[side].special
    return float(edit.shares[side][shown].max(initial=0.0))
