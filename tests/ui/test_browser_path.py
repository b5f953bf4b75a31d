"""Path GAF in a real Chromium: the method and the side are in the link, and both fit the page."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.visits import CHART, HEATMAP, changing, drawn, settled

pytestmark = pytest.mark.browser

TEXT = quote("A lovely film, but it is too long.")


def sides(page: Page):
    return page.get_by_role("radiogroup", name="Network of what speaks")


def flow_value(page: Page) -> Locator:
    metric = page.get_by_test_id("stMetric").filter(has_text="Flow value")
    return metric.get_by_test_id("stMetricValue")


def test_the_method_and_the_side_are_kept_by_the_link(visit):
    page = visit.open(f"?text={TEXT}")
    with changing(page):
        page.get_by_role("radiogroup", name="Method").get_by_text("path", exact=True).click()
    page.wait_for_url("**gradients=path**")
    expect(page.locator(HEATMAP)).to_contain_text("against the target below 0")
    before = flow_value(page).inner_text()
    sides(page).get_by_text("against", exact=True).click()
    page.wait_for_url("**flow_side=against**")
    expect(flow_value(page)).not_to_have_text(before)
    drawn(page)
    assert parse_qs(urlsplit(page.url).query)["method"] == ["path"]
    other = visit.open(f"?{urlsplit(page.url).query}")
    drawn(other)
    expect(flow_value(other)).to_have_text(flow_value(page).inner_text())
    chosen = sides(other).get_by_role("radio", checked=True)
    expect(chosen).to_have_accessible_name("against")
    shades = [
        {one.evaluate("e => getComputedStyle(e).backgroundColor") for one in words.all()}
        for words in (at.locator(HEATMAP).locator("[title]") for at in (page, other))
    ]
    assert shades[0] == shades[1]
    assert len(shades[0]) > 3


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (420, True)])
def test_both_sides_fit_the_page(visit, width, dark):
    page = visit.open(f"?text={TEXT}&method=path&flow_side=against", width, dark)
    settled(page)
    drawn(page)
    charts = page.locator(CHART)
    assert charts.count() == 3
    for chart in charts.all()[:2]:  # the Sankey scrolls on a narrow page
        box = chart.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    inside = page.locator(HEATMAP).bounding_box()
    assert inside is not None
    assert inside["x"] + inside["width"] <= width
    numbers = charts.nth(1).locator(".bartext").all_text_contents()
    assert all(re.fullmatch(r"[+-]\d+\.\d %", one) for one in numbers)
    assert any(one.startswith("-") for one in numbers)
