"""Methods on embeddings and on texts with tokens removed: captum, loops, and exact values."""

from __future__ import annotations

import itertools
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import captum.attr
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

import gaf_core as gaf
from gaf_core.methods import METHODS
from gaf_core.methods.inputs import EmbeddedText
from gaf_core.methods.regression import WeightedRegression
from gaf_core.models.model import Task
from gaf_core.tracing.removal import removal_token
from tests.support.architectures import SUPPORTED, build, text_for
from tests.support.inside import Attention
from tests.support.models import counting, in_float64, save_tiny
from tests.support.tiny_tokenizers import byte_tokenizer
from tests.support.tolerance import STORED, assert_apart, assert_close, through

TEXT = "The acting was terrible, but I liked it."
ROWS = {row.model_type: row for row in SUPPORTED}
SAMPLED = ("lime", "kernel_shap")
NOISY = ("smoothgrad", "gradient_shap")
CAPTUM = (
    "integrated_gradients",
    "input_x_gradient",
    "saliency",
    "deeplift",
    "occlusion",
    "lime",
    "kernel_shap",
)
PERTURBING = ("occlusion", *SAMPLED, "partition_shap")
EMBEDDED = (*CAPTUM, *NOISY, "partition_shap")


@pytest.fixture(scope="module")
def bundled():
    return in_float64(gaf.load_model("minilm-reviews"))


@pytest.fixture(scope="module")
def traced(bundled):
    return gaf.trace(bundled, TEXT)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


def ids_without(model, trace, removed):
    """`[1, t]` ids with the ordinary tokens of these numbers replaced by the removal token."""
    ids = trace.encoding.inputs["input_ids"].clone()
    ids[0, np.flatnonzero(~trace.special)[list(removed)]] = removal_token(model)[1]
    return ids


@torch.no_grad()
def logit(model, trace, ids):
    """The target of one row of ids, by calling the network itself."""
    inputs = dict(trace.encoding.inputs) | {"input_ids": ids}
    if model.task is Task.NEXT_TOKEN:
        inputs.pop("token_type_ids", None)
        return model.module(**inputs).logits[0, -1, trace.target.index].item()
    return model.module(**inputs).logits[0, trace.target.index].item()


def all_removed(model, trace):
    return logit(model, trace, ids_without(model, trace, range((~trace.special).sum())))


def test_integrated_gradients_are_captums_own_on_the_embedding_layer(bundled, traced):
    inputs = traced.encoding.inputs
    own = captum.attr.LayerIntegratedGradients(
        lambda ids: bundled.module(ids).logits, bundled.module.get_input_embeddings()
    ).attribute(
        inputs["input_ids"],
        ids_without(bundled, traced, range((~traced.special).sum())),
        target=traced.target.index,
        n_steps=20,
    )
    found = METHODS["integrated_gradients"](bundled, traced, steps=20)
    assert_close(found.scores, own.sum(dim=-1)[0], roundings=through(bundled))
    assert not found.scores[traced.special].any()


def test_gradients_are_those_of_the_embedding_layer(bundled, traced):
    embeddings = bundled.module.get_input_embeddings()(traced.encoding.inputs["input_ids"])
    embeddings = embeddings.detach().requires_grad_()
    # this network can be given embeddings, so it needs no hook
    output = bundled.module(inputs_embeds=embeddings).logits[0, traced.target.index]
    gradient = torch.autograd.grad(output, embeddings)[0][0]
    products = METHODS["input_x_gradient"](bundled, traced).scores
    how = {"roundings": through(bundled)}
    assert_close(products, (gradient * embeddings[0]).sum(dim=-1), **how)
    assert_close(METHODS["saliency"](bundled, traced).scores, gradient.norm(dim=-1), **how)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("integrated_gradients", {}),
        ("kernel_shap", {"samples": 60}),
        ("partition_shap", {}),
        ("partition_shap", {"passes": 20}),
    ],
)
def test_scores_sum_to_what_the_text_changes(bundled, traced, method, options):
    found = METHODS[method](bundled, traced, **options)
    whole = logit(bundled, traced, traced.encoding.inputs["input_ids"])
    change = whole - all_removed(bundled, traced)
    delta = found.details.get("convergence delta", 0.0)
    size = np.abs(found.scores).sum() + abs(whole)
    assert_close(found.scores.sum() - delta, change, roundings=through(bundled), size=size)
    assert abs(delta) < 0.01 * abs(change)


