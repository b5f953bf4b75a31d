"""What other programs read back equals the explanation."""

import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of
from gaf_core.files.exports import count_edges, edge_table, estimate_bytes, to_csv, to_json
from gaf_core.files.graphml import to_graphml
from tests.support.tolerance import adding_up, assert_close

NASTY = "Tea \x01 & <b>milk</b> 日本 “q” ]]> \x0b!"


@pytest.fixture(scope="module")
def explanation() -> gaf.Explanation:
    return explanation_of(NASTY, gaf.Settings(layers=(1, 3)))


def not_json(name: str):
    raise AssertionError(f"{name} is not JSON")


def test_json_holds_every_number_exactly(explanation):
    found = json.loads(to_json(explanation, model="a & b"), parse_constant=not_json)
    assert (found["format"], found["format_version"]) == ("gaf-explanation", 1)
    assert (found["text"], found["model"]) == (NASTY, "a & b")
    assert [row["score"] for row in found["tokens"]] == explanation.scores.tolist()
    assert [row["token"] for row in found["tokens"]] == list(explanation.tokens)
    assert [row["written"] for row in found["tokens"]] == list(explanation.written)
    edges, table = pd.DataFrame(found["edges"]), explanation.edge_table()
    pd.testing.assert_frame_equal(edges, table[edges.columns], check_exact=True)
    words = pd.DataFrame(found["words"])
    pd.testing.assert_frame_equal(words, explanation.word_table(), check_exact=True)
    assert found["settings"]["layers"] == [1, 3]
    assert found["settings"]["variant"] == "AGF"
    assert found["certificate"]["value"] == explanation.solution.value
    assert set(found["versions"]) == {"gaf_core", "torch", "transformers", "numpy", "python"}
    assert "unknown" not in found["versions"].values()
    probabilities = {row["label"]: row["probability"] for row in found["probabilities"]}
    assert probabilities == dict(
        zip(explanation.trace.labels, explanation.trace.probabilities.tolist(), strict=True)
    )


def test_what_is_not_finite_is_null(explanation):
    lost = replace(explanation.solution, duality_gap=np.inf, centrality=np.nan)
    text = to_json(replace(explanation, solution=lost))
    found = json.loads(text, parse_constant=not_json)["certificate"]
    assert (found["duality_gap"], found["centrality"]) == (None, None)


def test_json_of_a_vocabulary_has_the_likeliest_and_the_explained(explanation):
    many = tuple(f"w{index}" for index in range(5_000))
    logits = np.arange(5_000, 0, -1, dtype=np.float32)
    trace = replace(
        explanation.trace, labels=many, logits=logits, target=gaf.Target(4_999, None, "w4999")
    )
    rows = json.loads(to_json(replace(explanation, trace=trace)))["probabilities"]
    assert [row["index"] for row in rows] == [*range(1_000), 4_999]


def test_settings_of_any_kind_can_be_written(explanation):
    settings = gaf.Settings(target=("a", 1), heads=(0, 1), source=np.int64(2))  # pyright: ignore
    found = json.loads(to_json(replace(explanation, settings=settings)))["settings"]
    assert (found["target"], found["heads"], found["source"]) == (["a", 1], [0, 1], 2)


def test_graphml_is_read_back_with_the_same_flow(explanation):
    graph = nx.read_graphml(io.BytesIO(to_graphml(explanation)))
    solution = explanation.solution
    assert graph.number_of_edges() == explanation.network.edge_count
    for j in np.flatnonzero(explanation.network.live[0]).tolist():
        assert graph.edges[f"1/{j}", "target"]["flow"] == solution.scores[j]
    roundings = adding_up(explanation.network)
    for node, numbers in graph.nodes.items():
        entering = sum(flow for *_, flow in graph.in_edges(node, data="flow"))
        leaving = sum(flow for *_, flow in graph.out_edges(node, data="flow"))
        expected = numbers["flow"]
        if node != "source":
            assert_close(entering, expected, roundings=roundings)
        if node != "target":
            assert_close(leaving, expected, roundings=roundings)
    edges = [data for *_, data in graph.edges(data=True) if "layer" in data]
    table = explanation.edge_table()
    for name in ("layer", "capacity", "flow", "saturation"):
        assert [edge[name] for edge in edges] == table[name].tolist()


