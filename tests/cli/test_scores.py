"""An explanation beside scores from elsewhere on the command line."""

import re

import pytest

import gaf_core as gaf
from gaf_core.cli import main
from gaf_core.files.side_by_side import OURS, beside, comparison_lines
from tests.support.models import save_tiny

TEXT = "a good films not bad"
WIDE = "word,mine,\x1b[31mred\n" + "".join(f"{w},{i},{-i}\n" for i, w in enumerate(TEXT.split()))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(WIDE, encoding="utf-8")
    return path


def test_scores_are_measured_beside_the_explanation(tiny, file, capsys):
    assert main(["explain", TEXT, "--model", tiny, "--scores", str(file)]) == 0
    said = capsys.readouterr().out
    assert "Proven" in said
    assert "\x1b" not in said, "a terminal is told nothing"
    rows = {
        line[: line.index("  ")]: [float(n) for n in re.findall(r"-?\d+\.\d{3}", line)]
        for line in said.splitlines()
        if line.startswith((OURS, "mine (given)"))
    }
    model = gaf.load_model(tiny)
    explanation = gaf.explain(model, TEXT)
    (mine, _) = gaf.read_scores(file, explanation.trace)
    for name, scores in ((OURS, explanation.scores), ("mine (given)", mine.scores)):
        aopc = gaf.evaluate(model, explanation.trace, scores).aopc
        assert rows[name][0] == pytest.approx(aopc, abs=6e-4), "three digits are printed"
    assert rows[OURS][-1] == 1.0


def test_with_a_file_to_write_the_words_are_not_printed(tiny, file, tmp_path, capsys):
    arguments = ["explain", TEXT, "--model", tiny, "--scores", str(file)]
    assert main([*arguments, "--csv", str(tmp_path / "out.csv")]) == 0
    said = capsys.readouterr().out
    assert OURS in said
    assert "Proven" not in said


def test_scores_of_another_text_and_two_of_one_name(tiny, file, tmp_path, capsys):
    assert main(["explain", "a bad films", "--model", tiny, "--scores", str(file)]) == 2
    said = capsys.readouterr()
    assert "Row 2 of “mine” is “good”" in said.err
    assert not said.out
    other = tmp_path / "other.csv"
    other.write_text(WIDE, encoding="utf-8")
    arguments = ["explain", TEXT, "--model", tiny, "--scores", str(file), "--scores", str(other)]
    assert main(arguments) == 2
    assert "Two files have a method called “mine”" in capsys.readouterr().err


def test_a_model_of_values_has_no_log_odds(tmp_path, file):
    model = gaf.load_model(save_tiny(tmp_path, labels=("stars",)))
    explanation = gaf.explain(model, TEXT)
    lines = comparison_lines(beside(model, explanation, [gaf.GivenFile.read(file)]))
    assert all("–" in line for line in lines[1:4])