def test_occlusion_removes_one_token_at_a_time(bundled, traced):
    whole = logit(bundled, traced, traced.encoding.inputs["input_ids"])
    falls = [
        whole - logit(bundled, traced, ids_without(bundled, traced, [number]))
        for number in range((~traced.special).sum())
    ]
    scores = METHODS["occlusion"](bundled, traced).scores
    # captum divides in float32
    assert_close(scores[~traced.special], falls, precision=np.float32, size=abs(whole))
    assert not scores[traced.special].any()


def test_kernel_shap_comes_to_the_exact_shapley_values(bundled):
    traced = gaf.trace(bundled, "not a bad film")
    players = range(4)
    worth = {
        kept: logit(bundled, traced, ids_without(bundled, traced, set(players) - set(kept)))
        for size in range(5)
        for kept in itertools.combinations(players, size)
    }
    exact = [
        sum(
            (worth[tuple(sorted((*others, player)))] - worth[others])
            / (4 * math.comb(3, len(others)))
            for others in worth
            if player not in others
        )
        for player in players
    ]
    found = METHODS["kernel_shap"](bundled, traced, samples=16).scores
    # captum gives all and none of the tokens a weight of 1e6, for infinity
    assert_close(found[1:-1], exact, error=1e-5)
    drawn = METHODS["kernel_shap"](bundled, traced, samples=15).scores
    assert_apart(drawn, found)
    assert_close(drawn.sum(), sum(exact), error=1e-5)


class Planted(torch.nn.Module):
    """Stands for a network: its logit is a sum over the tokens of what each is worth."""

    def __init__(self, model, worth):
        super().__init__()
        self.table, self.config = torch.nn.Embedding(len(worth), 3), model.module.config
        self.table.weight = torch.nn.Parameter(torch.outer(worth, torch.ones(3).double()))
        self.device = torch.device("cpu")

    def get_input_embeddings(self):
        return self.table

    def forward(self, input_ids):
        positive = self.table(input_ids).sum(dim=(1, 2))
        logits = torch.stack([-positive, positive], dim=1)
        return type("Output", (), {"logits": logits})()


@pytest.fixture
def planted(tiny):
    """In each of three dimensions "good" is worth 2 and "not" -1."""
    worth = torch.zeros(11, dtype=torch.float64)
    worth[6], worth[9] = 2.0, -1.0  # good, not
    traced = gaf.trace(tiny, "a film not good", target="positive")
    return gaf.Model(**{**vars(tiny), "module": Planted(tiny, worth)}), traced


@pytest.mark.parametrize("method", [name for name in EMBEDDED if name != "saliency"])
def test_a_sum_over_tokens_is_taken_apart_exactly(planted, method):
    scores = METHODS[method](*planted, **({"noise": 0} if method in NOISY else {})).scores
    if method == "lime":  # its ridge penalty shrinks all slopes
        assert scores.argmax() == 4
        assert scores.argmin() == 3
        assert np.abs(scores / scores[4] - [0, 0, 0, -0.5, 1, 0]).max() < 0.02
    else:
        assert_close(scores, [0, 0, 0, -3, 6, 0], error=1e-5)  # of captum's weights, as above


def build_with_unknown(model_type, task):
    model = build(ROWS[model_type], task)
    if model.tokenizer.unk_token_id is None:
        model.tokenizer.unk_token = "<|end|>"
    return model


@pytest.mark.parametrize(
    ("model_type", "task"),
    [
        ("roberta", Task.CLASSIFICATION),
        ("gpt2", Task.NEXT_TOKEN),
        ("llama", Task.NEXT_TOKEN),
        ("gemma3_text", Task.NEXT_TOKEN),
        ("llama", Task.CLASSIFICATION),
        ("bart", Task.CLASSIFICATION),
        ("mbart", Task.CLASSIFICATION),
        ("t5", Task.CLASSIFICATION),
    ],
)
def test_architectures(model_type, task):
    model = build_with_unknown(model_type, task)
    with Attention():  # in float64 throughout
        check_architecture(model)


def check_architecture(model):
    traced = gaf.trace(model, text_for(model))
    embedded = EmbeddedText(model, traced)
    with torch.no_grad():
        whole, removed = embedded(embedded.embeddings).item(), embedded(embedded.baseline()).item()
    # ids are replaced in the decoder too, one position later: the embeddings must be as well
    logits = {"size": np.abs(traced.logits).max(), "roundings": through(model)}
    stored = {"precision": np.float32, "roundings": STORED}
    assert_close(whole, traced.logits[traced.target.index], **stored)
    assert_close(removed, all_removed(model, traced), **logits)
    falls = [
        whole - logit(model, traced, ids_without(model, traced, [number]))
        for number in range((~traced.special).sum())
    ]
    scores = METHODS["occlusion"](model, traced).scores
    assert_close(scores[~traced.special], falls, **logits)
    found = METHODS["integrated_gradients"](model, traced, steps=300 if embedded.batch > 1 else 30)
    # a sum over steps for an integral
    missed = found.scores.sum() - (whole - removed)
    assert abs(missed) < 0.05 * np.abs(found.scores).sum()
    assert METHODS["saliency"](model, traced).scores.all()


