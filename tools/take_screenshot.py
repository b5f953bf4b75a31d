"""Take the picture at the top of the README: what a new visitor sees on a wide screen.

Start the app (`make run`), then `python -m tools.take_screenshot`.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).resolve().parent.parent / "assets" / "screenshot.png"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--address", default="http://localhost:8501")
    options = arguments.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 1260}, color_scheme="light")
        page.goto(options.address)
        page.locator(".sankey-link").first.wait_for(timeout=60_000)
        page.wait_for_timeout(2_000)  # the charts are still growing to their width
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
