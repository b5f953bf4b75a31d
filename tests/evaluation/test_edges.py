"""What an order of the edges is worth, against masks made by hand and models that are known."""

import itertools

import numpy as np
import pandas as pd
import pytest

import gaf_core as gaf
from benchmarks.handmade import explanation_of
from gaf_core.evaluation import EDGE_MEASURES, paired
from gaf_core.evaluation.asked import methods_by_label
from gaf_core.evaluation.edge_masks import edge_order, margin
from gaf_core.evaluation.edge_rows import measure_edges
from gaf_core.evaluation.edges import least_difference
from gaf_core.methods import EDGE_METHODS
from gaf_core.methods.edge_flows import edge_weights
from gaf_core.tracing.target import Target
from tests.support import planted
from tests.support.models import counting, in_float64
from tests.support.tolerance import assert_apart, assert_close, through

SENTENCE = "The acting was terrible."
FAITHFUL = {
    name: getattr(gaf.FAITHFUL, name)
    for name in ("gradients", "aggregate", "residual", "node_capacities", "source")
}


@pytest.fixture(scope="module")
def bundled():
    model = in_float64(gaf.load_model("minilm-reviews"))
    return model, gaf.trace(model, SENTENCE)


def test_the_curves_are_those_of_masks_made_by_hand(bundled):
    model, trace = bundled
    scores = np.random.default_rng(0).normal(size=(6, 7, 7))
    found = gaf.evaluate_edges(model, trace, scores, fractions=(0.1, 0.5, 0.01))
    assert found.fractions.tolist() == [0.01, 0.1, 0.5]
    assert found.counts.tolist() == [3, 29, 147]
    for kind in ("zero", "renormalise"):
        found = gaf.evaluate_edges(model, trace, scores, fractions=(0.1,), kind=kind)
        first = scores >= np.sort(scores.ravel())[-29]
        logits = gaf.intervene(model, trace, [first, ~first, first & False], kind)
        y = logits[:, trace.target.index] - logits[:, 1 - trace.target.index]
        assert_close(found.kept[0], y[0], roundings=through(model))
        assert_close(found.removed[0], y[1], roundings=through(model))
        assert_close(found.nothing, y[2], roundings=through(model))
        assert_close(found.whole, np.ptp(trace.logits.astype(float)))
        assert_close(found.recovered, (found.kept - found.nothing) / (found.whole - found.nothing))


def evaluation(kept, removed=None, whole=3.0, nothing=1.0, fractions=(0.01, 0.1, 1.0)):
    kept = np.array(kept)
    removed = kept if removed is None else np.array(removed)
    counts = np.arange(len(kept))
    return gaf.EdgeEvaluation("zero", np.array(fractions), counts, kept, removed, whole, nothing)


def test_the_areas_are_over_the_logarithm_of_the_fraction():
    found = evaluation([1.0, 3.0, 4.0], [3.0, 2.0, 1.0])
    assert_close(found.recovered, [0, 1, 1.5])
    assert_close(found.cpr, (0 + 2 * 1 + 1.5) / 4)
    assert_close(found.cmd, (1 + 0 + 0.5) / 4)
    assert_close(found.left, (1 + 2 * 0.5 + 0) / 4)
    assert found.message == ""
    one = evaluation([2.0], fractions=(0.1,))
    assert one.cpr == one.cmd == 0.5


def test_a_text_whose_edges_do_little_is_not_measured():
    found = evaluation([1.0, 1.2, 1.4], whole=1.4, nothing=1.0)
    assert not found.measurable
    assert np.isnan([found.cpr, found.cmd, found.left]).all()
    assert "move the target by +0.4, and a measure needs +0.5" in found.message
    assert not evaluation([1.0, 1, 1], whole=1.0, nothing=3.0).measurable, "edges speak against"


def test_the_margin_is_to_the_best_other_or_the_contrast():
    logits = np.array([[1.0, 4.0, 2.0], [5.0, 1.0, 0.0]])
    first = Target(0, None, "")
    assert margin(logits, first, gaf.Output.SOFTMAX).tolist() == [-3.0, 4.0]
    for output in gaf.Output:
        assert margin(logits, Target(0, 2, ""), output).tolist() == [-1.0, 5.0]
    for output in (gaf.Output.SIGMOID, gaf.Output.VALUE):
        assert margin(logits, first, output).tolist() == [1.0, 5.0]


