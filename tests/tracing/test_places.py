"""Where in a text a prediction stands: masks, tokens and ends of answers."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

import gaf_core as gaf
from benchmarks.tiny import VOCABULARY
from gaf_core.methods.faithful import second_trace
from gaf_core.models.model import Task
from gaf_core.reading.predicted import prediction_sentence
from gaf_core.tracing.asking import asked_again
from gaf_core.tracing.encoding import encode
from tests.support.architectures import SUPPORTED, build
from tests.support.tiny_tokenizers import pair_tokenizer
from tests.support.tolerance import assert_close, through
from tests.support.trained import lessons

BERT = next(row for row in SUPPORTED if row.model_type == "bert")
TEXT = "a good film not bad"
PAIR = ("not a film", "a good film bad")


@pytest.fixture(scope="module")
def masked():
    return build(BERT, Task.MASKED_WORD)


@pytest.fixture(scope="module")
def tagger():
    return build(BERT, Task.TOKENS)


@pytest.fixture(scope="module")
def answering():
    return build(BERT, Task.ANSWER)


# Masks


def test_the_logits_are_those_at_the_mask(masked):
    traced = gaf.trace(masked, "a good [MASK] not bad", target="film")
    with torch.no_grad():
        expected = masked.module(**traced.encoding.inputs).logits[0, 3]
    how = {"precision": np.float32, "roundings": through(masked)}
    assert_close(traced.logits, expected.numpy(), **how)
    assert traced.target == gaf.Target(VOCABULARY.index("film"), None, "film", place=3)
    assert traced.removable.tolist() == [False, True, True, False, True, True, False]


def test_a_text_without_a_mask_and_one_with_several(masked):
    with pytest.raises(gaf.TextError, match=r"no mask.*Write \[MASK\]"):
        gaf.trace(masked, TEXT)
    with pytest.raises(gaf.TargetError, match="2 masks, at the positions 2, 4"):
        gaf.trace(masked, "a [MASK] film [MASK] bad")
    chosen = gaf.trace(masked, "a [MASK] film [MASK] bad", gaf.At("good", 4))
    assert (chosen.target.place, chosen.target.name) == (4, "good at 4")
    assert "the mask at position 4" in prediction_sentence(chosen)
    assert gaf.trace(masked, "a [MASK] film [MASK] bad", gaf.At(place="#2")).target.place == 2
    with pytest.raises(gaf.TargetError, match="no mask at position 3"):
        gaf.trace(masked, "a [MASK] film [MASK] bad", gaf.At(place=3))


@pytest.mark.parametrize("mask", ["<mask>", "<m>", "<a long mask>"])
def test_a_mask_of_another_name_is_found_where_it_stands(mask):
    tokenizer = pair_tokenizer()
    tokenizer.add_special_tokens({"mask_token": mask})
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=8, max_position_embeddings=32,
    )  # fmt: skip
    labels = tuple(tokenizer.decode([index]) for index in range(len(tokenizer)))
    model = gaf.Model(
        "named", BertForMaskedLM(config).eval(), tokenizer, labels, 32, 1, 2, Task.MASKED_WORD
    )
    for text in ("a [MASK] good film", f"a {mask} good film", "[MASK] good [MASK]"):
        masks = text.count("[MASK]") + text.count(mask)
        encoding = encode(model, text, truncate=False)
        assert encoding.text == text
        written = [text[start:end].strip() for start, end in encoding.offsets.tolist()]
        assert " ".join(word for word in written if word) == text
        assert encoding.tokens.count(mask) == masks


# Tokens


def test_a_token_is_named_by_its_word_or_its_position(tagger):
    for place in ("film", 3, "#3"):
        traced = gaf.trace(tagger, TEXT, gaf.At("positive", place))
        assert traced.target == gaf.Target(1, None, "positive for film", place=3)
    with torch.no_grad():
        expected = tagger.module(**traced.encoding.inputs).logits[0, 3].numpy()
    assert_close(traced.logits, expected, precision=np.float32, roundings=through(tagger))
    contrast = gaf.trace(tagger, TEXT, gaf.At(("positive", "negative"), "film"))
    assert contrast.target.name == "positive against negative for film"
    assert contrast.read_positions.tolist() == [3]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("good", "stands in the text 2 times, at the positions 2, 4"),
        ("goo", "no token 'goo'"),
        ("", "no token ''"),
        (9, "no token at position 9: the text has 6"),
        (-1, "no token at position -1"),
        (0, "which the tokenizer added"),
    ],
)
def test_a_place_that_is_none_is_refused(tagger, place, says):
    with pytest.raises(gaf.TargetError, match=says):
        gaf.trace(tagger, "a good film good", gaf.At(None, place))


def test_a_model_of_the_whole_text_has_no_places():
    model = build(BERT, Task.CLASSIFICATION)
    with pytest.raises(gaf.TargetError, match="classifies a text as a whole"):
        gaf.trace(model, TEXT, gaf.At("positive", 2))
    assert gaf.trace(model, TEXT, gaf.At("positive")).target.name == "positive"


# Answers


def test_the_answer_is_the_likeliest_stretch_of_the_second_text(answering):
    traced = gaf.trace(answering, PAIR)
    with torch.no_grad():
        output = answering.module(**traced.encoding.inputs)
    first, last = (one[0].softmax(-1) for one in (output.start_logits, output.end_logits))
    pairs = [(i, j) for i in range(5, 9) for j in range(i, 9)] + [(0, 0)]
    start, end = max(pairs, key=lambda pair: float(first[pair[0]] * last[pair[1]]))
    assert (traced.answer.start, traced.answer.end) == (start, end)
    how = {"precision": np.float32, "roundings": through(answering)}
    assert_close(traced.answer.probability, float(first[start] * last[end]), **how)
    assert traced.predicted == start
    assert_close(traced.probabilities, first.numpy(), **how)
    ended = gaf.trace(answering, PAIR, gaf.At(place="end"))
    assert ended.predicted == ended.target.index == end
    assert_close(ended.probabilities, last.numpy(), **how)


def test_ends_are_named_by_words_and_contrasted(answering):
    traced = gaf.trace(answering, PAIR, gaf.At(("bad", "good"), "end"))
    assert (traced.target.index, traced.target.against) == (8, 6)
    assert traced.target.name == "end at bad against good"
    assert traced.labels[3] == "film (3)"  # which is in both texts
    assert gaf.trace(answering, PAIR, "film (7)").target.index == 7
    assert not traced.removable[[0, 4, 6, 8, 9]].any()
    with pytest.raises(gaf.TargetError, match="stands in the text 2 times"):
        gaf.trace(answering, PAIR, "film")
    with pytest.raises(gaf.TargetError, match="no part of an answer"):
        gaf.trace(answering, PAIR, gaf.At("bad", "middle"))
    with pytest.raises(gaf.TextError, match=r"pair \(question, text\)"):
        gaf.trace(answering, TEXT)


# What was learned is found


def correct(traced, task, lesson) -> bool:
    if task == "question answering":
        return traced.answer.start == traced.answer.end == lesson.answers[0] + 5
    expected = next(label for label in lesson.answers if label != "O")
    return traced.labels[traced.predicted] == expected


def asked(task, lesson):
    """The target that depends on the word: of an answer, why this one and not the other."""
    if task != "question answering":
        return None
    right = int(lesson.answers[0])
    return gaf.At((right + 5, {1: 4, 4: 1}[right] + 5), "start")


@pytest.mark.parametrize("task", ["masked word", "tokens", "question answering"])
def test_an_explanation_points_at_the_word_that_decides(trained, task):
    model = gaf.load_model(trained(task))
    assert model.task == task
    known = [one for one in lessons(task, 20) if set(one.answers) != {"O"}]
    found = []
    for lesson in known:
        assert correct(gaf.trace(model, lesson.text), task, lesson)
        settings = gaf.Settings(**vars(gaf.FAITHFUL) | {"target": asked(task, lesson)})
        explanation = gaf.explain(model, lesson.text, settings)
        assert explanation.certified
        scores = np.where(explanation.trace.removable, explanation.scores, -1.0)
        found.append(explanation.tokens[int(scores.argmax())] == lesson.points_at)
    assert sum(found) >= 0.9 * len(found) > 8


def test_the_first_token_that_is_part_of_something_is_explained(trained):
    model = gaf.load_model(trained("tokens"))
    traced = gaf.trace(model, "the old mr anna was quiet")
    assert (traced.target.place, traced.target.name) == (4, "B-PER for anna")
    sentence = prediction_sentence(traced)
    assert sentence.startswith("The model labels “anna” as “B-PER”, 9")
    assert gaf.trace(model, "the old quiet day").target.place == 1  # nothing has a label


def test_the_answer_is_said_with_the_end_that_is_explained(trained):
    model = gaf.load_model(trained("question answering"))
    text = ("where was it", "so delhi a and david and")
    sentence = prediction_sentence(gaf.trace(model, text, gaf.At(place="end")))
    assert sentence.startswith("The model answers “delhi”, ")
    assert "Explained here: why it ends at “delhi” (" in sentence


# The same question about an edited text


@pytest.mark.parametrize(
    ("fixture", "text", "target", "edited"),
    [
        ("masked", "a good [MASK] not bad", None, "a [MASK] not bad"),
        ("tagger", TEXT, gaf.At("positive", 3), "a film not bad"),
        ("tagger", TEXT, gaf.At(None, 3), "film not bad"),
        ("answering", PAIR, gaf.At(("bad", "good"), "end"), ("not a film", "good a bad")),
    ],
)
def test_what_was_asked_is_asked_of_an_edited_text(fixture, text, target, edited, request):
    model = request.getfixturevalue(fixture)
    before = gaf.trace(model, text, target)
    after = gaf.trace(model, edited, asked_again(before, target, encode(model, edited, False)))
    assert after.target.name == before.target.name
    if fixture != "answering":
        assert after.target.index == before.target.index
        places = [(one.target.place, one.tokens) for one in (before, after)]
        assert len({tokens[place] for place, tokens in places}) == 1


@pytest.mark.parametrize(("edited", "place"), [("not a film a good film", 6), ("a film good", 2)])
def test_a_word_that_stands_there_twice_is_followed(tagger, edited, place):
    """ "a film a good film": the second "film" stays the second, and the first the first."""
    asked = 5 if place == 6 else 2
    before = gaf.trace(tagger, "a film a good film", gaf.At(0, asked))
    again = asked_again(before, gaf.At(0, asked), encode(tagger, edited, False))
    assert again == gaf.At(0, place)


def test_a_token_that_was_edited_away_is_said(tagger):
    before = gaf.trace(tagger, "a film not bad", gaf.At(0, 3))
    with pytest.raises(gaf.TargetError, match="no longer has “not”"):
        asked_again(before, gaf.At(0, 3), encode(tagger, "a film bad", False))


@pytest.mark.parametrize("method", ["cat_frozen", "attention_x_gradient_frozen"])
def test_a_second_trace_is_of_the_same_place(tagger, method):
    traced = gaf.trace(tagger, "a film a good film", gaf.At("positive", 4))
    assert second_trace(tagger, traced, frozen=True)[0].target == traced.target
    other = gaf.trace(tagger, "a film a good film", gaf.At("positive", 2))
    scores = [gaf.METHODS[method](tagger, one).scores for one in (traced, other)]
    assert not np.array_equal(*scores)


def test_settings_know_a_label_at_a_place():
    settings = gaf.Settings(target=gaf.At(("B-LOC", "O"), "Paris"), layers=[1, 3])
    assert settings == gaf.Settings(target=gaf.At(("B-LOC", "O"), "Paris"), layers=(1, 3))
    assert hash(settings)
    with pytest.raises(gaf.SettingsError, match="at a place"):
        gaf.Settings(target=gaf.At("B-LOC", 0.5))  # type: ignore[arg-type]
