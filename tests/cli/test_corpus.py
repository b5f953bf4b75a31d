"""Many texts from the command line: rows, progress, Ctrl-C, tables, a report, files."""

import csv
import io
import json
import re
from typing import get_args

import pandas as pd
import pytest

from benchmarks.tiny import random_text
from gaf_core.cli import corpus, corpus_options, main
from gaf_core.cli.progress import Shown, told
from gaf_core.corpus.explaining import Long
from gaf_core.corpus.importance import word_importance
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.results import Results
from gaf_core.corpus.running import Progress
from gaf_core.evaluation import OPERATORS
from tests.support.models import save_tiny

EVIL = "<script>alert(1)</script> good"
FORMULA = "=1+1 bad film"


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def file(tmp_path):
    lines = [random_text(2 + seed % 6, seed) for seed in range(20)]
    rows = [
        {"id": n, "body": text, "stars": ("positive", "negative")[n % 2]}
        for n, text in enumerate(lines)
    ]
    rows += [
        {"id": 20, "body": EVIL, "stars": "<b>meh</b>"},
        {"id": 20, "body": FORMULA, "stars": ""},
    ]
    rows += [{"id": 22, "body": "", "stars": ""}, {"id": 23, "body": "\x1b[31m film", "stars": ""}]
    path = tmp_path / "reviews.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def asked(file, saved, *more) -> list[str]:
    columns = ["--text", "body", "--label", "stars", "--id", "id", "--part", "4"]
    methods = ["--methods", "relevance,AGF:first_layer=2,residual=half", "--methods", "faithful"]
    out = ["--out", str(file.parent / "run"), "--model", saved]
    return ["corpus", str(file), *columns, *methods, *out, *map(str, more)]


METHODS = ["relevance", "AGF:first_layer=2,residual=half", "faithful"]


def test_a_file_becomes_rows_tables_and_files(file, saved, capsys, tmp_path):
    files = {name: tmp_path / f"out.{name}" for name in ("report", "rows", "words")}
    made = [part for name, path in files.items() for part in (f"--{name}", path)]
    assert main(asked(file, saved, "--summary", "--least", 2, *made)) == 0
    out, error = capsys.readouterr()
    results = Results.of(tmp_path / "run")
    assert results.methods == METHODS
    assert results.rows["position"].nunique() == 23
    # before it begins, while it runs, and at the end
    assert "23 texts in 'reviews.csv'" in error
    assert "having no text: 1 line. Line 24 has no text in the column 'body'." in error
    assert "Called what another text is called: 1 text" in error
    assert re.search(r"23 texts take about .* MB of memory and .* MB in ", error)
    assert re.search(r"23 texts are in '.*run' \(.* MB\), 23 of them explained now", error)
    problems = list(csv.reader((tmp_path / "run" / "problems.csv").open()))
    assert problems == [["line", "reason"], ["24", "has no text in the column 'body'"]]
    # tables
    assert "How often the model is right" in out
    assert "“<b>meh</b>” (1)" in out
    assert re.search(r"faithful +23 +0 +-?0\.\d{3} \[", out)
    assert "relevance minus" in out
    assert "Words that carry" in out
    assert "disagree most" in out
    assert "\x1b" not in out
    words = word_importance(results.scored("relevance"), least=2)
    for name in words["class"].unique():
        top = words[words["class"] == name].nlargest(1, "when_present_low")["word"].item()
        assert re.search(rf"“{name}” .*\n\n.*\n{re.escape(top)} ", out)
    # a report that runs nothing
    html = files["report"].read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;b&gt;meh&lt;/b&gt;" in html
    assert "default-src 'none'" in html
    assert 'href="http://127.0.0.1:8501/explore?model=' in html
    # files that a spreadsheet does not run
    rows = pd.read_csv(files["rows"])
    assert len(rows) == 23 * 3
    assert f"'{FORMULA}" in rows["text"].tolist()
    assert rows["aopc"].notna().all()
    assert set(pd.read_csv(files["words"])["method"]) == set(METHODS)


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(file, saved, capsys, monkeypatch):
    def stop(_self, progress):
        Shown.__call__(shown, progress)
        if progress.texts >= 8:
            raise KeyboardInterrupt

    shown = Shown(lambda _: None, io.StringIO())
    monkeypatch.setattr(corpus, "Shown", lambda *_: type("Stop", (), {
        "__call__": stop, "end": lambda _: None, "last": property(lambda _: shown.last)
    })())  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        main(asked(file, saved))
    assert ended.value.code == 130
    assert "Stopped. 8 of 23 texts are kept" in capsys.readouterr().err
    assert Folder(file.parent / "run").numbers == [0, 1]
    monkeypatch.undo()
    assert main(asked(file, saved)) == 0
    said = capsys.readouterr().err
    assert "15 more texts take about" in said
    assert "23 texts are in" in said
    assert "15 of them explained now" in said
    assert main(asked(file, saved)) == 0
    assert "0 of them explained now" in capsys.readouterr().err


