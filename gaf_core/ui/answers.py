"""Answers of a language model on every page: written or generated, by text or through a chat.

The text areas stand in the page and what is explained of them is chosen beside it, so that what
they hold is read before they are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import regex
import streamlit as st

from gaf_core import Chat, Model, Span, Task
from gaf_core.errors import GafError
from gaf_core.reading.answers import boundary_text
from gaf_core.settings import TargetLike
from gaf_core.spans import Score
from gaf_core.tracing.chat import has_template
from gaf_core.tracing.tokens import read_span
from gaf_core.ui import links
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place
from gaf_core.ui.writing import ask_for_one, choose_how, how_written, known_writing, write

ANSWER, RATHER = "a whole answer", "one answer rather than another"
KINDS = (ANSWER, RATHER)
WHOLE = "all of it"  # of an answer, where no part is chosen
_SCORES: dict[str, Score] = {"log-probability": "log_probability", "logit": "logit"}
_FLAGS = ("true", "false")
_PART = re.compile(r"(\d{1,5})-(\d{1,5})")
# An opening sign or a hyphen joins what follows; scripts without spaces need none.
_ENDS_WORD = regex.compile(r"[^\s([{<«“‘\"'/\-–—_#@]\Z")
_BEGINS_WORD = regex.compile(
    r"(?![\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}"
    r"\p{scx=Myanmar}])[\p{L}\p{N}]"
)


def asks_answer(model: Model) -> bool:
    """Whether an answer is to be explained, as the page or its link says."""
    return model.task is Task.NEXT_TOKEN and _state("target") in KINDS


def known_answers(model: Model) -> dict[str, Iterable[str]]:
    """The values that a link may hold for what is asked of an answer."""
    if model.task is not Task.NEXT_TOKEN:
        return {}
    return {
        "score": tuple(_SCORES),
        **known_writing(),
        **({"chat": _FLAGS} if has_template(model) else {}),
    }


def answer_target(model: Model, prompt: str | Chat, choice: str) -> TargetLike:
    """Draw how an answer is scored, and give back what is explained of what the page holds.

    None, the next token, while nothing is written.
    """
    score = _SCORES[
        st.radio(
            "An answer is scored by the sum of its tokens'",
            list(_SCORES),
            horizontal=True,
            key="score",
            bind="query-params",
            help="The log-probability weighs a token against all others that could stand there; "
            "the logit looks at the token alone.",
        )
    ]
    texts = [behind(prompt, str(_state(key) or "")) for key in ("answer", "other")]
    if not texts[0]:
        return None
    if choice == RATHER:
        if not texts[1] or texts[0] == texts[1]:
            st.caption(
                "Write both answers to see the contrast; until then, the first is explained."
            )
            return Span(texts[0], score=score)
        return Span(texts[0], score=score), Span(texts[1], score=score)
    return Span(texts[0], part=_chosen_part(model, prompt, texts[0]), score=score)


def part_of(text: str | None) -> tuple[int, int] | None:
    """The tokens of an answer that a link names, as "2-4": from the third to the fourth."""
    found = _PART.fullmatch(text or "")
    if found is None or int(found[1]) >= int(found[2]):
        return None
    return int(found[1]), int(found[2])


def _chosen_part(model: Model, prompt: str | Chat, answer: str) -> tuple[int, int] | None:
    """The part in focus, where this answer has it; else it is said, and all of it is explained."""
    # what the choice and a link call it differ, so it is bound by hand
    asked = st.session_state.setdefault("part", st.query_params.get("part"))
    if asked is None:
        return None
    part = part_of(str(asked))
    try:
        if part is not None:
            read_span(model, prompt, Span(answer, part=part))
            return part
    except GafError:  # of the answer itself, which is said where it is explained
        pass
    links.note(f"The answer has no part {asked}, so all of it is explained.")
    st.session_state["part"] = None
    return None


def behind(prompt: str | Chat, answer: str) -> str:
    """An answer as it stands behind a prompt: with a space before its first word, if it needs one.

    What a chat puts before an answer ends a line.
    """
    needs = isinstance(prompt, str) and _ENDS_WORD.search(prompt) and _BEGINS_WORD.match(answer)
    return f" {answer}" if needs else answer


def current_prompt(model: Model, text: str) -> str | Chat:
    """A text as it is prompted: as it is, or as a message of a chat."""
    if not has_template(model) or _state("chat") not in (True, "true"):
        return text
    system = str(_state("system") or "")
    return Chat(text, system if system.strip() else None)


def ask_chat(model: Model, text: str) -> str | Chat:
    """Draw the switch of the chat template, where the model has one, and the system text."""
    if not has_template(model):
        return text
    on = st.toggle(
        "Chat template",
        key="chat",
        bind="query-params",
        help="Puts the text into the marks that this model was trained to answer behind. They are "
        "special tokens: hidden on request, and never removed by a perturbation.",
    )
    with place():
        if on:
            links.read_text("system")
            system = st.text_area(
                "System text, if any",
                key="system",
                height=68,
                placeholder="For example: Answer in one word.",
            )
            links.write_text("system", system, "")
    return current_prompt(model, text)


def ask_answer(model: Model, prompt: str | Chat) -> None:
    """Draw the answer, or both, and what lets the model write one."""
    with place():
        write(model, prompt)
    _ask("answer", "Answer", "Write what the model may say, or let it answer.")
    with st.container(horizontal=True, vertical_alignment="center", key="answer_row"):
        st.button(
            "Let the model answer",
            icon=":material/edit_note:",
            on_click=ask_for_one,
        )
        with st.popover("How it answers"):
            choose_how()
    with place():
        if st.session_state.get("target") == RATHER:
            _ask("other", "Other answer", "Write what it might have said instead.")
    with place():
        _say_answer(model, prompt)


def _ask(key: str, title: str, hint: str) -> None:
    links.read_text(key)
    text = st.text_area(title, key=key, height=80, placeholder=hint, on_change=_forget_part)
    links.write_text(key, text, "")


def _say_answer(model: Model, prompt: str | Chat) -> None:
    """Where the boundary lies, and how a generated answer came about."""
    answer = str(st.session_state.get("answer") or "")
    if not answer:
        st.info(
            "While there is no answer, the next token is explained. Write one, or let the model "
            "answer.",
            icon=":material/edit_note:",
        )
        return
    try:
        encoding, asked = read_span(model, prompt, Span(behind(prompt, answer)))
    except GafError:  # said where the answer is explained
        return
    count = len(encoding.tokens) - asked.prompt
    told = [
        f"{asked.prompt:,} tokens of the prompt, {count:,} of the answer: "
        f"{literal(boundary_text(encoding, asked.prompt))}"
    ]
    told += how_written(answer)
    st.caption(" ".join(told))


def _forget_part() -> None:
    st.session_state["part"] = None


def _state(key: str) -> object:
    return st.session_state.get(key, st.query_params.get(key))
