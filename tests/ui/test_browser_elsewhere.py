"""Sets of methods and scores from elsewhere in a real Chromium."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from gaf_core.methods import METHODS
from gaf_core.ui.compare.presets import presets
from tests.support.visits import CHART, sticks_out
from tests.ui.test_browser_compare import TEXT, column, compared, opened

pytestmark = pytest.mark.browser

FLOWS = next(one for one in presets() if one.code == "preset:published-flows")


def popover(page: Page, name: str) -> Locator:
    """What opens at a button of the row above the figures."""
    page.get_by_role("button", name=name).click()
    return page.get_by_test_id("stPopoverBody")


def test_a_set_is_taken_and_changed_and_the_link_says_so(visit):
    page = opened(visit, "methods=AF&methods=random")
    chosen = popover(page, "Methods: 2")
    chosen.get_by_role("radio", name=FLOWS.title).click()
    page.wait_for_url("**methods=preset*published-flows**")
    expect(column(page, 1)).to_have_text([METHODS[name].title for name in FLOWS.methods])
    chosen.get_by_role("button", name="Random", exact=True).click()
    page.wait_for_url("**methods=random**")
    compared(page)
    titles = [METHODS[name].title for name in (*FLOWS.methods, "random")]
    expect(column(page, 1)).to_have_text(titles)
    other = opened(visit, page.url.split("?")[1])
    expect(column(other, 1)).to_have_text(titles)


def test_scores_are_filled_in_uploaded_compared_and_removed(visit, tmp_path):
    page = opened(visit, "methods=AF")
    given = popover(page, "Scores from elsewhere")
    with page.expect_download() as started:
        given.get_by_role("button", name="A file to fill in").click()
    started.value.save_as(tmp_path / "empty.csv")
    with (tmp_path / "empty.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {float(row["score"]) for row in rows} == {0.0}
    filled = Path(tmp_path / "<b>mine.csv")
    with filled.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["token", "score"])
        writer.writerows([row["token"], place % 5] for place, row in enumerate(rows))
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("word,score\nnothing,1\n", encoding="utf-8")
    given.locator("input[type=file]").set_input_files([filled, wrong])
    expect(given.get_by_text("“wrong.csv” is left out.")).to_be_visible()
    expect(given.get_by_text("found by the names of the tokens")).to_be_visible()
    page.keyboard.press("Escape")
    compared(page)
    expect(column(page, 1)).to_have_text(["AF", "<b>mine (given)"])
    expect(page.locator(f"{CHART} .main-svg:first-child")).to_have_count(4)
    assert "given" not in page.url
    assert not sticks_out(page)
    page.get_by_role("textbox", name="Text to explain").fill(f"{TEXT} Really.")
    page.get_by_role("button", name="Explain", exact=True).click()
    expect(page.get_by_text("is given for another text")).to_be_visible()
    popover(page, "Scores from elsewhere").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("is given for another text")).to_have_count(0)
    expect(column(page, 1)).to_have_text(["AF"])
