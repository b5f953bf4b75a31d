"""No text of a link, a model or a label becomes an address on a page."""

import json
from urllib.parse import urlencode

import pytest

from tests.support.models import save_tiny
from tests.support.patience import HANG_MS
from tests.support.visits import Visit

pytestmark = pytest.mark.browser

EVIL = "evil.example"
FORMS = (
    f"![x](http://{EVIL}/a.png)",
    f"[click](http://{EVIL}/)",
    f"<a href='http://{EVIL}/'>here</a><img src='http://{EVIL}/b.png'>",
    f"see http://{EVIL}/c and www.{EVIL}/d or me@{EVIL}",
    f"<http://{EVIL}/e>",
)
ADDRESSES = f"""() => [...document.querySelectorAll('a, img, image, iframe, object, use')].map(
    one => ['href', 'src', 'xlink:href'].map(name => one.getAttribute(name)).join(' ')
).filter(one => one.includes('{EVIL}'))"""
VISITED = {
    "explore": ("target", "layers", "focus", "epsilon", "for", "gradients", "view"),
    "compare": ("target", "methods", "measure", "operator", "scale"),
    "edit": ("target", "tensor", "edited"),
}


def looked_at(visit: Visit, path: str, asked: dict[str, str]) -> str:
    """What a page shows, once it holds no foreign address."""
    page = visit.context.new_page()
    page.set_default_timeout(HANG_MS)
    page.on("request", visit._request)
    page.goto(f"{visit.server}/{path}?{urlencode(asked)}")
    page.wait_for_selector(".gaf-title")
    page.wait_for_selector('.gaf-verdict, [data-testid="stAlert"]')
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    assert page.evaluate(ADDRESSES) == []
    shown = page.locator("body").inner_text()
    page.close()
    return shown


@pytest.mark.parametrize("form", FORMS)
def test_a_link_that_asks_for_an_address_shows_it_as_text(visit, form):
    for path, keys in VISITED.items():
        shown = looked_at(visit, path, dict.fromkeys(keys, form) | {"text": form})
        assert EVIL in shown.replace("\u2060", "")
    assert EVIL in looked_at(visit, "explore", {"model": form}).replace("\u2060", "")


def test_labels_and_folders_that_are_addresses_are_shown_as_text(visit, tmp_path):
    folder = tmp_path / "![x](http:" / EVIL / "a.png)"
    folder.mkdir(parents=True)
    save_tiny(folder, labels=FORMS[:4])
    for path in VISITED:
        asked = {"model": str(folder), "text": "a good film", "target": FORMS[1]}
        assert EVIL in looked_at(visit, path, asked).replace("\u2060", "")


def test_names_in_a_file_of_scores_are_shown_as_text(visit):
    page = visit.context.new_page()
    page.set_default_timeout(HANG_MS)
    page.on("request", visit._request)
    page.goto(f"{visit.server}/compare?text=good&methods=AF")
    page.get_by_role("button", name="Scores from elsewhere").click()
    given = page.get_by_test_id("stPopoverBody")
    content = json.dumps({"tokens": ["good"], "scores": {form[:80]: [1.0] for form in FORMS}})
    file = {"name": "[x](www.evil.example).json", "mimeType": "application/json"}
    given.locator("input[type=file]").set_input_files([{**file, "buffer": content.encode()}])
    given.get_by_role("button", name="Remove").wait_for()
    assert page.evaluate(ADDRESSES) == []
    page.keyboard.press("Escape")
    page.get_by_text("About these methods").click()
    page.get_by_text("from the file").first.wait_for()
    assert page.evaluate(ADDRESSES) == []
    assert EVIL in page.locator("body").inner_text().replace("\u2060", "")
