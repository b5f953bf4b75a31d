"""The command line: what it prints and writes, and how it says no."""

import dataclasses
import io
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of
from gaf_core.cli import OUTPUTS, main
from gaf_core.files.terminal import printable, word_lines
from gaf_core.text.clusters import columns
from tests.support.models import save_tiny
from tests.support.patience import HANG

ROOT = Path(__file__).resolve().parents[2]
TEXT = "a good film not bad"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny"), labels=("bad", "so-so", "good")))


@pytest.fixture(scope="module")
def expected(tiny) -> gaf.Explanation:
    return gaf.explain(gaf.load_model(tiny), TEXT, gaf.Settings(layers=(1, 3), target="good"))


def run(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gaf_core", *arguments],
        cwd=ROOT, capture_output=True, encoding="utf-8", timeout=HANG, **options,
    )  # fmt: skip


def refused(capsys, *arguments: str) -> str:
    """The sentence that a command ends with."""
    assert main(arguments) == 2
    out, error = capsys.readouterr()
    assert not out
    assert error.startswith("gaf: ")
    assert error.count("\n") == 1
    return error


def test_a_text_from_a_pipe_is_printed_as_a_table(tiny):
    found = run("explain", "-", "--model", tiny, "--layers", "2-3", input=f"{TEXT}\n")
    assert found.returncode == 0, found.stderr
    assert not found.stderr
    lines = found.stdout.splitlines()
    assert lines[0].startswith("The model says “")
    assert lines[-1].startswith("Proven: flow")
    rows = [re.fullmatch(r"(\S+) +([\d.]+)%.*", line) for line in lines[2:-2]]
    assert [row and row[1] for row in rows] == ["[CLS]", *TEXT.split(), "[SEP]"]
    assert sum(float(row[2]) for row in rows if row) == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_text(tiny, expected, monkeypatch, tmp_path, encoding):
    path = tmp_path / "out.csv"
    piped = io.TextIOWrapper(io.BytesIO(f"{TEXT}\r\n".encode(encoding)))
    monkeypatch.setattr(sys, "stdin", piped)
    asked = ["explain", "-", "--model", tiny, "--layers", "2-3", "--target", "good"]
    assert main([*asked, "--csv", str(path)]) == 0
    assert pd.read_csv(path).token.tolist() == list(expected.tokens)


