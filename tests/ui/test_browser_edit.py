"""Editing a word in a real browser: what a visitor does on the page of two texts."""

import json
import re

from playwright.sync_api import expect

from tests.support.models import save_tiny
from tests.support.visits import HEATMAP, settled


def test_editing_and_dropping_words(visit):
    page = visit.open("?text=The film is not good.")
    page.get_by_role("link", name="What if").click()
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


def test_a_second_model_beside_the_first_is_a_link(visit, tmp_path):
    before, after = (str(save_tiny(tmp_path / f"seed{seed}", seed=seed)) for seed in (0, 1))
    page = visit.open(f"edit?text=a good film&model={before}")
    page.get_by_text("another model", exact=True).click()
    other = page.get_by_role("combobox", name="Other model")
    other.fill(after)
    other.press("Enter")
    page.wait_for_selector(f"{HEATMAP} >> nth=1")
    expect(page.get_by_text("Where they differ")).to_be_visible()
    expect(page.locator(HEATMAP).nth(1)).to_contain_text("a good film")
    expect(page).to_have_url(re.compile("other="))
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Everything (JSON)").click()
    models = json.loads(started.value.path().read_text("utf-8"))["models"]
    assert [one["model"] for one in models] == [before, after]

    again = visit.open(page.url.split("/", 3)[3])
    again.wait_for_selector(f"{HEATMAP} >> nth=1")
    expect(again.get_by_text("The largest differences, by seed0 and seed1")).to_be_visible()
