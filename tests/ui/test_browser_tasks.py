"""Models of each further kind in a real browser, small and trained here."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.support.visits import CHART, HEATMAP, changing, drawn, settled

CASES = {
    "masked word": (
        {"text": "so a then blue and so [MASK] grey [MASK]"},
        "The model fills the mask at position 7 with sun",
        ("Mask", "mask 2 (9)"),
        "the mask at position 9 with",
    ),
    "tokens": (
        {"text": "the old mr anna was quiet in clara so"},
        "The model labels anna as B-PER",
        ("Token", "clara (8)"),
        "The model labels clara as B-LOC",
    ),
    "question answering": (
        {"text": "where was it", "second": "so delhi a and david and"},
        "The model answers delhi",
        ("Which end of the answer", "end"),
        "why it ends at delhi",
    ),
}


@pytest.mark.parametrize("task", list(CASES))
def test_a_model_is_asked_at_another_place_and_the_link_says_so(task, trained, visit):
    given, said, (title, place), then = CASES[task]
    page = visit.open(f"?{urlencode({'model': trained(task), **given})}")
    drawn(page)
    verdict = page.locator(".gaf-verdict")
    expect(verdict).to_contain_text(said)
    expect(page.locator(HEATMAP)).to_be_visible()
    expect(page.locator(f"{CHART} .sankey")).to_be_visible()
    expect(page.locator('[data-testid="stAlert"]')).to_have_count(0)
    with changing(page, ".gaf-verdict"):
        page.get_by_role("combobox", name=title).click()
        page.get_by_role("option", name=place).click()
    expect(verdict).to_contain_text(then)
    page.wait_for_url("**at=**")
    shown, link = verdict.inner_text(), page.url
    again = visit.open(link.removeprefix(f"{visit.server}/"))
    settled(again)
    expect(again.locator(".gaf-verdict")).to_have_text(shown)
    expect(again.locator('[data-testid="stAlert"]')).to_have_count(0)
