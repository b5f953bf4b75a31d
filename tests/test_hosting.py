"""The switch for an app that others reach, and its limits."""

import pytest

from gaf_core.cli import main
from gaf_core.errors import GafError, SettingsError, TextError
from gaf_core.hosting import CHARACTERS, Limits, limits


def test_without_the_switch_everything_is_open_but_texts_that_nobody_reads():
    for switch in ({}, {"GAF_HOSTED": "0"}, {"GAF_HOSTED": "", "GAF_MAX_TOKENS": "no number"}):
        assert limits(switch) == Limits(characters=CHARACTERS)


def test_the_switch_limits_everything():
    found = limits({"GAF_HOSTED": " True "})
    assert found.hosted
    assert not found.models
    assert None not in (found.tokens, found.samples, found.jobs, found.texts, found.visitors)
    assert found.characters < CHARACTERS


def test_every_limit_and_the_models_can_be_named():
    names = ("CHARACTERS", "TOKENS", "SAMPLES", "JOBS", "TEXTS", "VISITORS")
    asked = {f"GAF_MAX_{name}": str(number) for number, name in enumerate(names, start=501)}
    models = "owner/one, mine = /models/my=model ,"
    found = limits({"GAF_HOSTED": "1", "GAF_MODELS": models, **asked})
    assert [getattr(found, name.lower()) for name in names] == [501, 502, 503, 504, 505, 506]
    assert dict(found.models) == {"owner/one": "owner/one", "mine": "/models/my=model"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GAF_HOSTED", "maybe"), ("GAF_MAX_TOKENS", "0"), ("GAF_MAX_TOKENS", "-3"),
        ("GAF_MAX_JOBS", "1.5"), ("GAF_MAX_VISITORS", "many"), ("GAF_MAX_SAMPLES", "١٢"),
        ("GAF_MAX_SAMPLES", "499"),
        ("GAF_MODELS", "=/models/a"), ("GAF_MODELS", "mine="),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(name, value):
    with pytest.raises(SettingsError, match=name) as told:
        limits({"GAF_HOSTED": "1", name: value})
    assert value in str(told.value)


def test_the_command_says_it_before_it_starts(monkeypatch, capsys):
    monkeypatch.setenv("GAF_HOSTED", "0")  # put back after the test, whatever the command sets
    monkeypatch.setenv("GAF_MAX_JOBS", "few")
    assert main(["app", "--hosted"]) == 2
    assert "GAF_MAX_JOBS" in capsys.readouterr().err


def test_a_text_and_the_options_of_a_method_are_checked():
    held = Limits(characters=10, samples=100)
    held.check_text("0123456789")
    held.check_options({"samples": 100, "seed": 1_000_000, "steps": 50})
    for check in (
        lambda: held.check_text("01234567890"),
        lambda: held.check_text(("a", "01234567890")),
        lambda: held.check_options({"samples": 101}),
        lambda: held.check_options({"steps": 1000}),
    ):
        with pytest.raises(GafError, match=r"1[01]"):
            check()
    with pytest.raises(TextError, match="1,000,000 characters"):
        Limits().check_text("a" * 1_000_000)
