"""Compare: several methods on one text, and which of them the prediction bears out."""

from html import escape

import streamlit as st

from gaf_core import Settings
from gaf_core.reading.predicted import prediction_sentence
from gaf_core.ui import cache
from gaf_core.ui.compare import bounds, show, work
from gaf_core.ui.compare.choose import choose_entries, chosen_order, known_orders, show_methods
from gaf_core.ui.compare.measure import choose_perturbation, known_measures, say_measure
from gaf_core.ui.compare.take_away import show_files
from gaf_core.ui.compare.watch import show_work
from gaf_core.ui.failures import polite
from gaf_core.ui.form import choose_reading
from gaf_core.ui.frame import need_frame
from gaf_core.ui.model_choice import ready_model
from gaf_core.ui.place import place
from gaf_core.ui.sentence import ask_text
from gaf_core.ui.targets import suggest

need_frame()
st.html(
    '<h1 class="gaf-title">Do other methods say the same?</h1>'
    '<p class="gaf-lead">Several explanations of one prediction side by side. Then the test: '
    "remove the words that each of them ranks first, and see whether the prediction goes.</p>"
)
with polite():
    choice, model = ready_model()
    known = {**known_measures(model), **show.known_views(), **known_orders(), **bounds.KNOWN}
    reading = choose_reading(model, known)
    text = ask_text(model)
    question = work.Question(choice, text, reading.target, reading.truncate)
    trace = cache.traced(choice, text, Settings(target=reading.target, truncate=reading.truncate))
    suggest(trace)
    verdict = prediction_sentence(trace, lambda name: f"<b>{escape(name)}</b>")
    st.html(f'<p class="gaf-verdict">{verdict}</p>')
    entries = choose_entries(trace)
    if not entries:
        st.info("Pick at least one method above.", icon=":material/playlist_add:")
        st.stop()
    working, scores = place(), place()
    st.header("Which ranking does the prediction bear out?", anchor=False)
    perturbation = choose_perturbation(model)
    search = bounds.choose_search(trace, question, perturbation)
    todo = work.tasks(question, entries, perturbation, beside=bounds.keys(search))
    bounds.begin(model, trace, search)
    work.begin(model, trace, todo)
    with working:
        show_work(todo)  # first: what ends in between is compared, and not missed by both
    compared = work.compare(trace, todo, perturbation, bounds.found(search))
    comparison = chosen_order(compared, entries)
    if comparison.scored:
        with scores:
            show.show_scores(comparison, reading)
    with place():
        bounds.show_search(search)
    with place():
        show.show_table(comparison)
        say_measure(comparison)
        bounds.say_limits(search)
    with place():
        show.show_curves(comparison)
    with place():
        show.show_agreement(comparison)
    show_methods(entries)
    show_files(comparison, choice.name)
