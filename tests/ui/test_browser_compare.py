"""The Compare page in a real Chromium."""

import csv
import json
import re
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.patience import HANG, HANG_MS
from tests.support.visits import CHART, HEATMAP, Visit, sticks_out

pytestmark = pytest.mark.browser

TEXT = "Dull plot, but the <b>acting</b> is wonderful."
NUMBER = re.compile(r"^-?\d*\.?\d+(e-?\d+)?$")
ENDLESS = "kernel_shap:samples=100000"  # nobody has a machine on which it ends before the test


def opened(visit: Visit, query: str, width: int = 1440, text: str = TEXT) -> Page:
    """The page when nothing runs any more."""
    page = visit.context.new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    page.set_default_timeout(HANG_MS)
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.goto(f"{visit.server}/compare?text={quote(text)}&{query}")
    compared(page)
    return page


def compared(page: Page) -> None:
    expect(page.get_by_role("button", name="Table (CSV)")).to_be_visible()
    expect(stop_button(page)).to_have_count(0)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def stop_button(page: Page) -> Locator:
    """Ours: Streamlit has one of its own above the page while a script runs."""
    return page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop")


def column(page: Page, number: int) -> Locator:
    """Cells of the table from top to bottom, numbers in full precision.

    The table is a canvas. Its cells are for readers of the screen and follow it a moment later, so
    a test expects a text of them and does not just read it.
    """
    page.get_by_test_id("stDataFrame").scroll_into_view_if_needed()
    return page.locator(f'[data-testid="stDataFrame"] td[aria-colindex="{number}"]')


def numbers(page: Page, number: int, rows: int) -> list[str]:
    """The texts of a column of numbers, once all are there."""
    cells = column(page, number)
    expect(cells).to_have_text([NUMBER] * rows)
    return cells.all_text_contents()


def test_the_table_sorts_and_files_hold_what_it_shows(visit, tmp_path):
    page = opened(visit, "methods=AF&methods=GF&methods=AGF&methods=rollout")
    before = numbers(page, 2, rows=4)
    in_order = sorted(before, key=float)
    assert in_order != before
    page.get_by_test_id("stDataFrame").locator(".dvn-scroller").click(position={"x": 245, "y": 18})
    expect(column(page, 2)).to_have_text(in_order)
    with page.expect_download() as started:
        page.get_by_role("button", name="Table (CSV)").click()
    file = Path(tmp_path / "table.csv")
    started.value.save_as(file)
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    assert [float(row["AOPC"]) for row in rows] == [float(one) for one in before]
    with page.expect_download() as started:
        page.get_by_role("button", name="Everything (JSON)").click()
    started.value.save_as(tmp_path / "all.json")
    content = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert content["text"] == TEXT
    assert [one["method"] for one in content["entries"]] == ["AF", "GF", "AGF", "rollout"]


def test_a_slow_method_shows_progress_stops_and_the_page_stays_usable(visit):
    page = opened(visit, f"methods=AF&methods=GF&methods={ENDLESS}")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(stop_button(page)).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_contain_text("step")
    page.get_by_text("Kendall", exact=True).click()
    expect(page.get_by_role("figure", name="Matrix of Kendall")).to_be_visible()
    expect(stop_button(page)).to_be_visible()
    stop_button(page).click()
    expect(page.get_by_text("stopped")).to_be_visible()
    expect(column(page, 9)).to_have_text(["", "", "not computed"])


def test_a_link_shows_somebody_else_the_same(visit):
    page = opened(visit, "methods=AF&methods=AF:first_layer=4&scale=common&agree=Kendall")
    expect(column(page, 1)).to_have_text(["AF", "AF (first layer 4)"])
    other = opened(visit, page.url.split("?")[1])
    expect(column(other, 1)).to_have_text(["AF", "AF (first layer 4)"])
    assert numbers(other, 2, rows=2) == numbers(page, 2, rows=2)


def test_the_navigation_carries_text_and_model(visit):
    page = opened(visit, "target=negative&methods=AF")
    page.get_by_role("link", name="Explore").first.click()
    page.wait_for_selector(HEATMAP)
    expect(page.get_by_role("textbox", name="Text to explain")).to_have_value(TEXT)
    page.wait_for_url("**target=negative**")
    page.get_by_role("link", name="Compare").first.click()
    compared(page)
    page.wait_for_url("**methods=AF**")
    expect(column(page, 1)).to_have_text(["AF"])


def test_nothing_sticks_out_of_a_narrow_page(visit):
    page = opened(visit, "methods=AF&methods=GF:first_layer=4,aggregate=max", width=420)
    expect(page.locator(f"{CHART} .main-svg:first-child")).to_have_count(4)
    assert not sticks_out(page)
    assert page.evaluate("document.querySelectorAll('b').length") == 1, "markup is not interpreted"


def asked_to_run(visit: Visit) -> Page:
    page = opened(visit, f"methods=AF&methods=GF&methods={ENDLESS}")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_test_id("stProgress")).to_contain_text("step")
    return page


def test_a_reload_finds_the_work_again(visit):
    page = asked_to_run(visit)
    page.reload()
    expect(stop_button(page)).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_contain_text("step")
    stop_button(page).click()
    expect(page.get_by_text("stopped")).to_be_visible()


def test_work_ends_after_its_visitor_has_gone(visit, server):
    port = server.rpartition(":")[2]
    process = next(
        one for one in psutil.Process().children() if f"--server.port={port}" in one.cmdline()
    )
    asked_to_run(visit).close()
    quiet(process)
    page = opened(visit, f"methods=AF&methods=GF&methods={ENDLESS}")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def quiet(process: psutil.Process) -> None:
    """Wait until a process does nothing worth mentioning."""
    end = time.monotonic() + HANG
    while process.cpu_percent(interval=1.0) > 20:
        assert time.monotonic() < end, "it still computes"


def test_naopc_is_switched_on_and_stays_in_the_link(visit, tmp_path):
    page = opened(visit, "methods=AF&methods=GF&methods=random", text="A dull and long film.")
    page.get_by_text("NAOPC", exact=True).click()
    expect(page.get_by_text("over all orders of these tokens")).to_be_visible()
    page.wait_for_url("**naopc=true**")
    # LOdds, which stood there, are below 0
    expect(column(page, 3)).to_have_text([re.compile(r"^[01](\.\d+)?$")] * 3)
    compared(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Table (CSV)").click()
    started.value.save_as(tmp_path / "table.csv")
    rows = list(csv.DictReader((tmp_path / "table.csv").open(encoding="utf-8")))
    assert [float(row["NAOPC"]) for row in rows] == [float(one) for one in numbers(page, 3, rows=3)]
    assert not sticks_out(page)
