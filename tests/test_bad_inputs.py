"""Every kind of bad input gets its sentence, and no exception of another family."""

import io
import pickle
import re
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core import evaluation, flow
from gaf_core.cli import main
from gaf_core.errors import brief
from gaf_core.evaluation.rows import RowStore
from gaf_core.files import exports, graphml
from gaf_core.files.report import to_html
from gaf_core.hosting import limits
from gaf_core.ui.failures import literal
from tests.support.bad_inputs.calls import CALLS
from tests.support.bad_inputs.commands import COMMANDS, ENVIRONMENTS
from tests.support.bad_inputs.files import ROWS, TEXTS, UNREADABLE, WEIGHTS
from tests.support.bad_inputs.folders import FOLDERS
from tests.support.bad_inputs.links import CODES, LINKS, TOGETHER, UNKNOWN
from tests.support.bad_inputs.settings import MODELS, SETTINGS, TEXT
from tests.support.models import save_tiny
from tests.ui.test_app import html_of, messages, opened
from tests.ui.test_app_compare import opened_at_once, settled
from tests.ui.test_app_edit import opened as edited


def short(one: object) -> str:
    """A name that is the same in every process: without the place of a function in memory."""
    return re.sub(r" at 0x[0-9a-f]*|\.<locals>", "", brief(one, ascii))[:60]


def only_once(table: list) -> list:
    assert len(set(map(pickle.dumps, table))) == len(table), "a row stands here twice"
    return table


def test_there_are_300_and_more():
    tables = (
        SETTINGS, MODELS, CALLS, COMMANDS, ENVIRONMENTS, LINKS, CODES, *UNKNOWN.values(), FOLDERS,
        ROWS, UNREADABLE, TEXTS, WEIGHTS,
    )  # fmt: skip
    assert sum(map(len, tables)) > 300


@pytest.fixture(scope="module")
def model():
    return gaf.load_model("minilm-reviews")


@pytest.fixture(scope="module")
def here(model) -> dict[str, object]:
    """What the calls of the table are written with."""
    trace = gaf.trace(model, TEXT)
    tokens = len(trace.tokens)
    return {
        "gaf": gaf, "np": np, "evaluation": evaluation, "flow": flow, "to_html": to_html,
        "exports": SimpleNamespace(
            to_json=exports.to_json, edge_table=exports.edge_table,
            to_graphml=graphml.to_graphml,
        ),
        "TEXT": TEXT, "model": model, "trace": trace, "t": tokens,
        "explanation": gaf.explain_trace(trace, gaf.Settings(layers=(3, 6))),
        "network": gaf.FlowNetwork.from_information(np.ones((2, 3, 3))),
        "score": np.ones((trace.layers, tokens, tokens)),
    }  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "said"), only_once(SETTINGS), ids=short)
def test_settings_and_texts(model, arguments, error, said):
    text, *rest = arguments
    with pytest.raises(gaf.GafError) as told:
        gaf.explain(model, text, gaf.Settings(**(rest[0] if rest else {})))
    assert type(told.value).__name__ == error
    assert said in str(told.value)
    assert len(str(told.value)) < 1000


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("call", "error", "said"), only_once(CALLS), ids=short)
def test_calls_of_the_library(here, call, error, said):
    with pytest.raises(gaf.GafError) as told:
        eval(call, dict(here))
    assert type(told.value).__name__ == error
    assert said in str(told.value)


@pytest.mark.parametrize(("name", "said"), only_once(MODELS), ids=short)
def test_names_of_models(name, said):
    with pytest.raises(gaf.ModelError) as told:
        gaf.load_model(name)
    assert said in str(told.value)
    assert len(str(told.value)) < 1000


@pytest.mark.parametrize(("arguments", "said"), only_once(COMMANDS), ids=short)
def test_the_command_line(arguments, said, tmp_path, capsys):
    (tmp_path / "file").write_text("content")
    try:
        status = main([one.replace("{folder}", str(tmp_path)) for one in arguments])
    except SystemExit as ended:  # of argparse
        status = ended.code
    assert status == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["file"], "nothing is written"


@pytest.mark.parametrize(("environment", "said"), only_once(ENVIRONMENTS), ids=short)
def test_the_environment_of_a_host(environment, said):
    with pytest.raises(gaf.SettingsError) as told:
        limits(environment)
    assert said in str(told.value)


@pytest.mark.parametrize(("page", "query", "said"), only_once(LINKS), ids=short)
def test_links(page, query, said):
    query = {"text": TEXT} | query
    match page:
        case "explore":
            app = opened(**query)
        case "compare":
            app = opened_at_once("minilm-reviews", **query)
        case _:
            app = edited(**query)
    told = messages(app)
    if page == "compare":  # what a method cannot do is said once it has tried
        told += messages(settled(app))
    assert not app.exception
    assert "unexpected" not in told
    assert said in told or literal(said) in told
    assert "<script" not in html_of(app)
    assert len(told) < 3000


@pytest.mark.parametrize("query", TOGETHER, ids=lambda one: f"{len(one)} parameters")
def test_values_of_a_link_that_do_not_exist(query):
    app = opened(text=TEXT, **query)
    assert not app.exception
    for key, value in query.items():
        told = f"asks for {key} “{literal(brief(value))}”, which does not exist here"
        assert told in messages(app)
    assert "<script" not in html_of(app)


def test_codes_of_methods_that_mean_nothing():
    app = opened_at_once("minilm-reviews", methods=[*(code for code, _ in CODES), "AF"])
    assert not app.exception
    said = [one.value for one in app.warning]
    for code, why in CODES:
        told = literal(f"compare “{brief(code)}”, which is left out. ")
        assert any(told in one and literal(why) in one for one in said), code
    assert max(map(len, said)) < 1000
    settled(app)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("good") / "model")


@pytest.mark.parametrize(("name", "change", "said"), FOLDERS, ids=lambda one: short(one)[:40])
def test_folders(good, tmp_path, monkeypatch, name, change, said):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = shutil.copytree(good, tmp_path / "model")
    change(folder)
    with pytest.raises(gaf.ModelError) as told:
        gaf.load_model(folder)
    assert said in str(told.value), name


@pytest.mark.parametrize("content", only_once(ROWS), ids=short)
def test_files_that_hold_no_rows(tmp_path, content):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(content)
    with pytest.raises(gaf.SettingsError, match="holds no rows of a benchmark"):
        RowStore(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("content", only_once(UNREADABLE), ids=short)
def test_files_of_rows_that_cannot_be_read(tmp_path, content):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(content)
    with pytest.raises(gaf.SettingsError, match="it is not text"):
        RowStore(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize(("content", "said"), only_once(TEXTS), ids=short)
def test_files_of_text(content, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert main(["explain", "-"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(("name", "content", "said"), only_once(WEIGHTS), ids=short)
def test_files_of_weights(tmp_path, monkeypatch, name, content, said):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(gaf.ModelError) as told:
        gaf.load_model(file)
    assert said in str(told.value)
