"""The lesson as a file: every stop with the reader's numbers, stepping, and no request."""

import re
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import expect

import gaf_core as gaf
from gaf_core.files.lesson import lesson_html
from gaf_core.lesson.agreeing import test_of as ask_model
from gaf_core.lesson.lesson import Lesson, lesson_settings
from gaf_core.lesson.presets import PRESETS, TWO
from gaf_core.lesson.stops import STOPS
from gaf_core.lesson.toy import to_link
from gaf_core.lesson.words import said_of
from tests.support.patience import HANG_MS

TEXT = "Tea & <b>milk</b> </script><script>window.hacked=1</script> are lovely"


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    model = gaf.load_model("minilm-reviews")
    explanation = gaf.explain(model, TEXT, lesson_settings(model.layers))
    toy = PRESETS[TWO]().renamed(["<i>one</i>", "two", "three", "four"])
    return Lesson(explanation, toy, ask_model(model, explanation))


@pytest.fixture(scope="module")
def page_text(lesson) -> str:
    return lesson_html(lesson, model="folder <x>")


def visible(html: str) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", body))


def test_it_has_every_stop_with_its_text_and_its_numbers(lesson, page_text):
    shown = visible(page_text)
    for stop in STOPS:
        assert stop.title in shown
        assert stop.text in shown
        assert stop.plain in shown
        assert said_of(stop, lesson) in shown, stop.id
    assert to_link(lesson.toy) in shown
    assert "folder <x>" in shown
    assert "<b>milk</b>" not in page_text


@pytest.mark.browser
def test_it_opens_from_a_disk_and_steps_and_saves(page_text, browser, tmp_path):
    file: Path = tmp_path / "lesson.html"
    file.write_text(page_text, encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(HANG_MS)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{file.as_uri()}#cut")
    for stop in STOPS[3:]:
        expect(page.get_by_role("heading", level=2)).to_have_count(1)
        expect(page.get_by_role("heading", level=2)).to_contain_text(stop.title)
        svg = page.locator(f"#{stop.id} .main-svg").first
        expect(svg).to_be_visible()
        page.keyboard.press("ArrowRight")
    page.goto(f"{file.as_uri()}#middle")
    expect(page.locator("#middle .slider-rail-rect").first).to_be_visible()
    for kind in ("PNG", "SVG"):
        with page.expect_download() as started:
            page.locator("#middle").get_by_role("button", name=f"Save as {kind}").first.click()
        assert started.value.suggested_filename == f"gaf-learn-middle.{kind.lower()}"
    assert page.evaluate("window.hacked") is None
    assert not [one for one in problems if "favicon" not in one]
    context.close()
