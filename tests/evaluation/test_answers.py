"""Faithfulness of an answer: against the definition, with tokens of the prompt alone removed."""

import math

import numpy as np
import pytest
import torch

import gaf_core as gaf
from benchmarks import answers
from gaf_core import Span
from gaf_core.evaluation import measure
from gaf_core.evaluation.perturbed_answers import answer_log_probabilities
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build
from tests.support.inside import Attention
from tests.support.speaking import save_speaking
from tests.support.tolerance import assert_close, through

PROMPT, ANSWER, OTHER = "The Eiffel Tower is in the city of", " Paris and Big Ben", " London"
ROW = next(row for row in SUPPORTED if row.model_type == "llama")


@pytest.fixture(scope="module")
def model():
    made = build(ROW, Task.NEXT_TOKEN)
    made.tokenizer.pad_token = made.tokenizer.eos_token
    return made


def mean_log_probability(model, prompt, answer):
    ids = torch.tensor([[*prompt, *answer]])
    with torch.no_grad(), Attention():  # in float64 throughout
        logits = model.module(input_ids=ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    return logits.gather(1, torch.tensor(answer)[:, None]).mean().item()


@pytest.mark.parametrize("operator", ["pad", "delete"])
@pytest.mark.parametrize("target", [Span(ANSWER), Span(ANSWER, score="logit"), "contrast"])
def test_it_is_the_mean_log_probability_of_the_same_answer(model, operator, target):
    target = (Span(ANSWER), Span(OTHER)) if target == "contrast" else target
    traced = gaf.trace(model, PROMPT, target)
    ids = traced.encoding.inputs["input_ids"][0].tolist()
    first, t = traced.continuation.prompt, len(traced.tokens)
    random = np.random.default_rng(0)
    kept = random.random((6, t)) < 0.6
    kept[0], kept[1] = True, False
    with Attention():
        found = answer_log_probabilities(model, traced, kept, operator)
    for keep, one in zip(kept, found, strict=True):
        if operator == "delete":
            prompt = [token for token, here in zip(ids, keep[:first], strict=False) if here]
            prompt = prompt or [model.tokenizer.eos_token_id]
        else:
            pad = model.tokenizer.pad_token_id
            prompt = [
                token if here else pad for token, here in zip(ids, keep[:first], strict=False)
            ]
        expected = 0.0
        for branch in traced.continuation.branches:
            answer = [ids[place] for place in branch.answer]
            expected += branch.sign * mean_log_probability(model, prompt, answer)
        assert_close(one, expected, roundings=through(model), size=10.0)


def test_only_the_prompt_is_removed_and_the_measures_are_in_nats(model):
    traced = gaf.trace(model, PROMPT, Span(ANSWER))
    first = traced.continuation.prompt
    assert traced.removable.tolist() == [place < first for place in range(len(traced.tokens))]
    scores = np.arange(len(traced.tokens), dtype=float)
    shuffled = scores.copy()
    shuffled[first:] = -shuffled[first:]  # what the answer gets decides nothing
    one, other = (gaf.evaluate(model, traced, some) for some in (scores, shuffled))
    assert one.aopc == other.aopc
    assert math.isnan(one.log_odds)
    mean = traced.continuation.value / traced.continuation.count
    assert_close(one.curves.deletion[0], mean, roundings=through(model), size=10.0,
                 precision=np.float32)  # fmt: skip
    drops = one.curves.deletion[0] - one.curves.deletion[1:-1]
    assert_close(one.aopc, drops.mean(), size=10.0)


def test_what_is_explained_varies_the_prompt_or_all_that_is_read(model):
    span = Span(ANSWER, part=(2, 3))
    prompt = gaf.trace(model, PROMPT, span)
    every = gaf.trace(model, PROMPT, Span(ANSWER, part=(2, 3), varied="all"))
    assert prompt.varied.tolist() == prompt.removable.tolist()
    read = every.continuation.branches[0].start
    assert every.varied.tolist() == [place < read for place in range(len(every.tokens))]
    one, other = (
        gaf.METHODS["occlusion"](model, traced).scores.any() for traced in (prompt, every)
    )
    assert one
    assert other


def by_embeddings(model, traced):
    """`[t, d]` what is looked up for the text, and the gradient of y by it, by the definition."""
    table, ids = model.module.get_input_embeddings(), traced.encoding.inputs["input_ids"]
    total = torch.zeros(len(traced.tokens), table.weight.shape[1], dtype=torch.float64)
    for branch in traced.continuation.branches:
        own = ids[:, branch.columns]
        looked = table(own).detach().requires_grad_()
        with torch.enable_grad(), Attention():
            logits = model.module(inputs_embeds=looked).logits[0, branch.start - 1 : -1]
            chosen = logits.log_softmax(-1).gather(1, own[0, branch.start :, None])
            (gradient,) = torch.autograd.grad(branch.sign * chosen.sum(), looked)
        total[branch.columns] += gradient[0]
    return table(ids)[0].detach(), total


@pytest.mark.parametrize("target", [Span(ANSWER), (Span(ANSWER), Span(OTHER))], ids=["one", "two"])
def test_gradients_by_embeddings_are_those_of_the_answer(model, target):
    traced = gaf.trace(model, PROMPT, target)
    looked, gradient = by_embeddings(model, traced)
    expected = {
        "input_x_gradient": (looked * gradient).sum(dim=1),
        "saliency": torch.linalg.vector_norm(gradient, dim=1),
    }
    for name, scores in expected.items():
        with Attention():
            found = gaf.METHODS[name](model, traced)
        size = np.abs(scores.numpy()).max()
        assert_close(found.scores, scores, roundings=through(model), size=size)


@pytest.mark.parametrize("target", [Span(ANSWER), (Span(ANSWER), Span(OTHER))], ids=["one", "two"])
def test_integrated_gradients_add_up_to_what_the_prompt_changes(model, target):
    traced = gaf.trace(model, PROMPT, target)
    with Attention():
        found = gaf.METHODS["integrated_gradients"](model, traced, steps=400, baseline="pad")
    ids, change = traced.encoding.inputs["input_ids"][0].tolist(), 0.0
    first, pad = traced.continuation.prompt, model.tokenizer.pad_token_id
    for branch in traced.continuation.branches:
        answer = [ids[place] for place in branch.answer]
        there = mean_log_probability(model, ids[:first], answer)
        gone = mean_log_probability(model, [pad] * first, answer)
        change += branch.sign * len(answer) * (there - gone)
    assert abs(found.scores.sum() - change) < 0.02 * np.abs(found.scores).sum()


def test_answers_are_measured_and_found_again(model, tmp_path):
    targets = [Span(ANSWER), Span(OTHER)]
    how = {
        "methods": ["AGF", "random"],
        "targets": targets,
        "resume": tmp_path / "rows.jsonl",
        "perturbation": gaf.Perturbation("pad"),
    }
    rows = measure(model, [PROMPT, PROMPT], **how)
    assert not rows["failure"].any()
    assert rows["aopc"].notna().all()
    assert rows["log_odds"].isna().all()
    again = measure(model, [PROMPT, PROMPT], **how)
    assert rows.equals(again)
    other = measure(model, [PROMPT], **{**how, "targets": [Span(ANSWER, score="logit")]})
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 6, "another target"
    assert other["aopc"].notna().all()
    table = gaf.benchmark(model, [PROMPT, PROMPT], **how)
    assert table["aopc_low"].notna().all()


def test_the_benchmark_measures_what_a_model_answers(tmp_path):
    model = gaf.load_model(save_speaking(tmp_path))
    said = answers.answers(model, "report", 2)
    assert len(said) == 2
    assert all(answers.SHORTEST <= one.tokens <= answers.LONGEST for one in said)
    rows = answers.run(model, said, "logit", None)
    assert set(rows["method"]) == set(answers.METHODS_OF["logit"])
    page = "\n".join(answers.section("logit", rows))
    assert "| faithful | 2 |" in page
    assert "LOdds" not in page
    maps = answers.timed(model, said[:1], 1)
    assert len(maps) == 2 + len(answers.MAPS)
    assert any("proven" in line for line in answers.long_prompt(model, 60))
