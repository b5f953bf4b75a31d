"""Two shares of every word, before and after an edit or by two models, as a dumbbell a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from gaf_core.figures.common import CLEAR, NARROW
from gaf_core.picture.colours import ACCENT, HIGHLIGHT, NEUTRAL
from gaf_core.picture.labels import literal, shortened
from gaf_core.text.edits import DELETED, INSERTED, SAME, Edit, Pairing

_ROW = 24  # pixels


def change_chart(edit: Edit, *, show_special: bool = True, limit: int = 40) -> go.Figure:
    """Each word's share in the first (hollow) and the second (filled), in the order of reading.

    Args:
        edit: two texts, or two readings of one, aligned.
        show_special: also the tokens that the tokenizer adds.
        limit: rows drawn; of a longer text those that were edited or changed most.
    """
    rows = [pairing for pairing in edit.pairings if show_special or not _special(edit, pairing)]
    rows = _strongest(edit, rows, limit)
    places = list(range(len(rows)))
    before = [_share(edit, pairing, 0) for pairing in rows]
    after = [_share(edit, pairing, 1) for pairing in rows]
    figure = go.Figure()
    joined = [place for place in places if not np.isnan(before[place] + after[place])]
    figure.add_scatter(
        mode="lines", hoverinfo="skip", showlegend=False, line={"color": NEUTRAL, "width": 3},
        x=[end for place in joined for end in (before[place], after[place], None)],
        y=[end for place in joined for end in (place, place, None)],
    )  # fmt: skip
    for name, shares, symbol, colour in (
        (literal(edit.names[0]), before, "circle-open", NEUTRAL),
        (literal(edit.names[1]), after, "circle", ACCENT),
    ):
        figure.add_scatter(
            mode="markers", name=name, x=shares, y=places,
            marker={
                "symbol": symbol, "size": 11, "line": {"width": 2},
                "color": [colour if row.kind == SAME else HIGHLIGHT for row in rows],
            },
            customdata=[_hover(edit, pairing) for pairing in rows],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title="share of all scores", tickformat=".0%", rangemode="tozero", zeroline=False,
        fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=places, ticktext=[_label(edit, pairing) for pairing in rows], ticks="",
        range=[len(rows) - 0.5, -0.5], zeroline=False, fixedrange=True, automargin=True,
    )  # fmt: skip
    return figure.update_layout(
        CLEAR,
        height=_ROW * len(rows) + 110,
        margin=NARROW,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
    )


def _strongest(edit: Edit, rows: Sequence[Pairing], limit: int) -> list[Pairing]:
    if len(rows) <= limit:
        return list(rows)

    def moved(pairing: Pairing) -> float:
        before, after = np.nan_to_num([_share(edit, pairing, side) for side in (0, 1)])
        return abs(after - before) + (pairing.kind != SAME)

    kept = sorted(range(len(rows)), key=lambda row: -moved(rows[row]))[:limit]
    return [rows[row] for row in sorted(kept)]


def _special(edit: Edit, pairing: Pairing) -> bool:
    side = 0 if pairing.before is not None else 1
    index = pairing.before if side == 0 else pairing.after
    return bool(edit.words[side].special[index])


def _share(edit: Edit, pairing: Pairing, side: int) -> float:
    index = (pairing.before, pairing.after)[side]
    return float("nan") if index is None else float(edit.shares[side][index])


def _label(edit: Edit, pairing: Pairing) -> str:
    before, after = (
        None if index is None else shortened(words.text[index], 14)
        for words, index in zip(edit.words, (pairing.before, pairing.after), strict=True)
    )
    if pairing.kind == SAME:
        return after or ""
    if pairing.kind == DELETED:
        return f"− {before}"
    return f"+ {after}" if pairing.kind == INSERTED else f"{before} → {after}"


def _hover(edit: Edit, pairing: Pairing) -> str:
    lines = [f"<b>{_label(edit, pairing)}</b>"]
    for side, (name, index) in enumerate(
        zip(edit.names, (pairing.before, pairing.after), strict=True)
    ):
        if index is not None:
            word = literal(edit.words[side].text[index])
            share, score = edit.shares[side][index], edit.scores[side][index]
            lines.append(f"{literal(name)} “{word}”: {share:.1%}, score {score:.4g}")
    return "<br>".join(lines)
