"""The Compare page in a real Chromium."""

import csv
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.visits import CHART, Visit

pytestmark = pytest.mark.browser

TEXT = "Dull plot, but the <b>acting</b> is wonderful."


def opened(visit: Visit, query: str, width: int = 1440) -> Page:
    """The page when nothing runs any more."""
    page = visit.context.new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.goto(f"{visit.server}/compare?text={quote(TEXT)}&{query}")
    compared(page)
    return page


def compared(page: Page) -> None:
    page.get_by_text("Take it with you").wait_for(timeout=120_000)
    expect(stop_button(page)).to_have_count(0, timeout=60_000)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(500)


def stop_button(page: Page) -> Locator:
    """Ours: Streamlit has one of its own above the page while a script runs."""
    return page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop")


def column(page: Page, number: int) -> list[str]:
    """Cells of the table from top to bottom, numbers in full precision."""
    page.get_by_test_id("stDataFrame").scroll_into_view_if_needed()
    cells = page.locator(f'[data-testid="stDataFrame"] td[aria-colindex="{number}"]')
    cells.first.wait_for(state="attached")
    return cells.all_text_contents()


def test_the_table_sorts_and_files_hold_what_it_shows(visit, tmp_path):
    page = opened(visit, "methods=AF&methods=GF&methods=AGF&methods=rollout")
    before = [float(cell) for cell in column(page, 2)]
    page.get_by_test_id("stDataFrame").locator(".dvn-scroller").click(position={"x": 245, "y": 18})
    page.wait_for_timeout(500)
    assert [float(cell) for cell in column(page, 2)] == sorted(before)
    with page.expect_download() as started:
        page.get_by_role("button", name="Table (CSV)").click()
    file = Path(tmp_path / "table.csv")
    started.value.save_as(file)
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    assert [float(row["AOPC"]) for row in rows] == pytest.approx(before)
    with page.expect_download() as started:
        page.get_by_role("button", name="Everything (JSON)").click()
    started.value.save_as(tmp_path / "all.json")
    content = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert content["text"] == TEXT
    assert [one["method"] for one in content["entries"]] == ["AF", "GF", "AGF", "rollout"]


def test_a_slow_method_shows_progress_stops_and_the_page_stays_usable(visit):
    page = opened(visit, "methods=AF&methods=GF&methods=kernel_shap:samples=5000")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(stop_button(page)).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("stProgress")).to_contain_text("step", timeout=60_000)
    page.get_by_text("Kendall", exact=True).click()
    expect(stop_button(page)).to_be_visible(timeout=30_000)
    stop_button(page).click()
    expect(page.get_by_text("stopped")).to_be_visible(timeout=30_000)
    assert column(page, 9)[2] == "not computed"


def test_a_link_shows_somebody_else_the_same(visit):
    page = opened(visit, "methods=AF&methods=AF:first_layer=4&scale=common&agree=Kendall")
    other = opened(visit, page.url.split("?")[1])
    assert column(other, 1) == column(page, 1) == ["AF", "AF (first layer 4)"]
    assert column(other, 2) == column(page, 2)


def test_the_navigation_carries_text_and_model(visit):
    page = opened(visit, "target=negative&methods=AF")
    page.get_by_role("link", name="Explore").first.click()
    page.wait_for_selector(".gaf-heatmap")
    expect(page.get_by_role("textbox", name="Text to explain")).to_have_value(TEXT)
    page.wait_for_url("**target=negative**")
    page.get_by_role("link", name="Compare").first.click()
    compared(page)
    assert "methods=AF" in page.url
    assert column(page, 1) == ["AF"]


def test_nothing_sticks_out_of_a_narrow_page(visit):
    page = opened(visit, "methods=AF&methods=GF:first_layer=4,aggregate=max", width=420)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator(CHART).count() == 4
    assert page.evaluate("document.querySelectorAll('b').length") == 1, "markup is not interpreted"