def test_a_contrast_is_the_difference_of_two_scores(bundled):
    one, other, both = (
        METHODS["integrated_gradients"](bundled, gaf.trace(bundled, TEXT, target), steps=5).scores
        for target in ("positive", "negative", ("positive", "negative"))
    )
    size = np.abs([one, other]).max()
    assert_close(both, one - other, roundings=through(bundled), size=size)


def test_baselines_of_integrated_gradients(bundled, traced):
    text = EmbeddedText(bundled, traced)
    table = bundled.module.get_input_embeddings().weight
    ordinary = ~traced.special
    assert torch.equal(text.baseline("mask")[0, 1], table[bundled.tokenizer.mask_token_id])
    assert torch.equal(text.baseline("pad")[0, 1], table[bundled.tokenizer.pad_token_id])
    assert not text.baseline("zero")[0, ordinary].any()
    assert torch.equal(text.baseline("zero")[0, ~ordinary], text.embeddings[0, ~ordinary])


def test_deeplift_is_refused_where_its_rule_does_not_reach(bundled, traced):
    with pytest.raises(gaf.ModelError, match="integrated"):
        METHODS["deeplift"](bundled, traced)
    assert not bundled.lock.locked()
    assert METHODS["occlusion"](bundled, traced).scores.any()  # no hook stayed behind


@pytest.mark.parametrize("method", [*SAMPLED, *NOISY])
def test_the_samples_depend_on_the_seed_alone(tiny, method):
    traced = gaf.trace(tiny, "a good film not bad a film not")
    first = METHODS[method](tiny, traced, samples=40).scores
    torch.manual_seed(12)
    again = METHODS[method](tiny, traced, samples=40).scores
    other = METHODS[method](tiny, traced, samples=40, seed=1).scores
    assert_close(first, again, roundings=through(tiny))
    assert_apart(first, other)


@pytest.mark.parametrize("method", [*SAMPLED, *NOISY])
def test_the_samples_are_the_same_in_any_company(tiny, method):
    """Others draw from the random numbers of the process, and set their seed, meanwhile."""
    traced = gaf.trace(tiny, "a good film not bad a film not")
    alone = METHODS[method](tiny, traced, samples=40, seed=7).scores
    over = threading.Event()

    def disturb():
        while not over.wait(0.0005):
            torch.manual_seed(0)
            torch.rand(100)

    def again(_):
        return METHODS[method](tiny, traced, samples=40, seed=7).scores

    disturbing = threading.Thread(target=disturb)
    disturbing.start()
    try:
        with ThreadPoolExecutor(6) as threads:
            found = list(threads.map(again, range(24)))
    finally:
        over.set()
        disturbing.join()
    for one in found:
        assert_close(one, alone, roundings=through(tiny))


@pytest.fixture
def enough_memory(monkeypatch):
    monkeypatch.setattr("gaf_core.tracing.memory.available_memory", lambda _device: 2**34)


@pytest.mark.usefixtures("enough_memory")
@pytest.mark.parametrize("method", ["integrated_gradients", *PERTURBING])
def test_passes_go_in_batches_and_the_model_is_free_between_them(tiny, method):
    traced = gaf.trace(tiny, "a good film not bad a film not")
    calls, steps = counting(tiny), []

    def progress(done, total):
        assert not tiny.lock.locked()
        steps.append((done, total))

    METHODS[method](tiny, traced, progress=progress)
    assert len(steps) == len(calls) <= 12
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == steps[-1][1]


@pytest.mark.parametrize("method", ["integrated_gradients", *NOISY, *PERTURBING])
def test_what_progress_raises_stops_the_method(tiny, method):
    class StoppedError(Exception):
        pass

    def stop(_done, _total):
        raise StoppedError

    traced, calls = gaf.trace(tiny, "a good film"), counting(tiny)
    with pytest.raises(StoppedError):
        METHODS[method](tiny, traced, progress=stop)
    assert len(calls) == 1
    assert not tiny.lock.locked()
    assert not tiny.module.get_input_embeddings()._forward_hooks


def test_threads_share_a_model(tiny):
    texts = ["a good film", "not bad", "a film not good", "bad bad film"]
    traces = [gaf.trace(tiny, text) for text in texts]
    expected = [METHODS["integrated_gradients"](tiny, trace).scores for trace in traces]
    found = {}

    def work(index):
        found[index] = METHODS["integrated_gradients"](tiny, traces[index]).scores

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, one in enumerate(expected):
        assert_close(found[index], one, roundings=through(tiny))


