"""The map of an answer in a report: a figure, and a table of it that needs no JavaScript."""

from __future__ import annotations

import numpy as np

from gaf_core.figures import answer_map_figure
from gaf_core.figures.embed import figure_html
from gaf_core.files.page import noted, rows_table
from gaf_core.picture.answer_grid import AnswerGrid, answer_grid
from gaf_core.reading.answer_map import AnswerMap

_STRONGEST = 3  # words of a column in the table


def mapped_html(found: AnswerMap) -> str:
    """The section of a report about a map."""
    grid = answer_grid(found)
    figure = answer_map_figure(grid)
    drawn = figure_html(
        figure,
        "gaf-answer",
        "Map of the answer: a column for each word of it, a row for each word before it.",
        width=max(480, 24 * len(grid.columns) + 160),
    )
    note = (
        f"By {found.method}. The stronger a cell, the more the word of the column rests on the "
        "word of the row; above, how much of each column falls on the prompt and, in grey, on the "
        f"answer before it. {figure.layout.meta['summary']}"
    )
    return drawn + noted(note) + _table(grid)


def _table(grid: AnswerGrid) -> str:
    heads = ("word of the answer", "probability", "share of the prompt", "rests mostly on")
    rows = [
        [name, f"{probability:.2%}", f"{share:.0%}", _strongest(grid, number)]
        for number, (name, probability, share) in enumerate(
            zip(grid.names, grid.probabilities, grid.prompt_shares, strict=True)
        )
    ]
    return rows_table(heads, rows, {1, 2})


def _strongest(grid: AnswerGrid, column: int) -> str:
    shares = np.nan_to_num(grid.shares[:, column])
    order = np.argsort(-np.abs(shares), kind="stable")[:_STRONGEST]
    return ", ".join(f"{grid.texts[row]} {shares[row]:.0%}" for row in order if shares[row])
