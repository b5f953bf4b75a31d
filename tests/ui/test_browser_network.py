"""The flow explorer in a real Chromium: what is clicked comes into focus, everywhere."""

from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.support.visits import CHART, drawn, in_view, settled

pytestmark = pytest.mark.browser

ORANGE, ACCENT = "rgb(213, 94, 0)", "rgb(67, 148, 182)"
LINE_COLOURS = (
    "[...document.querySelectorAll('.scatterlayer .js-line')]"
    ".map(one => getComputedStyle(one).stroke)"
)
CAMERA = {"PNG": "Download plot as a PNG", "SVG": "Download plot"}  # what plotly calls its button
TEXT = quote("A lovely film, and the music is superb.")


def in_focus(page: Page):
    return page.get_by_text("In focus:")


def pick(page: Page, box: Locator, name: str) -> None:
    """Choose from a list."""
    drawn(page)
    in_view(box)
    box.click()
    page.get_by_role("option", name=name, exact=True).click()


def test_focus_from_the_picker_is_in_every_view_and_in_the_link(visit):
    page = visit.open(f"?text={TEXT}")
    drawn(page)
    picker = page.get_by_role("combobox", name="Focus on")
    in_view(picker)
    picker.click()
    picker.fill("lovely")
    page.get_by_role("option").first.click()
    expect(in_focus(page)).to_contain_text("‘lovely’ after layer 3")
    page.get_by_role("radio", name="Graph", exact=True).or_(
        page.get_by_role("button", name="Graph", exact=True)
    ).first.click()
    expect(page.get_by_text("Pale is the capacity")).to_be_visible()
    expect(in_focus(page)).to_contain_text("‘lovely’")
    page.wait_for_url(lambda url: {"focus", "view"} <= parse_qs(urlsplit(url).query).keys())
    other = visit.open(f"?{urlsplit(page.url).query}")
    expect(in_focus(other)).to_contain_text("‘lovely’ after layer 3")
    expect(other.get_by_text("Pale is the capacity")).to_be_visible()


def test_a_click_on_a_node_of_the_graph_focuses_it_and_clear_undoes_it(visit):
    page = visit.open(f"?text={TEXT}&view=Graph")
    nodes = page.locator(".scatterlayer .trace").last.locator(".point")
    expect(nodes.nth(1)).to_be_visible()
    drawn(page)
    nodes.nth(1).hover(force=True)  # under the layer that follows the mouse
    expect(page.locator(".hoverlayer .hovertext")).to_be_visible()
    nodes.nth(1).click(force=True)
    expect(in_focus(page)).to_contain_text("‘A’ after layer 3")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(in_focus(page)).to_have_count(0)


def test_a_row_of_the_edge_table_opens_its_detail_and_a_path_is_set_off(visit):
    page = visit.open(f"?text={TEXT}&view=Edges")
    table = page.get_by_test_id("stDataFrame").first
    tick(page, table)
    expect(page.get_by_text("On the minimum cut", exact=True)).to_be_visible()
    expect(in_focus(page)).to_contain_text("reads")
    settled(page)
    tick(page, page.get_by_test_id("stDataFrame").last)
    expect(in_focus(page)).to_contain_text("path 1, the widest")


def link_colours(page: Page) -> list[str]:
    """What the links of the Sankey are filled with, in the order of drawing."""
    page.wait_for_selector(".sankey-link")
    return page.locator(".sankey-link").evaluate_all(
        "all => all.map(one => getComputedStyle(one).fill + getComputedStyle(one).fillOpacity)"
    )


def line_colours(page: Page) -> dict[str, int]:
    """How many traces of the graph have each colour of a line."""
    page.wait_for_selector(".scatterlayer .js-line")
    found = page.evaluate(LINE_COLOURS)
    return {colour: found.count(colour) for colour in found}


def test_a_path_of_the_list_changes_the_colours_of_sankey_and_graph(visit):
    page = visit.open(f"?text={TEXT}")
    before = link_colours(page)
    tick(page, page.get_by_test_id("stDataFrame").last)
    expect(in_focus(page)).to_contain_text("path 1, the widest")
    expect(page.locator(".sankey-link")).not_to_have_count(len(before))
    drawn(page)
    after = link_colours(page)
    assert len(after) > len(before), "links along the path are split in two"
    assert set(after) != set(before)
    assert sum("0.14" in colour for colour in after) > len(before) / 2, "the rest has faded"

    graph = visit.open(f"?text={TEXT}&view=Graph")
    plain = line_colours(graph)
    tick(graph, graph.get_by_test_id("stDataFrame").last)
    expect(in_focus(graph)).to_contain_text("path 1, the widest")
    graph.wait_for_function(
        f"{LINE_COLOURS}.includes('{ORANGE}') && !{LINE_COLOURS}.includes('{ACCENT}')"
    )
    followed = line_colours(graph)
    assert ORANGE not in plain
    assert ACCENT in plain
    assert ACCENT not in followed, "what is not on the path is grey"


def test_a_choice_of_nodes_for_a_long_text_is_in_the_link(visit):
    long = "%20".join([TEXT] * 6)
    page = visit.open(f"?text={long}")
    nodes = page.get_by_role("combobox", name="Nodes are")
    expect(page.get_by_text("joined to 10 pieces")).to_be_visible()
    pick(page, nodes, "tokens")
    expect(page.get_by_text("tokens a layer are drawn on their own")).to_be_visible()
    page.wait_for_url("**by=tokens**")
    query = urlsplit(page.url).query
    other = visit.open(f"?{query}")
    expect(other.get_by_text("tokens a layer are drawn on their own")).to_be_visible()


@pytest.mark.parametrize("kind", ["PNG", "SVG"])
def test_the_camera_saves_the_figures_in_the_chosen_format(visit, kind, tmp_path):
    page = visit.open(f"?text={TEXT}&save_as={'SVG' if kind == 'PNG' else 'PNG'}")
    page.get_by_role("radiogroup", name="Save figures as").get_by_text(kind, exact=True).click()
    for number, name in ((1, "gaf-shares"), (2, "gaf-sankey")):
        chart = page.locator(CHART).nth(number)
        camera = chart.locator(f'.modebar-btn[data-title="{CAMERA[kind]}"]')
        expect(camera).to_be_attached()
        drawn(page)
        in_view(chart)
        chart.hover()
        with page.expect_download() as started:
            camera.click()
        path = tmp_path / started.value.suggested_filename
        started.value.save_as(path)
        assert path.name == f"{name}.{kind.lower()}"
        box = chart.locator(".main-svg").first.bounding_box()
        assert box is not None
        if kind == "PNG":
            assert Image.open(path).width == pytest.approx(3 * box["width"], abs=3)
        else:
            root = ElementTree.parse(path).getroot()
            assert float(root.get("width", 0)) == pytest.approx(box["width"], abs=1)


def tick(page: Page, table) -> None:
    """The box left of the first row; a table is a canvas."""
    drawn(page)
    in_view(table)
    table.locator("canvas").first.click(position={"x": 16, "y": 53}, force=True)