def test_bytes_that_are_no_text_are_named_with_their_place(tiny, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a caf\xe9")))
    message = refused(capsys, "explain", "-", "--model", tiny)
    assert "Standard input is not UTF-8: the byte 0xE9 at position 5" in message


def test_a_mistake_is_one_sentence(capsys):
    assert refused(capsys, "explain", "good", "--model", "minilm-review") == (
        "gaf: There is no preset called 'minilm-review'. Did you mean 'minilm-reviews'? "
        "Presets: minilm-reviews, smollm2-135m.\n"
    )


def test_every_file_equals_the_explanation(tiny, expected, tmp_path, capsys):
    names = ("report", "json", "csv", "words", "edges", "graphml")
    paths = {name: tmp_path / f"out.{name}" for name in names}
    files = [part for name in names for part in (f"--{name}", str(paths[name]))]
    asked = ["explain", TEXT, "--model", tiny, "--layers", "2-3", "--target", "good"]
    assert main([*asked, *files]) == 0
    out, error = capsys.readouterr()
    assert not out
    assert len(error.splitlines()) == len(names)
    pd.testing.assert_frame_equal(
        pd.read_csv(paths["csv"]), expected.score_table(), check_dtype=False, rtol=1e-15
    )
    edges = pd.read_csv(paths["edges"])
    assert edges.flow.tolist() == expected.edge_table().flow.tolist()
    assert pd.read_csv(paths["words"]).score.sum() == pytest.approx(expected.solution.value)
    content = json.loads(paths["json"].read_text(encoding="utf-8"))
    assert content["model"] == tiny
    assert content["target"]["name"] == "good"
    assert [row["score"] for row in content["tokens"]] == expected.scores.tolist()
    graph = nx.read_graphml(io.BytesIO(paths["graphml"].read_bytes()))
    assert graph.number_of_edges() == expected.network.edge_count
    assert "<th><bdi>called" in paths["report"].read_text(encoding="utf-8")


def test_settings_arrive(tiny, tmp_path):
    path = tmp_path / "out.json"
    contrast = ["--contrast", "good", "#0", "--source", "2", "--variant", "GF", "--epsilon", "1e-4"]
    more = ["--aggregate", "max", "--residual", "half", "--carried", "0.5"]
    assert main(["explain", TEXT, "--model", tiny, "--json", str(path), *contrast, *more]) == 0
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["target"] == {"name": "good against bad", "index": 2, "against": 0}
    settings = content["settings"]
    names = ("variant", "source", "epsilon", "aggregate", "residual")
    assert [settings[name] for name in names] == ["GF", 2, 1e-4, "max", "half"]
    assert content["edges_carried"] == 0.5


def test_a_long_text_is_cut_only_when_asked(tiny, capsys):
    asked = ["explain", "good film " * 40, "--model", tiny]
    assert "82 tokens" in refused(capsys, *asked)
    assert main([*asked, "--truncate"]) == 0


def test_a_file_that_exists_is_kept(tiny, tmp_path, capsys):
    path = tmp_path / "out.csv"
    path.write_text("mine")
    asked = ["explain", TEXT, "--model", tiny, "--csv", str(path)]
    assert "--force" in refused(capsys, *asked)
    assert path.read_text() == "mine"
    assert main([*asked, "--force"]) == 0
    assert path.read_text().startswith("position,token")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--json", "{folder}/none/out.json"], "There is no folder"),
        (["--json", "{folder}"], "is a folder"),
        (["--json", "{folder}/a", "--csv", "{folder}/a"], "same name"),
        (["--json", "/dev/full", "--force"], "cannot be written: no space left"),
        (["--layers", "4"], "is not a range of layers"),
        (["--layers", "0-2"], "Count from 1"),
        (["--layers", "2-9"], "Choose from 1-"),
        (["--source", "first"], "is not a source"),
        (["--source", "99"], "not a position"),
        (["--target", "splendid"], "Choose from"),
        (["--contrast", "good", "good"], "itself"),
        (["--epsilon", "7"], "epsilon"),
        (["--second", "a film"], "pair|two texts|second"),
        (["--edges", "{folder}/edges.csv", "--carried", "2"], "up to 1"),
    ],
)
def test_mistakes_are_sentences(tiny, tmp_path, capsys, arguments, message):
    filled = [argument.format(folder=tmp_path) for argument in arguments]
    assert re.search(message, refused(capsys, "explain", TEXT, "--model", tiny, *filled))


def test_a_text_in_no_encoding_is_refused(tiny, capsys):
    assert "UTF-8" in refused(capsys, "explain", "good \udcff", "--model", tiny)


def test_models_are_listed(capsys):
    assert main(["models"]) == 0
    listed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert set(listed) == set(gaf.PRESETS)
    assert listed["minilm-reviews"] == "installed"
    for name, state in listed.items():
        assert state == "installed" or "pip install" in state, name


def test_a_terminal_shows_what_a_text_says_and_obeys_nothing():
    lines = word_lines(explanation_of("evil\x1b[31m \u202eword 日本語 " + "x" * 90))
    table = "\n".join(lines)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", table)
    assert printable("a\x1bb\u202ec\n") == "a\ufffdb\ufffdc\ufffd"
    before = {columns(line.split("%")[0]) for line in lines[2:-2]}
    assert len(before) == 1, "the shares stand below one another"


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "क्\u200dष",
        "👩\u200d🚀",
        "❤\ufe0f",
        "🏴\U000e0067\U000e007f",
        "\u0600\u0661",
    ],
)
def test_what_shapes_letters_and_emoji_reaches_the_terminal(text):
    assert printable(text) == text
    assert any(line.startswith(text) for line in word_lines(explanation_of(f"a {text} film")))


