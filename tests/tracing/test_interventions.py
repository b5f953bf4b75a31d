"""Edges of a model cut, kept and scaled: on every architecture, and against what is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.tracing import interventions
from gaf_core.tracing.interventions import mask_gradients
from tests.support import planted
from tests.support.architectures import SUPPORTED, build, target_for, text_for
from tests.support.inside import Attention
from tests.support.models import counting, in_float64
from tests.support.tolerance import assert_apart, assert_close, differenced, through

EVERY = [
    pytest.param(row, task, id=f"{row.model_type}-{task.name.lower()}")
    for row in SUPPORTED
    for task in row.tasks
]
SENTENCE = "A lovely film."
STEP = 1e-5  # what a difference of this step misses is less than the step


@pytest.fixture(scope="module")
def bundled():
    model = in_float64(gaf.load_model("minilm-reviews"))
    return model, gaf.trace(model, SENTENCE)


def products(trace):
    """`[L, t, t]` attention times gradient summed over heads, and the size of its terms."""
    terms = trace.attention.astype(float) * trace.gradient
    return terms.sum(axis=1), np.abs(terms).sum(axis=1)


@pytest.mark.parametrize(("row", "task"), EVERY)
def test_every_architecture_answers_for_its_edges(row, task):
    model = build(row, task)
    trace = gaf.trace(model, text_for(model), target_for(model))
    shape = products(trace)[0].shape
    for kind in ("zero", "renormalise"):
        alone = gaf.intervene(model, trace, np.ones(shape), kind)
        assert np.array_equal(alone[0].astype(np.float32), trace.logits), kind
    unseen = np.array([~row.mask(layer, shape[1]) for layer in range(shape[0])])
    kept = gaf.intervene(model, trace, ~unseen)
    assert np.array_equal(kept, alone), "what a mask hides was read"


@pytest.mark.parametrize(("row", "task"), EVERY)
def test_the_derivative_by_the_mask_is_attention_times_gradient(row, task):
    model = build(row, task)
    with Attention():  # in float64 throughout
        trace = gaf.trace(model, text_for(model), target_for(model))
        expected, size = products(trace)
        # all of one sign, so that nothing cancels, and around a point whose surroundings are masks
        change = np.random.default_rng(0).random(expected.shape) * np.sign(expected)
        middle = np.full_like(expected, 1 - STEP)
        masks = [middle + STEP * change, middle - STEP * change]
        upper, lower = gaf.intervene(model, trace, masks)[:, trace.target.index]
        at_middle = float((mask_gradients(model, trace, middle)[0] * change).sum())
        found = mask_gradients(model, trace, np.ones_like(expected))[0]
    error = differenced(model, float(np.abs(trace.logits).max()), STEP, at_middle)
    assert_close((upper - lower) / (2 * STEP), at_middle, error=error + STEP)
    assert_close(found, expected, size=size, precision=np.float32)


def test_masks_of_one_text_are_read_in_batches_that_do_not_change_them(bundled, monkeypatch):
    model, trace = bundled
    rng = np.random.default_rng(1)
    masks = rng.random((5, *trace.attention.shape[0:1], 6, 6))
    together = gaf.intervene(model, trace, masks)
    told = []
    monkeypatch.setattr(interventions, "rows_that_fit", lambda *_, **__: 2)
    calls = counting(model)
    apart = gaf.intervene(model, trace, masks, progress=lambda *counts: told.append(counts))
    assert len(calls) == 4, "one to see where the attention is, and three batches"
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert_close(together, apart, roundings=through(model))
    assert_apart(together[0], together[1])


def test_what_progress_raises_ends_the_work(bundled):
    model, trace = bundled

    class StoppedError(Exception):
        pass

    def stop(*_):
        raise StoppedError

    with pytest.raises(StoppedError):
        gaf.intervene(model, trace, np.ones((6, 6, 6)), progress=stop)
    assert not model.lock.locked()


def test_heads_can_be_cut_alone_and_all_of_them_are_the_edge(bundled):
    model, trace = bundled
    keep = np.random.default_rng(2).random((6, 6, 6)) < 0.5
    heads = np.broadcast_to(keep[:, None], trace.attention.shape)
    assert_close(
        gaf.intervene(model, trace, heads),
        gaf.intervene(model, trace, keep),
        roundings=through(model),
    )
    one = np.ones(trace.attention.shape)
    one[:, 3] = 0
    assert_apart(gaf.intervene(model, trace, one)[0], trace.logits)


def test_a_row_is_scaled_back_and_an_empty_one_stays_empty(bundled):
    model, trace = bundled
    half = np.full((6, 6, 6), 0.5)
    assert_close(
        gaf.intervene(model, trace, half, "renormalise")[0],
        trace.logits,
        precision=np.float32,
    )
    assert_apart(gaf.intervene(model, trace, half)[0], trace.logits)
    none = np.zeros((6, 6, 6))
    zero, scaled = (gaf.intervene(model, trace, none, kind) for kind in ("zero", "renormalise"))
    assert np.array_equal(zero, scaled)


@pytest.mark.parametrize("name", planted.MODELS)
def test_the_way_that_decides_is_found_by_cutting_it(name):
    model = planted.MODELS[name]()
    trace = gaf.trace(model, planted.TEXTS[0])
    keyword = trace.tokens.index(planted.KEYWORD)
    reader = int(trace.read_positions[0])
    between = {"direct": reader, "relayed": len(trace.tokens) - 1, "causal": reader}[name]
    # in the direct ones either layer brings the keyword to where the prediction is read
    ways = [(reader, between, keyword)]
    if name != "relayed":
        ways += [(reader, keyword, keyword)]
    deciding = gaf.edge_set(trace, paths=ways)
    masks = np.array([~deciding, deciding, deciding & False])
    cut, alone, nothing = gaf.intervene(model, trace, masks)[:, trace.target.index]
    whole = float(trace.logits[trace.target.index])
    others = [
        ~gaf.edge_set(trace, edges=[edge])
        for edge in np.ndindex(*deciding.shape)
        if not deciding[edge]
    ]
    least = gaf.intervene(model, trace, others)[:, trace.target.index].min()
    assert whole - cut > 0.5 * abs(whole - nothing), "the way decides"
    assert alone - nothing > 0.5 * (whole - nothing), "nothing else is needed"
    assert whole - least < 0.2 * (whole - cut), "no other edge does as much"


@pytest.mark.parametrize(
    ("keep", "kind", "words"),
    [
        (np.ones((6, 5, 5)), "zero", r"This one is \[6, 5, 5\]"),
        (np.ones((0, 6, 6, 6)), "zero", "with one for each head"),
        (np.full((6, 6, 6), 1.5), "zero", "from 0, cut, to 1"),
        (np.full((6, 6, 6), np.nan), "zero", "from 0, cut, to 1"),
        (np.ones((6, 6, 6)), "mean", "zero or renormalise"),
    ],
)
def test_what_is_no_mask_says_so(bundled, keep, kind, words):
    model, trace = bundled
    with pytest.raises(gaf.SettingsError, match=words):
        gaf.intervene(model, trace, keep, kind)


def test_two_meanings_of_a_shape_are_not_guessed():
    model = planted.direct()
    trace = gaf.trace(model, planted.TEXTS[3])
    count = len(trace.tokens)
    assert trace.layers == trace.attention.shape[1] == 2
    with pytest.raises(gaf.SettingsError, match="an axis in front"):
        gaf.intervene(model, trace, np.ones((2, 2, count, count)))
    assert len(gaf.intervene(model, trace, np.ones((2, 2, 1, count, count)))) == 2
    assert len(gaf.intervene(model, trace, np.ones((1, 2, 2, count, count)))) == 1
    assert len(gaf.intervene(model, trace, np.ones((3, 2, count, count)))) == 3


def test_a_trace_of_another_model_is_refused(bundled):
    model, trace = bundled
    other = replace(trace, logits=trace.logits + np.float32(1e-6))
    with pytest.raises(gaf.ModelError, match="gives other logits"):
        gaf.intervene(model, other, np.ones((6, 6, 6)))


def test_attention_that_no_softmax_made_is_refused(bundled, monkeypatch):
    model, trace = bundled
    softmax = torch.nn.functional.softmax

    def by_hand(x, dim=-1, **_):
        exponent = (x - x.max(dim=dim, keepdim=True).values).exp()
        return exponent / exponent.sum(dim=dim, keepdim=True)

    monkeypatch.setattr(torch.nn.functional, "softmax", by_hand)
    own = gaf.trace(model, SENTENCE)
    with pytest.raises(gaf.ModelError, match="is not what a softmax made"):
        gaf.intervene(model, own, np.ones((6, 6, 6)))
    monkeypatch.setattr(torch.nn.functional, "softmax", softmax)
    assert len(gaf.intervene(model, trace, np.ones((6, 6, 6)))) == 1


def test_edges_in_words(bundled):
    _, trace = bundled
    node = gaf.edge_set(trace, nodes=[(2, 3)])
    assert np.argwhere(node).tolist() == [[2, query, 3] for query in range(6)]
    last = gaf.edge_set(trace, nodes=[(6, 0)])
    assert np.argwhere(last).tolist() == [[5, 0, key] for key in range(6)]
    path = gaf.edge_set(trace, paths=[(0, 1, 1, 2, 2, 2, 4)])
    assert np.argwhere(path).tolist() == [
        [0, 2, 4], [1, 2, 2], [2, 2, 2], [3, 1, 2], [4, 1, 1], [5, 0, 1],
    ]  # fmt: skip
    assert gaf.edge_set(trace, tokens=[1]).sum() == 36
    assert not gaf.edge_set(trace).any()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"edges": [(6, 0, 0)]}, "no layer 6"),
        ({"edges": [(0, -1, 0)]}, "no token -1"),
        ({"nodes": [(7, 0)]}, "no layer 7"),
        ({"tokens": [6]}, "Choose from 0 to 5"),
        ({"paths": [(0,)]}, "2 to 7 tokens"),
    ],
)
def test_edges_that_are_not_there_say_what_is(bundled, asked, words):
    _, trace = bundled
    with pytest.raises(gaf.SettingsError, match=words):
        gaf.edge_set(trace, **asked)
