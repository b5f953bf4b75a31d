"""Every kind of bad input gets its sentence, and no exception of another family."""

import pytest

import gaf_core as gaf
from gaf_core.cli import main
from gaf_core.ui.failures import literal
from tests.support.bad_inputs import COMMANDS, LIBRARY, LINKS, MODELS, TEXT
from tests.ui.test_app import messages, opened


@pytest.fixture(scope="module")
def model():
    return gaf.load_model("minilm-reviews")


@pytest.mark.parametrize(("arguments", "error", "said"), LIBRARY, ids=lambda one: repr(one)[:50])
def test_the_library(model, arguments, error, said):
    text, *rest = arguments
    with pytest.raises(gaf.GafError) as told:
        gaf.explain(model, text, gaf.Settings(**(rest[0] if rest else {})))
    assert type(told.value).__name__ == error
    assert said in str(told.value)


@pytest.mark.parametrize(("name", "said"), MODELS, ids=lambda one: repr(one)[:30])
def test_names_of_models(name, said):
    with pytest.raises(gaf.ModelError) as told:
        gaf.load_model(name)
    assert said in str(told.value)


@pytest.mark.parametrize(("arguments", "said"), COMMANDS, ids=lambda one: repr(one)[:60])
def test_the_command_line(arguments, said, capsys):
    try:
        status = main(arguments)
    except SystemExit as ended:  # of argparse
        status = ended.code
    assert status == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(("query", "said"), LINKS, ids=lambda one: repr(one)[:40])
def test_links(query, said):
    app = opened(**{"text": TEXT} | query)
    assert not app.exception
    assert "unexpected" not in messages(app)
    assert said in messages(app) or literal(said) in messages(app)
