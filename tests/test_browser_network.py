"""The flow explorer in a real Chromium: what is clicked comes into focus, everywhere."""

from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.visits import settled

pytestmark = pytest.mark.browser

TEXT = quote("A lovely film, and the music is superb.")


def in_focus(page: Page):
    return page.get_by_text("In focus:")


def test_focus_from_the_picker_is_in_every_view_and_in_the_link(visit):
    page = visit.open(f"?text={TEXT}")
    picker = page.get_by_role("combobox", name="Focus on")
    picker.click()
    picker.fill("lovely")
    page.get_by_role("option").first.click()
    expect(in_focus(page)).to_contain_text("‘lovely’ after layer 3")
    page.get_by_role("radio", name="Graph", exact=True).or_(
        page.get_by_role("button", name="Graph", exact=True)
    ).first.click()
    expect(page.locator(".scatterlayer .trace").first).to_be_attached()
    expect(in_focus(page)).to_contain_text("‘lovely’")
    settled(page)
    other = visit.open(f"?{urlsplit(page.url).query}")
    expect(in_focus(other)).to_contain_text("‘lovely’ after layer 3")
    expect(other.locator(".scatterlayer .trace").first).to_be_attached()


def test_a_click_on_a_node_of_the_graph_focuses_it_and_clear_undoes_it(visit):
    page = visit.open(f"?text={TEXT}&view=Graph")
    nodes = page.locator(".scatterlayer .trace").last.locator(".point")
    expect(nodes.nth(1)).to_be_visible()
    page.wait_for_timeout(500)
    nodes.nth(1).scroll_into_view_if_needed()
    box = nodes.nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(in_focus(page)).to_contain_text("‘A’ after layer 3")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(in_focus(page)).to_have_count(0)


def test_a_row_of_the_edge_table_opens_its_detail_and_a_path_is_set_off(visit):
    page = visit.open(f"?text={TEXT}&view=Edges")
    table = page.get_by_test_id("stDataFrame").first
    tick(page, table)
    expect(page.get_by_text("On the minimum cut", exact=True)).to_be_visible()
    expect(in_focus(page)).to_contain_text("reads")
    tick(page, page.get_by_test_id("stDataFrame").last)
    expect(in_focus(page)).to_contain_text("path 1, the widest")


def tick(page: Page, table) -> None:
    """The box left of the first row; a table is a canvas."""
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    table.locator("canvas").first.click(position={"x": 16, "y": 53}, force=True)
