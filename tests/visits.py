"""A visitor of the app in a real Chromium. Nothing may leave this computer."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page

HEATMAP = ".gaf-heatmap"
CHART = '[data-testid="stPlotlyChart"]'


class Visit:
    """Pages of one visitor; on leaving, no console error and no foreign request are allowed."""

    def __init__(self, context: BrowserContext, server: str):
        self.context, self.server = context, server
        self.problems: list[str] = []

    def open(self, query: str = "", width: int = 1440, dark: bool = False) -> Page:
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": 1000})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(60_000)  # the first visit loads the model and the solver
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._request)
        page.goto(f"{self.server}/{query}")
        settled(page)
        return page

    def _console(self, message) -> None:
        # Streamlit looks for its server below the address of a page before it looks at the root
        probing = re.search(r"/\w+/_stcore/", message.location.get("url", ""))
        if message.type == "error" and not probing:
            self.problems.append(message.text)

    def _request(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.problems.append(f"request to {request.url}")


def settled(page: Page) -> None:
    """Wait until the script has run and everything that it sent is drawn."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_selector(f'{HEATMAP}, [data-testid="stAlert"]')
    page.wait_for_timeout(300)


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Text to explain").fill(text)
    page.get_by_role("button", name="Explain", exact=True).click()
    changed(page)


def choose(page: Page, name: str) -> None:
    page.get_by_role("radiogroup", name="Tensor").get_by_text(name, exact=True).click()
    changed(page)


def changed(page: Page) -> None:
    page.wait_for_timeout(1_200)  # until a busy machine has begun to run the script
    settled(page)


def words(page: Page) -> str:
    return page.locator(f"{HEATMAP} > div").first.inner_text()


def colours(page: Page) -> list[str]:
    return page.locator(f"{HEATMAP} span[title]").evaluate_all(
        "spans => spans.map(span => getComputedStyle(span).backgroundColor)"
    )


def nodes(page: Page) -> list[list[float]]:
    """`[x, y, height]` of every node of the Sankey, in pixels."""
    page.wait_for_selector(".sankey-node rect")
    page.wait_for_timeout(700)  # plotly moves nodes to their places within half a second
    return page.locator(".sankey-node rect").evaluate_all(
        "all => all.map(r => r.getBoundingClientRect()).map(r => [r.x, r.y, r.height])"
    )
