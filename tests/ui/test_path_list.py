"""Paths in the table of the app."""

from benchmarks.handmade import explanation_of
from gaf_core import FlowPath
from gaf_core.ui.explore.paths import path_table
from tests.support.tolerance import assert_close


def test_a_long_stay_at_a_token_is_told_by_its_length():
    explanation = explanation_of("hot cold", layers=6)
    paths = [FlowPath((0, 2, 2, 1, 1, 1, 1), 1.0), FlowPath((0, 1, 2, 2, 2, 3, 1), 0.5)]
    table = path_table(explanation, paths)
    assert table.iloc[:, -1].tolist() == [
        "hot ×4 → cold → cold → [CLS]",
        "hot → [SEP] → cold → cold → cold → hot → [CLS]",
    ]
    value = explanation.solution.value
    assert_close(table["together"], [1.0 / value, 1.5 / value])
