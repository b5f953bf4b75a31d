"""The app for people who see little, or use no mouse: axe-core on every page, and the keyboard."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.patience import HANG_MS
from tests.support.visits import CHART, Visit

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
PAGES = {
    "explore": "explore",
    "compare": "compare",
    "edit": "edit",
    "a slow method that waits": "compare?methods=AF&methods=lime",
    "the graph": "explore?view=graph",
    "the faithful side": "explore?side=true",
    "a focus": "explore?focus=L6.3",
    "a model that is not there": "explore?model=./nothing",
    "a model to download": "explore?model=owner/name",
    "a text that is too long": f"explore?text={'word+' * 600}",
    "an empty text": "compare?text=",
    "a link that asks for nothing known": "explore?tensor=XX&target=neutral&nodes=1000",
}


def opened(visit: Visit, path: str, *, dark: bool = False) -> Page:
    page = visit.context.new_page()
    page.set_viewport_size({"width": 1440, "height": 1000})
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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_has_a_serious_violation(visit, path, dark):
    assert violations(opened(visit, path, dark=dark)) == []


def open_advanced(page: Page) -> None:
    page.get_by_test_id("stSidebar").get_by_text("Advanced").click()


def open_settings_of_a_method(page: Page) -> None:
    page.get_by_role("button", name="With other settings").click()
    page.get_by_test_id("stPopoverBody").wait_for()


def open_methods(page: Page) -> None:
    page.get_by_text("About these methods").click()


def open_list(page: Page) -> None:
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option").first.wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("explore", open_advanced), ("explore", open_list),
        ("compare", open_settings_of_a_method), ("compare", open_methods),
    ],
)  # fmt: skip
def test_what_opens_has_none_either(visit, path: str, act: Callable[[Page], None], dark):
    page = opened(visit, path, dark=dark)
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
        ("compare", ["Text to explain", "Methods to compare", "With other settings"]),
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
