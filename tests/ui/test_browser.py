"""The app in a real Chromium, as a visitor sees it. Nothing may leave this computer."""

import csv
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gaf_core.picture.colours import DARK_SHADES, LIGHT_SHADES
from tests.support.tolerance import assert_close, summed
from tests.support.visits import (
    CHART,
    HEATMAP,
    Visit,
    ask,
    changing,
    choose,
    colours,
    fitted,
    nodes,
    settled,
    sticks_out,
    words,
    write,
)

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]


def test_type_switch_see_and_download(visit, tmp_path):
    page = visit.open()
    first = words(page)
    write(page, "The plot is dull, but the acting is wonderful.")
    assert "The plot is dull, but the acting is wonderful." in words(page) != first
    before = colours(page), nodes(page)
    with changing(page, ".sankey"):
        choose(page, "AF")
    assert colours(page) != before[0]
    assert nodes(page) != before[1]
    metric = page.get_by_test_id("stMetric").filter(has_text="Flow value")
    shown = float(metric.get_by_test_id("stMetricValue").inner_text())
    scores = downloaded(page, "Scores (CSV)", tmp_path)
    assert [row["token"] for row in scores][:4] == ["[CLS]", "the", "plot", "is"]
    value = sum(float(row["score"]) for row in scores)
    assert value == pytest.approx(shown, rel=1e-3)
    assert_close(sum(float(row["share"]) for row in scores), 1.0, roundings=summed(len(scores)))
    edges = downloaded(page, "Edges (CSV)", tmp_path)
    last = [float(row["flow"]) for row in edges if row["layer"] == "5"]
    assert_close(sum(last), value, roundings=summed(len(last)))


def test_the_first_visitor_of_a_server_may_come_by_a_link(context, new_server):
    visit = Visit(context, new_server)
    page = visit.open("edit?text=A%20lovely%20film.&show=tokens")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Edited text")).to_be_visible()
    expect(page.get_by_role("link", name="Compare")).to_be_visible()  # the frame is there
    assert "lovely" in words(page)
    page.close()
    assert not visit.problems


def downloaded(page: Page, button: str, folder: Path) -> list[dict[str, str]]:
    with page.expect_download() as started:
        page.get_by_role("button", name=button).click()
    file = folder / started.value.suggested_filename
    started.value.save_as(file)
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_link_shows_somebody_else_the_same(visit):
    page = visit.open()
    write(page, "Not bad at all, said <b>nobody</b> & sons: 100 %!")
    choose(page, "GF")
    with changing(page):
        page.get_by_text("Show special tokens").click()
    page.wait_for_url("**special=false**")
    link = urlsplit(page.url)
    other = visit.open(f"?{link.query}")
    assert words(other) == words(page)
    assert colours(other) == colours(page)
    assert other.get_by_role("radio", name="GF", exact=True).is_checked()
    assert "[CLS]" not in words(other)


def test_the_page_has_an_address_of_its_own(visit):
    page = visit.open("explore?text=good+film")
    visit.problems.clear()  # Streamlit probes for its base path first: two 404s, harmless
    assert "good film" in words(page)


def test_what_plotly_draws_is_true_to_scale_and_tells_its_numbers(visit):
    text = quote("The plot is dull, but the acting is wonderful.")
    page = visit.open(f"?layers=1&layers=6&text={text}")
    columns: dict[int, list[tuple[float, float]]] = {}
    for x, y, height in nodes(page):
        columns.setdefault(round(x), []).append((y, height))
    assert len(columns) == 8
    totals = [sum(height for _, height in column) for column in columns.values()]
    assert max(totals) == pytest.approx(min(totals), abs=4), "nodes have at least half a pixel"
    for column in columns.values():
        column.sort()
        for (y, height), (below, _) in pairwise(column):
            assert below - (y + height) > 2, "nodes of a column never touch"
    hover = page.locator(".hoverlayer .hovertext").first
    page.locator(".sankey-link").last.hover(force=True)
    expect(hover).to_contain_text("flow")
    page.locator(".sankey-node rect").first.hover()
    expect(hover).to_contain_text("flow through it")


@pytest.mark.parametrize(("dark", "shades"), [(False, LIGHT_SHADES), (True, DARK_SHADES)])
def test_words_and_bars_have_the_shades_of_the_theme(visit, dark, shades):
    page = visit.open("?text=good+film", dark=dark)
    strongest = "rgb({}, {}, {})".format(*(int(shades[-1][i : i + 2], 16) for i in (1, 3, 5)))
    tokens = page.locator(f"{HEATMAP} [title]").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor)"
    )
    assert strongest in tokens
    drawn = page.locator(f"{CHART} .bars .point path")
    for chart in (0, 1):  # probabilities and shares are drawn one after the other
        expect(page.locator(f"{CHART} .bars").nth(chart)).to_be_visible()
    bars = drawn.evaluate_all("all => all.map(one => getComputedStyle(one).fill)")
    assert strongest in bars


def test_nothing_sticks_out_of_the_page_at_any_width(visit):
    page = visit.open("?text=" + quote("word " * 60))
    for width in (1440, 800, 420):
        page.set_viewport_size({"width": width, "height": 1000})
        fitted(page)
        assert not sticks_out(page)
        for chart in page.locator(CHART).all():
            box = chart.bounding_box()
            assert box is not None
            assert box["width"] > 250


def test_markup_in_a_text_never_runs(visit):
    page = visit.open()
    text = (
        '<img src=x onerror="window.hacked=1"> <script>window.hacked=1</script> **b** $x$ :smile:'
    )
    write(page, text)
    assert text in words(page)
    nodes(page)
    assert page.evaluate("window.hacked") is None


def test_a_very_long_text_survives_as_a_link(visit):
    page = visit.open()
    ask(page, "good film " * 2500)
    expect(page.get_by_test_id("stAlert")).to_contain_text("5,002 tokens")
    page.reload()
    settled(page)
    expect(page.get_by_test_id("stAlert")).to_contain_text("5,002 tokens")


def test_a_link_to_what_does_not_exist_says_so(visit):
    page = visit.open("?tensor=XYZ&layers=5&layers=2")
    alerts = page.get_by_test_id("stAlert")
    expect(alerts.filter(has_text="asks for tensor “XYZ”")).to_be_visible()
    expect(alerts.filter(has_text="layers")).to_be_visible()  # the other way round
    assert words(page)
    ends = page.get_by_role("group", name="Layers").get_by_role("slider")
    for end, layer in enumerate(("2", "5")):  # the page is drawn twice: first as the link has it
        expect(ends.nth(end)).to_have_value(layer)
