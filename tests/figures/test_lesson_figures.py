"""Figures of the lesson: widths to scale, frames that show their own flow, tables in numbers."""

import json

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.figures.lesson import attention_table, path_figure, product_table
from gaf_core.figures.pipes import pipes_figure, pipes_frames
from gaf_core.figures.stops import stop_figure
from gaf_core.lesson.answers import path_of
from gaf_core.lesson.cells import cell_of
from gaf_core.lesson.lesson import Lesson, lesson_settings
from gaf_core.lesson.presets import PRESETS, TWO, random_toy
from gaf_core.lesson.solved import solve_toy
from gaf_core.lesson.stops import STOPS
from gaf_core.lesson.toy import MOST_LAYERS, MOST_TOKENS, Toy
from gaf_core.picture.pipes import WIDEST, PipesPicture, Shown, edge_from
from tests.support.tolerance import assert_close


@pytest.fixture(scope="module")
def explanation() -> gaf.Explanation:
    model = gaf.load_model("minilm-reviews")
    return gaf.explain(model, "A lovely <b>film</b>, 100 % superb.", lesson_settings(6))


@pytest.mark.parametrize("seed", range(8))
def test_pipes_are_to_scale_and_what_is_clicked_names_the_pipe(seed):
    solved = solve_toy(random_toy(seed))
    picture = PipesPicture.of(solved, Shown(solved.solution.edge_flow, cut=True))
    scale = WIDEST / solved.toy.tensor.max()
    live = [pipe for pipe in picture.pipes if not pipe.dead]
    capacities = [solved.toy.capacity(pipe.edge) for pipe in live]
    assert_close([pipe.capacity for pipe in live], scale * np.array(capacities))
    flows = [solved.solution.edge_flow[pipe.edge] for pipe in live]
    assert_close([pipe.flow for pipe in live], scale * np.array(flows), size=WIDEST)
    assert {pipe.edge for pipe in picture.pipes if pipe.on_cut} == set(solved.cut)
    assert all(pipe.full for pipe in picture.pipes if pipe.on_cut)
    assert {pipe.edge for pipe in picture.pipes if pipe.dead} == set(solved.dead)
    for flow, capacity in (pipe.label.split("/") for pipe in live if pipe.label):
        assert float(flow) <= float(capacity)
    marks = next(one for one in pipes_figure(solved).data if one.name == "pipes")
    assert [edge_from(one[0]) for one in marks.customdata] == solved.toy.edges


@pytest.mark.parametrize("text", [None, "", "1.2", "1.2.x", "²·1.1", "1.2.3.4"])
def test_what_names_no_pipe_is_none(text):
    assert edge_from(text) is None


def test_a_frame_shows_what_a_figure_of_its_own_flow_shows():
    solved = solve_toy(PRESETS[TWO]())
    path = path_of(solved.network)
    assert path.flows is not None
    shown = [Shown(flow, intervals=True) for flow in path.flows]
    labels = [str(step) for step in range(len(shown))]
    figure = pipes_frames(solved, shown, labels, "step ", at=0)
    for frame, moment in zip(figure.frames, shown, strict=True):
        own = pipes_figure(solved, moment).data
        for index, changed in zip(frame.traces, frame.data, strict=True):
            for key, value in changed.to_plotly_json().items():
                if key == "type":
                    continue
                expected = own[index].to_plotly_json()[key]
                same = {name: expected[name] for name in value} if key == "line" else expected
                assert json.dumps(value, default=list) == json.dumps(same, default=list), key
    unchanged = set(range(len(figure.data))) - set(figure.frames[0].traces)
    first, last = (pipes_figure(solved, shown[at]).data for at in (0, -1))
    assert all(first[index] == last[index] for index in unchanged)


def test_the_largest_toy_is_a_small_figure():
    full = np.ones((MOST_LAYERS, MOST_TOKENS, MOST_TOKENS))
    solved = solve_toy(Toy.of(list("abcdef"), full.tolist()))
    flow = solved.solution.edge_flow
    figure = pipes_frames(solved, [Shown(flow)] * 25, [""] * 25, "")
    assert len(figure.to_json()) < 1e6


def test_tables_have_the_numbers_of_the_trace(explanation):
    cell = cell_of(explanation)
    table = attention_table(cell).data[0]
    row = [float(text or 0) for text in table.text[cell.columns.index(cell.query)]]
    assert sum(row) == pytest.approx(1.0, abs=0.0006 * len(row)), "three digits each"
    product = product_table(cell).data[0]
    assert len(product.text) == 5
    assert "<b>film" not in json.dumps(attention_table(cell).to_plotly_json(), default=list)


def test_a_path_of_a_text_marks_the_step(explanation):
    path = path_of(explanation.network, flows=False)
    figure = path_figure(path, explanation.written, at=3)
    assert figure.layout.shapes[0].x0 == pytest.approx(np.log10(path.mus[3] / path.values[-1]))


@pytest.mark.parametrize("sliders", [False, True])
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.id)
def test_every_stop_has_a_figure_also_of_a_toy_in_which_nothing_flows(explanation, stop, sliders):
    closed = Toy.of(["a", "b"], [[[1, 0], [0, 0]], [[0, 0], [0, 1]]])
    for toy in (PRESETS[TWO](), closed, Toy.of(["a"], [[[0]]])):
        figure = stop_figure(stop, Lesson(explanation, toy), sliders=sliders)
        assert figure.layout.height > 100
