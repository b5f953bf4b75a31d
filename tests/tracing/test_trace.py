"""The trace is the model's own: its logits, its attention, and the gradient of that attention."""

import threading

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

import gaf_core as gaf
from benchmarks.tiny import random_text
from gaf_core.models.model import PRESETS
from tests.support.models import counting, in_float64, save_tiny
from tests.support.tolerance import STORED, assert_close, summed

TEXT = "The acting was terrible, but I did not hate the rest of the film."


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def bundled():
    return gaf.load_model("minilm-reviews")


@pytest.fixture(scope="module")
def exact(bundled):
    return in_float64(bundled)


def test_shapes_and_rows(bundled):
    traced = gaf.trace(bundled, TEXT)
    t = len(traced.tokens)
    assert traced.attention.shape == traced.gradient.shape == (6, 12, t, t)
    rows = traced.attention.sum(axis=-1, dtype=np.float64)
    assert_close(rows, 1.0, precision=np.float32, roundings=summed(t))
    assert traced.gradient.any()
    assert traced.tokens[0] == "[CLS]"
    assert traced.special.tolist() == [True] + [False] * (t - 2) + [True]
    pieces = [traced.text[start:end].lower() for start, end in traced.offsets[1:-1]]
    assert pieces == [token.removeprefix("##") for token in traced.tokens[1:-1]]


def test_the_logits_are_the_models_own_with_its_default_attention(bundled, exact):
    own = AutoModelForSequenceClassification.from_pretrained(
        PRESETS["minilm-reviews"], local_files_only=True, dtype=torch.float64
    ).eval()
    assert own.config._attn_implementation != "eager"
    with torch.no_grad():
        expected = own(**bundled.tokenizer(TEXT, return_tensors="pt")).logits[0].numpy()
    traced = gaf.trace(exact, TEXT)
    assert_close(traced.logits, expected, precision=np.float32, roundings=STORED)
    assert_close(traced.probabilities.sum(), 1.0)
    assert traced.labels[traced.predicted] == bundled.labels[int(expected.argmax())]


def perturbed_logit(model, text, layer, direction, size, target):
    """The logit after adding `size * direction` to the attention of one layer, in float64."""

    def add(module, _inputs, output):
        context, attention = output
        # the context is linear in the attention: add what the perturbation alone contributes
        hidden = _inputs[0] if _inputs else module.captured
        value = module.value(hidden)
        heads = attention.shape[1]
        value = value.view(*value.shape[:2], heads, -1).transpose(1, 2)
        extra = (torch.as_tensor(size * direction) @ value).transpose(1, 2)
        return context + extra.reshape(context.shape), attention

    attention = model.bert.encoder.layer[layer].attention.self

    def capture(module, args, kwargs):
        module.captured = args[0] if args else kwargs["hidden_states"]

    handles = [
        attention.register_forward_pre_hook(capture, with_kwargs=True),
        attention.register_forward_hook(add),
    ]
    try:
        with torch.no_grad():
            return model(**text).logits[0, target].item()
    finally:
        for handle in handles:
            handle.remove()


@pytest.mark.parametrize("layer", [0, 2, 5])
def test_the_gradient_agrees_with_finite_differences(exact, layer):
    traced = gaf.trace(exact, TEXT)
    encoding = exact.tokenizer(TEXT, return_tensors="pt")
    random = np.random.default_rng(layer)
    for _ in range(3):
        direction = random.normal(size=traced.attention[layer].shape)
        step = 1e-5
        up, down = (
            perturbed_logit(exact.module, encoding, layer, direction, size, traced.target.index)
            for size in (step, -step)
        )
        numeric = (up - down) / (2 * step)
        analytic = traced.gradient[layer] * direction
        size = np.abs(analytic).sum()
        assert_close(numeric, analytic.sum(), precision=np.float32, roundings=STORED, size=size)


def test_a_contrast_is_the_difference_of_two_gradients(exact):
    one, other, both = (
        gaf.trace(exact, TEXT, target)
        for target in ("positive", "negative", ("positive", "negative"))
    )
    difference = one.gradient.astype(np.float64) - other.gradient
    # each of the three was stored, and the difference is up to twice as large as its terms
    assert_close(both.gradient, difference, precision=np.float32, roundings=2 * STORED)
    assert both.target.name == "positive against negative"


def test_the_target_defaults_to_the_prediction_and_takes_index_or_label(bundled):
    traced = gaf.trace(bundled, TEXT)
    assert traced.target.index == traced.predicted
    by_label, by_index = gaf.trace(bundled, TEXT, "positive"), gaf.trace(bundled, TEXT, 1)
    assert by_label.target == by_index.target


@pytest.mark.parametrize("target", ["joy", 2, -1, ("positive", "joy"), ("positive",)])
def test_a_target_that_is_no_label_is_refused_with_the_labels(bundled, target):
    with pytest.raises(gaf.TargetError, match="label"):
        gaf.trace(bundled, TEXT, target)


def test_a_contrast_with_itself_is_refused(bundled):
    with pytest.raises(gaf.TargetError, match="itself"):
        gaf.trace(bundled, TEXT, ("positive", 1))


def test_the_read_position_is_found(bundled):
    assert gaf.trace(bundled, TEXT).read_positions.tolist() == [0]


def test_one_trace_is_one_forward_pass_and_leaves_the_model_as_it_was(tiny):
    hooks = len(tiny.module.get_input_embeddings()._forward_hooks)
    calls = counting(tiny)
    gaf.trace(tiny, "a good film")
    assert len(calls) == 1
    assert len(tiny.module.get_input_embeddings()._forward_hooks) == hooks
    assert all(parameter.grad is None for parameter in tiny.module.parameters())


def test_threads_share_a_model(tiny):
    model = in_float64(tiny)
    texts = [random_text(words, seed=words) for words in range(1, 13)]
    expected = [gaf.trace(model, text).gradient for text in texts]
    found: dict[int, np.ndarray] = {}

    def work(index):
        found[index] = gaf.trace(model, texts[index]).gradient

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, one in enumerate(expected):
        assert_close(found[index], one, precision=np.float32, roundings=STORED)


@pytest.mark.parametrize("text", ["", "   ", "\n\t ", "\u200b\u00ad"])
def test_an_empty_text_is_refused(tiny, text):
    with pytest.raises(gaf.TextError, match="at least one word"):
        gaf.trace(tiny, text)


def test_a_long_text_says_how_long_it_is_and_can_be_cut(tiny):
    text = random_text(100)
    with pytest.raises(gaf.TextTooLongError, match="102 tokens and the model takes 32") as caught:
        gaf.trace(tiny, text)
    assert (caught.value.tokens, caught.value.limit) == (102, 32)
    traced = gaf.trace(tiny, text, truncate=True)
    assert len(traced.tokens) == 32
    assert traced.truncated == 70
    assert text.startswith(traced.text)
    assert len(traced.text.split()) == 30


@pytest.mark.parametrize(
    "text", ["🎬🍿", "<script>alert(1)</script>", "# *x* $y$", "فيلم رائع جدا"]
)
def test_any_text_is_traced(bundled, text):
    traced = gaf.trace(bundled, text)
    assert traced.text == text
    assert np.isfinite(traced.gradient).all()
