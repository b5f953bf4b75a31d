"""Links that are changed say what was changed."""

import pytest

from gaf_core.ui.failures import literal
from tests.support.models import save_tiny
from tests.ui.test_app import messages, opened
from tests.ui.test_app_compare import compared as chosen
from tests.ui.test_app_compare import opened as compared


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny")))


def test_too_many_methods(tiny):
    many = [f"random:seed={number}" for number in range(1, 71)]
    app = compared(tiny, methods=many)
    assert "asks to compare 70 methods" in messages(app)
    assert len(chosen(app)) == 64


def test_layers_the_wrong_way_round(tiny):
    app = opened(model=tiny, text="a good film", layers=["3", "2"])
    assert "names layers 3 to 2" in messages(app)
    assert app.slider(key="layers").value == (2, 3)
    assert "names layers" not in messages(app.run())


def test_a_device_that_is_not_there(tiny):
    app = opened(model=tiny, text="a good film", device="cuda:7")
    assert f"asks for device “{literal('cuda:7')}”" in messages(app)


@pytest.mark.parametrize("name", ["~nobody/x", "a\0b", "owner/na\0me", "x" * 5000, "~"])
def test_names_that_no_file_can_have(name):
    app = opened(model=name, text="Good.")
    assert not app.exception
    assert "unexpected" not in messages(app)
    assert messages(app)


def test_two_texts_that_are_cut_to_the_same_beginning(tiny):
    from tests.ui.test_app_edit import opened as edited

    text = "a good film " * 12
    app = edited(model=tiny, text=text, edited=f"{text} bad", truncate="true")
    assert "what may differ was cut off" in messages(app)
