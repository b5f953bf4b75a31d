"""What a model's logits mean: by its configuration, in exact numbers."""

import dataclasses

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.models.outputs import Output, output_of
from gaf_core.reading.predicted import prediction_sentence, shows_outputs
from tests.support.models import in_float64, tiny_module
from tests.support.tiny_tokenizers import pair_tokenizer
from tests.support.tolerance import assert_close

LOGITS = [3.0, 2.9, -4.0]


def saved(folder, problem, labels=("toxic", "insult", "threat")):
    module = tiny_module(labels=labels)
    module.config.problem_type = problem
    module.save_pretrained(folder)
    pair_tokenizer().save_pretrained(folder)
    return gaf.load_model(folder)


def with_logits(model, logits, target=None):
    """A trace of a model whose head gives these logits, whatever it reads."""
    module = model.module
    with torch.no_grad():
        module.classifier.weight.mul_(1e-6)
        module.classifier.bias.copy_(torch.tensor(logits, dtype=torch.float32))
    found = gaf.trace(model, "a good film", target)
    return dataclasses.replace(found, logits=np.array(logits, dtype=np.float32))


def test_the_configuration_decides(tmp_path):
    for number, (problem, expected) in enumerate(
        [
            (None, Output.SOFTMAX),
            ("single_label_classification", Output.SOFTMAX),
            ("multi_label_classification", Output.SIGMOID),
            ("regression", Output.VALUE),
        ]
    ):
        assert saved(tmp_path / str(number), problem).output is expected


@pytest.mark.parametrize(
    ("problem", "classes", "expected"),
    [
        (None, 1, Output.VALUE),
        ("single_label_classification", 1, Output.VALUE),
        ("multi_label_classification", 1, Output.SIGMOID),
        ("regression", 1, Output.VALUE),
    ],
)
def test_one_output_is_a_value_unless_it_is_a_label(problem, classes, expected):
    config = tiny_module(labels=("stars",)).config
    config.problem_type = problem
    assert output_of(config, gaf.Task.CLASSIFICATION, classes) is expected


@pytest.mark.parametrize("task", list(gaf.Task))
def test_only_a_classifier_can_have_labels_of_their_own(task):
    config = tiny_module().config
    config.problem_type = "multi_label_classification"
    expected = Output.SIGMOID if task is gaf.Task.CLASSIFICATION else Output.SOFTMAX
    assert output_of(config, task, 5) is expected


def test_probabilities_in_exact_numbers():
    assert_close(
        Output.SIGMOID.probabilities(LOGITS),
        [0.952574126822433, 0.9478464369215823, 0.01798620996209156],
    )
    assert_close(
        Output.SOFTMAX.probabilities(LOGITS),
        [0.5247279901922071, 0.4747935198167149, 0.0004784899910779406],
    )
    assert np.isnan(Output.VALUE.probabilities(LOGITS)).all()


def test_labels_that_do_not_exclude_each_other_are_each_said(tmp_path):
    traced = with_logits(saved(tmp_path, "multi_label_classification"), LOGITS)
    assert prediction_sentence(traced) == (
        "The model says “toxic” (95.3%) and “insult” (94.8%). Explained here: why “toxic”."
    )
    assert_close(traced.probabilities[1], 0.9478464369215823, precision=np.float32)
    none = dataclasses.replace(traced, logits=np.array([-3, -2, -4], dtype=np.float32))
    assert prediction_sentence(none) == (
        "The model does not say any of its 3 labels; “insult” (11.9%) comes nearest. "
        "Explained here: why “toxic”."
    )
    one = dataclasses.replace(traced, logits=np.array([3, -2, -4], dtype=np.float32))
    assert prediction_sentence(one) == "The model says “toxic” (95.3%)."


def test_values_are_said_without_a_probability(tmp_path):
    traced = with_logits(saved(tmp_path, "regression"), [0.25, -1.5, 3.0], target="insult")
    assert prediction_sentence(traced) == (
        "The model gives “toxic” the value 0.25, “insult” the value -1.5 and “threat” the value 3. "
        "Explained here: why “insult”."
    )
    assert shows_outputs(traced)


def test_one_value_is_said_alone(tmp_path):
    traced = with_logits(saved(tmp_path, None, labels=("stars",)), [4.25])
    assert prediction_sentence(traced) == "The model gives “stars” the value 4.25."
    assert not shows_outputs(traced)


def test_many_values_are_counted(tmp_path):
    labels = tuple(f"part {number}" for number in range(7))
    traced = with_logits(saved(tmp_path, "regression", labels), [float(n) for n in range(7)])
    assert "“part 3” the value 3 and 3 more." in prediction_sentence(traced)


# Faithfulness, measured by one removal at a time


@pytest.mark.parametrize(
    ("problem", "read"),
    [
        ("multi_label_classification", torch.sigmoid),
        ("regression", lambda logits: logits),
        ("single_label_classification", lambda logits: logits.softmax(-1)),
    ],
)
def test_what_falls_is_the_output_of_the_model(problem, read, tmp_path):
    model = in_float64(saved(tmp_path, problem))
    traced = gaf.trace(model, "a good film not", target="insult")
    scores = np.array([0, 1.0, 4.0, 2.0, 3.0, 0])
    ids = model.tokenizer(traced.text, return_tensors="pt")["input_ids"]

    def watched(removed):
        given = ids.clone()
        given[0, removed] = model.tokenizer.mask_token_id
        with torch.no_grad():
            return float(read(model.module(input_ids=given).logits[0])[1])

    how = gaf.Perturbation("mask", fractions=(0.25, 0.5), target="explained")
    found = gaf.evaluate(model, traced, scores, how)
    whole, one, two = watched([]), watched([2]), watched([2, 4])
    size = max(1.0, np.abs(traced.logits).max())
    assert_close(found.aopc, ((whole - one) + (whole - two)) / 2, size=100 * size)
    assert_close(found.curves.deletion[:3], [whole, one, two], size=100 * size)
    assert found.output is model.output
    if problem == "regression":
        assert np.isnan(found.log_odds)
    else:
        expected = (np.log(one / whole) + np.log(two / whole)) / 2
        assert_close(found.log_odds, expected, size=100 * size)


def test_a_benchmark_of_values_has_no_log_odds(tmp_path):
    model = saved(tmp_path, "regression", labels=("stars",))
    table = gaf.benchmark(model, ["a good film", "not bad a film"], ["AGF", "random"])
    assert table["failures"].tolist() == [0, 0]
    assert table["aopc"].notna().all()
    assert table["log_odds"].isna().all()
