"""A setting has one place: what is added there is seen everywhere, and in the key of a trace."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import gaf_core as gaf
from gaf_core.settings import INGREDIENTS, SETTINGS, trace_key
from tests.support.models import save_tiny
from tests.support.patience import HANG

PACKAGE = Path(gaf.__file__).parent
LAST = "    def __post_init__(self)"
ADDED = """\
    flavour: Literal["plain", "spicy"] = field(
        default="plain",
        metadata=_told(
            stage="trace",
            title="Flavour",
            help="How it tastes.",
            notes={"plain": _PAPER, "spicy": "extension: with pepper"},
        ),
    )

"""
SEEN = '''
import contextlib, io
from streamlit.testing.v1 import AppTest
from gaf_core import METHODS, Settings, cli
from gaf_core.settings import trace_key
from gaf_core.ui.ingredients import known_ingredients

shown = io.StringIO()
with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
    cli.main(["explain", "--help"])
assert "--flavour {plain,spicy}" in shown.getvalue(), "the command line"
assert known_ingredients()["flavour"] == ["plain", "spicy"], "links"
assert METHODS["AGF"].settings(flavour="spicy")["flavour"] == "spicy", "methods"
assert METHODS["faithful"].settings()["flavour"] == "plain", "methods"
assert trace_key(Settings()) != trace_key(Settings(flavour="spicy")), "the key of a trace"

page = """
from gaf_core.ui.ingredients import choose_ingredients
import streamlit as st
st.session_state.chosen = choose_ingredients()
"""
app = AppTest.from_string(page).run()
assert not app.exception, app.exception
(radio,) = [one for one in app.radio if one.label == "Flavour"]
assert radio.options == ["plain", "spicy"] and radio.help == "How it tastes.", "the sidebar"
assert app.session_state.chosen["flavour"] == "plain"
print("seen everywhere")
'''


def test_a_setting_that_is_added_is_seen_everywhere(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "gaf_core", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "gaf_core" / "settings.py"
    source = path.read_text(encoding="utf-8")
    assert source.count(LAST) == 1
    path.write_text(source.replace(LAST, ADDED + LAST), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", SEEN],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "seen everywhere"


class Watched:
    """Settings that remember what was read of them."""

    def __init__(self, settings: gaf.Settings):
        self._settings, self.read = settings, set()

    @property
    def __class__(self):  # it is taken for settings
        return gaf.Settings

    def __getattr__(self, name: str):
        self.read.add(name)
        return getattr(self._settings, name)


def test_what_a_trace_reads_of_the_settings_is_in_its_key(tmp_path):
    watched = Watched(gaf.Settings())
    gaf.trace_for(gaf.load_model(save_tiny(tmp_path)), "good film", watched)  # type: ignore[arg-type]
    assert watched.read == {name for name, one in SETTINGS.items() if one.stage == "trace"}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"target": 1}, False),
        ({"truncate": True}, False),
        ({"gradients": "frozen"}, False),
        ({"residual": "first order"}, False),
        ({"residual": "half"}, True),  # a matter of the network
        ({"variant": "AF"}, True),
        ({"layers": (0, 2)}, True),
        ({"epsilon": 1e-3}, True),
        ({"depth_average": True}, True),
    ],
)
def test_settings_share_a_trace_where_it_is_the_same(other, same):
    usual = gaf.Settings()
    assert (trace_key(replace(usual, **other)) == trace_key(usual)) is same


@pytest.mark.parametrize("one", INGREDIENTS, ids=lambda one: one.name)
def test_a_value_that_does_not_exist_is_said_with_those_that_do(one):
    if one.others:
        pytest.skip("a position is a source too")
    with pytest.raises(gaf.SettingsError, match=f"'{one.name}'. Choose one of: {one.choices[0]}"):
        gaf.Settings(**{one.name: "no such"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layers", (0.5, 2)), ("layers", "ab"), ("layers", (1, 2, 3)), ("layers", 3),
        ("layers", (True, 2)), ("heads", "ab"), ("heads", (0.5,)), ("heads", 1),
        ("epsilon", "x"), ("epsilon", None), ("epsilon", float("nan")), ("epsilon", True),
        ("target", 1.5), ("target", (0, 1, 2)), ("target", (0, None)), ("target", True),
        ("source", 1.5), ("source", None), ("truncate", "yes"), ("truncate", 1),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_said_with_what_may_be_given(name, value):
    with pytest.raises(gaf.SettingsError, match=f"no value of the setting '{name}'. Give ") as told:
        gaf.Settings(**{name: value})
    assert repr(value) in str(told.value)


def test_numbers_of_numpy_are_numbers():
    import numpy as np

    one, epsilon = np.int64(1), np.float32(1e-3)
    gaf.Settings(layers=(one, 2), heads=(one,), target=one, source=one, epsilon=epsilon)  # type: ignore[arg-type]
