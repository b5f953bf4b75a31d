"""The report: one file that says what the explanation says, loads nothing and runs nothing else."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

import gaf_core as gaf
from benchmarks.handmade import explanation_of
from gaf_core.figures import layer_matrix, sankey
from gaf_core.files.report import to_html
from gaf_core.picture.view import View
from gaf_core.reading.bottleneck import bottleneck
from gaf_core.reading.focus import Node, part_of
from gaf_core.reading.sentences import cut_in_words, focus_in_words
from tests.support.patience import HANG, HANG_MS

TEXT = "Tea & <b>milk</b> </script><script>window.hacked=1</script> are lovely"


@pytest.fixture(scope="module")
def explanation() -> gaf.Explanation:
    return explanation_of(TEXT, labels=("bad <i>", "good & co"))


@pytest.fixture(scope="module")
def report(explanation) -> str:
    return to_html(
        explanation,
        intervals=np.stack([explanation.scores / 2, explanation.scores * 2], axis=1),
        model="folder <x>",
    )


@pytest.fixture(scope="module")
def file(report, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report, encoding="utf-8")
    return path


def visible(html: str) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", body))


def test_it_says_what_the_explanation_says(explanation, report):
    text = visible(report)
    assert TEXT in text
    assert "folder <x>" in text
    assert explanation.solution.message in text or "Proven: flow" in text
    assert f"“{explanation.trace.target.name}”" in text
    for token, score in enumerate(explanation.scores):
        row = (
            f"{token}{explanation.written[token]}{explanation.tokens[token]}"
            f"{explanation.shares[token]:.2%}{score:.6g}{score / 2:.6g}{score * 2:.6g}"
        )
        assert row in text
    for name in ("gaf_core 0.", "torch", "arxiv.org/abs/2502.15765", "Azarkhalili"):
        assert name in text


def test_markup_stays_text(report):
    found: list[tuple[str, dict[str, str | None]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Tags().feed(report)
    tags = [tag for tag, _ in found]
    assert "b" not in tags
    assert "i" not in tags
    assert tags.count("script") == 2 + 7, "plotly.js, ours, and the data of seven figures"
    assert not [attributes for _, attributes in found if attributes.get("src")]


def test_only_the_scripts_of_the_page_may_run(report):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', report)
    assert policy is not None
    scripts = re.findall(r"<script>(.*?)</script>", report, flags=re.DOTALL)
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'"
        for one in scripts
    }
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert set(rules["script-src"].split()) == hashes
    assert len(hashes) == 2
    assert rules["default-src"] == "'none'"


def test_it_says_what_limits_the_flow_and_shows_the_matrices_of_that_layer(explanation, report):
    limit = bottleneck(explanation.network, gaf.max_flow(explanation.network))
    text = visible(report)
    assert cut_in_words(explanation, limit) in text
    assert f"saturation (flow over capacity) in layer {limit.layers.argmax() + 1}" in text
    content = figures_in(report)
    assert list(content) == [
        "gaf-shares", "gaf-probabilities", "gaf-sankey", "gaf-graph", "gaf-capacity", "gaf-flow",
        "gaf-saturation",
    ]  # fmt: skip
    expected = layer_matrix(explanation, int(limit.layers.argmax()), "Capacity")
    assert content["gaf-capacity"]["data"] == json.loads(str(expected.to_json()))["data"]
    names = [trace["name"] for trace in content["gaf-graph"]["data"]]
    assert "cut" in names
    assert "selection" not in names
    assert "error_x" in content["gaf-shares"]["data"][0]


def test_what_is_in_focus_is_said_and_set_off(explanation):
    chosen = Node(0, 3)
    part = part_of(explanation, chosen)
    found = to_html(explanation, focus=chosen)
    assert focus_in_words(explanation, chosen, part) in visible(found)
    content = figures_in(found)
    assert "selection" in [trace["name"] for trace in content["gaf-graph"]["data"]]
    drawn = json.loads(str(sankey(explanation, View(part=part)).to_json()))["data"]
    assert content["gaf-sankey"]["data"] == drawn
    with pytest.raises(gaf.SettingsError, match="There is no node"):
        to_html(explanation, focus=Node(9, 3))


def test_a_report_on_a_long_text_stays_small_and_joins_its_tokens():
    text = ". ".join(" ".join(f"w{i}x{k}" for i in range(12)) for k in range(24))
    explanation = explanation_of(text, layers=2)
    assert len(explanation.tokens) > 300
    found = to_html(explanation)
    assert len(found) < 6.5e6, "plotly.js has 4.8 MB"
    (matrix,) = figures_in(found)["gaf-capacity"]["data"]
    rows = matrix["customdata"]
    assert len(rows) == len(rows[0]) <= 40
    assert f"joined to {len(rows)} pieces" in visible(found)


def figures_in(report: str) -> dict[str, dict]:
    """The content of each figure, by the name of the files that it is saved as."""
    found = re.findall(
        r'data-name="([^"]*)".*?<script type="application/json">(.*?)</script>', report, re.DOTALL
    )
    return {name: json.loads(content) for name, content in found}


def test_it_warns_where_nothing_flows_or_something_was_cut(explanation):
    trace = replace(
        explanation.trace,
        encoding=replace(explanation.trace.encoding, truncated=1_234),
        gradient=np.zeros_like(explanation.trace.gradient),
    )
    still = gaf.explain_trace(trace)
    text = visible(to_html(still))
    assert still.solution.message in text
    assert "1,234 tokens were cut off" in text
    assert "least" not in text.lower().split("all tokens")[1].split("what was asked")[0]


class Reader:
    """Opens a file from the disk, offline; what it requests or complains about is kept."""

    def __init__(self, context: BrowserContext):
        self.context = context
        self.problems: list[str] = []

    def open(self, path: Path, **media) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(HANG_MS)
        page.emulate_media(**media)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._request)
        page.goto(path.as_uri())
        expect(page.locator(".gaf-print")).to_have_count(7)
        expect(page.locator(".gaf-print:not([src])")).to_have_count(0)  # made last
        return page

    def _console(self, message) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _request(self, request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.problems.append(f"request to {request.url}")


@pytest.fixture
def reader(browser) -> Iterator[Reader]:
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
    reader = Reader(context)
    yield reader
    context.close()
    assert not reader.problems


def fitted(page: Page) -> None:
    """Wait until every figure has the width of its place.

    Looked at from outside: the page allows no script but its own, so none of ours can wait in it.
    """
    end = time.monotonic() + HANG
    while not page.evaluate(
        "[...document.querySelectorAll('.gaf-plot')].every("
        "one => one.clientWidth === one.querySelector('.main-svg').width.baseVal.value)"
    ):
        assert time.monotonic() < end, "a figure keeps another width than its place"
        page.wait_for_timeout(50)  # between two looks


@pytest.mark.browser
def test_it_opens_from_the_disk_and_draws(reader, file):
    page = reader.open(file)
    assert page.locator(".sankey-node rect").count() > 5
    assert page.locator(".gaf-plot .bars .point").count() == 25 + 2, "the rest is lumped"
    assert page.evaluate("window.hacked") is None
    page.locator(".sankey-node rect").first.hover()
    page.locator(".hoverlayer .hovertext").first.wait_for()
    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 900})
        fitted(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.browser
def test_it_follows_the_scheme_and_prints_light(reader, file):
    page = reader.open(file, color_scheme="dark")
    ink = "getComputedStyle(document.querySelector('.gaf-plot .ytick text')).fill"
    paper = "getComputedStyle(document.body).backgroundColor"
    assert (page.evaluate(ink), page.evaluate(paper)) == ("rgb(231, 236, 242)", "rgb(16, 21, 28)")
    page.emulate_media(color_scheme="light")
    expect(page.locator(".gaf-plot .ytick text").first).to_have_css("fill", "rgb(26, 34, 48)")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    assert not page.locator(".gaf-plot").first.is_visible()
    for image in page.locator(".gaf-print").all():
        assert image.is_visible()
        width = int(image.evaluate("one => one.parentElement.dataset.width"))
        assert image.evaluate("one => one.complete && one.naturalWidth") == width


@pytest.mark.browser
def test_every_figure_is_saved_as_a_picture_for_print(reader, file, tmp_path):
    page = reader.open(file, color_scheme="dark")
    for figure in page.locator(".gaf-figure").all():
        place = figure.locator(".gaf-plot").bounding_box()
        assert place is not None
        size = round(place["width"]), round(place["height"])
        texts = figure.locator(".gaf-plot text").all_text_contents()
        png = Image.open(saved(page, figure, "PNG", tmp_path))
        assert png.size == (4 * size[0], 4 * size[1])
        assert png.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
        svg = ElementTree.parse(saved(page, figure, "SVG", tmp_path)).getroot()
        assert svg.tag == "{http://www.w3.org/2000/svg}svg"
        assert (float(svg.get("width", 0)), float(svg.get("height", 0))) == size
        written = {"".join(one.itertext()) for one in svg.iter() if one.tag.endswith("}text")}
        assert {text for text in texts if text.strip()} <= written


def saved(page: Page, figure, kind: str, folder: Path) -> Path:
    with page.expect_download() as started:
        figure.get_by_role("button", name=f"Save as {kind}").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    assert path.suffix == f".{kind.lower()}"
    return path
