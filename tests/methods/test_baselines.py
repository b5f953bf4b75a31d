"""The formulas of the attention family, written a second time with loops, on random traces."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

import gaf_core as gaf
from benchmarks.handmade import trace_of
from gaf_core.errors import GafError, SettingsError
from tests.support.tolerance import SOLVED, STORED, assert_close, summed

WORDS = "one two three four five"
READ = {"first": [0], "last": [6], "some": [0, 2, 6], "all": list(range(7))}
OF_ATTENTION = ("AF", "raw_attention", "rollout", "attention_flow")
LINEAR = ("GF", "AGF", "grad_cam", "attention_x_gradient", "cat", "attcat")
FLOWS = ("AF", "GF", "AGF", "depth_average")
SCALELESS = (*OF_ATTENTION, "depth_average", "random")
LAYERS = 3


def random_trace(read: str = "first", seed: int = 0, layers: int = LAYERS) -> gaf.Trace:
    """A trace of 7 tokens and 2 heads whose target depends on the positions `READ[read]`.

    Read last, it is causal: no position attends to a later one.
    """
    made, random = trace_of(WORDS, layers=layers, seed=seed), np.random.default_rng(seed + 100)
    shape = made.attention.shape
    attention = random.dirichlet(np.full(shape[-1], 0.5), shape[:-1])
    gradient = random.normal(size=shape)
    if read == "last":
        attention = np.tril(attention + 1e-3)
        attention /= attention.sum(axis=-1, keepdims=True)
        gradient = np.tril(gradient)
    unread = np.setdiff1d(np.arange(shape[-1]), READ[read])
    gradient[-1][:, unread] = 0.0
    return replace(
        made,
        attention=attention.astype(np.float32),
        gradient=gradient.astype(np.float32),
        relevance=random.normal(size=(layers, shape[-1])).astype(np.float32),
    )


def score(method: str, trace: gaf.Trace, **options) -> np.ndarray:
    # none of these methods runs the model
    return gaf.METHODS[method](None, trace, **options).scores  # type: ignore[arg-type]


def mean_over_heads(maps) -> np.ndarray:
    return sum(head.astype(np.float64) for head in maps) / len(maps)


def mixing(trace: gaf.Trace) -> list[np.ndarray]:
    """Attention with the residual connection, rows that sum to 1, a matrix a layer."""
    found = []
    for maps in trace.attention:
        matrix = mean_over_heads(maps) + np.eye(len(trace.tokens))
        found.append(np.array([row / row.sum() for row in matrix]))
    return found


@pytest.fixture(params=[(read, seed) for read in READ for seed in range(3)], ids=str)
def case(request):
    read, seed = request.param
    return random_trace(read, seed), READ[read]


def test_raw_attention_is_the_row_of_the_last_layer(case):
    trace, read = case
    rows = [mean_over_heads(trace.attention[-1])[i] for i in read]
    assert_close(score("raw_attention", trace), sum(rows) / len(read))


def test_rollout_is_the_product_with_the_last_layer_on_the_left(case):
    trace, read = case
    product = np.eye(len(trace.tokens))
    for layer in mixing(trace):
        product = layer @ product
    expected = sum(product[i] for i in read) / len(read)
    assert_close(score("rollout", trace), expected, roundings=LAYERS * summed(7))


def test_grad_cam_weights_the_heads_of_the_last_layer(case):
    trace, read = case
    t, heads = len(trace.tokens), len(trace.attention[-1])
    weights = [
        sum(float(g[i, j]) for i in range(t) for j in range(t)) / t**2 for g in trace.gradient[-1]
    ]
    expected = np.zeros(t)
    for i in read:
        for j in range(t):
            parts = [w * float(a[i, j]) for w, a in zip(weights, trace.attention[-1], strict=True)]
            expected[j] += max(sum(parts) / heads, 0) / len(read)
    # weights cancel: their rounding is that of gradients of about 1
    assert_close(score("grad_cam", trace), expected, roundings=summed(49), size=1.0)


def test_attention_x_gradient_keeps_its_sign(case):
    trace, _ = case
    expected = np.zeros(len(trace.tokens))
    for layer, gradient in zip(trace.attention, trace.gradient, strict=True):
        for a, g in zip(layer, gradient, strict=True):
            for i in range(len(a)):
                expected += a[i].astype(float) * g[i] / len(layer)
    how = agreeing("attention_x_gradient", trace)
    assert_close(score("attention_x_gradient", trace), expected, **how)
    assert expected.min() < 0


def test_relevance_is_passed_on_from_the_first_layer_upwards(case):
    trace, read = case
    relevance = np.eye(len(trace.tokens))
    for a, g in zip(trace.attention, trace.gradient, strict=True):
        weighted = mean_over_heads(np.maximum(a.astype(float) * g, 0))
        relevance = relevance + weighted @ relevance
    expected = sum(relevance[i] for i in read) / len(read)
    assert_close(score("relevance", trace), expected, roundings=LAYERS * summed(7))


def test_cat_and_attcat_pair_a_layer_with_the_state_that_enters_it(case):
    trace, _ = case
    cat, attcat = np.zeros(len(trace.tokens)), np.zeros(len(trace.tokens))
    for layer in range(trace.layers):
        for i in range(len(trace.tokens)):
            received = trace.attention[layer, :, :, i].astype(float).mean()
            cat[i] += trace.relevance[layer, i]
            attcat[i] += received * trace.relevance[layer, i]
    float32 = {"precision": np.float32, "size": np.abs(trace.relevance).sum(axis=0).max()}
    assert_close(score("cat", trace), cat, **float32)
    assert_close(score("attcat", trace), attcat, **float32)


def test_attention_flow_is_one_maximum_flow_a_token(case):
    trace, read = case
    graph = nx.DiGraph()
    for k, layer in enumerate(mixing(trace)):
        for i, j in np.argwhere(layer > 0).tolist():
            graph.add_edge((k + 1, i), (k, j), capacity=layer[i, j])
    for i in read:  # several sources are one; an edge without capacity has no limit in networkx
        graph.add_edge("read", (trace.layers, i))
    expected = [nx.maximum_flow_value(graph, "read", (0, j)) for j in range(len(trace.tokens))]
    assert_close(score("attention_flow", trace), expected, roundings=LAYERS * summed(7))


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("variant", ["AF", "GF", "AGF"])
def test_a_flow_method_is_the_flow_of_the_layers_from_its_first(variant, read):
    trace = random_trace(read)
    whole = gaf.explain_trace(trace, gaf.Settings(variant))
    found = gaf.METHODS[variant](None, trace)  # type: ignore[arg-type]
    assert np.array_equal(found.scores, whole.scores)
    assert found.details["flow value"] == whole.solution.value
    options = {"aggregate": "max", "residual": "half", "source": "classification", "epsilon": 1e-4}
    part = gaf.explain_trace(trace, gaf.Settings(variant, layers=(1, 3), **options))
    assert np.array_equal(score(variant, trace, first_layer=2, **options), part.scores)


@pytest.mark.parametrize("variant", ["AF", "GF", "AGF"])
@pytest.mark.parametrize(("first_layer", "source"), [(1, "all"), (2, "all"), (1, "classification")])
def test_the_depth_average_is_the_mean_of_separate_solves(variant, first_layer, source):
    trace = random_trace("some")
    shares = [
        gaf.explain_trace(trace, gaf.Settings(variant, (a, 3), source=source)).shares
        for a in range(first_layer - 1, 3)
    ]
    scores = score("depth_average", trace, variant=variant, first_layer=first_layer, source=source)
    assert_close(scores, np.mean(shares, axis=0))
    assert_close(scores.sum(), 1.0)


def test_a_depth_from_which_no_path_leads_adds_nothing():
    trace = random_trace()
    gradient = trace.gradient.copy()
    gradient[0] = -1.0
    found = gaf.METHODS["depth_average"](None, replace(trace, gradient=gradient))  # type: ignore[arg-type]
    assert found.details == {"networks": 3, "without a path": 1}
    assert_close(found.scores.sum(), 1.0)
    assert_close(found.scores, score("depth_average", trace, first_layer=2))
    nothing = gaf.METHODS["GF"](None, replace(trace, gradient=gradient))  # type: ignore[arg-type]
    assert not nothing.scores.any()
    assert nothing.details == {"flow value": 0.0}


@pytest.mark.parametrize("method", ["AF", "GF", "AGF", "depth_average"])
def test_a_flow_without_its_proof_is_no_result(method, monkeypatch):
    monkeypatch.setattr("gaf_core.flow.barrier.MAX_ITERATIONS", 2)
    with pytest.raises(GafError, match="without reaching its tolerances"):
        score(method, random_trace())


def agreeing(method: str, trace: gaf.Trace) -> dict:
    """How two computations of a method agree."""
    if method in FLOWS:
        return {"error": SOLVED}
    if method == "attention_x_gradient":  # its products are rounded to float32
        size = np.abs(trace.attention * trace.gradient).sum(axis=(0, 1, 2)).max()
        return {"precision": np.float32, "roundings": STORED, "size": size}
    return {"roundings": LAYERS * summed(7 * 7)}


@pytest.mark.parametrize("method", [*OF_ATTENTION, *LINEAR, "depth_average", "relevance"])
@pytest.mark.parametrize("read", READ)
def test_the_order_of_heads_does_not_matter(method, read):
    trace = random_trace(read)
    turned = replace(
        trace, attention=trace.attention[:, ::-1], gradient=trace.gradient[:, ::-1].copy()
    )
    how = agreeing(method, trace)
    assert_close(score(method, turned), score(method, trace), **how)


@pytest.mark.parametrize("method", [*SCALELESS, *LINEAR])
def test_a_logit_in_another_unit_scales_the_scores_or_leaves_them(method):
    trace = random_trace("some", seed=1)
    scaled = replace(trace, gradient=8 * trace.gradient, relevance=8 * trace.relevance)
    factor = 1.0 if method in SCALELESS else 8.0
    expected = factor * score(method, trace)
    how = agreeing(method, scaled)
    assert_close(score(method, scaled), expected, **how)


def test_random_is_the_same_for_a_seed_and_text_and_differs_otherwise():
    trace, other = trace_of("a good film"), trace_of("a bad film")
    assert np.array_equal(score("random", trace), score("random", trace))
    assert not np.array_equal(score("random", trace), score("random", trace, seed=1))
    assert not np.array_equal(score("random", trace), score("random", other))
    many = np.concatenate([score("random", trace, seed=seed) for seed in range(200)])
    assert 0 <= many.min() < 0.02 < 0.98 < many.max() < 1
    assert abs(many.mean() - 0.5) < 0.05


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("AF", {"first_layer": 0}, "a whole number of at least 1"),
        ("AF", {"first_layer": 4}, "from 1 to 3"),
        ("depth_average", {"first_layer": 4}, "from 1 to 3"),
        ("GF", {"first_layer": 1.5}, "a whole number"),
        ("GF", {"epsilon": 0.0}, "a number from 1e-09 to 0.5"),
        ("GF", {"epsilon": float("nan")}, "a number from"),
        ("GF", {"epsilon": "small"}, "a number from"),
        ("AGF", {"source": "nowhere"}, "all, classification"),
        ("AGF", {"aggregate": "median"}, "mean, max, sum"),
        ("depth_average", {"variant": "BF"}, "AF, GF, AGF"),
        ("random", {"seed": -1}, "a whole number from 0"),
        ("rollout", {"seed": 1}, "has no option 'seed'. It has none"),
        ("AF", {"layers": 1}, "has no option 'layers'. It has first_layer"),
    ],
)
def test_an_impossible_option_is_refused_with_what_is_possible(method, options, message):
    with pytest.raises(SettingsError, match=message):
        score(method, random_trace(), **options)


@pytest.mark.parametrize(
    "method", ["raw_attention", "rollout", "attention_flow", "grad_cam", "relevance"]
)
def test_a_target_that_reads_no_position_is_refused(method):
    trace = random_trace()
    blind = replace(trace, gradient=np.zeros_like(trace.gradient))
    with pytest.raises(GafError, match="does not depend on any position of the last layer"):
        score(method, blind)


def test_hidden_states_that_are_not_known_are_refused():
    trace = replace(random_trace(), relevance=None)
    for method in ("cat", "attcat"):
        with pytest.raises(GafError, match="none: it was made without a model"):
            score(method, trace)


def test_numbers_that_are_not_finite_are_refused():
    trace = random_trace()
    broken = replace(trace, relevance=np.full_like(trace.relevance, np.nan))
    with pytest.raises(GafError, match="CAT gives scores that are not numbers"):
        score("cat", broken)
