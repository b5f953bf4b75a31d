"""Faithful GAF in a real Chromium: the choice and its ingredients are in the link."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.visits import changed, words

pytestmark = pytest.mark.browser

TEXT = quote("A lovely film, and the music is superb.")


def method(page: Page):
    return page.get_by_role("radiogroup", name="Method")


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_the_method_its_ingredients_and_the_comparison_are_in_the_link(visit):
    page = visit.open(f"?text={TEXT}")
    method(page).get_by_text("faithful", exact=True).click()
    changed(page)
    assert link(page)["method"] == ["faithful"]
    assert link(page)["gradients"] == ["frozen"]
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_text("Capacities of nodes", exact=True).click()
    changed(page)
    expect(method(page).get_by_role("radio", checked=True)).to_have_accessible_name("own mix")
    assert "node_capacities" not in link(page), "off is how a link is without it"
    page.get_by_text("Published and faithful side by side", exact=True).click()
    changed(page)
    expect(page.get_by_text("AOPC, Faithful GAF")).to_be_visible()
    other = visit.open(f"?{urlsplit(page.url).query}")
    expect(method(other).get_by_role("radio", checked=True)).to_have_accessible_name("own mix")
    expect(other.get_by_text("AOPC, Faithful GAF")).to_be_visible()
    assert words(other) == words(page)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (420, True)])
def test_the_comparison_fits_the_page(visit, width, dark):
    page = visit.open(f"?text={TEXT}&method=faithful&side=true", width, dark)
    expect(page.get_by_text("AOPC, random")).to_be_visible()
    charts = page.locator('[data-testid="stPlotlyChart"]')
    expect(charts.nth(4).locator(".main-svg").first).to_be_visible()
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
