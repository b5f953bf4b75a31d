"""Draw the Sankey of short and long texts and shallow and deep networks, to be looked at.

    python -m tools.gallery FOLDER [--width 1200] [--only 30x6]

Each case is drawn plain, with a part and the minimum cut set off, and by saturation, on a light and
on a dark page, as PNG files in the folder. Needs Chromium and the development requirements.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from playwright.sync_api import Page, sync_playwright
from plotly.offline import get_plotlyjs

import gaf_core as gaf
from gaf_core.figures import sankey
from gaf_core.flow.exact import max_flow
from gaf_core.picture.folding import usual_folds
from gaf_core.picture.view import View
from gaf_core.reading.focus import Node, through

TOKENS, LAYERS = (8, 30, 120), (2, 6, 12, 30)
PAGES = {"light": ("#ffffff", "#31333f"), "dark": ("#0e1117", "#fafafa")}
SENTENCE = "The plot, though thin; moves on quickly. Is unbelievably good acting enough? Hardly! "


def pictures(tokens: int, layers: int) -> Iterator[tuple[str, go.Figure]]:
    """The figures of one case, each with a name."""
    explanation = example(tokens, layers)
    folded = usual_folds(layers)
    token = int(np.argmax(explanation.scores))
    part = through(explanation.solution, Node(0, token))
    cut = max_flow(explanation.network).cut_near_input
    by = "spans" if tokens > 40 else "words"
    yield "plain", sankey(explanation)
    yield "folded", sankey(explanation, View(by=by, folded=folded))
    yield "part", sankey(explanation, View(by=by, folded=folded, part=part))
    yield "cut", sankey(explanation, View(cut=cut, by=by))
    yield "saturation", sankey(explanation, View(colour="saturation", cut=cut, folded=folded))


def example(tokens: int, layers: int) -> gaf.Explanation:
    """A made-up prediction for so many tokens, whose attention leans to a few of them."""
    from benchmarks.handmade import trace_of  # of the development checkout, as this tool is

    words = (SENTENCE * (tokens // 10 + 1)).split()
    text = " ".join(words)
    spans = trace_spans(text)[: tokens - 2]
    traced = trace_of(text[: spans[-1][1]], spans=spans, layers=layers)
    network = gaf.FlowNetwork.from_information(gaf.information_tensor(traced, "AGF"))
    settings = gaf.Settings("AGF")
    return gaf.Explanation(settings, traced, (0, layers), network, gaf.solve(network))


def trace_spans(text: str) -> list[tuple[int, int]]:
    """Where the words and marks of a text stand."""
    found, start = [], 0
    for index, character in enumerate(f"{text} "):
        if not character.isalnum():
            if start < index:
                found.append((start, index))
            if not character.isspace():
                found.append((index, index + 1))
            start = index + 1
    return found


def draw(page: Page, figure: go.Figure, look: str, width: int, target: Path) -> None:
    """Render a figure offline, on a page of one look."""
    background, ink = PAGES[look]
    shown = go.Figure(figure).update_layout(font={"color": ink}, width=width)
    page.set_viewport_size({"width": width, "height": round(shown.layout.height)})
    chart = shown.to_html(include_plotlyjs=False, full_html=False)
    page.set_content(
        f'<body style="margin:0;background:{background}">'
        f"<script>{get_plotlyjs()}</script>{chart}</body>"
    )
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.screenshot(path=target)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--width", type=int, default=1200)
    arguments.add_argument("--only", help="one case, such as 30x6 for 30 tokens and 6 layers")
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        page = browser.new_page(device_scale_factor=1)
        for case in [f"{tokens}x{layers}" for tokens in TOKENS for layers in LAYERS]:
            if options.only not in (None, case):
                continue
            for name, figure in pictures(*map(int, case.split("x"))):
                for look in PAGES:
                    target = options.folder / f"{case}-{name}-{look}.png"
                    draw(page, figure, look, options.width, target)
                    print(target)
        browser.close()


if __name__ == "__main__":
    main()
