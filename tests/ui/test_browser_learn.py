"""The Learn page and enlarged figures in a real Chromium, by keyboard and mouse."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gaf_core.lesson.presets import BOTTLENECK, PRESETS
from gaf_core.lesson.puzzle import hardest, solutions
from gaf_core.lesson.solved import solve_toy
from gaf_core.lesson.stops import STOPS
from gaf_core.lesson.toy import to_link
from gaf_core.reading.focus import Edge
from tests.support.visits import drawn, fitted, in_view, settled, sticks_out
from tests.ui.test_browser_accessibility import opened, still, violations

pytestmark = pytest.mark.browser

LESSON = ".st-key-figure_lesson"
TOY = to_link(PRESETS[BOTTLENECK]())


def title(page: Page):
    return page.get_by_role("heading", level=2).first


def test_the_arrow_keys_alone_go_through_all_stops_and_back(visit):
    page = visit.open("learn")
    for number, stop in enumerate(STOPS, 1):
        named = f"{number} · {stop.title}" if stop is not STOPS[-1] else f"Puzzle · {stop.title}"
        expect(title(page)).to_have_text(named)
        settled(page)
        drawn(page)
        if number > 1:
            page.wait_for_url(f"**stop={stop.id}*")
        if stop is not STOPS[-1]:
            page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(title(page)).to_contain_text(STOPS[-2].title)


def test_the_arrow_keys_in_a_field_move_in_the_field(visit):
    page = visit.open("learn?stop=cut")
    page.get_by_role("textbox", name="Text to explain").focus()
    page.keyboard.press("ArrowRight")
    slider = page.get_by_role("slider", name="Ways that are filled")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("2 of 3 ways are filled")).to_be_visible()
    expect(title(page)).to_contain_text("Push until it is full")


def test_a_toy_is_edited_by_a_click_and_a_number_and_the_link_opens_it_elsewhere(visit):
    page = visit.open(f"learn?stop=cut&toy={TOY}")
    drawn(page)
    box = page.locator(f"{LESSON} text").filter(has_text="1.5/1.5").first
    in_view(box)
    place = box.bounding_box()
    assert place is not None
    page.get_by_role("combobox", name="Pipe").click()
    page.get_by_role("option", name="layer 1: film reads not (2)", exact=True).click()
    expect(page.get_by_role("spinbutton", name="as a number")).to_have_value("2.00")
    settled(page)
    drawn(page)
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    chosen = page.get_by_role("combobox", name="Pipe")
    expect(chosen).to_have_value("layer 2: lovely reads lovely (1.5)")
    number = page.get_by_role("spinbutton", name="as a number")
    number.fill("3")
    number.press("Enter")
    expect(page.get_by_text("= 3.")).to_be_visible()
    toy = to_link(PRESETS[BOTTLENECK]().with_capacity(Edge(1, 0, 0), 3))
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("toy") == [toy])
    other = visit.open(f"learn?{urlsplit(page.url).query}")
    expect(other.get_by_text("= 3.")).to_be_visible()
    expect(title(other)).to_contain_text("Push until it is full")


def test_the_puzzle_is_answered_wrong_and_right(visit):
    solved = solve_toy(PRESETS[BOTTLENECK]())
    right = solutions(solved, hardest(solved))[0]
    wrong = next(edge for edge in solved.toy.edges if edge in solved.dead)
    page = visit.open(f"learn?stop=puzzle&toy={TOY}")
    for edge, said in ((wrong, "Not this one."), (right, "Right.")):
        page.get_by_role("combobox", name="Your pipe").click()
        page.get_by_role("option", name=solved.toy.said(edge), exact=True).click()
        expect(page.get_by_test_id("stAlert").filter(has_text=said)).to_be_visible()
    expect(page.get_by_test_id("stAlert").filter(has_text="every smallest cut")).to_be_visible()


def test_a_lecture_has_large_type_and_nothing_beside_it(visit):
    text = quote("Despite a thin plot, the film is a joy.")
    page = visit.open(f"learn?stop=middle&lecture=true&formulas=true&text={text}")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.locator(".katex").first).to_be_visible()
    size = page.get_by_text("A barrier makes the answer unique").evaluate(
        "one => parseFloat(getComputedStyle(one).fontSize)"
    )
    assert size >= 20
    drawn(page)
    ticks = page.locator(f"{LESSON} .xtick text").first.evaluate(
        "one => parseFloat(getComputedStyle(one).fontSize)"
    )
    assert ticks >= 15


def test_play_moves_the_flow_along_the_path(visit):
    page = visit.open("learn?stop=middle")
    drawn(page)
    numbers = page.locator(f"{LESSON} .textpoint text")
    last = numbers.all_text_contents()
    in_view(page.locator(LESSON))
    page.locator(f"{LESSON} .updatemenu-button").first.click()
    page.wait_for_function(
        """([selector, last]) => {
            const now = [...document.querySelectorAll(selector)].map(one => one.textContent);
            return now.length && now.join() !== last;
        }""",
        arg=[f"{LESSON} .textpoint text", ",".join(last)],
    )


@pytest.mark.parametrize("path", ["explore", "explore?view=Graph", "explore?view=Depth", "learn"])
def test_a_figure_is_enlarged_with_its_caption_and_left_by_escape(visit, path):
    page = visit.open(path)
    drawn(page)
    button = page.get_by_role("button", name="Enlarge").last
    in_view(button)
    button.click()
    large = page.get_by_role("dialog")
    expect(large.locator(".main-svg").first).to_be_visible()
    figure, window = large.locator(".main-svg").first.bounding_box(), page.viewport_size
    assert figure is not None
    assert window is not None
    assert figure["width"] > 0.8 * window["width"]
    assert figure["height"] > 0.5 * window["height"]
    expect(large.get_by_test_id("stCaptionContainer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)


def test_a_click_above_a_column_of_the_depths_sets_the_range_of_layers(visit):
    page = visit.open("explore?view=Depth")
    drawn(page)
    mark = page.locator(".st-key-figure_depth_heat .scatterlayer .point").nth(1)
    in_view(mark)
    mark.click(force=True)
    page.wait_for_url("**layers=2*")
    ends = page.get_by_role("group", name="Layers").get_by_role("slider")
    expect(ends.first).to_have_value("2")


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.id)
def test_on_a_narrow_screen_nothing_sticks_out(visit, stop):
    page = visit.open(f"learn?stop={stop.id}&formulas=true", width=420)
    fitted(page)
    assert not sticks_out(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.id)
def test_no_stop_has_a_serious_violation(visit, stop, dark):
    page = opened(visit, f"learn?stop={stop.id}&formulas=true", dark=dark)
    still(page)
    assert violations(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", ["explore?view=Depth&depth_aopc=true", "learn?lecture=true"])
def test_neither_has_the_view_of_depth_nor_a_lecture(visit, path, dark):
    assert violations(opened(visit, path, dark=dark)) == []


def test_nor_has_an_enlarged_figure(visit):
    page = opened(visit, "learn?stop=two")
    page.get_by_role("button", name="Enlarge").last.click()
    page.get_by_role("dialog").locator(".main-svg").first.wait_for()
    still(page)
    assert violations(page) == []
