"""The app for people who see little, or use no mouse: axe-core on every page, and the keyboard."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.patience import HANG_MS
from tests.support.visits import CHART, Visit

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
PAGES = {
    "explore": "explore",
    "compare": "compare",
    "edit": "edit",
    "a slow method that waits": "compare?methods=AF&methods=lime",
    "the graph": "explore?view=Graph",
    "the table of edges": "explore?view=Edges",
    "an edge in focus": "explore?view=Edges&focus=e5.0.3",
    "a matrix of a layer": "explore?view=Matrices",
    "a matrix of a head": "explore?view=Matrices&matrix=A+%C2%B7+G",
    "the model is asked": "explore?agree=true&tried=the+minimum+cut",
    "tokens, two texts": "explore?show=tokens&special=true&pair=true&second=Dull.",
    "several methods": "compare?methods=AF&methods=GF&methods=rollout&methods=random",
    "no method": "compare?methods=",
    "another model": "edit?what_if=another+model",
    "a second model that is not there": "edit?what_if=another+model&other=./nothing",
    "both texts the same": "edit?text=Good.&edited=Good.",
    "the faithful side": "explore?side=true",
    "a focus": "explore?focus=L6.3",
    "a model that is not there": "explore?model=./nothing",
    "a model to download": "explore?model=owner/name",
    "a text that is too long": f"explore?text={'word+' * 600}",
    "an empty text": "compare?text=",
    "a link that asks for nothing known": "explore?tensor=XX&target=neutral&nodes=1000",
}


NARROW, WIDE = 420, 1440


def opened(visit: Visit, path: str, *, dark: bool = False, width: int = WIDE) -> Page:
    page = visit.context.new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page.set_default_timeout(HANG_MS)
    page.goto(f"{visit.server}/{path}")
    page.wait_for_selector('.gaf-verdict, [data-testid="stAlert"]')
    still(page)
    return page


def still(page: Page) -> None:
    """Wait until the script has ended, every figure is drawn and nothing fades in any more."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function(
        """() => !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
            && [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].every(
                one => one.querySelector('.main-svg'))
            && document.getAnimations().every(one => one.playState !== 'running')"""
    )


def violations(page: Page) -> list[str]:
    """What axe-core finds, the serious and the order of headings, a line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for one in found
        if one["impact"] in SERIOUS or one["id"] == "heading-order"
        for node in one["nodes"]
    ]


# each width and each theme of every page: what one does to the other, few pages show
LOOKS = {"wide and light": (WIDE, False), "narrow and dark": (NARROW, True)}


@pytest.mark.parametrize(("width", "dark"), LOOKS.values(), ids=LOOKS.keys())
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_has_a_serious_violation(visit, path, width, dark):
    assert violations(opened(visit, path, dark=dark, width=width)) == []


@pytest.mark.parametrize(("width", "dark"), [(WIDE, True), (NARROW, False)], ids=["dark", "narrow"])
@pytest.mark.parametrize("path", ["explore", "compare", "edit", "explore?model=./nothing"])
def test_nor_has_a_page_in_its_other_look(visit, path, width, dark):
    assert violations(opened(visit, path, dark=dark, width=width)) == []


@pytest.fixture
def hosted(monkeypatch, request) -> str:
    """A server for others, with room for one."""
    monkeypatch.setenv("GAF_HOSTED", "1")
    monkeypatch.setenv("GAF_MAX_VISITORS", "1")
    return request.getfixturevalue("new_server")


def test_nor_has_what_a_host_says(browser, hosted):
    with browser.new_context() as first, browser.new_context() as second:
        page = opened(Visit(first, hosted), "explore?model=./nothing")
        expect(page.get_by_test_id("stAlert")).to_contain_text("does not offer")
        assert violations(page) == []
        for dark, width in ((False, NARROW), (True, WIDE)):
            page = opened(Visit(second, hosted), "explore", dark=dark, width=width)
            expect(page.get_by_test_id("stAlert")).to_contain_text("The app is full")
            assert violations(page) == []


def open_advanced(page: Page) -> None:
    page.get_by_test_id("stSidebar").get_by_text("Advanced").click()


def open_settings_of_a_method(page: Page) -> None:
    page.get_by_role("button", name="With other settings").click()
    page.get_by_test_id("stPopoverBody").wait_for()


def open_choice(page: Page) -> None:
    page.get_by_role("button", name="Methods:").click()
    page.get_by_test_id("stPopoverBody").wait_for()


def open_scores(page: Page) -> None:
    page.get_by_role("button", name="Scores from elsewhere").click()
    page.get_by_test_id("stPopoverBody").wait_for()


def open_methods(page: Page) -> None:
    page.get_by_text("About these methods").click()


def open_sidebar(page: Page) -> None:
    """On a narrow page it lies over the text until it is closed."""
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("combobox", name="Model").wait_for()


def open_list(page: Page) -> None:
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option").first.wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("path", "act", "width"),
    [
        ("explore", open_advanced, WIDE), ("explore", open_list, WIDE),
        ("explore", open_sidebar, NARROW), ("compare", open_settings_of_a_method, NARROW),
        ("compare", open_methods, WIDE), ("compare", open_choice, NARROW),
        ("compare", open_scores, WIDE),
    ],
)  # fmt: skip
def test_what_opens_has_none_either(
    visit, path: str, act: Callable[[Page], None], width: int, dark: bool
):
    page = opened(visit, path, dark=dark, width=width)
    act(page)
    still(page)
    assert violations(page) == []


@pytest.mark.parametrize(
    "path", ["explore", "explore?side=true", "explore?view=Depth", "compare", "edit", "learn"]
)
def test_every_picture_says_what_it_shows(visit, path):
    page = opened(visit, path)
    told = page.locator(CHART).evaluate_all(
        """all => all.map(one => (one.closest('[aria-label]') ||
            one.querySelector('[aria-label]'))?.getAttribute('aria-label') || '')"""
    )
    assert told
    assert all(len(one) > 20 for one in told), told


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("explore", ["Text to explain", "Explain", "Focus on", "Tolerance"]),
        (
            "compare",
            ["Text to explain", "Methods:", "With other settings", "Scores from elsewhere"],
        ),
        ("edit", ["Text to explain", "Edited text", "Back to the original"]),
        ("learn?stop=pipes", ["Next", "Formulas", "Lecture", "Enlarge", "Pipe", "as a number"]),
    ],
)
def test_the_keyboard_alone_reaches_everything(visit, path, wanted):
    page = opened(visit, path)
    if "Tolerance" in wanted:
        open_advanced(page)
        still(page)
    page.locator("body").focus()
    reached: list[str] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => { const one = document.activeElement;
                return [one.getAttribute('aria-label'), one.innerText].join(' '); }"""
            )
        )
        if all(any(name in one for one in reached) for name in wanted):
            return
    missing = [name for name in wanted if not any(name in one for one in reached)]
    pytest.fail(f"not reached: {missing} among {reached}")
