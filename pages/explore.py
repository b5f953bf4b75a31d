"""Explore: one text, its prediction, and the flow that explains it."""

import streamlit as st

from gaf_core.ui import cache
from gaf_core.ui.explore import panels
from gaf_core.ui.explore.agree import show_agree
from gaf_core.ui.explore.network import known_views, show_network
from gaf_core.ui.explore.side_by_side import show_side_by_side
from gaf_core.ui.explore.signed import show_sides, show_signed_bars, show_signed_words
from gaf_core.ui.explore.take_away import show_take_away
from gaf_core.ui.failures import polite
from gaf_core.ui.frame import need_frame
from gaf_core.ui.model_choice import ready_model
from gaf_core.ui.place import place
from gaf_core.ui.sentence import ask_text
from gaf_core.ui.settings import choose_settings
from gaf_core.ui.targets import suggest

need_frame()
st.html(
    '<h1 class="gaf-title">Why did the model say that?</h1>'
    '<p class="gaf-lead">A prediction is sent back through the layers of the model as a flow. '
    "The more of it arrives at a word, the more that word carried the decision.</p>"
)
with polite():
    choice, model = ready_model()
    settings, display = choose_settings(model, known_views(model))
    left, right = st.columns([3, 2], gap="large")
    with left:
        text = ask_text(model)
    request = cache.Request(choice, text, settings)
    if settings.gradients == "path":
        both = cache.explained_signed(*request.asked)
        suggest(both.trace)
        with left:
            show_signed_words(both, display)
        with right:
            show_signed_bars(both, display)
        with place():
            show_side_by_side(request, display)
        show_sides(request, both, display, choice.name)
    else:
        explanation = cache.explained(*request.asked)
        suggest(explanation.trace)
        with left:
            panels.show_words(explanation, display)
        with right:
            panels.show_bars(request, explanation, display)
        with place():
            show_side_by_side(request, display)
        with place():
            focus = show_network(request, explanation, display.budget)
        with place():
            said = show_agree(request, explanation, focus)
        panels.show_certificate(explanation)
        show_take_away(
            explanation, budget=display.budget, model=choice.name, focus=focus, said=said
        )
