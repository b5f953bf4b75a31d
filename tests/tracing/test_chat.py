"""A chat goes through the template of the tokenizer, and what the template adds is special."""

import numpy as np
import pytest

import gaf_core as gaf
from gaf_core import Chat, Span
from gaf_core.models.model import Task
from gaf_core.tracing.chat import has_template, rendered
from tests.support.architectures import SUPPORTED, build

ROW = next(row for row in SUPPORTED if row.model_type == "llama")
# as models are published with: marks around each message, and a system message of their own
MARKED = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|end|>system\nBe good.<|end|>\n{% endif %}"
    "{{ '<|end|>' + message['role'] + '\n' + message['content'] + '<|end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|end|>assistant\n' }}{% endif %}"
)
STRIPPED = MARKED.replace("message['content']", "message['content'] | trim")
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}" + MARKED
)
LOUD = MARKED.replace("message['content']", "message['content'] | upper")
USER, ANSWER = "The city of Paris?", "Paris is in France."


def chatting(template, limit=200):
    model = build(ROW, Task.NEXT_TOKEN)
    model.tokenizer.chat_template = template
    return gaf.Model(**{**vars(model), "max_tokens": limit})


@pytest.fixture(scope="module")
def model():
    return chatting(MARKED)


def ordinary(trace):
    """What the tokens say that are not special."""
    return [trace.text[start:end] for start, end in trace.offsets[~trace.special].tolist()]


@pytest.mark.parametrize("system", [None, "Big Ben is in London."])
def test_the_template_is_special_and_nothing_else(model, system):
    traced = gaf.trace(model, Chat(USER, system), Span(ANSWER))
    parts = [part for part in (system, USER, ANSWER) if part is not None]
    assert "".join(ordinary(traced)) == "".join(parts)
    assert traced.text == "\n".join(parts)
    assert traced.special.any()
    ids = traced.encoding.inputs["input_ids"][0].tolist()
    messages = [{"role": "user", "content": USER}]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    text = model.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert ids == model.tokenizer(text + ANSWER)["input_ids"], "as the model reads it"
    assert (traced.encoding.segments[traced.continuation.branches[0].answer] == 1).all()


def test_a_perturbation_never_removes_the_template(model):
    traced = gaf.trace(model, Chat(USER), Span(ANSWER))
    assert not (traced.removable & traced.special).any()
    assert traced.removable.sum() == len(ordinary(traced)) - len(
        traced.continuation.branches[0].answer
    )
    scores = np.arange(len(traced.tokens), dtype=float)
    found = gaf.evaluate(model, traced, scores, gaf.Perturbation("delete"))
    assert np.isfinite(found.aopc)


def test_a_next_token_of_a_chat_is_explained_too(model):
    traced = gaf.trace(model, Chat(USER))
    assert traced.read_positions.tolist() == [len(traced.tokens) - 1]
    assert "".join(ordinary(traced)) == USER
    assert gaf.explain(model, Chat(USER), gaf.FAITHFUL).certified


def test_what_a_template_strips_is_found():
    model = chatting(STRIPPED)
    traced = gaf.trace(model, Chat(f"  {USER}\n"), Span(ANSWER))
    assert traced.text == f"{USER}\n{ANSWER}"


@pytest.mark.parametrize("user", ["user", "assistant", "<|end|>", "{{ 1 }}", "\ue000user\ue001 x"])
def test_what_looks_like_the_template_is_still_what_people_wrote(model, user):
    try:
        written = rendered(model, Chat(user))
    except gaf.ModelError:  # the marks themselves
        assert "\ue000" in user
        return
    ((start, end),) = written.parts
    assert written.text[start:end] == user


def test_generating_ends_where_the_template_says(model):
    found = gaf.generate(model, Chat(USER), max_new_tokens=5)
    assert 0 < len(found.ids) <= 5
    assert gaf.explain(model, Chat(USER), gaf.Settings(target=Span(found.text))).certified


@pytest.mark.parametrize(
    ("template", "chat", "error", "said"),
    [
        (None, Chat(USER), "ModelError", "no chat template"),
        (NO_SYSTEM, Chat(USER, "Be brief."), "ModelError", "System role not supported"),
        (LOUD, Chat(USER), "ModelError", "changes what is written"),
        ("{{ messages[5].content }}", Chat(USER), "ModelError", "fails"),
        ("nothing", Chat(USER), "ModelError", "changes what is written"),
        (MARKED, Chat("  "), "TextError", "message of the chat is empty"),
        (MARKED, Chat(USER, ""), "TextError", "message of the chat is empty"),
        (MARKED, Chat("\ud83d"), "TextError", "half a character"),
        (MARKED, Chat(USER * 99), "TextTooLongError", "The prompt has"),
    ],
    ids=repr,
)
def test_what_fails_is_said(template, chat, error, said):
    with pytest.raises(gaf.GafError) as told:
        gaf.trace(chatting(template), chat)
    assert type(told.value).__name__ == error
    assert said in str(told.value)


def test_a_base_model_has_no_template(model):
    assert has_template(model)
    assert not has_template(chatting(None))
    assert not has_template(gaf.load_model("minilm-reviews"))
    with pytest.raises(gaf.ModelError, match="writes no answer"):
        gaf.trace(gaf.load_model("minilm-reviews"), Chat(USER))
