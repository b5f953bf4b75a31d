"""Answers on the command line: given, generated, contrasted, and what does not go together."""

import json

import pytest

import gaf_core as gaf
from gaf_core.cli import main
from tests.support.speaking import ANSWER, PROMPT, save_speaking


@pytest.fixture(scope="module")
def speaking(tmp_path_factory) -> str:
    return str(save_speaking(tmp_path_factory.mktemp("speaking")))


def test_an_answer_is_printed(speaking, capsys):
    assert main(["explain", PROMPT, "--model", speaking, "--answer", ANSWER]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith(f"The model would say “{ANSWER.strip()}” with a probability of ")
    assert "of the flow reaches the prompt" in out
    assert "Proven: flow" in out


def test_what_the_model_answers_is_explained_and_written(speaking, capsys, tmp_path):
    path = tmp_path / "found.json"
    asked = ["explain", PROMPT, "--model", speaking, "--generate", "30", "--part", "Big"]
    assert main([*asked, "--score", "logit", "--json", str(path)]) == 0
    assert f"the model answers: {ANSWER.strip()!r}" in capsys.readouterr().err
    content = json.loads(path.read_text(encoding="utf-8"))
    expected = gaf.explain(
        gaf.load_model(speaking),
        PROMPT,
        gaf.Settings(target=gaf.Span(ANSWER, part="Big", score="logit")),
    )
    assert content["continuation"]["score"] == "logit"
    assert content["continuation"]["value"] == expected.trace.continuation.value
    assert [row["score"] for row in content["tokens"]] == expected.scores.tolist()


def test_one_answer_rather_than_another_of_a_chat(speaking, capsys):
    asked = ["explain", "The city?", "--model", speaking, "--chat", "--system", "Be good."]
    assert main([*asked, "--answer", "Paris", "--rather-than", "London"]) == 0
    assert "why “Paris” against “London”" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--answer", "a", "--generate", "3"], "not both"),
        (["--part", "a"], "Give --answer too"),
        (["--rather-than", "a"], "Give --answer too"),
        (["--answer", "a", "--target", "b"], "Leave --target"),
        (["--answer", "a", "--at", "#1"], "Leave --target"),
        (["--answer", "a", "--part", "a", "--rather-than", "b"], "Leave --part out"),
        (["--system", "a"], "Give --chat too"),
        (["--chat", "--second", "a"], "Leave --second out"),
        (["--answer", ""], "answer is empty"),
        (["--generate", "0"], "no number of tokens"),
        (["--answer", " b", "--part", "c"], "does not stand in the answer"),
    ],
    ids=repr,
)
def test_what_does_not_go_together_is_said(speaking, capsys, options, said):
    assert main(["explain", PROMPT, "--model", speaking, *options]) == 2
    out, error = capsys.readouterr()
    assert not out
    assert said in error


def test_a_classifier_has_no_answer(capsys):
    assert main(["explain", "A lovely film.", "--answer", " x"]) == 2
    assert "writes no answer" in capsys.readouterr().err
