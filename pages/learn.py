"""Learn: what the scores are, in nine stops on the reader's own text and a toy."""

from html import escape

import streamlit as st

from gaf_core.lesson.lesson import lesson_settings
from gaf_core.lesson.stops import IDS
from gaf_core.picture.heatmap import heatmap_html
from gaf_core.reading.predicted import prediction_sentence
from gaf_core.ui import cache, links
from gaf_core.ui.failures import literal, polite
from gaf_core.ui.form import choose_explained, choose_truncation
from gaf_core.ui.frame import need_frame
from gaf_core.ui.learn import asking, controls, lecture, navigation, toys
from gaf_core.ui.learn.figure import show_stop
from gaf_core.ui.learn.lessons import lesson_of, whole_lesson
from gaf_core.ui.model_choice import ready_model
from gaf_core.ui.place import place
from gaf_core.ui.sentence import ask_text
from gaf_core.ui.targets import known_targets, suggest

need_frame()
with st.container(key="not_in_lecture"):
    st.html(
        '<h1 class="gaf-title">How the scores come about</h1>'
        '<p class="gaf-lead">Nine stops from attention to an explanation with its proof, on your '
        "own text and on a network small enough to be seen whole.</p>"
    )
with polite():
    choice, model = ready_model()
    links.remember()
    with st.sidebar:
        with place():
            target = choose_explained(model)
        truncate = choose_truncation()
    links.report_unknown({**known_targets(model), **lecture.KNOWN, "stop": IDS})
    stop = navigation.current_stop()
    with st.container(horizontal=True, vertical_alignment="center", key="learn_top"):
        navigation.choose_stop(stop)
        formulas, large = lecture.choose_formulas(), lecture.choose_lecture()
    at_stop = place()
    st.header("On your own text", anchor=False)
    text = ask_text(model)
    request = cache.Request(choice, text, lesson_settings(model.layers, target, truncate=truncate))
    explanation = cache.explained(choice, text, request.settings)
    suggest(explanation.trace)
    verdict = prediction_sentence(explanation.trace, lambda name: f"<b>{escape(name)}</b>")
    st.html(f'<p class="gaf-verdict">{verdict}</p>')
    st.html(heatmap_html(explanation.trace, explanation.scores, of=explanation.share_of))
    toy = toys.current_toy(explanation)
    with at_stop:
        lesson = lesson_of(stop, request, explanation, toy)
        left, right = st.columns([2, 3], gap="large")
        with left:
            st.header(f"{navigation.number_of(stop.id)} · {stop.title}", anchor=False)
            st.markdown(literal(stop.text))
            with place():
                if formulas:
                    st.latex(stop.formula)
            with st.expander("Words used here"):
                for word, meaning in stop.words.items():
                    st.markdown(f"**{word}**: {meaning}.")
            with place():
                asking.ask(stop, lesson)
        with right:
            with place():
                moment = controls.choose_moment(stop, lesson)
            show_stop(stop, lesson, moment, large=large)
            with place():
                if stop.on_toy:
                    toys.edit_toy(toy, explanation)
    lecture.show_files(lambda: whole_lesson(request, explanation, toy), choice.name)
