"""The pages of `docs` are built without a warning, and the notebook runs."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from sphinx.util.inventory import InventoryFile

import gaf_core as gaf
from tests.support.documents import PAGES, ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
FIGURES = {"bars": "bar", "sankey": "sankey", "graph": "scatter"}


@pytest.fixture(autouse=True)
def from_this_folder(monkeypatch):
    """The process of the notebook, and that of Sphinx, find the package of this checkout."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_the_notebook_is_stored_without_what_it_printed():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_the_notebook_shows_every_figure(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = {
        cell.source: output["data"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "data" in output
    }
    for name, kind in FIGURES.items():
        (data,) = (data for source, data in shown.items() if f".{name}(" in source)
        drawn = data["application/vnd.plotly.v1+json"]["data"]
        assert kind in {trace["type"] for trace in drawn}, name
    heatmaps = [data["text/html"] for data in shown.values() if "gaf-heatmap" in str(data)]
    assert len(heatmaps) == 2, "the explanation itself, and its heatmap by words"
    assert "[CLS]" in heatmaps[0]
    assert "[CLS]" not in heatmaps[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The pages as `make docs` builds them, warnings being errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "docs", str(folder)]
    assert " ".join(command[1:-1]) in (ROOT / "Makefile").read_text(encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=kept)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_has_every_public_name(site):
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    found = {name for kind, names in inventory.data.items() if kind[:3] == "py:" for name in names}
    assert {f"gaf_core.{name}" for name in gaf.__all__} <= found
    for name in ("Explanation.sankey", "Explanation.heatmap", "FlowSolution.certified"):
        assert f"gaf_core.{name}" in found


def test_a_page_that_is_read_fetches_nothing(site):
    pages = sorted(site.glob("*.html"))
    assert {page.stem for page in pages} >= {page.stem for page in PAGES} | {"notebook"}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text, page
        assert '<link rel="stylesheet" type="text/css" href="http' not in text, page
    assert "sankey" in (site / "notebook.html").read_text(encoding="utf-8")
