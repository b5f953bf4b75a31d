"""The tables of the benchmark: which sentences, which settings, how the lines read."""

import numpy as np
import pandas as pd

import gaf_core as gaf
from benchmarks import faithfulness
from gaf_core.bootstrap import MEASURES
from tools import reviews


def rows_of(values):
    """Rows of methods whose measures are all one number a sentence, or None for a failure."""
    return pd.DataFrame(
        [
            {"text": text, "method": name, "trace_seconds": 0.01}
            | {"failure": "It | breaks." if value is None else None}
            | dict.fromkeys(MEASURES, np.nan if value is None else value)
            for name, of in values.items()
            for text, value in enumerate(of)
        ]
    )


ROWS = rows_of({"weak": [0.1, 0.2], "strong": [0.5, 0.6], "broken": [None, None]})


def test_the_sentences_are_held_out_and_the_same_every_time():
    drawn = faithfulness.sentences("test", 300)
    assert len(drawn) == 300
    assert drawn[:60] == faithfulness.sentences("test", 60), "slow methods see the first of them"
    held_out = {review.text for review in reviews.read_split("test")}
    assert set(drawn) <= held_out
    used = {r.text for split in ("train", "validation") for r in reviews.read_split(split)}
    assert not set(drawn) & used


def test_every_method_is_measured_and_baselines_match_the_removal():
    entries = {entry.method: entry.options for entry in faithfulness.method_entries("pad")}
    assert set(entries) == set(gaf.METHODS)
    assert entries["integrated_gradients"] == {"baseline": "pad"}
    assert entries["AGF"] == {}


def test_depths_are_the_last_layers():
    entries = {entry.label: entry for entry in faithfulness.depth_entries(6)}
    assert entries["GF, last layer"].options == {"first_layer": 6}
    assert entries["AGF, last 3 layers"].options == {"first_layer": 4}
    assert len(entries) == 9
    for entry in entries.values():
        gaf.METHODS[entry.method].settings(**entry.options)


def test_the_best_comes_first_and_a_failure_is_said():
    lines = faithfulness.table(ROWS)
    assert lines[2].startswith("| strong | 2 | 0.550 [0.500, 0.600] | 0.55 [0.50, 0.60] |")
    assert lines[3].startswith("| weak | 2 | 0.150 [0.100, 0.200] |")
    assert lines[4] == "| broken | 0, 2 failed |  |  |  |  |  |"
    assert len({line.count("|") for line in lines}) == 1
    assert list(faithfulness.failures(ROWS)) == ["- broken: It | breaks."]
    against = faithfulness.against_best(ROWS)
    assert against[0] == "The best by AOPC is strong."
    assert against[-1] == "| weak | -0.400 [-0.400, -0.400] | 2 |"
    assert faithfulness.against_best(ROWS[ROWS["method"] == "broken"]) == []
