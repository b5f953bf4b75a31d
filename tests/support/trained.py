"""Small models of each further kind, trained in seconds on texts whose answer hangs on one word.

Each is saved as a user would save it. What a model has learned is known, so an explanation can be
right or wrong: which word it has to point at stands beside each.

    masked word    "rain" or "sun": the colour of the sky decides which word is missing
    tokens         a name is a person after "mr", and a place after "in"
    answer         a person or a place, as "who" or "where" in the question asks
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForQuestionAnswering,
    BertForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from gaf_core.settings import TextLike

_MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROLES = ("pad", "unk", "cls", "sep", "mask")
_LAYERS, _WIDTH = 2, 32
_NAMES = ("anna", "boris", "clara", "david", "emma", "felix", "greta", "henry")
_PLACES = ("rome", "oslo", "lima", "cairo", "paris", "delhi")
_FILL = ("the", "old", "and", "then", "a", "quiet", "day", "was", "so")
_BATCH, _RATE = 48, 4e-3


@dataclass(frozen=True)
class Lesson:
    """A text with what is to be said of it.

    Attributes:
        text: one text, or a question and a text.
        answers: what the loss is computed with, by position of a word of the (last) text: the word
            that is missing, a label of every word, or the positions of both ends.
        points_at: the word that decides.
    """

    text: TextLike
    answers: tuple[int | str, ...]
    points_at: str


def masked_lesson(draw: random.Random) -> Lesson:
    """The colour of the sky decides: "the sky is grey so we see [MASK]"."""
    colour = draw.choice(("grey", "blue"))
    words = [*draw.sample(_FILL, 3), colour, *draw.sample(_FILL, 2), "[MASK]", draw.choice(_FILL)]
    return Lesson(" ".join(words), ({"grey": "rain", "blue": "sun"}[colour],), colour)


def tokens_lesson(draw: random.Random) -> Lesson:
    """The word before a name decides what it is: "then mr anna was a day in clara so"."""
    words, labels, decides = [], [], []
    for _ in range(2):
        before = draw.choice(("mr", "in", draw.choice(_FILL)))
        words += [*draw.sample(_FILL, 2), before, draw.choice(_NAMES)]
        labels += ["O", "O", "O", {"mr": "B-PER", "in": "B-LOC"}.get(before, "O")]
        decides += [before] if labels[-1] != "O" else []
    return Lesson(" ".join([*words, draw.choice(_FILL)]), (*labels, "O"), (*decides, "")[0])


def answer_lesson(draw: random.Random) -> Lesson:
    """What is asked decides: "who was it" or "where was it", of "then anna was in the rome"."""
    asked = draw.choice(("who", "where"))
    named = [("who", draw.choice(_NAMES)), ("where", draw.choice(_PLACES))]
    draw.shuffle(named)
    (first, one), (_, other) = named
    words = [draw.choice(_FILL), one, *draw.sample(_FILL, 2), other, draw.choice(_FILL)]
    position = 1 if asked == first else 4
    return Lesson((f"{asked} was it", " ".join(words)), (position, position), asked)


def tokenizer_of(words: Sequence[str]) -> PreTrainedTokenizerFast:
    """One token a word; [CLS] a [SEP] b [SEP] around two texts."""
    vocabulary = {word: index for index, word in enumerate((*_MARKS, *words))}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=32,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **{f"{name}_token": mark for name, mark in zip(_ROLES, _MARKS, strict=True)},
    )


def _masked_loss(tokenizer, lessons: list[Lesson], inputs) -> dict[str, torch.Tensor]:
    known = tokenizer.get_vocab()
    labels = torch.full_like(inputs["input_ids"], -100)
    words = torch.tensor([known[str(lesson.answers[0])] for lesson in lessons])
    at = inputs["input_ids"] == tokenizer.mask_token_id
    labels[at] = words
    return {"labels": labels}


def _tokens_loss(_tokenizer, lessons: list[Lesson], inputs) -> dict[str, torch.Tensor]:
    labels = torch.full_like(inputs["input_ids"], -100)
    for row, lesson in enumerate(lessons):
        numbers = [TAGS.index(str(label)) for label in lesson.answers]
        labels[row, 1 : len(numbers) + 1] = torch.tensor(numbers)
    return {"labels": labels}


def _answer_loss(_tokenizer, lessons: list[Lesson], _inputs) -> dict[str, torch.Tensor]:
    # behind [CLS], the three words of the question, and [SEP]
    start, end = (
        torch.tensor([int(lesson.answers[which]) + 5 for lesson in lessons]) for which in (0, 1)
    )
    return {"start_positions": start, "end_positions": end}


TAGS = ("O", "B-PER", "B-LOC")


@dataclass(frozen=True)
class Course:
    """How a model of one task is trained.

    Attributes:
        network: its class.
        words: that it knows.
        lesson: draws one.
        loss: what the network is given beside its inputs.
        steps: of training.
        tags: labels of its outputs; both ends of an answer have none, and neither do words.
    """

    network: type[PreTrainedModel]
    words: tuple[str, ...]
    lesson: Callable[[random.Random], Lesson]
    loss: Callable[..., dict[str, torch.Tensor]]
    steps: int
    tags: tuple[str, ...] = ("LABEL_0", "LABEL_1")


COURSES = {
    "masked word": Course(
        BertForMaskedLM, (*_FILL, "grey", "blue", "rain", "sun"), masked_lesson, _masked_loss, 150
    ),
    "tokens": Course(
        BertForTokenClassification, (*_FILL, *_NAMES, "mr", "in"), tokens_lesson, _tokens_loss, 150,
        TAGS,
    ),
    "question answering": Course(
        BertForQuestionAnswering, (*_FILL, *_NAMES, *_PLACES, "who", "where", "it"), answer_lesson,
        _answer_loss, 400,
    ),
}  # fmt: skip


def train(task: str, folder: Path, seed: int = 0) -> Path:
    """Train the model of a task and save it as a user would, with its tokenizer."""
    course, draw = COURSES[task], random.Random(seed)
    tokenizer = tokenizer_of(course.words)
    torch.manual_seed(seed)
    module = course.network(_config(len(tokenizer), course.tags))
    optimizer = torch.optim.AdamW(module.parameters(), lr=_RATE)
    module.train()
    for _ in range(course.steps):
        lessons = [course.lesson(draw) for _ in range(_BATCH)]
        inputs = encoded(tokenizer, lessons)
        loss = module(**inputs, **course.loss(tokenizer, lessons, inputs)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
    module.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def encoded(tokenizer: PreTrainedTokenizerFast, lessons: list[Lesson]):
    """The texts of lessons, padded to one length."""
    pairs = isinstance(lessons[0].text, tuple)
    parts = list(zip(*(lesson.text for lesson in lessons), strict=True)) if pairs else None
    texts = [list(part) for part in parts] if parts else [[lesson.text for lesson in lessons]]
    return tokenizer(*texts, padding=True, return_tensors="pt")


def lessons(task: str, count: int, seed: int = 1) -> list[Lesson]:
    """Lessons that it was not trained on, but by chance."""
    draw = random.Random(f"{task} {seed}")
    return [COURSES[task].lesson(draw) for _ in range(count)]


def _config(vocabulary: int, tags: tuple[str, ...]) -> BertConfig:
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=_WIDTH,
        num_hidden_layers=_LAYERS,
        num_attention_heads=2,
        intermediate_size=2 * _WIDTH,
        max_position_embeddings=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.1,
        id2label=dict(enumerate(tags)),
        label2id={tag: index for index, tag in enumerate(tags)},
    )
