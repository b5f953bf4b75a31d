"""For each architecture: the attention returned is the attention that the prediction used.

The softmax of one layer is intercepted and its result changed a little; the prediction must change
as the gradient of the trace says.
"""

import dataclasses
import inspect

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models.model import Task
from gaf_core.tracing.encoding import encode
from tests.support.architectures import (
    HEADS,
    LAYERS,
    README,
    REFUSED,
    SUPPORTED,
    build,
    target_for,
    text_for,
    with_table,
)
from tests.support.inside import Attention
from tests.support.tolerance import STORED, assert_close, differenced, through

CASES = [
    pytest.param(row, task, id=f"{row.model_type}-{task.name.lower()}")
    for row in SUPPORTED
    for task in row.tasks
]

FIRST = (Task.CLASSIFICATION, Task.NEXT_TOKEN)  # which other tests load


def explained(model, traced, layer, change) -> float:
    """What the trace explains, computed again with one layer's attention changed."""
    inputs, target = encode(model, text_for(model), truncate=False).inputs, traced.target
    known = inspect.signature(model.module.forward).parameters
    with torch.no_grad(), Attention(layer, change):
        output = model.module(**{key: inputs[key] for key in inputs if key in known})
    if model.task is Task.ANSWER:
        logits = {"start": output.start_logits, "end": output.end_logits}[target.place]
        return logits[0, target.index].item()
    place = -1 if model.task is Task.NEXT_TOKEN else target.place
    logits = output.logits[0]
    return (logits if place is None else logits[place])[target.index].item()


@pytest.mark.parametrize(("row", "task"), CASES)
def test_the_attention_read_is_the_attention_used(row, task):
    model = build(row, task)
    with Attention() as attention:
        traced = gaf.trace(model, text_for(model), target_for(model))
    t = len(traced.tokens)
    assert traced.attention.shape == traced.gradient.shape == (LAYERS, HEADS, t, t)
    stored = {"precision": np.float32, "roundings": STORED}
    assert_close(traced.attention.sum(axis=-1, dtype=np.float64), 1.0, **stored)
    random = torch.Generator().manual_seed(1)
    for layer in range(LAYERS):
        used = attention.seen[layer].detach().float().view(HEADS, t, t).numpy()
        assert np.array_equal(traced.attention[layer], used)
        allowed = np.broadcast_to(row.mask(layer, t), used.shape)
        assert not used[~allowed].any()
        assert used[allowed].all()
        direction = torch.randn((HEADS, t, t), generator=random, dtype=torch.float64)
        direction *= torch.from_numpy(allowed.copy())
        step = 1e-6
        up, down = (explained(model, traced, layer, size * direction) for size in (step, -step))
        analytic = torch.from_numpy(traced.gradient[layer].copy()).double() * direction
        size = analytic.abs().sum().item()
        error = differenced(model, np.abs(traced.logits).max(), step, size)
        print(
            row.model_type,
            layer,
            (up - down) / (2 * step),
            analytic.sum().item(),
            size,
            error,
            ((up - down) / (2 * step) - analytic.sum().item()) / size,
        )
        assert_close((up - down) / (2 * step), analytic.sum(), size=size, error=error, **stored)


@pytest.mark.parametrize(("row", "task"), CASES)
def test_the_positions_that_are_read_are_found(row, task):
    model = build(row, task)
    traced = gaf.trace(model, text_for(model), target_for(model))
    last, target = len(traced.tokens) - 1, traced.target
    expected = {"first": [0], "last": [last], "all": list(range(last + 1))}[row.reads]
    if isinstance(target.place, int):
        expected = [target.place]
    elif target.place is not None and row.reads != "all":
        expected = [target.index]
    assert traced.read_positions.tolist() == expected


@pytest.mark.parametrize(("row", "task"), CASES)
def test_single_and_double_precision_agree(row, task):
    model = build(row, task)
    place = target_for(model)
    target = 1 if place is None else gaf.At(1, place.place)
    exact = gaf.trace(model, text_for(model), target)
    model.module.float()
    single = gaf.trace(model, text_for(model), target)
    how = {"precision": np.float32, "roundings": through(model)}
    assert_close(single.logits, exact.logits, **how)
    assert_close(single.attention, exact.attention, **how)
    assert_close(single.gradient, exact.gradient, **how)


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.model_type)
def test_a_model_without_such_attention_is_refused_with_the_reason(row):
    model = build(row, row.task)
    with pytest.raises(gaf.ModelError, match=row.says):
        gaf.trace(model, text_for(model))


def test_an_encoder_that_pools_is_read_everywhere():
    row = next(row for row in SUPPORTED if row.model_type == "modernbert")
    model = build(row, Task.CLASSIFICATION)
    model.module.config.classifier_pooling = "mean"
    traced = gaf.trace(model, text_for(model))
    assert traced.read_positions.tolist() == list(range(len(traced.tokens)))


def test_the_table_in_the_readme_is_this_one():
    readme = README.read_text(encoding="utf-8")
    assert with_table(readme) == readme, "run python -m tests.support.architectures --write"


@pytest.mark.parametrize(("row", "task"), [one for one in CASES if one.values[1] not in FIRST])
def test_a_head_that_is_saved_is_found_and_loaded(row, task, tmp_path):
    built = build(row, task)
    built.module.float().save_pretrained(tmp_path)
    built.tokenizer.save_pretrained(tmp_path)
    loaded = gaf.load_model(tmp_path)
    assert loaded.task is task
    # transformers may save and find another tokenizer than this, so both read with the one it found
    built = dataclasses.replace(built, tokenizer=loaded.tokenizer, labels=loaded.labels)
    asked = text_for(loaded), target_for(loaded)
    how = {"precision": np.float32, "roundings": through(loaded)}
    assert_close(gaf.trace(loaded, *asked).logits, gaf.trace(built, *asked).logits, **how)
