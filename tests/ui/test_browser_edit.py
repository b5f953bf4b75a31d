"""Editing a word in a real browser: what a visitor does on the page of two texts."""

import re

from playwright.sync_api import expect

from tests.support.visits import HEATMAP, settled


def test_editing_and_dropping_words(visit):
    page = visit.open("?text=The film is not good.")
    page.get_by_role("link", name="Edit a text").click()
    page.wait_for_selector(f"{HEATMAP} >> nth=1")
    expect(page.get_by_role("textbox", name="Text to explain")).to_have_value(
        "The film is not good."
    )

    edited = page.get_by_role("textbox", name="Edited text")
    expect(edited).to_have_value("The film is good.")  # without the strongest
    page.get_by_role("radio", name="film", exact=True).click()
    expect(edited).to_have_value("The is not good.")
    expect(page.get_by_text("− \u2068film\u2069")).to_be_visible()
    settled(page)  # what is written while a page still fills in a proposal is overwritten

    edited.fill("The film is not <b>bad</b>.")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(HEATMAP).nth(1)).to_contain_text("<b>bad</b>")
    expect(page).to_have_url(re.compile("edited=The"))
    settled(page)
    marked = page.locator(f"{HEATMAP} >> nth=1").locator("span[style*='border-bottom']")
    assert "bad" in marked.all_inner_texts()
    assert "film" not in marked.all_inner_texts()

    again = visit.open(page.url.split("/", 3)[3])
    expect(again.get_by_role("textbox", name="Edited text")).to_have_value(
        "The film is not <b>bad</b>."
    )