@pytest.mark.parametrize(
    "acted", ["\x1b", "\u202e", "\u2066", "\u200f", "\ufeff", "\u2028", "\ud800"]
)
def test_what_a_terminal_acts_on_does_not_reach_it(acted):
    assert printable(f"a{acted}b") == "a\ufffdb"
    assert printable("co\u00adop") == "coop"


# Texts and the columns that a terminal gives them, counted by hand.
WIDTHS = {
    "cafe\u0301": 4,
    "日本": 4,
    "👍🏽": 2,
    "👩\u200d🚀": 2,
    "🇩🇪": 2,
    "❤\ufe0f": 2,
    "ก็": 1,
    "می\u200cشود": 5,
    "שָׁלוֹם": 4,
}


def test_columns_line_up_whatever_the_script():
    lines = word_lines(explanation_of(" ".join(WIDTHS)))[2:-2]
    taken = dict(re.findall(r"^(\S+)( *)  [ \d.]{5}%", line)[0] for line in lines)
    width = max(WIDTHS.values()) + 0
    ends = {word: WIDTHS[word] + len(spaces) for word, spaces in taken.items() if word in WIDTHS}
    assert ends.keys() == WIDTHS.keys()
    assert set(ends.values()) == {max(width, len("[CLS]"))}


@pytest.mark.parametrize("cluster", ["क्\u200dष", "e\u0301", "日"])
def test_a_long_word_is_cut_between_characters(cluster):
    (line,) = [row for row in word_lines(explanation_of(cluster * 40)) if "…" in row]
    word = line.split("…")[0]
    assert word
    assert not word.replace(cluster, "")
    assert columns(word) <= 27


def test_the_app_is_streamlits_with_its_options_passed_on(monkeypatch):
    """On this computer alone, unless a later option says otherwise."""
    started = []
    monkeypatch.setattr(sys, "argv", ["gaf"])
    monkeypatch.setattr(runpy, "run_module", lambda *_, **__: started.extend(sys.argv))
    assert main(["app", "--server.port", "8600"]) == 0
    script = str(ROOT / "app.py")
    assert started == [
        "streamlit", "run", script, "--server.address=127.0.0.1", "--server.port", "8600",
    ]  # fmt: skip


def test_options_that_nothing_knows_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["models", "--server.port", "8600"])
    assert "unrecognized arguments: --server.port 8600" in capsys.readouterr().err


GAP = "the old so grey and then [MASK] day"


def test_a_word_of_a_masked_text_and_a_token_are_asked_for(trained, capsys):
    folder = trained("masked word")
    assert main(["explain", GAP, "--model", folder, "--target", "sun"]) == 0
    said = capsys.readouterr().out.splitlines()[0]
    assert said.startswith("The model fills the mask with “rain”, ")
    assert said.endswith("Explained here: why “sun”.")
    tagger = ("--model", trained("tokens"), "--at")
    assert main(["explain", "the old mr anna was", *tagger, "old"]) == 0
    assert capsys.readouterr().out.startswith("The model labels “old” as “O”")
    assert main(["explain", "the old mr anna was", *tagger, "#4"]) == 0
    assert capsys.readouterr().out.startswith("The model labels “anna” as “B-PER”")
    assert "no token 'clara'" in refused(capsys, "explain", "the old", *tagger, "clara")


def test_an_answer_is_explained_by_its_end_and_written(trained, tmp_path, capsys):
    given = ("who was it", "--second", "so delhi a and david and", "--at", "end")
    files = ("--json", str(tmp_path / "a.json"), "--report", str(tmp_path / "a.html"))
    assert main(["explain", *given, "--model", trained("question answering"), *files]) == 0
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["answer"] | {"probability": None} == {
        "start": 9, "end": 9, "probability": None, "text": "david",
    }  # fmt: skip
    assert content["target"] == {
        "index": 9, "against": None, "name": "end at david", "place": "end",
    }  # fmt: skip
    assert content["task"] == "question answering"
    capsys.readouterr()
    report = (tmp_path / "a.html").read_text()
    assert "The model answers “david”" in report
    assert "as the end of the answer" in report
    assert "so it needs both" in refused(
        capsys, "explain", "who", "--model", trained("question answering")
    )


