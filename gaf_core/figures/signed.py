"""Bars of signed scores: to the right what speaks for the target, to the left what against it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gaf_core.figures.compare import entry_bars
from gaf_core.signed import SignedExplanation
from gaf_core.text.words import group_words, word_scores


def signed_bars(
    explanation: SignedExplanation,
    *,
    by_words: bool = False,
    show_special: bool = True,
    limit: int = 25,
) -> go.Figure:
    """The tokens or words by falling score, each with its share of both flows in %.

    Args:
        explanation: whose scores.
        by_words: draw words, each with the sum over its tokens.
        show_special: draw special tokens too.
        limit: bars drawn: those with the largest absolute scores.
    """
    shares, texts, special = explanation.shares, explanation.written, explanation.trace.special
    if by_words:
        words = group_words(explanation.trace)
        shares, texts, special = word_scores(words, shares), words.text, words.special
    kept = np.flatnonzero(~special | show_special)
    figure = entry_bars(tuple(texts[index] for index in kept), 100 * shares[kept], limit)
    bars = figure.data[0]
    return figure.update_traces(
        text=[f"{share:+.1f} %" for share in bars.x],
        hovertemplate=f"<b>%{{customdata}}</b><br>%{{x:+.3g}} % {explanation.share_of}"
        "<extra></extra>",
    )
