"""Edges cut on the model, in a real Chromium: a path is cut and the new prediction read."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support.visits import CHART, drawn, in_view, settled, sticks_out

pytestmark = pytest.mark.browser

TEXT = quote("A lovely film, and the music is superb.")
KEPT, TRIED = re.compile(r"edges? with the most flow alone"), re.compile("without path 1")


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_path_is_cut_and_the_new_prediction_is_read(visit):
    page = visit.open(f"?text={TEXT}&focus=p1")
    drawn(page)
    toggle = page.get_by_text("Does the model agree?", exact=True)
    in_view(toggle)
    toggle.click()
    cut = page.get_by_text(TRIED)
    expect(cut).to_be_visible()
    assert re.match(
        r"positive 97\.\d % → \d\d\.\d % without path 1, the widest \(", cut.inner_text()
    )
    settled(page)
    page.get_by_role("radio", name="Keep nothing else").or_(
        page.get_by_role("button", name="Keep nothing else")
    ).first.click()
    alone = page.get_by_text("with path 1, the widest alone")
    expect(alone).to_contain_text("→")
    page.wait_for_url("**act=**")
    assert link(page)["agree"] == ["true"]
    assert link(page)["focus"] == ["p1"]
    settled(page)
    other = visit.open(f"?{urlsplit(page.url).query}")
    expect(other.get_by_text("with path 1, the widest alone")).to_have_text(alone.inner_text())


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (420, True)])
def test_it_fits_the_page(visit, width, dark):
    page = visit.open(f"?text={TEXT}&agree=true&focus=p1", width, dark)
    expect(page.get_by_text(KEPT)).to_be_visible()
    drawn(page)
    assert not sticks_out(page)
    chart = page.locator(CHART).last
    box = chart.bounding_box()
    assert box is not None
    for name in chart.locator(".annotation-text, .xtick text, .legendtext").all():
        inside = name.bounding_box()
        assert inside is not None
        assert inside["x"] >= box["x"] - 2
        assert inside["x"] + inside["width"] <= box["x"] + box["width"] + 2
