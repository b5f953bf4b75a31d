"""The methods that need only a trace, on real architectures, targets and awkward texts."""

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build, target_for, text_for
from tests.support.models import in_float64
from tests.support.tolerance import SOLVED, STORED, assert_apart, assert_close, rounding, summed

FROM_TRACE = (
    "AF", "GF", "AGF", "depth_average", "random", "raw_attention", "rollout", "attention_flow",
    "grad_cam", "attention_x_gradient", "cat", "attcat", "relevance",
)  # fmt: skip
TEXT = "The acting was terrible, but I did not hate the rest of the film."

KINDS = [
    pytest.param(row, task, id=f"{row.model_type}-{task.name.lower()}")
    for row in SUPPORTED
    for task in row.tasks
    if row.model_type in ("bert", "deberta-v2", "gpt2", "mistral", "gemma2", "bart", "t5")
]


@pytest.fixture(scope="module")
def model():
    return in_float64(gaf.load_model("minilm-reviews"))


def all_scores(model: gaf.Model, traced: gaf.Trace) -> dict[str, np.ndarray]:
    return {name: gaf.METHODS[name](model, traced).scores for name in FROM_TRACE}


@pytest.mark.parametrize(("row", "task"), KINDS)
def test_every_method_scores_every_kind_of_model(row, task):
    model = build(row, task)
    traced = gaf.trace(model, text_for(model), target_for(model))
    # what Grad-CAM weights by head; it keeps what is positive, which may be nothing
    heads = traced.gradient[-1].mean(axis=(1, 2))[:, None, None] * traced.attention[-1]
    weighted = heads.mean(axis=0)[traced.read_positions]
    for name, scores in all_scores(model, traced).items():
        assert scores.shape == (len(traced.tokens),), name
        assert np.isfinite(scores).all(), name
        assert len(set(scores.tolist())) > 1 or (name == "grad_cam" and weighted.max() <= 0), name
    row_read = traced.attention[-1].astype(float).mean(axis=0)[traced.read_positions].mean(axis=0)
    assert_close(gaf.METHODS["raw_attention"](model, traced).scores, row_read)
    if task is Task.NEXT_TOKEN:
        assert traced.read_positions.tolist() == [len(traced.tokens) - 1]


def test_what_is_split_among_the_tokens_adds_up(model):
    traced = gaf.trace(model, TEXT)
    scores = all_scores(model, traced)
    # rows of attention sum to 1 but for their storage in float32
    stored = {"precision": np.float32, "roundings": STORED}
    for name in ("raw_attention", "rollout", "depth_average"):
        assert_close(scores[name].sum(), 1.0, message=name, **stored)
    most = 1 + rounding(1.0, summed(len(traced.tokens)))  # one output lets 1 through
    assert (scores["attention_flow"] <= most).all()
    slack = rounding(1.0, traced.layers * STORED, np.float32)
    assert (scores["attention_flow"] >= scores["rollout"] - slack).all()  # rollout is such a flow


@pytest.mark.parametrize("name", ["attention_x_gradient", "cat", "attcat"])
def test_a_contrast_is_the_difference_of_its_two_targets(model, name):
    method = gaf.METHODS[name]
    traces = [
        gaf.trace(model, TEXT, target)
        for target in ("positive", "negative", ("positive", "negative"))
    ]
    positive, negative, contrast = (method(model, traced).scores for traced in traces)
    # traces are stored in float32, and so are the products that the scores are sums of
    size = max(
        np.abs(one.attention * one.gradient).sum(axis=(0, 1, 2)).max()
        + np.abs(one.relevance).sum(axis=0).max()
        for one in traces
    )
    how = {"precision": np.float32, "roundings": 4 * STORED, "size": size}
    assert_close(contrast, positive - negative, **how)
    assert np.abs(positive - negative).max() > 0.01


def test_a_target_that_is_not_predicted_has_its_own_scores(model):
    predicted = gaf.trace(model, TEXT)
    other = gaf.trace(model, TEXT, 1 - predicted.predicted)
    for name, scores in all_scores(model, other).items():
        before = gaf.METHODS[name](model, predicted).scores
        if name in ("AF", "random", "raw_attention", "rollout", "attention_flow"):
            assert_close(scores, before, message=name, error=SOLVED)
        else:
            assert_apart(scores, before, message=name)


@pytest.mark.parametrize("text", ["good", "!", "[SEP] [CLS] [MASK]", "<b>&amp;</b>"])
def test_texts_of_one_token_or_of_special_tokens_alone(model, text):
    traced = gaf.trace(model, text)
    for name, scores in all_scores(model, traced).items():
        assert scores.shape == (len(traced.tokens),), name
        assert np.isfinite(scores).all(), name


def test_a_single_position_gets_everything():
    row = next(row for row in SUPPORTED if row.model_type == "gpt2")
    model = build(row, Task.NEXT_TOKEN)
    traced = gaf.trace(model, "a")
    assert len(traced.tokens) == 1
    scores = all_scores(model, traced)
    for name in ("AF", "raw_attention", "rollout", "attention_flow"):
        assert_close(scores[name], [1.0], message=name, error=SOLVED)
