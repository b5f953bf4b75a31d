"""Lesson -> one HTML file that opens from a disk, with the reader's numbers and all stops.

A page a stop with JavaScript, stepped through by buttons, arrow keys and the address; without it,
and on paper, all stops one after another. A policy in the file forbids every request, as in the
report on an explanation.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from gaf_core.figures.embed import Figure, figure_html, scripts
from gaf_core.figures.stops import alt_of, stop_figure
from gaf_core.files.page import STYLE, page_html, provenance_html
from gaf_core.lesson.lesson import Lesson
from gaf_core.lesson.promises import Promise
from gaf_core.lesson.questions import question_of
from gaf_core.lesson.stops import STOPS, Stop
from gaf_core.lesson.toy import to_link
from gaf_core.lesson.words import Moment, proof_in_words, removal_in_words, said_of
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.reading.predicted import prediction_sentence

TITLE = "How the scores come about"
_STEPPING = Path(__file__).with_name("lesson.js")
_LOOKS = Path(__file__).with_name("lesson.css")


def lesson_html(lesson: Lesson, *, model: str | None = None) -> str:
    """The whole lesson as a file: about 5 MB, nearly all of it the program that draws figures.

    Args:
        lesson: the reader's text and toy, and what the model said, where it was asked.
        model: its name.

    Raises:
        SettingsError: the flow of the text has no picture.
    """
    stepping = _STEPPING.read_text(encoding="utf-8").replace("\r\n", "\n")
    drawing = (*scripts(), stepping)
    body = [
        f"<header><h1>{TITLE}</h1>{_text(lesson, model)}</header>",
        '<nav aria-label="Stops"></nav>',
        *(_stop(number, stop, lesson) for number, stop in enumerate(STOPS, 1)),
        f"<footer>{provenance_html()}<p class=note>The toy as in a link: "
        f"<code>{escape(to_link(lesson.toy))}</code></p></footer>",
    ]
    style = STYLE.read_text(encoding="utf-8") + _LOOKS.read_text(encoding="utf-8")
    return page_html(TITLE, style, "".join(body), drawing)


def _text(lesson: Lesson, model: str | None) -> str:
    explanation = lesson.explanation
    by = f' <span class="note">Model: {escape(model)}.</span>' if model else ""
    return (
        f'<p class="verdict" dir="auto">{escape(prediction_sentence(explanation.trace))}{by}</p>'
        f"{heatmap_html(explanation.trace, explanation.scores, of=explanation.share_of)}"
    )


def _stop(number: int, stop: Stop, lesson: Lesson) -> str:
    last = number == len(STOPS)
    words = "".join(
        f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>" for word, meaning in stop.words.items()
    )
    figures = [_figure(stop, stop_figure(stop, lesson, sliders=True))]
    figures.append(_note(said_of(stop, lesson)))
    if stop.draws == "path" and lesson.text_path.values[-1] > 0:
        moment = Moment(on_text=True)
        figures.append(_figure(stop, stop_figure(stop, lesson, moment), "-text"))
        figures.append(_note(f"The same on the text. {said_of(stop, lesson, moment)}"))
    return (
        f'<section id="{stop.id}" class="stop"><h2>{"" if last else f"{number} · "}'
        f'{escape(stop.title)}</h2><div class="columns halves"><div><p>{escape(stop.text)}</p>'
        f'<p class="formula">{escape(stop.plain)}</p><dl>{words}</dl>{_question(stop, lesson)}'
        f"</div><div>{''.join(figures)}{_more(stop, lesson)}</div></div></section>"
    )


def _figure(stop: Stop, figure: Figure, ending: str = "") -> str:
    return figure_html(figure, f"gaf-learn-{stop.id}{ending}", alt_of(stop), width=620)


def _question(stop: Stop, lesson: Lesson) -> str:
    asked = question_of(stop, lesson)
    if asked is None:
        return ""
    choices = f" ({', '.join(asked.choices)})" if asked.choices else ""
    return (
        f"<p><b>A question.</b> {escape(asked.asks + choices)}</p><details><summary>The answer"
        f"</summary><p>{escape(asked.why)}</p></details>"
    )


def _more(stop: Stop, lesson: Lesson) -> str:
    """The proof read aloud, or the promises with their numbers."""
    if stop.draws == "proof":
        pairs = (("The toy", lesson.solved.solution), ("The text", lesson.explanation.solution))
        return "".join(
            f"<h3>{name}</h3><ul>"
            + "".join(
                f"<li><b>{part}.</b> {escape(said)}</li>" for part, said in proof_in_words(one)
            )
            + "</ul>"
            for name, one in pairs
        )
    if stop.draws == "promises":
        kept = "".join(map(_promise, lesson.promises))
        return f"<ul>{kept}</ul>{_note(removal_in_words(lesson)) if lesson.solved.flows else ''}"
    return ""


def _promise(one: Promise) -> str:
    state = {True: "holds", False: "is broken", None: "has no occasion here"}[one.holds]
    return f"<li><b>{escape(one.name)}</b> {state}. {escape(one.meaning)} {escape(one.said)}</li>"


def _note(text: str) -> str:
    return f'<p class="note" dir="auto">{escape(text)}</p>'
