"""A text of about 450 tokens on the page: from the click on Explain to its Sankey, by parts.

    python -m benchmarks.long_text [--tokens 450] [--runs 5] [--write]

A real Chromium and the bundled model, the page as it opens. A visitor looks at a short text, types
the long one and clicks; every turn has a text of its own, so nothing of it was computed before. The
server writes down when each part began and ended (`benchmarks.timed_app`), the browser when the
figure arrived and when it was seen.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, WebSocket, sync_playwright

from benchmarks.start import browser, served, spread
from benchmarks.tables import finish, header, line, made_by, page
from benchmarks.texts import long_text
from gaf_core import load_model
from gaf_core.places import app

TABLE = Path(__file__).with_suffix(".md")
REST = "page"
PARTS = {
    REST: "the way to the server, the page above the Sankey",
    "model": "a pass forward and one backward",
    "network": "information tensor, capacities, pruning",
    "solve": "the flow with its certificate",
    "figure": "the Sankey as plotly has it",
    "transfer": "the figure as JSON, to the browser",
    "drawing": "in the browser, until the Sankey is seen",
}
DRAWN = "[...document.querySelectorAll('.sankey-node')].map(node => node.textContent).join(' ')"
NEW = f"before => {DRAWN} !== '' && {DRAWN} !== before"  # an old picture may be drawn again
LIMIT = 300_000  # milliseconds


def turns(tokens: int, runs: int) -> list[dict[str, float]]:
    """Seconds of each part in each turn; the turn before the first one warms the server up."""
    model = load_model("minilm-reviews")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        record = Path(folder) / "record.jsonl"
        with served(str(app()), "benchmarks.timed_app", str(record)) as address:
            found = []
            for turn in range(runs + 1):
                text = long_text(model, tokens - 4 * turn)
                with browser(playwright) as tab:
                    found.append(explained(tab, address, text, record))
    return found[1:]


def explained(tab: Page, address: str, text: str, record: Path) -> dict[str, float]:
    """One visitor: seconds of each part of what follows the click."""
    arrived: list[float] = []

    def received(payload: str | bytes) -> None:
        if isinstance(payload, bytes) and b'"sankey"' in payload:
            arrived.append(time.time())

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", received)

    tab.on("websocket", listen)
    tab.goto(f"{address}/?text=A+lovely+film.", wait_until="commit")
    tab.wait_for_selector(".sankey-node", state="visible", timeout=LIMIT)
    tab.get_by_test_id("stStatusWidget").wait_for(state="detached", timeout=LIMIT)
    before = tab.evaluate(DRAWN)
    tab.get_by_role("textbox", name="Text to explain").fill(text)
    record.write_text("", encoding="utf-8")
    arrived.clear()
    clicked = time.time()
    tab.get_by_role("button", name="Explain", exact=True).click()
    tab.wait_for_function(NEW, arg=before, timeout=LIMIT)
    seen = time.time()
    events = [json.loads(one) for one in record.read_text(encoding="utf-8").splitlines()]
    return parts(events, clicked, arrived, seen)


def parts(
    events: Sequence[Sequence], clicked: float, arrived: Sequence[float], seen: float
) -> dict[str, float]:
    """Seconds of each part; they add up to those from the click to the Sankey.

    Args:
        events: lines of the record: what, began, ended, seconds of the solve.
        clicked, seen: when.
        arrived: when figures came.
    """
    first = {what: (began, ended, solve) for what, began, ended, solve in reversed(events)}
    (began, ended, _), flow = first["model"], first["flow"]
    solve, figure, chart = flow[2], first["figure"], first["chart"]
    came = min(when for when in arrived if when >= chart[0])
    found = {
        "model": ended - began,
        "network": flow[1] - flow[0] - solve,
        "solve": solve,
        "figure": figure[1] - figure[0],
        "transfer": came - chart[0],
        "drawing": seen - came,
    }
    rest = seen - clicked - sum(found.values())
    return {REST: rest} | found


def table(found: Sequence[dict[str, float]]) -> list[str]:
    """One line a part, and one for all."""
    whole = [sum(one.values()) for one in found]
    lines = header("part", "what", "seconds", "share")
    for part, what in PARTS.items():
        seconds = [one[part] for one in found]
        lines.append(
            line(part, what, spread(seconds), f"{100 * median(seconds) / median(whole):.0f} %")
        )
    return [*lines, line("from the click to the Sankey", "", spread(whole), "100 %")]


def main() -> None:
    """Measure and print; keep the table if that is wanted."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tokens", type=int, default=450)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    found = turns(options.tokens, options.runs)
    about = (
        f"{made_by(f'long_text --tokens {options.tokens} --runs {options.runs}')} The bundled "
        f"model, a text of about {options.tokens} tokens, the page as it opens; medians of "
        f"{options.runs} turns with their range."
    )
    finish(page("A long text on the page", about, table(found)), TABLE, write=options.write)


if __name__ == "__main__":
    main()