def test_equal_scores_are_drawn_by_seed(bundled):
    _, trace = bundled
    scores = np.zeros((6, 7, 7))
    scores[3, 2, 1] = 1.0
    places = [edge_order(trace, scores, seed) for seed in (0, 0, 1)]
    assert all(place[3, 2, 1] == 0 for place in places)
    assert np.array_equal(places[0], places[1])
    assert not np.array_equal(places[0], places[2])
    assert sorted(places[2].ravel()) == list(range(6 * 49))


def test_edges_that_a_causal_mask_hides_are_not_counted():
    model = planted.causal()
    trace = gaf.trace(model, planted.TEXTS[0])
    count = len(trace.tokens)
    hidden = np.triu(np.ones((2, count, count)), 1)
    found = gaf.evaluate_edges(model, trace, hidden, fractions=(0.5,))
    assert found.counts.tolist() == [round(count * (count + 1) / 2)]
    place = edge_order(trace, hidden)
    assert place[hidden > 0].min() == count * (count + 1)


NOT_READ = "The model attends to the keyword also where nothing reads that it did."
CASES = [
    pytest.param(name, method, marks=pytest.mark.skip(NOT_READ) if excused else ())
    for name in planted.MODELS
    for method in EDGE_METHODS
    if method != "random"
    for excused in [method == "attention" and name != "relayed"]
]


@pytest.mark.parametrize(("name", "method"), CASES)
def test_each_method_finds_the_edges_that_decide(name, method):
    model = planted.MODELS[name]()
    trace = gaf.trace(model, planted.TEXTS[0])
    scores = {str(seed): EDGE_METHODS["random"](model, trace, seed=seed) for seed in range(5)}
    scores["found"] = EDGE_METHODS[method](model, trace)
    measured = gaf.evaluate_all_edges(model, trace, scores, fractions=(0.05, 0.1, 0.2, 0.3))
    found = measured.pop("found")
    assert found.cpr > np.mean([one.cpr for one in measured.values()]) + 0.3
    assert found.left < np.mean([one.left for one in measured.values()]) - 0.3


def test_the_integrated_gradients_of_the_mask_add_up():
    model = planted.relayed()
    trace = gaf.trace(model, planted.TEXTS[0])
    scores = EDGE_METHODS["eap_ig"](model, trace, steps=200).scores
    ones = np.ones_like(scores)
    whole, nothing = gaf.intervene(model, trace, [ones[:, None], 0 * ones[:, None]])[
        :, trace.target.index
    ]
    assert_close(scores.sum(), whole - nothing, error=2e-4)


def test_progress_stops_a_method_and_counts_its_steps(bundled):
    model, trace = bundled
    told = []
    EDGE_METHODS["eap_ig"](model, trace, steps=2, progress=lambda *counts: told.append(counts))
    assert told[-1] == (2, 2)


def test_the_cost_is_what_is_said(bundled):
    model, trace = bundled
    calls = counting(model)
    for method in EDGE_METHODS.values():
        calls.clear()
        method(model, trace)
        # of which all steps of a text as short as this one are a batch
        said = {"eap_ig": 2, "attention_x_gradient_frozen": 1}.get(method.name, 0)
        assert len(calls) == said, method.name


def test_a_flow_is_about_attention_and_about_all_layers(bundled):
    model, trace = bundled
    explanation = gaf.explain(model, SENTENCE, gaf.FAITHFUL)
    scores = EDGE_METHODS["flow"](model, trace, **FAITHFUL).scores
    flow = explanation.solution.edge_flow
    apart = ~np.eye(7, dtype=bool)
    assert np.array_equal(scores[:, apart], flow[:, apart])
    table = explanation.edge_table()
    own = table[table["key"] == table["query"]]
    expected = own["flow"] - own["residual_flow"]
    found = scores[own["layer"], own["key"], own["key"]]
    assert_close(found, expected, size=own["flow"].max())
    late = EDGE_METHODS["flow"](model, trace, first_layer=4).scores
    assert not late[:3].any()
    assert late[3:].any(axis=(1, 2)).all()
    capacity = EDGE_METHODS["capacity"](model, trace, **FAITHFUL).scores
    assert (scores <= capacity * (1 + 1e-9)).all()


