"""Every method finds the token that a prediction was made to depend on (`planted`)."""

import numpy as np
import pytest

import gaf_core as gaf
from tests.support import planted
from tests.support.tolerance import DELIBERATE


def with_keyword(model: gaf.Model):
    return [gaf.trace(model, text) for text in planted.TEXTS]


@pytest.mark.parametrize("name", planted.MODELS)
@pytest.mark.parametrize("text", planted.TEXTS)
def test_the_prediction_depends_on_the_keyword_and_on_no_other_word(name, text):
    model, words = planted.MODELS[name](), text.split()
    target = gaf.trace(model, text).target

    def logit(changed: list[str]) -> float:
        return float(gaf.trace(model, " ".join(changed), target.index).logits[target.index])

    assert target.name in ("present", "film")
    falls = {}
    for place, word in enumerate(words):
        other = "film" if word == "a" else "a"
        falls[word] = logit(words) - logit([*words[:place], other, *words[place + 1 :]])
    caused = falls.pop(planted.KEYWORD)
    assert caused > 0.5
    assert max(map(abs, falls.values())) < 0.1 * caused


@pytest.mark.parametrize("name", planted.MODELS)
@pytest.mark.parametrize("method", gaf.METHODS)
def test_a_method_ranks_the_keyword_first_or_is_excused(method, name):
    model, excuse = planted.MODELS[name](), planted.excuse(name, method)
    missed = []
    for traced in with_keyword(model):
        try:
            scores = gaf.METHODS[method](model, traced).scores
        except gaf.GafError as refusal:
            missed.append(str(refusal))
            continue
        assert scores.shape == (len(traced.tokens),)
        margin = planted.margin(traced, scores)
        assert abs(margin) > DELIBERATE, "rounding does not decide"
        if margin < 0:
            missed.append(f"{traced.text}: {scores}")
    # an excuse that is not needed any more would hide the next mistake
    assert bool(missed) == (excuse is not None), missed


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("GF", {"first_layer": 2}),
        ("AGF", {"first_layer": 2}),
        ("AF", {"first_layer": 2, "source": "classification"}),
        ("AF", {"residual": "half"}),
        ("AGF", {"aggregate": "max", "source": "classification"}),
        ("depth_average", {"variant": "AGF"}),
        ("depth_average", {"variant": "AF", "source": "classification"}),
    ],
)
def test_the_flow_finds_it_with_other_settings_too(method, options):
    model = planted.direct()
    for traced in with_keyword(model):
        scores = gaf.METHODS[method](model, traced, **options).scores
        assert planted.margin(traced, scores) > DELIBERATE, scores


def test_the_last_layer_alone_points_at_the_relay_and_all_layers_at_the_keyword():
    model = planted.relayed()
    for traced in with_keyword(model):
        relay = len(traced.tokens) - 1
        for method in ("raw_attention", "grad_cam"):
            assert gaf.METHODS[method](model, traced).scores.argmax() == relay
        assert gaf.METHODS["GF"](model, traced, first_layer=2).scores.argmax() == relay
        keyword = traced.tokens.index(planted.KEYWORD)
        for method in ("GF", "AGF", "attention_x_gradient"):
            scores = gaf.METHODS[method](model, traced).scores
            assert scores[keyword] == np.delete(scores, relay).max()
