"""The benchmarks of the solver: what they count, and their tables at small size."""

import re
from functools import partial

import pytest

import gaf_core as gaf
from benchmarks import convex_solver, long_text, solver_speed, texts
from benchmarks.networks import information
from gaf_core.tracing.encoding import encode


@pytest.mark.parametrize("layers", [3, 4, 12])
def test_flops_of_equal_layers_are_the_known_sum(layers):
    """Of `l + 1` node layers of `n` the first and the last are diagonal, and one is the middle."""
    n = 10
    factors = (layers - 1) * n**3 / 3 + (layers - 2) * n**3 + layers * n**3 + 2 * n**2
    solution = (layers - 1) * 2 * n**2 + 2 * 2 * n + layers * 4 * n**2
    pivots = 2 * n  # the square roots of both diagonals
    assert solver_speed.flops_of_step([n] * (layers + 1)) == pytest.approx(
        factors + solution + pivots
    )


def test_flops_of_a_solve_are_those_of_its_live_part():
    """A layer read from one token is one node wide, whatever the length of the text."""
    network = gaf.FlowNetwork.from_information(information("one row on top", 3, 8, 0))
    widths = network.live.sum(axis=1).tolist()
    assert widths[-1] == 1
    expected = 7 * solver_speed.flops_of_step(widths)
    assert solver_speed.flops_of_solve(network, 7) == expected


def test_a_row_of_the_speed_table_says_what_was_reached():
    model = gaf.load_model("minilm-reviews")
    one_pass = partial(solver_speed.bundled_pass, model, "A lovely film.")
    (row,) = solver_speed.measure("small", one_pass, 1, ["AGF"])
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:3] == ["small", "6", "AGF"]
    assert re.fullmatch(r"\d+ % of \d+", cells[8])
    assert float(cells[7]) > 0
    assert cells[11] == "optimal"


@pytest.mark.parametrize("tokens", [30, 450])
def test_a_long_text_has_nearly_as_many_tokens_as_wanted(tokens):
    model = gaf.load_model("minilm-reviews")
    found = len(encode(model, texts.long_text(model, tokens), truncate=False).tokens)
    assert tokens - 10 < found <= tokens


def test_general_solvers_stand_beside_ours_with_what_they_reached():
    network = gaf.FlowNetwork.from_information(information("attention", 2, 4, 0))
    found = convex_solver.on_one(network, limit=5)
    assert next(iter(found)) == convex_solver.OURS
    for name, outcome in found.items():
        assert outcome.status.startswith("optimal"), name
        assert outcome.value < 1e-2, name
        assert outcome.imbalance < 1e-2, name
    assert found[convex_solver.OURS].score == 0
    assert found["Clarabel"].score < 1e-2
    lines = convex_solver.rows(4, [found, found])
    assert len(lines) == len(found)
    assert "optimal 2" in lines[0]


def test_the_parts_of_a_click_add_up_to_the_whole():
    """Two reruns may follow a click, and a figure of before may arrive late."""
    events = [
        ("model", 1.0, 3.0, 0.0),
        ("flow", 3.0, 5.0, 1.5),
        ("figure", 6.0, 6.5, 0.0),
        ("chart", 6.5, 6.75, 0.0),
        ("figure", 9.0, 9.5, 0.0),
    ]
    found = long_text.parts(events, clicked=0.0, arrived=[0.5, 7.0, 9.9], seen=8.0)
    assert found == {
        "page": 2.0, "model": 2.0, "network": 0.5, "solve": 1.5, "figure": 0.5, "transfer": 0.5,
        "drawing": 1.0,
    }  # fmt: skip
    assert list(found) == list(long_text.PARTS)
    assert "100 %" in long_text.table([found])[-1]
