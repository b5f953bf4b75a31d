"""A depth average is told as the mean that it is, and never by the numbers of its first flow."""

import io
import json
import re
from dataclasses import replace
from html import unescape

import networkx as nx
import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of, trace_of
from gaf_core.cli import main
from gaf_core.figures import flow_graph, sankey, token_bars
from gaf_core.files.exports import to_json
from gaf_core.files.graphml import to_graphml
from gaf_core.files.report import to_html
from gaf_core.files.terminal import word_lines
from gaf_core.flow.solution import MESSAGES, Status
from gaf_core.methods.flows import score_flow
from gaf_core.reading.intervals import score_intervals
from gaf_core.reading.rows import certificate_rows
from gaf_core.reading.sentences import certificate_sentence, network_sentence

TEXT = "A lovely film, not a dull one"
AVERAGE = gaf.Settings(depth_average=True)


@pytest.fixture(scope="module")
def average() -> gaf.Explanation:
    return gaf.explain_trace(trace_of(TEXT), AVERAGE)


@pytest.fixture(scope="module")
def one_flow() -> gaf.Explanation:
    return gaf.explain_trace(trace_of(TEXT))


@pytest.fixture(scope="module")
def unproven(average) -> gaf.Explanation:
    """The last of its three flows has no proof; the first, whose numbers it holds, has one."""
    statuses = (Status.OPTIMAL, Status.OPTIMAL, Status.ITERATION_LIMIT)
    return replace(average, depths=replace(average.depths, statuses=statuses))


@pytest.fixture(scope="module")
def late() -> gaf.Explanation:
    """No path leads through the first layer, so only two of the three flows carry something."""
    trace = trace_of(TEXT)
    gradient = trace.gradient.copy()
    gradient[0] = -1.0
    return gaf.explain_trace(replace(trace, gradient=gradient), AVERAGE)


def visible(html: str) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", " ", body))


def test_a_report_of_a_mean_has_no_intervals_and_says_why(average):
    assert score_intervals(average) is None
    text = visible(to_html(average))
    assert "A mean over 3 flows, so the bars have no intervals." in text
    assert "least" not in text.lower()
    assert "lies between" not in text


def test_a_report_of_one_flow_says_what_the_thin_line_is(one_flow):
    told = "The thin line is how far a plain maximum flow"
    assert told in visible(to_html(one_flow, intervals=score_intervals(one_flow)))
    assert told not in visible(to_html(one_flow))


def test_a_report_says_what_a_square_is_where_nodes_have_capacities(one_flow):
    told = "a square: the token passes on all that its own capacity allows"
    assert told not in visible(to_html(one_flow))
    network = replace(one_flow.network, node_capacity=np.full((3, 10), np.inf))
    assert told in visible(to_html(replace(one_flow, network=network)))


def test_intervals_of_one_flow_are_refused_beside_a_mean(average):
    first = gaf.ambiguity(average.network)
    for draw in (
        lambda: to_html(average, intervals=first),
        lambda: token_bars(average, bounds=first),
    ):
        with pytest.raises(gaf.SettingsError, match="mean over several flows"):
            draw()


def test_intervals_that_do_not_belong_are_refused_and_the_right_ones_are_not(one_flow):
    right = score_intervals(one_flow)
    assert right is not None
    assert "lies between them, up to epsilon" in visible(to_html(one_flow, intervals=right))
    for wrong in (right / one_flow.solution.value, 1.001 * right[::-1]):
        with pytest.raises(gaf.SettingsError, match="not the intervals of this flow"):
            to_html(one_flow, intervals=wrong)
    with pytest.raises(gaf.SettingsError, match=r"of the shape \[10, 2\]"):
        to_html(one_flow, intervals=right[1:])


def test_a_flow_without_proof_is_not_said_to_lie_in_its_interval(one_flow):
    lost = replace(one_flow, solution=replace(one_flow.solution, status=Status.ITERATION_LIMIT))
    text = visible(to_html(lost, intervals=score_intervals(lost)))
    assert "Least and most are what a token gets" in text
    assert "lies between" not in text


