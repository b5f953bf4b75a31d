"""From a text to its explanation, on the bundled model."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import gaf_core as gaf
from tests.support.models import in_float64
from tests.support.patience import HANG
from tests.support.tolerance import SOLVED, assert_apart, assert_close, proven, summed

TEXT = "The acting was terrible, but I did not hate the rest of the film."


@pytest.fixture(scope="module")
def model():
    return in_float64(gaf.load_model("minilm-reviews"))


@pytest.fixture(scope="module")
def traced(model):
    return gaf.trace(model, TEXT)


@pytest.mark.parametrize("variant", ["AF", "GF", "AGF"])
@pytest.mark.parametrize("layers", [None, (0, 2), (3, 6), (5, 6)])
def test_every_variant_and_range_is_certified(traced, variant, layers):
    explanation = gaf.explain_trace(traced, gaf.Settings(variant=variant, layers=layers))
    solution = explanation.solution
    assert solution.status is gaf.Status.OPTIMAL
    assert_close(explanation.scores.sum(), solution.value)
    assert_close(explanation.shares.sum(), 1.0)
    assert solution.duality_gap <= 1.01e-6
    first, last = layers or (0, 6)
    assert explanation.network.layers == last - first


def test_gradients_of_a_classifier_that_reads_one_token_prune_the_last_layer(traced):
    network = gaf.explain_trace(traced, gaf.Settings(variant="GF")).network
    assert network.live[-1].sum() == 1
    assert network.pruned == 0  # those capacities are exactly zero, so they are not edges at all
    attention = gaf.explain_trace(traced, gaf.Settings(variant="AF")).network
    assert attention.live[-1].all()


def test_explaining_a_text_is_explaining_its_trace(model):
    settings = gaf.Settings(variant="GF", layers=(2, 6), target="positive")
    direct = gaf.explain(model, TEXT, settings)
    again = gaf.explain_trace(gaf.trace(model, TEXT, "positive"), settings)
    assert_close(direct.scores, again.scores, error=SOLVED)


def test_the_edge_table_holds_every_edge_with_model_layers(traced):
    explanation = gaf.explain_trace(traced, gaf.Settings(layers=(2, 4)))
    table = explanation.edge_table()
    assert len(table) == len(explanation.network.edges[0])
    assert set(table["layer"]) == {2, 3}
    assert ((table["flow"] >= 0) & (table["flow"] <= table["capacity"])).all()
    assert table["saturation"].between(0, 1).all()
    into_inputs = table[table["layer"] == 2].groupby("key")["flow"].sum()
    assert_close(into_inputs, explanation.scores[into_inputs.index], roundings=summed(18))
    assert (table["key_token"] == np.array(explanation.tokens)[table["key"]]).all()


def test_the_score_table_survives_csv(traced):
    explanation = gaf.explain_trace(traced, gaf.Settings())
    back = pd.read_csv(io.StringIO(explanation.score_table().to_csv(index=False)))
    assert_close(back["score"].sum(), explanation.solution.value, roundings=summed(len(back)))
    assert [TEXT[a:b].lower() for a, b in zip(back.start[1:-1], back.end[1:-1], strict=True)] == [
        token.removeprefix("##") for token in back.token[1:-1]
    ]


def test_the_classification_source_is_the_position_that_is_read(traced):
    every = gaf.explain_trace(traced, gaf.Settings(variant="AF", source="all"))
    one = gaf.explain_trace(traced, gaf.Settings(variant="AF", source="classification"))
    assert one.network.source.nonzero()[0].tolist() == [0]
    assert one.solution.value < every.solution.value


def test_heads_and_aggregate_change_the_network(traced):
    base = gaf.explain_trace(traced, gaf.Settings())
    total = gaf.explain_trace(traced, gaf.Settings(aggregate="sum"))
    how = {"size": total.solution.value, "error": proven(total.solution, base.solution)}
    assert_close(total.scores, 12 * base.scores, **how)
    assert_apart(gaf.explain_trace(traced, gaf.Settings(heads=(0, 1))).shares, base.shares)


@pytest.mark.parametrize(
    "change",
    [
        {"variant": "XX"},
        {"layers": (4, 2)},
        {"layers": (0, 7)},
        {"heads": (12,)},
        {"source": "nowhere"},
        {"source": 99},
        {"epsilon": 0.0},
    ],
)
def test_a_setting_that_means_nothing_is_a_sentence(traced, change):
    with pytest.raises(gaf.SettingsError) as caught:
        gaf.explain_trace(traced, replace(gaf.Settings(), **change))
    assert str(caught.value).endswith(".")


def test_settings_are_a_cache_key():
    assert hash(gaf.Settings(layers=(0, 3))) == hash(gaf.Settings(layers=(0, 3)))
    assert gaf.Settings() != gaf.Settings(variant="AF")


def test_it_shows_itself_in_a_notebook(traced):
    html = gaf.explain_trace(traced, gaf.Settings())._repr_html_()
    assert "terrible" in html
    assert "<script" not in html


def test_the_library_needs_no_streamlit():
    """gaf_core works where Streamlit is not installed: a script or a notebook."""
    import subprocess
    import sys

    script = (
        "import sys; sys.modules['streamlit'] = None\n"
        "import gaf_core as gaf\n"
        "e = gaf.explain(gaf.load_model('minilm-reviews'), 'A lovely film.')\n"
        "assert e.solution.certified\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=HANG)