def test_one_token(tiny):
    traced = gaf.trace(tiny, "good")
    scores = {name: METHODS[name](tiny, traced).scores for name in EMBEDDED if name != "deeplift"}
    how = {"roundings": through(tiny), "size": np.abs(traced.logits).max()}
    assert_close(scores["kernel_shap"], scores["occlusion"], **how)
    # captum divides in float32
    assert_close(scores["partition_shap"], scores["occlusion"], precision=np.float32)
    assert all(np.isfinite(found).all() and found[1] != 0 for found in scores.values())


@pytest.mark.parametrize(
    "method", ["integrated_gradients", "deeplift", "gradient_shap", "contrast_cat", *PERTURBING]
)
def test_a_text_of_special_tokens_has_nothing_to_remove(tiny, method):
    traced = gaf.trace(tiny, "good")
    traced.special[:] = True
    with pytest.raises(gaf.TextError, match="special"):
        METHODS[method](tiny, traced)
    assert METHODS["input_x_gradient"](tiny, traced).scores.any()


def test_a_trace_without_a_model_is_refused(tiny):
    traced = gaf.trace(tiny, "good")
    traced = replace(traced, encoding=replace(traced.encoding, made=None))
    with pytest.raises(gaf.GafError, match="without a model"):
        METHODS["saliency"](tiny, traced)


@pytest.mark.parametrize("method", [*EMBEDDED, "contrast_cat"])
def test_damaged_weights_are_no_scores(tmp_path, method):
    model = gaf.load_model(save_tiny(tmp_path))
    traced = gaf.trace(model, "a good film")
    model.module.classifier.weight.data[:] = float("nan")
    with pytest.raises(gaf.GafError, match="not numbers"):
        METHODS[method](model, traced)


def test_too_few_samples_are_refused(tiny):
    traced = gaf.trace(tiny, "a good film not bad a film not")
    with pytest.raises(gaf.SettingsError, match="samples=80"):
        METHODS["kernel_shap"](tiny, traced, samples=6)


def tokenizer_with(**special):
    words = {"a": 0, "[PAD]": 1, "[UNK]": 2, "[MASK]": 3}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


@pytest.mark.parametrize(
    ("special", "expected"),
    [
        ({"unk_token": "[UNK]", "pad_token": "[PAD]", "mask_token": "[MASK]"}, ("mask", 3)),
        ({"unk_token": "[UNK]", "pad_token": "[PAD]"}, ("pad", 1)),
        ({"unk_token": "[UNK]"}, ("unknown", 2)),
    ],
)
def test_the_removal_token_is_the_first_that_the_vocabulary_has(tiny, special, expected):
    model = gaf.Model(**{**vars(tiny), "tokenizer": tokenizer_with(**special)})
    assert removal_token(model) == removal_token(model, expected[0]) == expected
    if "mask_token" not in special:
        with pytest.raises(gaf.SettingsError, match="no mask token"):
            removal_token(model, "mask")
    with pytest.raises(gaf.SettingsError, match="mask, pad, unknown"):
        removal_token(model, "delete")


def test_without_a_removal_token_only_zeros_are_left():
    model = build(ROWS["llama"], Task.NEXT_TOKEN)
    assert model.tokenizer.get_vocab() == byte_tokenizer().get_vocab()
    traced = gaf.trace(model, text_for(model))
    for method in ("integrated_gradients", "gradient_shap", "contrast_cat", *PERTURBING):
        with pytest.raises(gaf.SettingsError, match="no mask, padding or unknown token"):
            METHODS[method](model, traced)
    for method in ("integrated_gradients", "gradient_shap"):
        assert METHODS[method](model, traced, baseline="zero").scores.any()


def test_the_regression_is_the_solution_of_the_normal_equations():
    random = torch.Generator().manual_seed(0)
    x, y, w = (torch.rand(shape, generator=random).double() for shape in ((30, 4), (30,), (30,)))
    fitted = WeightedRegression(penalty=0.5)
    fitted.fit([(x[:20], y[:20], w[:20]), (x[20:], y[20:], w[20:])])
    design = torch.cat([x, torch.ones(30, 1)], dim=1)
    penalty = torch.diag(torch.tensor([0.5, 0.5, 0.5, 0.5, 0.0]).double())
    expected = torch.linalg.solve((design.T * w) @ design + penalty, (design.T * w) @ y)
    assert_close(fitted.slopes, expected[:4], roundings=1e4)  # two solvers of a conditioned system
