"""Labels of any kind: each is chosen, contrasted, exported and printed, and reads as written."""

import json
import re

import pytest

import gaf_core as gaf
from gaf_core.cli import main
from gaf_core.models.labels import as_read, told_apart
from gaf_core.tracing.target import label_name
from tests.support.models import save_tiny

TEXT = "a good film not bad"
LONG = "very " * 60
NAMES = (
    "good",
    "bad",
    "good",
    "می\u200cخواهم",
    "no\u00a0break",
    "<b>bold</b> & $x$ *y* [z](u) :red[r]",
    LONG,
    "👩\u200d🚀",
    "co\u00adop",
    " spaced ",
    "#3",
    "",
)
SHOWN = {0: "good (0)", 2: "good (2)", 6: LONG.strip(), 9: "spaced", 11: "''"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = save_tiny(tmp_path_factory.mktemp("labels"), labels=tuple(map(str, range(len(NAMES)))))
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config |= {"id2label": dict(enumerate(NAMES)), "label2id": {n: i for i, n in enumerate(NAMES)}}
    path.write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return gaf.load_model(folder)


@pytest.mark.parametrize("index", range(len(NAMES)))
def test_each_is_chosen_by_its_name_and_reads_as_written(model, index):
    shown = label_name(model.labels, index)
    assert shown == SHOWN.get(index, NAMES[index])
    for name in (model.labels[index], index, *([shown] if index < 11 else ())):
        target = gaf.trace(model, TEXT, name).target
        assert (target.index, target.name) == (index, shown)


@pytest.mark.parametrize("index", range(1, len(NAMES)))
def test_each_is_contrasted(model, index):
    pair = (model.labels[index], model.labels[0])
    target = gaf.trace(model, TEXT, pair).target
    assert (target.index, target.against) == (index, 0)
    assert target.name == f"{label_name(model.labels, index)} against good (0)"


def test_a_name_that_several_have_is_a_question(model):
    with pytest.raises(
        gaf.TargetError, match=r"'good' is what several .* 'good \(0\)', 'good \(2\)'"
    ):
        gaf.trace(model, TEXT, "good")


@pytest.mark.parametrize("index", range(len(NAMES) - 1))
def test_each_is_asked_for_on_the_command_line(folder, model, tmp_path, index):
    path = tmp_path / "out.json"
    # "#3" is the third label there, as documented, and not the one that is called so
    name = f"#{index}" if NAMES[index].startswith("#") else model.labels[index]
    asked = ["explain", TEXT, "--model", str(folder), f"--target={name}"]
    assert main([*asked, "--json", str(path)]) == 0
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["target"]["index"] == index
    assert content["target"]["name"] == label_name(model.labels, index)
    (row,) = [row for row in content["probabilities"] if row["index"] == index]
    assert row["label"] == model.labels[index]


def test_each_is_printed(folder, capsys):
    assert main(["explain", TEXT, "--model", str(folder), "--target", "می\u200cخواهم"]) == 0
    assert "می\u200cخواهم" in capsys.readouterr().out


def test_what_acts_on_a_page_is_quoted():
    labels = ("a\nb", "\u202eevil", "\x1b[31m", "\u200b")
    names = [label_name(labels, index) for index in range(len(labels))]
    assert names == [r"'a\nb'", r"'\u202eevil'", r"'\x1b[31m'", r"'\u200b'"]


@pytest.mark.parametrize(
    "names",
    [
        ["good", "good", "good (1)"],
        ["good", "good ", "good\u200b", "good\u00a0"],
        ["é", "e\u0301"],
        ["", " ", "\ufeff"],
        ["x (0)", "x", "x", "x (0)"],
    ],
)
def test_names_that_read_the_same_are_told_apart(names):
    apart = told_apart(names)
    assert len(set(map(as_read, apart))) == len(names)
    for index, name in enumerate(apart):
        assert re.fullmatch(rf".*\({index}\)|{re.escape(names[index])}", name)


def test_names_that_differ_stay_as_they_are():
    assert told_apart(["Good", "good", "goods"]) == ("Good", "good", "goods")
