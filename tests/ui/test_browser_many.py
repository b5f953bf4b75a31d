"""The page of many texts in a real Chromium: sixty held-out texts from the choice to the files."""

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.support.patience import HANG_MS
from tests.support.visits import WIDER, Visit

pytestmark = pytest.mark.browser

COUNT = 60


def opened(visit: Visit) -> Page:
    page = visit.context.new_page()
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.set_default_timeout(HANG_MS)
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.on("request", visit._request)
    page.goto(f"{visit.server}/many")
    expect(button(page, "Look through them")).to_be_visible()
    settled(page)
    return page


def settled(page: Page) -> None:
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def button(page: Page, name: str):
    """Ours: Streamlit has one of its own above the page while a script runs."""
    main = page.get_by_test_id("stMainBlockContainer")
    return main.get_by_role("button", name=name, exact=True)


def view(page: Page, name: str, head: str) -> None:
    page.get_by_role("radiogroup", name="View").get_by_text(name, exact=True).click()
    expect(page.get_by_role("heading", name=head)).to_be_visible()
    settled(page)


def test_sixty_texts_from_the_choice_to_the_files(visit, tmp_path):
    page = opened(visit)
    expect(page.get_by_role("spinbutton", name="How many")).to_have_value(str(COUNT))
    page.get_by_label("Remove Faithful GAF").click()  # the slowest of them
    settled(page)
    button(page, "Look through them").click()
    expect(page.get_by_text(re.compile(rf"^{COUNT} texts, about .* MB of rows"))).to_be_visible()
    button(page, "Start").click()
    # stopped, found again by its address, and gone on with
    button(page, "Stop").click()  # at once: how many are done by then is the machine's matter
    expect(page.get_by_text(re.compile(rf"Stopped: \d+ of {COUNT} texts"))).to_be_visible()
    page.wait_for_url("**run=**")
    page.reload()
    button(page, "Go on").click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.get_by_text(re.compile(rf"^{COUNT} texts of “all four kinds"))).to_be_visible()
    settled(page)
    # the other views, narrow too
    view(page, "Faithfulness", "How faithful each method is")
    cells = page.get_by_test_id("stDataFrame").first.locator('td[aria-colindex="1"]')
    expect(cells).to_have_text(["AGF", "relevance"])
    view(page, "Accuracy", "How often the model is right")
    page.set_viewport_size({"width": 420, "height": 1000})
    page.wait_for_function(f"() => !({WIDER})()")
    with page.expect_download() as started:
        button(page, "Everything (Parquet)").click()
    started.value.save_as(Path(tmp_path / "rows.parquet"))
    rows = pd.read_parquet(tmp_path / "rows.parquet")
    assert list(zip(rows["position"], rows["method"], strict=True)) == [
        (position, method) for position in range(COUNT) for method in ("AGF", "relevance")
    ]
    assert rows["aopc"].notna().all()
    # the link is the view
    other = visit.context.new_page()
    other.set_default_timeout(HANG_MS)
    other.goto(page.url)
    expect(other.get_by_role("heading", name="How often the model is right")).to_be_visible()
