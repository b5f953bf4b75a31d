"""Changing between models in a real Chromium, in any order."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.models.test_smollm2 import needs_weights
from tests.support.models import save_tiny
from tests.support.visits import settled

pytestmark = pytest.mark.browser


def pick(page: Page, model: str) -> None:
    """Type a model into the sidebar, as somebody would: the list filters, Enter takes it."""
    box = page.get_by_role("combobox", name="Model")
    box.click()
    box.fill(model)
    box.press("Enter")


@needs_weights
def test_three_models_in_any_order(visit, tmp_path):
    folder = str(save_tiny(tmp_path / "tiny", labels=("bad", "so-so", "good")))
    verdict = {
        "minilm-reviews": "The model says positive",
        "smollm2-135m": "The model continues with Paris",
        folder: re.compile("The model says (bad|so-so|good)"),
    }
    page = visit.open()
    for name in ("smollm2-135m", folder, "minilm-reviews", folder, "smollm2-135m"):
        pick(page, name)
        expect(page.locator(".gaf-verdict")).to_contain_text(verdict[name])
        settled(page)
        expect(page.get_by_text("Proven.")).to_be_visible()
        expect(page.locator('[data-testid="stAlert"]')).to_have_count(0)


@needs_weights
def test_a_token_is_searched_and_contrasted(visit):
    page = visit.open("?model=smollm2-135m&target=a+contrast+of+two&for=Paris&against=London")
    verdict = page.locator(".gaf-verdict")
    expect(verdict).to_contain_text("why Paris against London")
    page.get_by_role("button", name="Search the vocabulary").nth(1).click()
    page.get_by_label("Tokens that contain").fill("Rome")
    page.get_by_label("Tokens that contain").press("Enter")
    page.get_by_role("radio", name="' Rome'").or_(
        page.get_by_role("button", name="' Rome'")
    ).click()
    expect(verdict).to_contain_text("why Paris against Rome")
    page.wait_for_url("**against=%23**")  # the entry that was found


def test_a_link_to_a_hub_model_asks_first(visit):
    page = visit.open("?model=somebody/some-model")
    expect(page.get_by_role("button", name="Download it")).to_be_visible()
    expect(page.locator(".gaf-verdict")).to_have_count(0)
