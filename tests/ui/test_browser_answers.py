"""An answer of a language model in a real browser: written, looked into, contrasted, taken away."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.support.speaking import ANSWER, PROMPT, save_speaking
from tests.support.visits import (
    CHART,
    HEATMAP,
    changing,
    drawn,
    fitted,
    in_view,
    settled,
    sticks_out,
)

MAP = ".st-key-answer_map"


@pytest.fixture(scope="session")
def speaking(tmp_path_factory) -> str:
    return str(save_speaking(tmp_path_factory.mktemp("speaking")))


def choose(page, title, option):
    page.get_by_role("combobox", name=title).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_an_answer_is_written_looked_into_contrasted_and_opened_elsewhere(
    visit, speaking, tmp_path
):
    page = visit.open(f"?{urlencode({'model': speaking, 'text': PROMPT})}")
    verdict = page.locator(".gaf-verdict")
    expect(verdict).to_contain_text("The model continues with Paris")
    choose(page, "Explain", "a whole answer")
    expect(page.get_by_text("While there is no answer")).to_be_visible()
    settled(page)
    with changing(page, ".gaf-verdict"):
        page.get_by_role("button", name="Let the model answer").click()
    expect(verdict).to_contain_text(f"The model would say {ANSWER.strip()}")
    expect(page.get_by_role("textbox", name="Answer", exact=True)).to_have_value(ANSWER)
    drawn(page)
    expect(page.locator(f"{MAP} .hm")).to_be_visible()
    expect(page.locator(f"{CHART} .sankey")).to_be_visible()

    with changing(page, ".gaf-verdict"):
        page.get_by_role("radio", name="Big", exact=True).click()
    expect(verdict).to_contain_text("Explained here: why Big.")
    page.wait_for_url("**part=**")
    shown, link = verdict.inner_text(), page.url
    heat = page.locator(HEATMAP).first.inner_text()
    again = visit.open(link.removeprefix(f"{visit.server}/"))
    settled(again)
    expect(again.locator(".gaf-verdict")).to_have_text(shown)
    assert again.locator(HEATMAP).first.inner_text() == heat
    expect(again.locator('[data-testid="stAlert"]')).to_have_count(0)
    again.close()

    drawn(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report (HTML").click()
    path = tmp_path / "report.html"
    waiting.value.save_as(path)
    assert "Which word rests on which" in path.read_text(encoding="utf-8")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Map (CSV)").click()
    assert waiting.value.suggested_filename == "gaf-map.csv"

    with changing(page, ".gaf-verdict"):
        choose(page, "Explain", "one answer rather than another")
    with changing(page, ".gaf-verdict"):
        page.get_by_role("textbox", name="Other answer").fill("London")
        page.get_by_role("button", name="Explain", exact=True).click()
    expect(verdict).to_contain_text("against London")


def test_a_triangle_of_the_map_is_clicked(visit, speaking):
    query = {"model": speaking, "text": PROMPT, "target": "a whole answer", "answer": ANSWER}
    page = visit.open(f"?{urlencode(query)}")
    drawn(page)
    points = page.locator(f"{MAP} .scatterlayer .point")
    in_view(points.first)
    with changing(page, ".gaf-verdict"):
        points.nth(1).click(force=True)
    expect(page.locator(".gaf-verdict")).to_contain_text("Explained here: why and.")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_it_fits_wide_and_narrow_light_and_dark(visit, speaking, width, dark):
    query = {"model": speaking, "text": PROMPT, "target": "a whole answer", "answer": ANSWER}
    page = visit.open(f"?{urlencode(query | {'chat': 'true'})}", width=width, dark=dark)
    fitted(page) if width > 1000 else drawn(page)
    assert not sticks_out(page)
    expect(page.locator(f"{MAP} .hm")).to_be_visible()


def test_an_answer_is_text_and_never_run(visit, speaking):
    answer = " <img src=x onerror=alert(1)> **bold** :smile: $x$"
    query = {"model": speaking, "text": PROMPT, "target": "a whole answer", "answer": answer}
    page = visit.open(f"?{urlencode(query)}")
    drawn(page)
    expect(page.locator("img[src=x]")).to_have_count(0)
    expect(page.locator(HEATMAP).first).to_contain_text("<img src=x onerror=alert(1)> **bold**")
