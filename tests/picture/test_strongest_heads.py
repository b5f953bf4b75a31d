"""Which heads a capacity is made of: the terms add up to it, and a planted head is found."""

import re
from dataclasses import replace

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import trace_of
from gaf_core import information
from gaf_core.figures import flow_graph, sankey
from gaf_core.picture.heads import terms_of
from gaf_core.picture.scene import Scene
from gaf_core.picture.view import View
from gaf_core.reading.focus import Edge
from gaf_core.ui.explore.edges import head_table
from tests.support.tolerance import assert_close, summed

WORDS = "one two three four five six seven eight nine"


def explained(settings: gaf.Settings, heads: int = 5) -> gaf.Explanation:
    trace = trace_of(WORDS, layers=3)
    random = np.random.default_rng(3)
    count = len(trace.tokens)
    attention = random.dirichlet(np.ones(count), (3, heads, count)).astype(np.float32)
    gradient = random.normal(size=attention.shape).astype(np.float32)
    return gaf.explain_trace(replace(trace, attention=attention, gradient=gradient), settings)


@pytest.mark.parametrize("variant", ["AF", "GF", "AGF"])
@pytest.mark.parametrize("aggregate", ["mean", "max", "sum"])
@pytest.mark.parametrize("residual", ["none", "half"])
@pytest.mark.parametrize("heads", [None, (0, 3)])
def test_the_terms_of_the_heads_add_up_to_the_capacity(variant, aggregate, residual, heads):
    settings = gaf.Settings(
        variant, layers=(1, 3), heads=heads, aggregate=aggregate, residual=residual
    )
    explanation = explained(settings)
    for layer, capacity in enumerate(explanation.network.capacity):
        terms = terms_of(explanation, layer)
        assert len(terms) == (len(heads) if heads else 5)
        rest = capacity - terms.sum(axis=0)
        off = ~np.eye(len(rest), dtype=bool) if residual == "half" else np.ones_like(rest, bool)
        assert_close(rest[off], 0, size=capacity.max())
        if residual == "half":
            # a row of the tensor plus 1 on the diagonal has the sum 1
            assert_close(np.diag(rest), 1 - terms.sum(axis=(0, 2)), roundings=summed(5 * 11))


def test_the_formula_stands_in_one_place(monkeypatch):
    """Changed once, it changes the tensor, what a hover says of the heads, and their table."""
    settings, edge = gaf.Settings("AGF", aggregate="sum"), Edge(1, 2, 3)
    before = explained(settings)
    attention = before.trace.attention[1, :, 2, 3].astype(float)
    formula = {"AGF": lambda attention, _: attention**2}
    monkeypatch.setattr(information, "_SAYS", formula)
    after = explained(settings)
    assert_close(after.network.capacity[edge], (attention**2).sum(), roundings=summed(5))
    assert_close(terms_of(after, 1)[:, 2, 3], attention**2)
    assert_close(head_table(after, edge).sort_values("head")["adds"], attention**2)
    links = {scene.reduced.links[0].heads for scene in map(Scene.of, (before, after))}
    assert len(links) == 2


def test_shares_of_merged_links_are_those_of_their_sums():
    explanation = explained(gaf.Settings("AGF", layers=(1, 3)))
    reduced = Scene.of(explanation, View(3)).reduced
    trace, checked = explanation.trace, 0
    for link in reduced.links:
        lower, upper = (
            reduced.nodes[link.layer][link.lower].tokens,
            reduced.nodes[link.layer + 1][link.upper].tokens,
        )
        product = trace.attention[1 + link.layer].astype(float) * trace.gradient[1 + link.layer]
        each = np.array([sum(max(one[i, j], 0.0) for i in upper for j in lower) for one in product])
        expected = each / each.sum()
        assert link.heads is not None
        order = np.argsort(-expected)[:3]
        order = order[expected[order] >= 0.005]
        assert [number - 1 for number, _ in link.heads.strongest] == order.tolist()
        shares = [share for _, share in link.heads.strongest]
        assert_close(shares, expected[order], roundings=summed(11 * 11))
        checked += link.edges > 1
    assert checked > 5, "merged links too"


@pytest.mark.parametrize("draw", [sankey, flow_graph])
def test_a_planted_head_is_named_on_hover_and_no_other(draw):
    explanation = explained(gaf.Settings("AF"))
    attention = np.zeros_like(explanation.trace.attention)
    attention[:, 3] = explanation.trace.attention[:, 3]
    planted = gaf.explain_trace(replace(explanation.trace, attention=attention), gaf.Settings("AF"))
    figure = draw(planted)
    hovers = (
        figure.data[0].link.customdata
        if draw is sankey
        else [row[1] for trace in figure.data if trace.name == "edges" for row in trace.customdata]
    )
    inner = [text for text in hovers if "capacity" in text]
    assert inner
    assert all("<br>strongest heads: 4 (100 %)" in text for text in inner)
    assert not any("heads" in text for text in hovers if "prediction</b>" in text)


def test_a_residual_connection_is_told_apart_from_the_heads():
    figure = sankey(explained(gaf.Settings("AF", residual="half")), View(30))
    texts = [text for text in figure.data[0].link.customdata if "capacity" in text]
    straight = [text for text in texts if "residual connection" in text]
    assert len(straight) == 3 * 11, "one edge of every token in every layer"
    shares = [int(re.findall(r"residual connection: (\d+) %", text)[0]) for text in straight]
    assert min(shares) >= 50, "1 beside an attention of at most 1"


def test_across_folded_layers_no_heads_are_named():
    figure = sankey(explained(gaf.Settings("AGF")), View(folded={1}))
    across = [text for text in figure.data[0].link.customdata if "across folded" in text]
    assert across
    assert not any("heads" in text for text in across)