def test_graphml_declares_every_attribute_once_with_its_type(explanation):
    """Gephi takes the type of a column from its key, and the text beside a node from `label`."""
    space = "{http://graphml.graphdrawing.org/xmlns}"
    root = ElementTree.fromstring(to_graphml(explanation))
    assert root.tag == f"{space}graphml"
    keys = {
        (key.get("for"), key.get("attr.name")): (key.get("attr.type"), key.get("id"))
        for key in root.iter(f"{space}key")
    }
    assert len(keys) == len(list(root.iter(f"{space}key"))), "one key a name: one column in Gephi"
    types = {place: kind for place, (kind, _) in keys.items()}
    for number in ("capacity", "flow", "saturation"):
        assert types["edge", number] == "double"
    assert types["node", "flow"] == types["graph", "flow_value"] == "double"
    assert types["node", "label"] == types["node", "token"] == "string"
    assert types["node", "layer"] == types["node", "position"] == types["edge", "layer"] == "long"
    (graph,) = root.iter(f"{space}graph")
    assert graph.get("edgedefault") == "directed"
    nodes = {node.get("id"): node for node in graph.iter(f"{space}node")}
    assert len(nodes) == len(list(graph.iter(f"{space}node")))
    for edge in graph.iter(f"{space}edge"):
        assert {edge.get("source"), edge.get("target")} <= nodes.keys()
    declared = {identifier for _, identifier in keys.values()}
    assert {data.get("key") for data in graph.iter(f"{space}data")} <= declared
    label = keys["node", "label"][1]
    labels = {
        name: next(data.text for data in node if data.get("key") == label)
        for name, node in nodes.items()
    }
    assert labels["source"] == f"prediction: {explanation.trace.target.name}"
    for name, text in labels.items():
        if "/" in name:
            written = explanation.written[int(name.split("/")[1])]
            assert text == written.replace("\x01", "\ufffd").replace("\x0b", "\ufffd")


def test_graphml_has_texts_that_xml_allows(explanation):
    graph = nx.read_graphml(io.BytesIO(to_graphml(explanation)))
    assert graph.graph["text"] == NASTY.replace("\x01", "\ufffd").replace("\x0b", "\ufffd")
    tokens = {
        data["position"]: data["token"] for _, data in graph.nodes(data=True) if "token" in data
    }
    assert {tokens[i] for i in tokens} <= set(explanation.written)
    assert "日本" in tokens.values()


def test_the_strongest_edges_carry_what_was_asked_and_no_fewer_do(explanation):
    whole = explanation.edge_table()
    for carried in (0.5, 0.9, 0.999):
        table = edge_table(explanation, carried)
        assert len(table) == count_edges(explanation, carried) < len(whole)
        assert len(json.loads(to_json(explanation, carried=carried))["edges"]["flow"]) == len(table)
        for layer, rows in table.groupby("layer"):
            everything = whole.flow[whole.layer == layer].sum()
            assert rows.flow.sum() >= carried * everything
            assert rows.flow.sum() - rows.flow.min() < carried * everything
    assert len(edge_table(explanation)) == count_edges(explanation) == len(whole)


@pytest.mark.parametrize("carried", [0.0, -1.0, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(explanation, carried):
    for write in (edge_table, count_edges):
        with pytest.raises(gaf.SettingsError, match="up to 1"):
            write(explanation, carried)


def test_a_graph_that_no_program_opens_is_refused(explanation, monkeypatch):
    monkeypatch.setattr("gaf_core.files.graphml.GRAPH_LIMIT", 10)
    with pytest.raises(gaf.SettingsError, match="Keep fewer"):
        to_graphml(explanation)


def test_sizes_are_known_before():
    text = " ".join(["word"] * 60)
    large = explanation_of(text, tokens=["word"] * 60)
    empty = len(to_json(large, carried=1e-12))
    written = {
        "csv": len(to_csv(large.edge_table())),
        "json": len(to_json(large)) - empty,
        "graphml": len(to_graphml(large)),
    }
    for kind, size in written.items():
        assert size / 1.5 < estimate_bytes(count_edges(large), kind) < size * 1.5, kind


def test_cells_are_no_formulas():
    table = pd.DataFrame({"token": ["=1+1", "good"], "score": [-1.5, 0.1]})
    assert to_csv(table).decode().splitlines() == ["token,score", "'=1+1,-1.5", "good,0.1"]


def test_without_a_flow_there_are_still_files():
    nothing = explanation_of("no flow", layers=2)
    trace = replace(nothing.trace, gradient=np.zeros_like(nothing.trace.gradient))
    still = gaf.explain_trace(trace)
    assert json.loads(to_json(still))["certificate"]["status"] == "no path"
    assert nx.read_graphml(io.BytesIO(to_graphml(still))).number_of_edges() == 0
    assert len(edge_table(still, 0.9)) == 0
