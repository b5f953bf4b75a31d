"""Faithful GAF in a real Chromium: the choice and its ingredients are in the link."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support.visits import CHART, changing, drawn, settled, words

pytestmark = pytest.mark.browser

TEXT = quote("A lovely film, and the music is superb.")


def method(page: Page):
    return page.get_by_role("radiogroup", name="Method")


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_the_method_its_ingredients_and_the_comparison_are_in_the_link(visit):
    page = visit.open(f"?text={TEXT}")
    with changing(page):
        method(page).get_by_text("faithful", exact=True).click()
    page.wait_for_url("**gradients=frozen**")
    assert link(page)["method"] == ["faithful"]
    assert "node_capacities" in link(page)
    page.get_by_text("Advanced", exact=True).click()
    with changing(page):
        page.get_by_text("Capacities of nodes", exact=True).click()
    expect(method(page).get_by_role("radio", checked=True)).to_have_accessible_name("own mix")
    expect(page).not_to_have_url(re.compile("node_capacities"))  # off is how a link is without it
    page.get_by_text("Published and faithful side by side", exact=True).click()
    expect(page.get_by_text("AOPC, Faithful GAF")).to_be_visible()
    settled(page)
    other = visit.open(f"?{urlsplit(page.url).query}")
    expect(method(other).get_by_role("radio", checked=True)).to_have_accessible_name("own mix")
    expect(other.get_by_text("AOPC, Faithful GAF")).to_be_visible()
    assert words(other) == words(page)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (420, True)])
def test_the_comparison_fits_the_page(visit, width, dark):
    page = visit.open(f"?text={TEXT}&method=faithful&side=true", width, dark)
    expect(page.get_by_text("AOPC, random")).to_be_visible()
    charts = page.locator(CHART)
    expect(charts.nth(4)).to_be_attached()
    drawn(page)
    for number in (2, 3, 4):  # the two steps and the curves
        box = charts.nth(number).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        names = charts.nth(number).locator(".annotation-text, .ytick text, .legendtext")
        assert names.count()
        for name in names.all():
            inside = name.bounding_box()
            assert inside is not None
            assert inside["x"] >= box["x"] - 2
            assert inside["x"] + inside["width"] <= box["x"] + box["width"] + 2
