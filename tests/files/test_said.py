"""What the model says of edges kept and cut, in the files."""

import json
from dataclasses import replace

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.files.exports import to_json
from gaf_core.files.report import to_html
from gaf_core.files.said import AGREES
from gaf_core.reading.agreement import KEPT, Said, agreement, edges_of, trial
from gaf_core.reading.focus import Edge


@pytest.fixture(scope="module")
def explanation():
    return gaf.explain(gaf.load_model("minilm-reviews"), "A lovely film.", gaf.Settings())


@pytest.fixture(scope="module")
def said(explanation):
    model = gaf.load_model("minilm-reviews")
    edges = edges_of(explanation, Edge(5, 0, 2))
    tried = trial(model, explanation, "the <b>edge</b>", edges, cut=True)
    return Said(agreement(model, explanation), 2, tried)


def test_the_numbers_are_in_json_in_full(explanation, said):
    found = json.loads(to_json(explanation, said=said))["interventions"]
    assert found["watched"] == "probability"
    assert found["fractions"] == list(KEPT)
    assert found["counts"] == said.agreement.counts.tolist()
    assert found["looked_at"] == found["counts"][2]
    assert found["flow"] == said.agreement.kept["flow"].tolist()
    assert np.array(found["chance"]).shape == said.agreement.chance.shape
    assert found["with_all"] == said.agreement.whole
    assert found["trial"]["name"] == "the <b>edge</b>"
    assert found["trial"]["after"] == said.trial.after
    assert found["trial"]["cut"] is True


def test_nothing_is_written_where_nobody_asked(explanation, said):
    assert json.loads(to_json(explanation))["interventions"] is None
    alone = replace(said, trial=None, agreement=replace(said.agreement, parts=None))
    found = json.loads(to_json(explanation, said=alone))["interventions"]
    assert found["trial"] is found["parts"] is None


def test_the_report_has_a_section_with_its_figure(explanation, said):
    page = to_html(explanation, said=said)
    assert f"<h2>{AGREES}</h2>" in page
    assert "the &lt;b&gt;edge&lt;/b&gt;" in page
    assert "the <b>edge</b>" not in page
    assert "edges kept, of 216" in page
    assert AGREES not in to_html(explanation)
