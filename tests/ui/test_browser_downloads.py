"""Every file of the app, downloaded in a real Chromium, equals the explanation of the page."""

import io
import json
from pathlib import Path
from urllib.parse import quote

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

import gaf_core as gaf
from tests.support.models import save_tiny
from tests.support.tolerance import SOLVED, assert_close, summed, through

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
    folder = save_tiny(tmp_path / "model")  # in another process: two computations in float32
    page = visit.open(f"?layers=2&layers=3&text={quote(TEXT)}&model={quote(str(folder))}")
    model = gaf.load_model(folder)
    expected = gaf.explain(model, TEXT, gaf.Settings(layers=(1, 3)))

    scores = pd.read_csv(downloaded(page, "Scores (CSV)", tmp_path))
    assert_close(
        scores.score, expected.scores, precision=np.float32, roundings=through(model), error=SOLVED
    )
    assert scores.token.tolist() == list(expected.tokens)
    words = pd.read_csv(downloaded(page, "Words (CSV)", tmp_path))
    assert_close(words.score.sum(), scores.score.sum(), roundings=summed(len(scores)))
    assert words.word.tolist()[:3] == ["[CLS]", "'=", "Dull"], "no formula"
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
