"""Answers that a model writes: against the definition, and what is said where there are none."""

import dataclasses

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing.generating import Writer, end_tokens
from gaf_core.tracing.prompts import read_prompt
from tests.support.architectures import SUPPORTED, build
from tests.support.inside import Attention
from tests.support.tolerance import assert_close, summed, through

PROMPT = "The Eiffel Tower is in the city of"
CAUSAL = [row for row in SUPPORTED if Task.NEXT_TOKEN in row.tasks]
ROWS = {row.model_type: row for row in SUPPORTED}


@pytest.fixture(scope="module")
def model():
    return build(ROWS["llama"], Task.NEXT_TOKEN)


def by_definition(model, count):
    """The likeliest token again and again, each time of a pass over all before it."""
    ids, said = model.tokenizer(PROMPT)["input_ids"], []
    for _ in range(count):
        with torch.no_grad(), Attention():  # in float64 throughout
            scores = model.module(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        said.append(float(scores.max()))
        ids = [*ids, int(scores.argmax())]
    return ids[-count:], said


@pytest.mark.parametrize("row", CAUSAL, ids=lambda row: row.model_type)
def test_it_is_the_likeliest_token_each_time(row):
    model = build(row, Task.NEXT_TOKEN)
    expected, said = by_definition(model, 6)
    ends = end_tokens(model) & set(expected)
    if ends:
        pytest.skip("a random model that ends at once")
    with Attention():
        found = gaf.generate(model, PROMPT, max_new_tokens=6)
    kept = len(found.ids)  # half a character at the end is left out
    assert found.ids == tuple(expected[:kept])
    # what is kept of a text adds in another order
    assert_close(found.log_probabilities, said[:kept], roundings=through(model), size=10.0)
    assert found.ended == "length"
    assert found.text


def test_the_same_twice_and_by_seed(model):
    draw = {"temperature": 1.5, "max_new_tokens": 12}
    assert gaf.generate(model, PROMPT) == gaf.generate(model, PROMPT)
    one = gaf.generate(model, PROMPT, seed=1, **draw)
    assert one == gaf.generate(model, PROMPT, seed=1, **draw)
    assert len({gaf.generate(model, PROMPT, seed=seed, **draw).ids for seed in range(5)}) > 1


def test_samples_come_as_often_as_they_are_likely(model):
    """The first token of 300 draws, against its probability at this temperature."""
    encoding, drawn = read_prompt(model, PROMPT), []
    for seed in range(300):
        writer = Writer(model, encoding, 0.5, seed)
        writer.step()
        drawn.append(writer.ids)
    logits = gaf.trace(model, PROMPT).logits.astype(np.float64) / 0.5
    p = np.exp(logits - logits.max())
    p /= p.sum()
    top = int(p.argmax())
    count = sum(ids == [top] for ids in drawn)
    assert abs(count - 300 * p[top]) < 5 * np.sqrt(300 * p[top] * (1 - p[top])) + 1


def test_a_stop_string_ends_it_and_is_left_out(model):
    whole = gaf.generate(model, PROMPT, max_new_tokens=12)
    # a random model says half characters too, which are left out at an end
    places = range(2, len(whole.text) - 1)
    at = next(at for at in places if whole.text[at - 1 : at + 2].isascii())
    stop = whole.text[at : at + 2]
    assert whole.text.index(stop) == at
    found = gaf.generate(model, PROMPT, max_new_tokens=12, stop=[stop])
    assert found.ended == "stop"
    assert found.text == whole.text[: whole.text.index(stop)]
    assert len(found.ids) == len(found.log_probabilities)
    assert len(found.ids) < len(whole.ids)
    with pytest.raises(gaf.TextError, match="begins with one of the stop strings"):
        gaf.generate(model, PROMPT, stop=whole.text[:1])


def test_progress_may_stop_it(model):
    told = []

    def progress(done, total):
        told.append((done, total))
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        gaf.generate(model, PROMPT, max_new_tokens=9, progress=progress)
    assert told == [(1, 9), (2, 9), (3, 9)]
    assert not model.lock.locked()


def test_a_model_that_stops_at_once_says_so(model):
    likeliest = by_definition(model, 1)[0][0]
    model.module.config.eos_token_id, before = likeliest, model.module.config.eos_token_id
    try:
        with pytest.raises(gaf.TextError, match="ends its answer at once"):
            gaf.generate(model, PROMPT)
    finally:
        model.module.config.eos_token_id = before


def test_the_models_limit_ends_it(model):
    given = len(gaf.trace(model, PROMPT).tokens)
    short = dataclasses.replace(model, max_tokens=given + 2)
    assert len(gaf.generate(short, PROMPT).ids) <= 2
    with pytest.raises(gaf.TextTooLongError, match="one token of an answer"):
        gaf.generate(dataclasses.replace(model, max_tokens=given), PROMPT)


@pytest.mark.parametrize(
    "options",
    [
        {"max_new_tokens": 0},
        {"max_new_tokens": 1.5},
        {"max_new_tokens": True},
        {"temperature": -1},
        {"temperature": float("nan")},
        {"temperature": "hot"},
        {"seed": -1},
        {"seed": 0.5},
        {"stop": [""]},
        {"stop": [1]},
    ],
    ids=repr,
)
def test_numbers_that_mean_nothing_are_refused(model, options):
    with pytest.raises(gaf.SettingsError):
        gaf.generate(model, PROMPT, **options)


def test_what_is_generated_can_be_explained(model):
    answer = gaf.generate(model, PROMPT, max_new_tokens=8)
    found = gaf.explain(model, PROMPT, gaf.Settings(target=gaf.Span(answer.text)))
    assert found.certified
    if answer.same_tokens:
        (branch,) = found.trace.continuation.branches
        how = {"precision": np.float32, "roundings": summed(100), "size": 10.0}
        assert_close(branch.log_probabilities, answer.log_probabilities, **how)


def test_only_a_model_that_continues_a_text_answers():
    with pytest.raises(gaf.ModelError, match="writes no answer"):
        gaf.generate(gaf.load_model("minilm-reviews"), PROMPT)
    with pytest.raises(gaf.TextError, match="prompt is empty"):
        gaf.generate(build(ROWS["gpt2"], Task.NEXT_TOKEN), "  ")
