"""Take the pictures of the README: what a new visitor sees, and the flow of some views.

Start the app (`make run`), then `python -m tools.take_screenshot`. The language model needs
`make smollm2`.
"""

import argparse
import json
import shutil
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

ASSETS = Path(__file__).resolve().parent.parent / "assets"
FLOW = ".st-key-flow"
EXAMPLES = json.loads((ASSETS / "examples.json").read_text(encoding="utf-8"))
LONG = next(one["text"] for one in EXAMPLES if one["name"].startswith("Long"))

# name -> (part of the page or None for the window, dark, view as in a link)
PICTURES = {
    "screenshot": (None, False, {}),
    "flow-focus": (FLOW, False, {"focus": "n0.2"}),
    "flow-cut": (FLOW, True, {"view": "Graph", "cut": "true", "focus": "n0.2"}),
    "flow-spans": (FLOW, False, {"text": LONG, "by": "spans", "layers": ["2", "6"]}),
    "flow-language-model": (FLOW, True, {"model": "smollm2-135m"}),
}


def take(browser: Browser, address: str, name: str) -> None:
    """Save one of the pictures."""
    part, dark, view = PICTURES[name]
    page = browser.new_page(
        viewport={"width": 1440, "height": 1260}, color_scheme="dark" if dark else "light"
    )
    page.goto(f"{address}/?{urlencode(view, doseq=True)}")
    page.locator(f"{FLOW} .js-plotly-plot").first.wait_for(timeout=120_000)
    page.wait_for_timeout(4_000)  # the charts are still growing to their width
    file = ASSETS / f"{name}.png"
    if part is None:
        page.screenshot(path=file)
    else:
        page.locator(part).screenshot(path=file)
    page.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--address", default="http://localhost:8501")
    options = arguments.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        for name in PICTURES:
            take(browser, options.address, name)
        browser.close()


if __name__ == "__main__":
    main()
