"""Contrast-CAT: the formula a second time, its test by deletion, and given texts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.evaluation import measure
from gaf_core.methods.contrast import _removed_at_random, _scaled, contrast_cat_with
from gaf_core.models.model import Task
from gaf_core.tracing.removal import removal_token
from tests.support.architectures import SUPPORTED, build, target_for, text_for
from tests.support.models import in_float64, save_tiny
from tests.support.tolerance import assert_apart, assert_close, through

TEXT = "a good film not bad a film"
KINDS = [
    pytest.param(row, task, id=f"{row.model_type}-{task.name.lower()}")
    for row in SUPPORTED
    for task in row.tasks
    if row.model_type in ("bert", "roberta", "gpt2", "llama", "gemma2", "bart", "t5")
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture(scope="module")
def traced(tiny):
    return gaf.trace(tiny, TEXT)


def run(model, ids):
    """Hidden states entering the layers `[L, t, d]`, and the logits."""
    output = model.module(input_ids=ids, output_hidden_states=True)
    return output.hidden_states[:-1], output.logits[0]


def one_map(model, traced, reference_states):
    """`[t]` the formula by loops, before scaling."""
    table = model.module.get_input_embeddings()
    embeddings = table(traced.encoding.inputs["input_ids"]).detach().requires_grad_()
    output = model.module(inputs_embeds=embeddings, output_hidden_states=True)
    states = output.hidden_states[:-1]
    slopes = torch.autograd.grad(output.logits[0, traced.target.index], states)
    total = np.zeros(len(traced.tokens))
    for layer, (state, slope, other) in enumerate(
        zip(states, slopes, reference_states, strict=True)
    ):
        for i in range(len(total)):
            received = traced.attention[layer, :, :, i].astype(float).mean()
            total[i] += received * float(((state - other)[0, i] * slope[0, i]).sum().detach())
    return total


def ids_with(model, traced, there):
    ids = traced.encoding.inputs["input_ids"].clone()
    ids[0, np.flatnonzero(traced.removable)[~np.asarray(there)]] = removal_token(model)[1]
    return ids


def by_hand(model, traced, references):
    """All of the method by loops, from the states of the references."""
    ordinary = np.flatnonzero(traced.removable)
    count, target = len(ordinary), traced.target.index

    @torch.no_grad()
    def logit(there):
        return float(run(model, ids_with(model, traced, there))[1][target])

    maps, falls = [], []
    for states in references:
        raw = one_map(model, traced, states)
        maps.append((raw - raw.min()) / (raw.max() - raw.min()))
        order = sorted(range(count), key=lambda k: -maps[-1][ordinary[k]])
        left = []
        for tenth in range(1, 10):
            gone = order[: -(-tenth * count // 10)]
            left.append(logit([k not in gone for k in range(count)]))
        falls.append(logit([True] * count) - np.mean(left))
    least = np.mean(falls) + np.std(falls)
    kept = [one for one, fall in zip(maps, falls, strict=True) if fall >= least] or maps
    mean = np.mean(kept, axis=0)
    return (mean - mean.min()) / (mean.max() - mean.min()), len(kept)


@pytest.mark.parametrize("references", [1, 2, 6])
def test_the_method_by_loops(tiny, traced, references):
    candidates = _removed_at_random(7, 4 * references, 3).numpy()
    with torch.no_grad():
        runs = [run(tiny, ids_with(tiny, traced, there)) for there in candidates]
    order = np.argsort([float(logits[traced.target.index]) for _, logits in runs])
    expected, kept = by_hand(tiny, traced, [runs[k][0] for k in order[:references]])
    found = gaf.METHODS["contrast_cat"](tiny, traced, references=references, seed=3)
    assert_close(found.scores, expected, roundings=4 * through(tiny), precision=np.float32)
    assert found.details == {"references": references, "kept by the test": kept}


def test_candidates_lack_half_of_the_tokens_at_least_and_all_once():
    found = _removed_at_random(9, 200, 0)
    assert found.sum(dim=1).max() == 4
    assert (found.sum(dim=1) == 0).sum() == 1
    assert len(np.unique(found.numpy(), axis=0)) == len(found)
    assert torch.equal(found, _removed_at_random(9, 200, 0))
    assert not torch.equal(found[:50], _removed_at_random(9, 200, 1)[:50])
    assert _removed_at_random(1, 5, 0).tolist() == [[False]]


@pytest.mark.parametrize(("row", "task"), KINDS)
def test_architectures(row, task):
    model = build(row, task)
    if model.tokenizer.unk_token_id is None:
        model.tokenizer.unk_token = "<|end|>"
    traced = gaf.trace(model, text_for(model), target_for(model))
    scores = gaf.METHODS["contrast_cat"](model, traced, references=4).scores
    assert (scores.min(), scores.max()) == (0, 1)


def test_given_texts_are_cut_or_end_in_zeros(tiny):
    usual = gaf.trace(tiny, TEXT).predicted
    traced = gaf.trace(tiny, TEXT, 1 - usual)
    some = ["bad", "not a film", "good good not bad a film a good film not", "film bad", "not"]
    texts = [text for text in some if gaf.trace(tiny, text).predicted == usual]
    assert 1 < len(texts) < len(some)
    tokens, references = len(traced.tokens), []
    for text in texts:
        with torch.no_grad():
            states, logits = run(tiny, gaf.trace(tiny, text).encoding.inputs["input_ids"])
        padded = [
            torch.cat([state, torch.zeros(1, tokens, state.shape[-1])], dim=1)[:, :tokens]
            for state in states
        ]
        references.append((float(logits[traced.target.index]), padded))
    references.sort(key=lambda one: one[0])
    expected, _ = by_hand(tiny, traced, [states for _, states in references])
    found = contrast_cat_with(some)(tiny, traced)
    assert_close(found.scores, expected, roundings=4 * through(tiny), precision=np.float32)
    assert found.details["references"] == len(texts), "others are of the class explained"


def test_rows_with_other_texts_are_other_rows(tiny, tmp_path):
    other = ["bad", "not a film", "film"]
    methods = [("a", contrast_cat_with(other), {}), ("b", contrast_cat_with(other[:2]), {})]
    measure(tiny, [TEXT], methods, resume=tmp_path / "rows.jsonl")
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 2


def test_texts_that_contrast_with_nothing_are_refused(tiny, traced):
    with pytest.raises(gaf.SettingsError, match="at least one text"):
        contrast_cat_with([])
    with pytest.raises(gaf.SettingsError, match="at least one text"):
        contrast_cat_with("one text")
    with pytest.raises(gaf.SettingsError, match="takes all 1 texts for"):
        contrast_cat_with([TEXT])(tiny, traced)
    tagger = build(next(row for row in SUPPORTED if row.model_type == "bert"), Task.TOKENS)
    labelled = gaf.trace(tagger, text_for(tagger), target_for(tagger))
    with pytest.raises(gaf.SettingsError, match="Use contrast_cat"):
        contrast_cat_with(["a film"])(tagger, labelled)


def test_the_references_depend_on_the_seed_alone(tiny, traced):
    method = gaf.METHODS["contrast_cat"]
    first = method(tiny, traced, references=3).scores
    torch.manual_seed(5)
    assert_close(method(tiny, traced, references=3).scores, first, roundings=through(tiny))
    assert_apart(method(tiny, traced, references=3, seed=1).scores, first)


def test_progress_counts_every_text_and_stops_the_method(tiny, traced):
    steps = []
    gaf.METHODS["contrast_cat"](tiny, traced, progress=lambda *step: steps.append(step))
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == steps[-1][1]

    class StoppedError(Exception):
        pass

    def stop(_done, _total):
        raise StoppedError

    with pytest.raises(StoppedError):
        gaf.METHODS["contrast_cat"](tiny, traced, progress=stop)
    assert not tiny.lock.locked()
    assert not tiny.module.get_input_embeddings()._forward_hooks


def test_a_map_that_is_the_same_everywhere_is_nothing():
    assert _scaled(np.full((1, 4), 3.0)).tolist() == [[0, 0, 0, 0]]
