"""SmoothGrad and GradientSHAP against captum, which is given what these draw, and exact cases."""

from __future__ import annotations

import captum.attr
import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.methods.inputs import EmbeddedText
from gaf_core.methods.noisy import _random
from tests.support.models import counting, in_float64, save_tiny
from tests.support.tolerance import assert_apart, assert_close, through

TEXT = "a good film not bad a film not"
METHODS = ("smoothgrad", "gradient_shap")
SAMPLES = 7


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture(scope="module")
def traced(tiny):
    return gaf.trace(tiny, TEXT)


def drawn(text: EmbeddedText, noise: float, uniform: bool) -> tuple[torch.Tensor, list[float]]:
    """What a method draws with the seed 3, `[n, t, d]` and `n`, in its order."""
    normal, number = _random(text, noise, 3)
    pairs = [(normal(), number() if uniform else 0.0) for _ in range(SAMPLES)]
    return torch.stack([one for one, _ in pairs]), [one for _, one in pairs]


def test_smoothgrad_is_captums_noise_tunnel(tiny, traced, monkeypatch):
    text = EmbeddedText(tiny, traced)
    noise, _ = drawn(text, 0.3, uniform=False)
    monkeypatch.setattr(torch, "normal", lambda *_: noise)
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(text))
    gradient = tunnel.attribute(text.embeddings, nt_samples=SAMPLES, stdevs=0.3, abs=False)[0]
    how = {"roundings": through(tiny)}
    options = {"samples": SAMPLES, "noise": 0.3, "seed": 3}
    product = gaf.METHODS["smoothgrad"](tiny, traced, **options).scores
    assert_close(product, (gradient * text.embeddings[0]).sum(dim=-1), **how)
    length = gaf.METHODS["smoothgrad"](tiny, traced, score="length", **options).scores
    assert_close(length, gradient.norm(dim=-1), **how)


def test_gradient_shap_is_captums(tiny, traced, monkeypatch):
    text = EmbeddedText(tiny, traced)
    noise, shares = drawn(text, 0.1, uniform=True)
    monkeypatch.setattr(torch, "normal", lambda *_: noise * text.ordinary[:, None])
    monkeypatch.setattr(np.random, "uniform", lambda *_: np.array(shares))
    expected = captum.attr.GradientShap(text).attribute(
        text.embeddings, text.baseline(), n_samples=SAMPLES, stdevs=0.1
    )
    found = gaf.METHODS["gradient_shap"](tiny, traced, samples=SAMPLES, noise=0.1, seed=3)
    assert_close(found.scores, expected[0].sum(dim=-1), roundings=through(tiny))
    assert not found.scores[traced.special].any()


def test_the_noise_has_the_size_that_was_asked_for(tiny, traced):
    text = EmbeddedText(tiny, traced)
    normal, number = _random(text, 0.5, 0)
    many = torch.stack([normal() for _ in range(200)])
    assert abs(float(many.std() / text.embeddings.std()) - 0.5) < 0.01
    assert abs(float(many.mean() / text.embeddings.std())) < 0.01
    assert abs(np.mean([number() for _ in range(2000)]) - 0.5) < 0.03


def test_without_noise_they_are_what_they_average(tiny, traced):
    how = {"roundings": through(tiny)}
    smooth = gaf.METHODS["smoothgrad"](tiny, traced, noise=0, samples=3).scores
    assert_close(smooth, gaf.METHODS["input_x_gradient"](tiny, traced).scores, **how)
    length = gaf.METHODS["smoothgrad"](tiny, traced, noise=0, samples=3, score="length").scores
    assert_close(length, gaf.METHODS["saliency"](tiny, traced).scores, **how)
    integral = gaf.METHODS["integrated_gradients"](tiny, traced, steps=200).scores
    drawn = gaf.METHODS["gradient_shap"](tiny, traced, noise=0, samples=3000).scores
    assert np.abs(drawn - integral).max() < 0.05 * np.abs(integral).max()


def test_the_delta_is_what_the_sum_misses(tiny, traced):
    found = gaf.METHODS["gradient_shap"](tiny, traced)
    text = EmbeddedText(tiny, traced)
    with torch.no_grad():
        change = (text(text.embeddings) - text(text.baseline())).item()
    delta = found.details["convergence delta"]
    size = np.abs(found.scores).sum()
    assert_close(found.scores.sum() - delta, change, roundings=through(tiny), size=size)


@pytest.mark.parametrize("method", METHODS)
def test_small_batches_draw_the_same(tiny, traced, method, monkeypatch):
    options = {"samples": 10, "seed": 5}
    together = gaf.METHODS[method](tiny, traced, **options).scores
    monkeypatch.setattr("gaf_core.methods.inputs.rows_that_fit", lambda *_, **__: 3)
    calls, steps = counting(tiny), []
    found = gaf.METHODS[method](
        tiny, traced, progress=lambda *step: steps.append(step), **options
    ).scores
    assert steps == [(3, 10), (6, 10), (9, 10), (10, 10)]
    assert len(calls) == 4 + 2 * (method == "gradient_shap")
    assert_close(found, together, roundings=through(tiny))
    assert_apart(found, gaf.METHODS[method](tiny, traced, samples=10, seed=6).scores)