def test_a_task_is_asked_for(tiny, capsys):
    assert "no task 'ner'" in refused(capsys, "explain", TEXT, "--model", tiny, "--task", "ner")
    assert "random numbers" in refused(
        capsys, "explain", TEXT, "--model", tiny, "--task", "masked word"
    )


def test_a_path_is_printed_with_its_signs(tiny, capsys):
    assert main(["explain", TEXT, "--model", tiny, "--method", "path", "--target", "good"]) == 0
    lines = capsys.readouterr().out.splitlines()
    expected = gaf.explain_signed(
        gaf.load_model(tiny), TEXT, dataclasses.replace(gaf.PATH, target="good")
    )
    shares = expected.word_table().set_index("word")["share"]
    rows = [re.fullmatch(r"(\S+) +([+-][\d.]+)%.*", line) for line in lines]
    found = {row[1]: float(row[2]) for row in rows if row}
    assert list(found) == list(shares.index)
    for word, share in found.items():
        assert share == pytest.approx(100 * shares[word], abs=0.06)
        (line,) = (one for one in lines if one.startswith(f"{word} "))
        assert ("░" in line) == (shares[word] < 0)
    assert any("speaks for good, ░ against it" in line for line in lines)
    assert "The path has 5 points" in lines[-2]
    assert lines[-1].startswith("For the target: ")


def test_every_file_of_a_path_has_both_sides(tiny, tmp_path):
    endings = {"report": "html", "json": "json", "graphml": "graphml"}
    paths = {name: tmp_path / f"{name}.{endings.get(name, 'csv')}" for name in OUTPUTS}
    outputs = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    more = ["--method", "path", "--points", "3", "--baseline", "zero", "--side", "against"]
    assert main(["explain", TEXT, "--model", tiny, *more, *outputs]) == 0
    settings = dataclasses.replace(gaf.PATH, points=3, baseline="zero")
    expected = gaf.explain_signed(gaf.load_model(tiny), TEXT, settings)
    content = json.loads(paths["json"].read_text(encoding="utf-8"))
    assert [row["score"] for row in content["tokens"]] == expected.scores.tolist()
    assert content["settings"]["gradients"] == "path"
    assert content["path"]["points"] == 3
    assert pd.read_csv(paths["csv"]).score.tolist() == expected.scores.tolist()
    edges = pd.read_csv(paths["edges"])
    assert len(edges) == len(expected.edge_table())
    nodes = pd.read_csv(paths["nodes"])
    assert len(nodes) == len(expected.node_table())
    graph = nx.read_graphml(io.BytesIO(paths["graphml"].read_bytes()))
    network = expected.against.network
    ends = int(network.live[[0, -1]].sum())
    assert graph.number_of_edges() == len(network.edges[0]) + ends
    assert "The flow against the target" in paths["report"].read_text(encoding="utf-8")


def test_a_named_method_can_be_changed_in_part(tiny, tmp_path):
    path = tmp_path / "out.json"
    asked = ["explain", TEXT, "--model", tiny, "--json", str(path), "--method", "faithful"]
    assert main([*asked, "--no-depth-average", "--aggregate", "sum"]) == 0
    settings = json.loads(path.read_text(encoding="utf-8"))["settings"]
    faithful = dataclasses.asdict(gaf.FAITHFUL) | {"layers": [0, 3], "heads": None}
    assert settings == faithful | {"depth_average": False, "aggregate": "sum"}


def test_a_mix_of_a_path_that_means_nothing_is_refused(tiny, capsys):
    asked = ["explain", TEXT, "--model", tiny, "--method", "path"]
    assert "units of the logit" in refused(capsys, *asked, "--variant", "GF")
    assert "'points'. Give a whole number" in refused(capsys, *asked, "--points", "1")