def test_tables_are_made_of_a_folder_later(file, saved, capsys):
    assert main(asked(file, saved, "--removed", "nothing", "--target", "#0")) == 0
    capsys.readouterr()
    folder = str(file.parent / "run")
    assert main(["corpus", folder, "--summary", "--method", "faithful", "--as-written"]) == 0
    out, error = capsys.readouterr()
    assert "Shares of the absolute scores of faithful" in out
    assert "AOPC" not in out
    assert not error
    assert main(["corpus", folder, "--summary", "--order", "mean"]) == 0
    assert "in the order of the mean share" in capsys.readouterr().out


def test_a_column_of_json_lines_and_a_run_on_other_settings(saved, tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"text": random_text(3, n)}) for n in range(3)))
    command = ["corpus", str(path), "--model", saved, "--out", str(tmp_path / "run"), "--methods"]
    assert main([*command, "AF"]) == 0
    assert main([*command, "AF,GF"]) == 0
    capsys.readouterr()
    assert Results.of(tmp_path / "run").rows.groupby("method").size().to_dict() == {
        "AF": 3,
        "GF": 3,
    }
    assert main([*command, "AF", "--removed", "pad"]) == 2
    assert "has perturbation" in capsys.readouterr().err


def refused(capsys, *arguments: str) -> str:
    """The sentence that a command ends with."""
    assert main(arguments) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("gaf: ")
    return last


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--text", "text"], "no column 'text'. Its columns: 'id', 'body', 'stars'"),
        (["--text", "id"], "'id' of 'reviews.csv' holds numbers"),
        (["--methods", "AFG"], "no method “AFG”"),
        (["--methods", "AGF:depth=2"], "no option 'depth'"),
        (["--target", "splendid"], "Choose from"),
        (["--report", "none/report.html"], "no folder 'none'"),
        (["--part", "0"], "A part cannot have 0 texts"),
        (["--threads", "0"], "0 threads"),
        (["--out", "/dev/null/run"], "cannot be written"),
        (["--summary", "--method", "lime"], "Use relevance"),
        (["--engine", "ray", "--address", "127.0.0.1:1"], "at '127.0.0.1:1' cannot be used"),
    ],
)
def test_mistakes_are_sentences(file, saved, capsys, more, message):
    assert message in refused(capsys, *asked(file, saved), *more)


def test_what_is_missing_is_asked_for(file, saved, capsys, tmp_path):
    assert "--out FOLDER" in refused(capsys, "corpus", str(file), "--model", saved)
    assert "no run of texts" in refused(capsys, "corpus", str(tmp_path), "--summary")
    assert "Say what to make of it" in refused(capsys, "corpus", str(tmp_path))
    assert "cannot be read: no such file" in refused(
        capsys, "corpus", "none.csv", "--model", saved, "--out", str(tmp_path / "run")
    )


def test_a_report_that_exists_is_kept(file, saved, capsys, tmp_path):
    (tmp_path / "mine.html").write_text("mine")
    command = [*asked(file, saved), "--report", str(tmp_path / "mine.html")]
    assert "--force" in refused(capsys, *command)
    assert (tmp_path / "mine.html").read_text() == "mine"


def test_choices_are_those_of_the_library():
    assert corpus_options.REMOVED == OPERATORS
    assert get_args(Long) == corpus_options.LONG


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_changes_and_elsewhere_lines_come_now_and_then():
    steps = [Progress(n, 0, 20, float(n)) for n in range(21)]
    terminal, lines = Terminal(), []
    shown = Shown(lines.append, terminal)
    for step in steps:
        shown(step)
    shown.end()
    assert not lines
    assert terminal.getvalue().count("\r") == 21
    assert terminal.getvalue().endswith("\n")
    shown = Shown(lines.append, io.StringIO())
    for step in steps * 3:
        shown(step)
    assert 1 <= len(lines) <= 4


def test_the_time_that_is_left_follows_the_texts_computed_now():
    line = told(Progress(60, 40, 100, 10.0, failures=3, skipped=2, cut=1))
    assert line == "60 of 100 texts, 60%, 2.0 a second, about 20 s left, 1 failed, 2 skipped, 1 cut"
    assert told(Progress(40, 40, 100)) == "40 of 100 texts, 40%"
