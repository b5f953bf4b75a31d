"""Every file of the app, downloaded in a real Chromium, equals the explanation of the page."""

import io
import json
from pathlib import Path
from urllib.parse import quote

import networkx as nx
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

import gaf_core as gaf

pytestmark = pytest.mark.browser

TEXT = "=Dull plot, but the <b>acting</b> is wonderful."


def downloaded(page: Page, label: str, folder: Path) -> Path:
    button = page.get_by_role("button", name=label)
    expect(button).to_be_enabled()
    with page.expect_download() as started:
        button.click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def test_every_file_holds_what_the_page_shows(visit, tmp_path):
    page = visit.open(f"?layers=4&layers=6&text={quote(TEXT)}")
    model = gaf.load_model("minilm-reviews")
    expected = gaf.explain(model, TEXT, gaf.Settings(layers=(3, 6)))

    scores = pd.read_csv(downloaded(page, "Scores (CSV)", tmp_path))
    assert scores.score.tolist() == pytest.approx(expected.scores.tolist(), rel=1e-6)
    assert scores.token.tolist() == ["[CLS]", "'=", *expected.tokens[2:]], "no formula"
    words = pd.read_csv(downloaded(page, "Words (CSV)", tmp_path))
    assert words.score.sum() == pytest.approx(scores.score.sum(), rel=1e-12)
    edges = pd.read_csv(downloaded(page, "Edges (CSV)", tmp_path))
    assert len(edges) == len(expected.edge_table())

    content = json.loads(downloaded(page, "Everything (JSON)", tmp_path).read_text("utf-8"))
    assert content["text"] == TEXT
    assert [row["score"] for row in content["tokens"]] == scores.score.tolist()
    assert content["edges"]["flow"] == edges.flow.tolist()
    graph = nx.read_graphml(
        io.BytesIO(downloaded(page, "Network (GraphML)", tmp_path).read_bytes())
    )
    assert graph.nodes["source"]["flow"] == content["certificate"]["value"]

    report = page.context.new_page()
    report.goto(downloaded(page, "Report (HTML", tmp_path).as_uri())
    expect(report.locator(".gaf-heatmap")).to_contain_text(TEXT)
    expect(report.locator(".sankey-node").first).to_be_visible()
    report.close()
