"""Full means the same everywhere: in the graph, in what a hover says, and in colours."""

from dataclasses import replace

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of
from gaf_core.figures import flow_graph, sankey
from gaf_core.flow import cut_edges
from gaf_core.picture.colours import FULL, is_full, saturation_colour
from gaf_core.picture.view import View

TEXT = "A lovely film with a dull ending, but the acting was not terrible."


@pytest.fixture(scope="module")
def model() -> gaf.Model:
    return gaf.load_model("minilm-reviews")


@pytest.mark.parametrize("saturation", [0.98, 0.99, 0.995, 0.9985, 0.9995, 1.0])
def test_what_is_full_is_full_in_every_picture(saturation):
    """An edge that carries nearly everything, filled to a given part of its capacity."""
    explanation = explanation_of("one", layers=1)
    flow = np.diag([0.01, 1.0, 0.01])
    capacity = flow / np.array([0.5, saturation, 0.5])
    network = gaf.FlowNetwork.from_information(capacity[None])
    scores = flow.sum(axis=0)
    solution = replace(
        explanation.solution,
        edge_flow=flow[None],
        scores=scores,
        source_flow=scores,
        value=float(scores.sum()),
    )
    made = replace(explanation, network=network, solution=solution)
    full = saturation >= 0.999
    figure = flow_graph(made)
    (diamonds,) = (trace for trace in figure.data if trace.name == "saturated")
    (edges,) = (trace for trace in figure.data if trace.name == "edges")
    assert len(diamonds.x) == full
    assert sum("it carries all it can" in hover for _, hover in edges.customdata) == full
    (drawn,) = sankey(made, View(colour="saturation")).data
    assert (saturation_colour(1.0) in drawn.link.color) == full


@pytest.mark.parametrize("variant", ["AF", "AGF"])
def test_the_full_edges_of_a_review_are_those_of_the_minimum_cut(model, variant):
    """.99 would add edges that limit nothing: their ends do not differ in potential."""
    explanation = gaf.explain(model, TEXT, gaf.Settings(variant=variant))
    network, solution = explanation.network, explanation.solution
    layer, query, key = network.edges
    used = solution.edge_flow[layer, query, key] / network.capacity[layer, query, key]
    full = np.array([is_full(one) for one in used.tolist()])
    on_cut = cut_edges(network, gaf.max_flow(network).cut_near_input)[layer, query, key]
    assert np.array_equal(full, on_cut)
    nearly = (used > 0.99) & (used < FULL)
    fall = solution.potential[layer + 1, query] - solution.potential[layer, key]
    assert nearly.any()
    assert fall[nearly].max() < 1e-4
    assert fall[full].min() > 0.99
