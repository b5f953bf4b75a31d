"""What is drawn of the map of an answer: nothing is lost when rows are joined."""

from dataclasses import replace

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.figures import answer_map_figure
from gaf_core.models.model import Task
from gaf_core.picture.answer_grid import answer_grid
from tests.support.architectures import SUPPORTED, build
from tests.support.tolerance import assert_close, summed

PROMPT, ANSWER = "The Eiffel Tower is in the city of", " Paris and Big Ben is in London."


@pytest.fixture(scope="module")
def found():
    model = build(next(row for row in SUPPORTED if row.model_type == "llama"), Task.NEXT_TOKEN)
    return gaf.answer_map(model, PROMPT, ANSWER, "cat")


@pytest.mark.parametrize("by_words", [True, False])
@pytest.mark.parametrize("limit", [60, 5, 1])
def test_every_column_is_whole_however_many_rows_are_joined(found, by_words, limit):
    grid = answer_grid(found, by_words=by_words, limit=limit)
    whole = answer_grid(found, by_words=by_words)
    assert_close(
        np.nansum(grid.shares, axis=0), np.nansum(whole.shares, axis=0), size=1.0,
        roundings=summed(100),
    )  # fmt: skip
    assert_close(
        np.nansum(grid.shares[: grid.prompt], axis=0),
        np.nansum(whole.shares[: whole.prompt], axis=0),
        size=1.0,
        roundings=summed(100),
    )
    assert len(grid.rows) <= limit + 2
    assert len(grid.rows) == len(grid.shares) == len(grid.texts)
    assert len(grid.columns) == grid.shares.shape[1] == len(grid.parts) == len(grid.names)


def test_parts_name_the_tokens_of_their_column(found):
    grid = answer_grid(found)
    offsets, text = found.encoding.offsets[found.prompt :], found.encoding.text
    for name, (start, stop) in zip(grid.names, grid.parts, strict=True):
        assert text[offsets[start, 0] : offsets[stop - 1, 1]].strip() == name
    assert grid.parts[0][0] == 0
    assert grid.parts[-1][1] == len(found.columns)


def test_a_row_is_blank_until_it_stands_before_the_column(found):
    grid = answer_grid(found, by_words=False)
    blank = np.isnan(grid.shares)
    assert not blank[: grid.prompt].any()
    for number, row in enumerate(range(grid.prompt, len(grid.rows))):
        assert blank[row, : number + 1].all()
        assert not blank[row, number + 1 :].any()


def test_hidden_special_tokens_are_one_row(found):
    special = found.encoding.special.copy()
    special[:2] = True
    marked = replace(found, encoding=replace(found.encoding, special=special))
    grid = answer_grid(marked, by_words=False, show_special=False)
    assert grid.texts[grid.prompt - 1] == "special (2)"
    shown = answer_grid(marked, by_words=False)
    assert_close(grid.shares[grid.prompt - 1], shown.shares[:2].sum(axis=0), size=1.0)


def test_the_figure_shows_cells_shares_and_parts(found):
    grid = answer_grid(found)
    figure = answer_map_figure(grid, chosen=grid.parts[2])
    prompt, answer, points, cells = figure.data
    assert np.array_equal(cells.z, grid.shares, equal_nan=True)
    assert_close(np.add(prompt.y, answer.y), 1.0, roundings=summed(100))
    assert [part for part, _ in points.customdata] == [f"{a}-{b}" for a, b in grid.parts]
    (rect,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (rect.x0, rect.x1) == (1.5, 2.5)
    assert figure.layout.coloraxis.cmin == -figure.layout.coloraxis.cmax, "signed"


def test_a_row_that_dwarfs_all_others_leaves_them_their_colours(found):
    grid = answer_grid(found)
    shares = np.where(np.isfinite(grid.shares), 0.01, np.nan)
    even = answer_map_figure(replace(grid, shares=shares))
    assert even.layout.coloraxis.cmax == 0.01
    assert even.layout.meta["summary"] == ""
    shares = np.tile(shares, (8, 1))
    shares[0] = 0.9
    names = {name: getattr(grid, name) * 8 for name in ("rows", "texts")}
    figure = answer_map_figure(replace(grid, shares=shares, signed=False, **names))
    assert figure.layout.coloraxis.cmax == 0.01
    count = len(grid.columns)
    cells = "the 95th percentile of the cells"
    told = f"Colours end at 1.0%, {cells}; {count} cells go beyond it, up to 90.0%."
    assert figure.layout.meta["summary"] == told
    assert np.array_equal(figure.data[-1].z, shares, equal_nan=True), "drawn as they are"


def test_text_of_a_model_is_literal():
    model = build(next(row for row in SUPPORTED if row.model_type == "llama"), Task.NEXT_TOKEN)
    found = gaf.answer_map(model, PROMPT, " <b>Paris</b>", "AGF")
    figure = answer_map_figure(answer_grid(found, by_words=False))
    shown = [*figure.layout.xaxis.ticktext, *figure.layout.yaxis.ticktext]
    assert any("&lt;" in text for text in shown)
    assert not any("<" in text for text in shown)