def test_edges_by_paths_have_the_width_of_the_widest_path():
    explanation = explanation_of("one lovely")
    network = explanation.network
    weight = np.random.default_rng(3).random(network.capacity.shape) * (network.capacity > 0)
    found = edge_weights(explanation, weight, "by paths")
    layers, tokens, _ = weight.shape
    expected = np.zeros_like(weight)
    for nodes in itertools.product(range(tokens), repeat=layers + 1):  # the input's first
        if not network.source[nodes[-1]]:
            continue
        edges = [(k, nodes[k + 1], nodes[k]) for k in range(layers)]
        width = min(weight[edge] for edge in edges)
        for edge in edges:
            expected[edge] = max(expected[edge], width)
    assert_close(found, expected, size=weight.max(), roundings=2**12)


def test_tables_of_many_texts(bundled):
    model, _ = bundled
    texts = [SENTENCE, "A lovely film.", "x"]
    entries = ["attention_x_gradient", ("chance", "random", {"seed": 1})]
    told = []
    rows = measure_edges(
        model, texts, entries, fractions=(0.05, 0.5), progress=lambda *one: told.append(one)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert rows["method"].tolist() == ["attention_x_gradient", "chance"] * 3
    assert {"f 0.05", "f 0.5", *EDGE_MEASURES} < set(rows)
    trace = gaf.trace(model, texts[1])
    alone = gaf.evaluate_edges(
        model, trace, EDGE_METHODS["random"](model, trace, seed=1), fractions=(0.05, 0.5)
    )
    (row,) = rows[(rows["text"] == 1) & (rows["method"] == "chance")].to_dict("records")
    assert row["cpr"] == alone.cpr
    assert_close(row["f 0.5"], alone.recovered[1], roundings=through(model))
    difference = paired(rows, "attention_x_gradient", "chance", measures=EDGE_MEASURES)
    assert difference["measure"].tolist() == list(EDGE_MEASURES)
    assert difference["difference"][0] > 0


def test_texts_that_cannot_be_measured_are_counted(bundled):
    model, _ = bundled
    table = gaf.benchmark_edges(model, ["", SENTENCE], ["random"], fractions=(0.1,))
    assert table["failures"].tolist() == [1]
    assert "empty" in table["first_failure"][0]
    assert isinstance(table, pd.DataFrame)


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ([], "at least one method"),
        ("flow", "at least one method"),
        (["flows"], "no method 'flows'. Did you mean 'flow'"),
        (["flow", "flow"], "Two methods are called 'flow'"),
        ([("one", "flow", {"depth": 1})], "has no option 'depth'"),
        ([("one", "flow", {"taken": "all"})], "one by one, by paths"),
    ],
)
def test_what_is_no_list_of_methods_says_so(methods, words):
    with pytest.raises(gaf.SettingsError, match=words):
        methods_by_label(methods, gaf.EDGE_METHODS)


@pytest.mark.parametrize(
    ("scores", "how", "words"),
    [
        (np.ones((6, 6, 7)), {}, "do not fit"),
        (np.full((6, 7, 7), np.nan), {}, "not numbers"),
        (np.ones((6, 7, 7)), {"fractions": (0.0,)}, "between 0 and 1"),
        (np.ones((6, 7, 7)), {"fractions": ()}, "between 0 and 1"),
        (np.ones((6, 7, 7)), {"kind": "mean"}, "zero or renormalise"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_measured_says_so(bundled, scores, how, words):
    with pytest.raises(gaf.SettingsError, match=words):
        gaf.evaluate_edges(*bundled, scores, **how)


def test_targets_are_given_one_a_text(bundled):
    model, _ = bundled
    with pytest.raises(gaf.SettingsError, match="one target a text"):
        measure_edges(model, [SENTENCE], ["random"], targets=[])
    with pytest.raises(gaf.SettingsError, match="at least one text"):
        measure_edges(model, [], ["random"])
    kinds = [
        measure_edges(model, [SENTENCE], ["random"], targets=[target])["cpr"][0]
        for target in ("negative", ("negative", "positive"))
    ]
    assert kinds[0] == kinds[1], "of two classes the best other is the other"


def test_another_order_is_another_curve(bundled):
    model, trace = bundled
    one, other = (
        gaf.evaluate_edges(model, trace, EDGE_METHODS[name](model, trace), fractions=(0.05, 0.1))
        for name in ("flow", "attention")
    )
    assert_apart(one.kept, other.kept)


def test_of_a_value_a_twentieth_is_enough_to_be_measured():
    assert least_difference(gaf.Output.SOFTMAX, 9.0) == 0.5
    assert_close(least_difference(gaf.Output.VALUE, -4.0), 0.2)