@pytest.mark.parametrize("epsilon", [1e-6, 1e-2, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_a_proven_score_lies_in_its_interval_at_any_epsilon(epsilon, seed):
    found = gaf.explain_trace(trace_of(TEXT, seed=seed), gaf.Settings(epsilon=epsilon))
    assert found.certified
    token_bars(found, bounds=score_intervals(found))
    groups = gaf.group_words(found.trace).members
    token_bars(found, by_words=True, bounds=score_intervals(found, groups))


def test_the_command_line_writes_the_report_of_a_mean(tmp_path):
    path = tmp_path / "report.html"
    asked = ["--depth-average", "--layers", "5-6", "--report", str(path)]
    assert main(["explain", "A lovely film.", *asked]) == 0
    text = visible(path.read_text(encoding="utf-8"))
    assert "A mean over 2 flows" in text
    assert "lies between" not in text


def test_the_warning_is_about_the_flow_that_failed(unproven):
    told = (
        "1 of the 3 flows that the scores are the mean of is not proven: through layer 3. "
        + MESSAGES[Status.ITERATION_LIMIT]
    )
    assert unproven.solution.message == MESSAGES[Status.OPTIMAL]
    assert unproven.message == certificate_sentence(unproven) == told
    assert word_lines(unproven)[-1] == told
    assert unproven._repr_html_().startswith(f"<p>{told}</p>")
    report = to_html(unproven)
    assert f'<p class="warning">{told}</p>' in report
    assert "unique" not in visible(report)
    assert "Proven" not in visible(report)


def test_several_failures_are_all_named(average):
    statuses = (Status.NUMERICAL_FAILURE, Status.ITERATION_LIMIT, Status.NUMERICAL_FAILURE)
    told = replace(average.depths, statuses=statuses).message((2, 5))
    assert (
        "1 of the 3 flows that the scores are the mean of is not proven: through layers 4 to 5."
        in told
    )
    assert "2 of the 3 flows that the scores are the mean of are not proven: " in told
    assert "through layers 3 to 5 and layer 5. " in told
    assert MESSAGES[Status.NUMERICAL_FAILURE] in told
    assert MESSAGES[Status.ITERATION_LIMIT] in told


def test_a_proof_of_a_mean_is_that_of_each_flow(average):
    told = certificate_sentence(average)
    assert told.startswith("Proven: each of the 3 flows that the scores are the mean of.")
    rows = dict(certificate_rows(average))
    assert rows["flows that the scores are the mean of"] == "3"
    assert rows["how they ended"] == "3 optimal"
    assert rows["what follows is of the flow through layers"] == "1 to 3"


def test_json_is_certified_only_if_every_flow_is(average, unproven, one_flow):
    found = {
        name: json.loads(to_json(one))["certificate"]
        for name, one in (("mean", average), ("unproven", unproven), ("one", one_flow))
    }
    assert found["mean"]["certified"] is True
    assert found["mean"]["statuses"] == ["optimal"] * 3
    assert found["unproven"]["certified"] is False
    assert found["unproven"]["statuses"] == ["optimal", "optimal", "iteration limit"]
    assert found["unproven"]["message"] == unproven.message
    assert found["unproven"]["status"] == "optimal", "of the flow whose numbers follow"
    assert found["one"]["certified"] is True
    assert found["one"]["statuses"] == [found["one"]["status"]] == ["optimal"]
    assert found["one"]["message"] == MESSAGES[Status.OPTIMAL]


def test_graphml_says_which_flow_it_is_and_what_the_scores_are(average, one_flow):
    told = [nx.read_graphml(io.BytesIO(to_graphml(one))).graph for one in (average, one_flow)]
    assert [graph["scores"] for graph in told] == ["mean over start layers", "of one flow"]
    assert [graph["status"] for graph in told] == ["optimal", "optimal"]


def test_a_mean_whose_first_flow_has_no_path_is_not_said_to_be_zero(late):
    assert late.statuses == (Status.NO_PATH, Status.OPTIMAL, Status.OPTIMAL)
    assert late.scores.sum() == pytest.approx(1.0)
    told = (
        "No path leads from the prediction to the input through layers 1 to 3; the scores are the "
        "mean over the other 2 of 3 flows."
    )
    assert late.message == told
    assert word_lines(late)[-1] == told
    report = visible(to_html(late))
    assert told in report
    assert "so is every score" not in report
    for draw in (sankey, flow_graph):
        (note,) = draw(late).layout.annotations
        assert "so is every score" not in note.text
    assert json.loads(to_json(late))["certificate"]["message"] == told


def test_a_mean_of_nothing_is_zero_and_says_so(average):
    trace = replace(average.trace, gradient=np.zeros_like(average.trace.gradient))
    still = gaf.explain_trace(trace, AVERAGE)
    assert not still.scores.any()
    assert still.message == MESSAGES[Status.NO_PATH]
    assert still._repr_html_().startswith(f"<p>{still.message}</p>")


def test_the_network_of_a_report_is_said_to_be_that_of_the_first_flow(average, one_flow):
    told = network_sentence(average)
    assert "end at the entry of layer 1" in told
    assert told in visible(to_html(average))
    assert network_sentence(one_flow) == ""


def test_units_are_said_and_a_mean_has_none(average, one_flow):
    assert "A score is the mean share over 3 flows" in visible(to_html(average))
    assert "in units of the logit" in visible(to_html(one_flow))
    attention = explanation_of(TEXT, gaf.Settings(variant="AF"))
    assert "in attention weights" in visible(to_html(attention))


def test_hovers_call_the_share_of_a_mean_an_average(average, one_flow):
    for explanation, of in ((average, "of the flow, on average"), (one_flow, "of the flow")):
        hovers = [
            *token_bars(explanation).data[0].customdata,
            *token_bars(explanation, by_words=True).data[0].customdata,
        ]
        assert all(f"% {of}<br>" in hover for hover in hovers)
        heatmap = explanation._repr_html_()
        assert f"% {of}&#10;score" in heatmap
        assert f"share {of}: 0 %" in heatmap


def test_a_method_without_proof_says_which_flow_has_none(monkeypatch, unproven):
    monkeypatch.setattr("gaf_core.methods.flows.explain_trace", lambda *_: unproven)
    with pytest.raises(gaf.GafError, match=r"1 of the 3 flows .* through layer 3\."):
        score_flow(unproven.trace, first_layer=1, variant="AGF", depth_average=True)
