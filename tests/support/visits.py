"""A visitor of the app in a real Chromium. Nothing may leave this computer.

A test waits for a state of the page, never for a time. What an action changes is waited for first,
since the page is in the same state as before until the server has heard of it; then the end of the
run, with which everything else has arrived.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support.patience import HANG_MS

HEATMAP = ".gaf-heatmap"
CHART = '[data-testid="stPlotlyChart"]'

WIDER = """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')].some(
    one => one.scrollWidth > one.clientWidth
)"""


class Visit:
    """Pages of one visitor; on leaving, no console error and no foreign request are allowed."""

    def __init__(self, context: BrowserContext, server: str):
        self.context, self.server = context, server
        self.problems: list[str] = []

    def open(self, query: str = "", width: int = 1440, dark: bool = False) -> Page:
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": 1000})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(HANG_MS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._request)
        page.goto(f"{self.server}/{query}")
        settled(page)
        return page

    def _console(self, message) -> None:
        # Streamlit looks for its server below the address of a page before it looks at the root
        address = message.location.get("url", "")
        if message.type == "error" and not re.search(r"/\w+/_stcore/", address):
            self.problems.append(f"{message.text} {address}")

    def _request(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.problems.append(f"request to {request.url}")


def settled(page: Page) -> None:
    """Wait until the page shows an answer and the script that sends it has ended."""
    page.wait_for_selector(f'{HEATMAP}, [data-testid="stAlert"]')
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def drawn(page: Page) -> None:
    """Wait until a settled page has drawn every figure and table, and nothing moves any more."""
    settled(page)
    page.wait_for_function(
        """() => {
            const all = selector => [...document.querySelectorAll(selector)];
            return !all('[data-testid="stSkeleton"]').length
                && all('[data-testid="stPlotlyChart"]').every(one => one.querySelector('.main-svg'))
                && all('[data-testid="stDataFrame"]').every(one => one.querySelector('td'))
                && all('.sankey-node, .sankey-node rect').every(one => !one.__transition__);
        }"""  # d3 keeps what it moves in `__transition__` until it stands
    )


def in_view(element: Locator) -> None:
    """Scroll to an element, and wait until the page has been told: a scroll closes an open list."""
    element.scroll_into_view_if_needed()
    element.evaluate("() => new Promise(requestAnimationFrame)")


def fitted(page: Page) -> None:
    """Wait until every figure has the width of its place and nothing on the page slides."""
    drawn(page)
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].every(
                one => one.clientWidth === one.querySelector('.main-svg').width.baseVal.value
            ) && !document.getAnimations().some(one => one instanceof CSSTransition)"""
    )


def sticks_out(page: Page) -> bool:
    """Whether something is wider than the page, of which Streamlit's main part is what scrolls."""
    return page.evaluate(WIDER)


@contextmanager
def changing(page: Page, selector: str = HEATMAP) -> Iterator[None]:
    """Do what changes the first of some elements, then wait until it has and the page settles."""
    read = "selector => document.querySelector(selector)?.outerHTML"
    before = page.evaluate(read, selector)
    yield
    page.wait_for_function(
        f"([selector, before]) => ({read})(selector) !== before", arg=[selector, before]
    )
    settled(page)


def write(page: Page, text: str) -> None:
    """Explain another text; it is not refused."""
    ask(page, text)
    expect(page.locator(HEATMAP).first).to_contain_text(text)
    settled(page)


def ask(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Text to explain").fill(text)
    page.get_by_role("button", name="Explain", exact=True).click()


def choose(page: Page, name: str) -> None:
    """Another tensor, which has other scores."""
    with changing(page):
        page.get_by_role("radiogroup", name="Tensor").get_by_text(name, exact=True).click()


def words(page: Page) -> str:
    return page.locator(f"{HEATMAP} > div").first.inner_text()


def colours(page: Page) -> list[str]:
    return page.locator(f"{HEATMAP} span[title]").evaluate_all(
        "spans => spans.map(span => getComputedStyle(span).backgroundColor)"
    )


def nodes(page: Page) -> list[list[float]]:
    """`[x, y, height]` of every node of the Sankey, in pixels."""
    page.wait_for_selector(".sankey-node rect")
    drawn(page)
    return page.locator(".sankey-node rect").evaluate_all(
        "all => all.map(r => r.getBoundingClientRect()).map(r => [r.x, r.y, r.height])"
    )
